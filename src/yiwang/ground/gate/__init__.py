"""The gate: who asks, at which moment, and whether this door is theirs.

Articles III and XVII. In comes a request with a session's cookie or token, or a system's key; out
goes an :class:`Actor` with everything authority needs, or a refusal. Every route names its
:class:`Door`, so that a test can walk through all of them.
"""

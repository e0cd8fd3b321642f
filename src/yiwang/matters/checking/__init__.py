"""Checking: was it really fixed, looked at by somebody who did not handle it (Articles V, XIV).

In: finished orders, reports to be verified, cases fixed on the spot. Out: cases that close with a
passed check or a recorded reason, rework with a new clock, reports filed or found not to exist.
"""

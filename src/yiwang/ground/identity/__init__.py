"""Who somebody is: people, their posts, sessions with a second factor, keys of other systems.

Articles III and XVII. In come sign-ins, appointments and keys; out go the people, sessions and
keys behind a token, and for every change a :class:`Change` that the caller records. No account
is shared and none has a default password; passwords, tokens and keys are stored as hashes only,
second-factor secrets encrypted.
"""

"""The ledger: every change of state, who made it, when, why, under which article and rule.

Articles IV, V, XIV. In come events, one per change, written in the transaction of the change
itself; they can be neither updated nor deleted. Out go signed tree heads over all events, a
receipt of a case that anybody can verify offline, and a full check of the stored record.

Four layers of proof, each a module of its own:

1. `canonical`: one event gives one sequence of bytes, the same before and after storage;
   what may identify a person or is free text enters only as a salted commitment.
2. `merkle`, `tiles`: these bytes are the leaves of an RFC 9162 tree, kept in tiles of 256.
3. `signing`: the size and root of the tree, signed with Ed25519 as a C2SP checkpoint.
4. `receipt`, `verifying`: checks of one case by anybody, and of everything by the operator.
"""

"""Procedure: the one way a matter moves (Articles IV, V).

In: a lifecycle table, an actor, a matter, an action with its facts. Out: the matter after it, its
record and what it starts, all in the caller's transaction; or a refusal that says what is possible.
`facts` is the vocabulary of everything an action may be told, `shapes` how a matter looks outside.
"""

"""Authority: who may do what, where, and why (Articles III, V).

In: an :class:`~.model.Actor` with the duties held through posts, a duty asked for, a matter's place
and units. Out: a :class:`~.model.Verdict` with its reason, or a refusal. All pure; the database's
row-level security stands behind it as a second wall.
"""

"""Changing the city's data while the city runs (Articles III, V, XIX).

In: a draft of changes to units, posts, kinds, limits, the responsibility list, the calendar,
settings and words, with author, reason and the day it is to take effect. Out: what differs and what
it touches, what the pack's checker says, and, once somebody else approved it and its day came, a
revised city that service and worker take up without a restart. The pack on disk stays the origin.
"""

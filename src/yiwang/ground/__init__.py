"""The ground: what both streams stand on (Articles III, IV, V, XVII, XIX).

In: a city pack, people and keys. Out: places, kinds, clocks, who may do what, the record, and the
one way a matter moves. No room here knows what a report or a case is.
"""

"""Places: the tree of the city, the deepest area of a point, addresses and coordinates.

Article V (five levels). In: a :class:`~yiwang.ground.packs.model.Pack`, points in any of four
coordinate systems, addresses as people write them. Out: a place with a reason; what cannot be
located says why and is never dropped.
"""

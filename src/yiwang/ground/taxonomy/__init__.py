"""Taxonomy: the kinds of matter, how long each may take and whose job it is (Articles IV, XIII).

In: the kinds, limits and responsibility list of a city pack, with its overlays by place and date.
Out: a kind by its key, and the one limit or responsibility in force for a kind, a place and a day,
together with where it comes from. All pure.
"""

from yiwang.ground.taxonomy.catalogue import Taxonomy
from yiwang.ground.taxonomy.model import EffectiveLimit, EffectiveResponsibility

__all__ = ["EffectiveLimit", "EffectiveResponsibility", "Taxonomy"]

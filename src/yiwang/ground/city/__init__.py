"""The city in force: an installed pack made ready to be asked (Articles III, V, XIX).

In: a :class:`~yiwang.ground.packs.model.Pack`. Out: one immutable :class:`City` with its tree of
places, locator, kinds, calendar, units and settings, handed to every service as a value.
"""

from yiwang.ground.city.clocks import StageClock, clock_from, renew_clock, start_clocks
from yiwang.ground.city.model import City

__all__ = ["City", "StageClock", "clock_from", "renew_clock", "start_clocks"]

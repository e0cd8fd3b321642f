"""Quality of the air: the index that a regulation prescribes, with its level and its reason.

In: concentrations of pollutants, and a scale (the table of a regulation, data of a pack). Out: the
index of each pollutant and of the air, its level in both languages, the pollutants that make it.
The 12-hour NowCast stands for a day's mean while the day is not over.
"""

from yiwang.signals.indicators.air.model import Air, Index, Level, Pollutant, Scale, Step
from yiwang.signals.indicators.air.nowcast import nowcast
from yiwang.signals.indicators.air.reading import parse_scale
from yiwang.signals.indicators.air.rules import combine, find_level, index

__all__ = [
    "Air",
    "Index",
    "Level",
    "Pollutant",
    "Scale",
    "Step",
    "combine",
    "find_level",
    "index",
    "nowcast",
    "parse_scale",
]

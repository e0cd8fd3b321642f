"""The NowCast of particles: what stands for a day's mean while only its last hours are known.

Source: US EPA, Technical Assistance Document for the Reporting of Daily Air Quality,
EPA-454/B-13-001 (December 2013), and the transition to the NowCast of 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

HOURS = 12
_RECENT = 3  # of these last hours ...
_NEEDED = 2  # ... so many have to be there
_LEAST_WEIGHT = Fraction(1, 2)
_TENTH = Decimal("0.1")


def nowcast(hours: Sequence[float | Decimal | None]) -> Decimal | None:
    """The 12-hour NowCast in the unit of its hours, cut off after one decimal.

    `hours` are hourly means, oldest first, the current one last; None where there is none. Only
    the last twelve count. None where fewer than two of the last three hours are there. The weight
    of an hour is w to the power of its age, w the least concentration by the greatest, at least
    one half; an hour a little below zero, as instruments give in clean air, counts as it is. Steady
    air is averaged over the half day, changing air over its last hours.
    """
    last = hours[-HOURS:]
    known = {
        age: Fraction(Decimal(repr(hour)) if isinstance(hour, float | int) else hour)
        for age, hour in enumerate(reversed(last))
        if hour is not None
    }
    if sum(age < _RECENT for age in known) < _NEEDED:
        return None
    weight = _weigh(min(known.values()), max(known.values()))
    total = sum(weight**age for age in known)
    mean = sum((weight**age * value for age, value in known.items()), Fraction(0)) / total
    return _cut(mean)


def _weigh(least: Fraction, greatest: Fraction) -> Fraction:
    """The weight factor; air without any particles is steady."""
    if greatest <= 0:
        return Fraction(1)
    return max(least / greatest, _LEAST_WEIGHT)


def _cut(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(_TENTH, rounding=ROUND_DOWN)

"""What can be seen of the last readings of a series: one number for each way of looking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum

from yiwang.signals.alerts.anomaly.model import Sight

Quantity = Callable[[Sequence[float]], float]


def see_value(last: Sequence[float]) -> float:
    """The youngest reading."""
    return last[-1]


def see_rate(last: Sequence[float]) -> float:
    """The change from the oldest of these readings to the youngest."""
    return last[-1] - last[0]


def see_level(last: Sequence[float]) -> float:
    """Their mean."""
    return fsum(last) / len(last)


QUANTITIES: Mapping[Sight, Quantity] = {
    Sight.VALUE: see_value,
    Sight.RATE: see_rate,
    Sight.LEVEL: see_level,
}

"""What a quantity has been lately: the last so many values, in order of size."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque


class History:
    """The last `most` values of a quantity, sorted; finding is O(log n)."""

    __slots__ = ("_arrived", "_most", "_sorted")

    def __init__(self, most: int) -> None:
        self._most = most
        self._arrived: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, value: float) -> None:
        """Take a value in; the oldest one goes where there are too many."""
        self._arrived.append(value)
        insort(self._sorted, value)
        if len(self._arrived) > self._most:
            del self._sorted[bisect_left(self._sorted, self._arrived.popleft())]

    def distance(self, value: float) -> float:
        """How far the nearest value seen lies from `value`; 0 where none was seen."""
        values = self._sorted
        if not values:
            return 0.0
        at = bisect_left(values, value)
        if at == len(values):
            return value - values[-1]
        above = values[at] - value
        return above if at == 0 else min(above, value - values[at - 1])

    def quantile(self, share: float) -> float:
        """The value that `share` (0 .. 1) of all seen do not exceed, by lower rank."""
        return self._sorted[int(share * (len(self._sorted) - 1))]

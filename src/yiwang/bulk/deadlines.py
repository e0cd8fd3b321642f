"""Due times for many starts at once; the same answers as :func:`yiwang.ground.worktime.due`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from yiwang.ground.city import City
from yiwang.ground.packs.model import ClockKind
from yiwang.ground.worktime import due

Seconds: TypeAlias = NDArray[np.int64]  # since 1970 in UTC

_HOUR = 3600
_DAY = 86_400
_LEAD_DAYS = 30  # before the first start: at least one working day lies in them
_MARGIN_DAYS = 400  # after the last start; the longest limits end within it


class Deadlines:
    """The working time between two moments laid out in arrays.

    Hours are counted along the working spans, whole working days from the next one. Other
    amounts, and zones whose offset changes, are asked of the calendar one by one.
    """

    def __init__(self, city: City, first: int, last: int) -> None:
        """`first` and `last` bound the starts, in seconds since 1970."""
        self._calendar = city.calendar
        zone = city.zone
        begin = datetime.fromtimestamp(first, zone).date() - timedelta(days=_LEAD_DAYS)
        end = datetime.fromtimestamp(last, zone).date() + timedelta(days=_MARGIN_DAYS)
        days = [begin + timedelta(days=n) for n in range((end - begin).days)]

        def instant(day: date, seconds: int) -> int:
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
            return int((midnight + timedelta(seconds=seconds)).timestamp())

        offsets = {datetime.fromtimestamp(instant(day, 0), zone).utcoffset() for day in days}
        offset = offsets.pop() or timedelta()
        self._plain = not offsets
        self._offset = int(offset.total_seconds())
        spans = [
            (
                opens.hour * _HOUR + opens.minute * 60,
                (closes.hour * _HOUR + closes.minute * 60) or _DAY,
            )
            for opens, closes in city.calendar.worktime.spans
        ]
        working = [day for day in days if city.calendar.is_working_day(day)]
        starts = [instant(day, opens) for day in working for opens, _ in spans]
        ends = [instant(day, closes) for day in working for _, closes in spans]
        self._starts: Seconds = np.array(starts, dtype=np.int64)
        self._ends: Seconds = np.array(ends, dtype=np.int64)
        self._worked: Seconds = np.cumsum(self._ends - self._starts)
        self._days: Seconds = np.array([day.toordinal() for day in working], dtype=np.int64)
        self._closes: Seconds = self._ends[len(spans) - 1 :: len(spans)]

    def due(self, starts: Seconds, amount: float, clock: ClockKind) -> Seconds:
        """When `amount` of `clock` after each start is used up, rounded down to the second."""
        if clock is ClockKind.URGENT_HOUR:
            return starts + round(amount * _HOUR)
        if self._plain and clock is ClockKind.NATURAL_DAY:
            return starts + round(amount * _DAY)
        if self._plain and clock is ClockKind.WORKING_HOUR and amount > 0:
            return self._after_work(starts, round(amount * _HOUR))
        whole = amount == int(amount) and amount > 0
        next_day = self._calendar.worktime.day_starts_next
        if self._plain and clock is ClockKind.WORKING_DAY and whole and next_day:
            local = (starts + self._offset) // _DAY + date(1970, 1, 1).toordinal()
            through = np.searchsorted(self._days, local, side="right")
            found: Seconds = self._closes[through + int(amount) - 1]
            return found
        return np.array([self._one(int(s), amount, clock) for s in starts], dtype=np.int64)

    def _after_work(self, starts: Seconds, length: int) -> Seconds:
        span = np.searchsorted(self._starts, starts, side="right") - 1
        reading = self._worked[span] - np.maximum(0, self._ends[span] - starts)
        target = reading + length
        stop = np.searchsorted(self._worked, target, side="left")
        found: Seconds = self._ends[stop] - (self._worked[stop] - target)
        return found

    def _one(self, start: int, amount: float, clock: ClockKind) -> int:
        answer = due(datetime.fromtimestamp(start, UTC), amount, clock, self._calendar)
        if answer.at is None:
            raise ValueError("a clock without pauses always ends")
        return int(answer.at.timestamp())

"""Instants of some years laid out once, so that reading a clock is one binary search.

An instant is a whole number of microseconds since 1970-01-01 UTC: exact, and adding a fraction
of a day can never slip over the end of a working day. Each clock is a *reading*: a whole number
that never falls as time goes on; turning a reading back gives the first instant that shows it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()


def instant_of(at: datetime) -> int:
    """Microseconds since 1970 UTC; ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {at}")
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def datetime_of(instant: int) -> datetime:
    """The UTC time of an instant."""
    return _EPOCH + timedelta(microseconds=instant)


def wall_midnight(day: int) -> int:
    """The wall reading at the beginning of the day with this ordinal."""
    return (day - _EPOCH_ORDINAL) * DAY


@dataclass(frozen=True, slots=True)
class Wall:
    """Clocks on the wall of one zone, as a reading that never runs backwards.

    When clocks are put back the reading stands still for the repeated hour; when they are put
    forward it jumps. So "the same time N days later" is right on both days of the year.
    `changes[i]` is the instant at which `offsets[i]` gives way to `offsets[i + 1]`.
    """

    changes: Sequence[int]
    offsets: Sequence[int]
    peaks: Sequence[int]  # highest wall reading up to each change

    @classmethod
    def build(cls, zone: ZoneInfo, first: int, last: int) -> Wall:
        """The wall clock from one day before year `first` to one day after year `last`."""
        at = datetime(first, 1, 1, tzinfo=UTC) - timedelta(days=1)
        end = datetime(last + 1, 1, 1, tzinfo=UTC) + timedelta(days=1)
        changes: list[int] = []
        offsets = [_offset(zone, at)]
        while at < end:
            after = at + timedelta(days=1)
            if _offset(zone, after) != offsets[-1]:
                changes.append(_change(zone, at, after))
                offsets.append(_offset(zone, after))
            at = after
        peaks: list[int] = []
        for change, offset in zip(changes, offsets, strict=False):
            peaks.append(max(change + offset, peaks[-1] if peaks else change + offset))
        return cls(changes, offsets, peaks)

    def reading(self, instant: int) -> int:
        """What the wall shows, in microseconds since 1970-01-01 00:00 local."""
        i = bisect_right(self.changes, instant)
        shown = instant + self.offsets[i]
        return max(shown, self.peaks[i - 1]) if i else shown

    def instant(self, reading: int) -> int:
        """The first instant at which the wall has reached `reading`."""
        i = bisect_left(self.peaks, reading)
        at = reading - self.offsets[i]
        return max(at, self.changes[i - 1]) if i else at

    def day(self, instant: int) -> int:
        """The ordinal of the local day of an instant."""
        return self.reading(instant) // DAY + _EPOCH_ORDINAL


def _offset(zone: ZoneInfo, at: datetime) -> int:
    shift = at.astimezone(zone).utcoffset()
    assert shift is not None
    return (shift.days * 86_400 + shift.seconds) * SECOND


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> int:
    """The first second with the offset of `after`; at most one change lies between the two."""
    low, high = int(before.timestamp()), int(after.timestamp())
    goal = _offset(zone, after)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == goal:
            high = middle
        else:
            low = middle
    return high * SECOND


@dataclass(frozen=True, slots=True)
class Timeline:
    """The working time of the years `first` .. `last` in one zone.

    Every working day has `spans` spans, one after the other in the arrays. `worked[j]` is the
    working time up to the end of span j, `before[i]` the working time before working day i.
    """

    first: int
    last: int
    low: int  # the first instant laid out
    high: int  # the end of the last one
    wall: Wall
    spans: int
    starts: Sequence[int]
    ends: Sequence[int]
    worked: Sequence[int]
    days: Sequence[int]  # ordinals of the working days
    before: Sequence[int]  # one longer than `days`

    @classmethod
    def build(
        cls,
        first: int,
        last: int,
        zone: ZoneInfo,
        is_working_day: Callable[[date], bool],
        spans: Sequence[tuple[int, int]],
    ) -> Timeline:
        """Lays out the years; `spans` are wall microseconds since the day's midnight."""
        wall = Wall.build(zone, first, last)
        starts: list[int] = []
        ends: list[int] = []
        worked: list[int] = []
        days: list[int] = []
        before = [0]
        total = 0
        beginning, end = date(first, 1, 1).toordinal(), date(last + 1, 1, 1).toordinal()
        for ordinal in range(beginning, end):
            if not is_working_day(date.fromordinal(ordinal)):
                continue
            midnight = wall_midnight(ordinal)
            for opens, closes in spans:
                start, stop = wall.instant(midnight + opens), wall.instant(midnight + closes)
                total += stop - start
                starts.append(start)
                ends.append(stop)
                worked.append(total)
            days.append(ordinal)
            before.append(total)
        low, high = wall.instant(wall_midnight(beginning)), wall.instant(wall_midnight(end))
        return cls(first, last, low, high, wall, len(spans), starts, ends, worked, days, before)

    def work_reading(self, instant: int) -> int:
        """Working microseconds from the beginning of the timeline to `instant`."""
        j = bisect_right(self.starts, instant) - 1
        if j < 0:
            return 0
        return self.worked[j] - max(0, self.ends[j] - instant)

    def work_instant(self, reading: int) -> int | None:
        """The first instant with this much working time; None where it lies beyond the years."""
        j = bisect_left(self.worked, reading)
        if j == len(self.worked):
            return None
        return self.ends[j] - (self.worked[j] - reading)

    def day_reading(self, instant: int) -> int:
        """Working days from the beginning to `instant`, each worth `DAY`, spread over its hours."""
        j = bisect_right(self.starts, instant) - 1
        if j < 0:
            return 0
        i = j // self.spans
        length = self.before[i + 1] - self.before[i]
        if not length:
            return (i + 1) * DAY
        done = self.worked[j] - max(0, self.ends[j] - instant) - self.before[i]
        return i * DAY + done * DAY // length

    def day_instant(self, reading: int) -> int | None:
        """The first instant with this many working days; None where it lies beyond the years."""
        i, rest = divmod(reading, DAY)
        if not rest:
            i, rest = i - 1, DAY
        if i >= len(self.days):
            return None
        length = self.before[i + 1] - self.before[i]
        if not length:
            return self.ends[(i + 1) * self.spans - 1]
        return self.work_instant(self.before[i] - (-rest * length // DAY))

    def days_through(self, instant: int) -> int:
        """How many working days lie on or before the local day of `instant`."""
        return bisect_right(self.days, self.wall.day(instant))

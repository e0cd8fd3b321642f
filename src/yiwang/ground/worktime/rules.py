"""Due times and time used, on the four clock kinds of GB/T 30428.8.

- urgent hour: elapsed hours, day and night, whatever the clocks on the wall do;
- working hour: only time inside the working spans of working days counts;
- working day: "N working days" ends at the end of the N-th working day. Counting begins on the
  next working day, or, where the city says so, on the day itself as long as it is not over;
- natural day: the same time of day, N days later.

Part of a working day is the same part of its working hours. What a pause takes away is given
back as exactly as much of the same clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

from yiwang.ground.packs.model import ClockKind
from yiwang.ground.worktime.calendar import Calendar
from yiwang.ground.worktime.model import YEAR_MISSING, CalendarWarning, Due, Pause
from yiwang.ground.worktime.timeline import (
    DAY,
    HOUR,
    Timeline,
    datetime_of,
    instant_of,
)


@dataclass(frozen=True, slots=True)
class _Clock:
    """One clock kind: what it shows at an instant, and when it shows something."""

    unit: int  # what one hour or day is worth in readings
    reading: Callable[[Timeline, int], int]
    instant: Callable[[Timeline, int], int | None]
    by_calendar: bool  # depends on holidays


def _urgent(_line: Timeline, instant: int) -> int:
    return instant


def _natural(line: Timeline, instant: int) -> int:
    return line.wall.reading(instant)


def _natural_instant(line: Timeline, reading: int) -> int | None:
    at = line.wall.instant(reading)
    return at if at < line.high else None


_CLOCKS = {
    ClockKind.URGENT_HOUR: _Clock(HOUR, _urgent, _urgent, False),
    ClockKind.WORKING_HOUR: _Clock(HOUR, Timeline.work_reading, Timeline.work_instant, True),
    ClockKind.WORKING_DAY: _Clock(DAY, Timeline.day_reading, Timeline.day_instant, True),
    ClockKind.NATURAL_DAY: _Clock(DAY, _natural, _natural_instant, False),
}


def due(
    start: datetime,
    amount: float,
    clock: ClockKind,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
) -> Due:
    """When `amount` hours or days of `clock` after `start` are used up.

    `amount` 0 is due at once. The warnings name the years whose holidays nobody has entered.
    ValueError for a negative or endless amount or a `start` without a zone, Refusal
    `worktime.too_far` for a due time more than a hundred years ahead.
    """
    if not (isfinite(amount) and amount >= 0):
        raise ValueError(f"an amount of time cannot be {amount}")
    kind = _CLOCKS[clock]
    since = instant_of(start)
    stops = _stops(pauses, since)
    wanted = round(amount * kind.unit)
    latest = max((until for _, until in stops if until is not None), default=since)
    line = calendar.timeline(since, latest)
    if not wanted:
        return Due(datetime_of(since))
    target = _target(kind, line, _base(clock, calendar, line, since), wanted, stops)
    if target is None:
        return Due(None)
    while (at := kind.instant(line, target)) is None:
        # The longer timeline begins in the same year, so readings stay what they are.
        line = calendar.extend(line, since)
    # Where the day itself counts, part of it may have passed before the start.
    at = max(at, since)
    return Due(datetime_of(at), _doubts(calendar, line, since, at) if kind.by_calendar else ())


def elapsed(
    start: datetime,
    end: datetime,
    clock: ClockKind,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
) -> float:
    """Hours or days of `clock` used between two times, pauses left out; 0 where end <= start.

    Counted as `due` counts: a task whose days begin tomorrow has used none today.
    """
    since, until = instant_of(start), instant_of(end)
    if until <= since:
        return 0.0
    kind = _CLOCKS[clock]
    line = calendar.timeline(since, until)
    base = _base(clock, calendar, line, since)
    used = kind.reading(line, until) - base
    for stop, go in _stops(pauses, since):
        if stop >= until:
            break
        shown = max(base, kind.reading(line, stop))
        used -= max(0, kind.reading(line, until if go is None else min(go, until)) - shown)
    return max(0, used) / kind.unit


def _base(clock: ClockKind, calendar: Calendar, line: Timeline, since: int) -> int:
    """The reading from which counting begins."""
    if clock is ClockKind.WORKING_DAY:
        if calendar.worktime.day_starts_next:
            return line.days_through(since) * DAY
        return line.day_reading(since) // DAY * DAY
    return _CLOCKS[clock].reading(line, since)


def _target(
    kind: _Clock,
    line: Timeline,
    base: int,
    wanted: int,
    stops: Sequence[tuple[int, int | None]],
) -> int | None:
    """The reading at which `wanted` is used up; None where a pause without end holds it up."""
    target = base + wanted
    for stop, go in stops:
        shown = max(base, kind.reading(line, stop))
        if shown >= target:
            break
        if go is None:
            return None
        target += max(0, kind.reading(line, go) - shown)
    return target


def _stops(pauses: Iterable[Pause], since: int) -> list[tuple[int, int | None]]:
    """Pauses as instants from `since` on: in order, without overlap, without empty ones."""
    stops: list[tuple[int, int | None]] = []
    edges = (
        (instant_of(p.since), None if p.until is None else instant_of(p.until)) for p in pauses
    )
    for begin, end in sorted(edges, key=lambda edge: edge[0]):
        begin = max(begin, since)
        if end is not None and end <= begin:
            continue
        if stops:
            last_begin, last_end = stops[-1]
            if last_end is None:
                break
            if begin <= last_end:
                stops[-1] = (last_begin, None if end is None else max(last_end, end))
                continue
        stops.append((begin, end))
    return stops


def _doubts(calendar: Calendar, line: Timeline, since: int, at: int) -> tuple[CalendarWarning, ...]:
    first = date.fromordinal(line.wall.day(since)).year
    last = date.fromordinal(line.wall.day(at)).year
    years = calendar.unknown_years(first, last)
    return (CalendarWarning(YEAR_MISSING, years),) if years else ()

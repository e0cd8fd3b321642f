"""What rule lies behind recorded targets and queues: found by counting, said with its evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from yiwang.ground.packs.model import ClockKind
from yiwang.ground.worktime import Calendar, due

_SAMPLE = 60  # records from which the candidates are taken and first compared
_CANDIDATES = 8
_MINUTE, _DAY = 60.0, 86_460.0  # seconds; a day, to the minute
# A limit used up at the end of a working day is recorded as due at the beginning of the next: one
# second more puts it there.
_SECOND = round(1 / 3600, 6)


@dataclass(frozen=True, slots=True)
class FittedLimit:
    """A limit and how many of the `count` recorded targets it meets."""

    clock: ClockKind
    amount: float
    count: int
    within_minute: int
    within_day: int


def fit_limit(
    targets: Sequence[tuple[datetime, datetime]], calendar: Calendar
) -> FittedLimit | None:
    """The limit that meets most targets, given as (opened, target); None without any.

    Tried are N natural days and N working days of the calendar's hours, for the numbers that
    occur. Ties go to the one that meets more within a day.
    """
    forward = [(opened, target) for opened, target in targets if target > opened]
    if not forward:
        return None
    sample = forward[:: max(1, len(forward) // _SAMPLE)]
    tried = [
        _try(clock, amount, sample, calendar)
        for clock, amount in _candidates(sample, _hours_a_day(calendar))
    ]
    best = max(tried, key=lambda fit: (fit.within_minute, fit.within_day, -fit.amount))
    return _try(best.clock, best.amount, forward, calendar)


def _candidates(
    sample: Iterable[tuple[datetime, datetime]], hours: float
) -> list[tuple[ClockKind, float]]:
    votes: Counter[tuple[ClockKind, float]] = Counter()
    for opened, target in sample:
        wall = target.replace(tzinfo=None) - opened.replace(tzinfo=None)
        votes[ClockKind.NATURAL_DAY, float(max(1, round(wall / timedelta(days=1))))] += 1
        weekdays = _weekdays_between(opened.date(), target.date())
        for days in {max(1, weekdays), max(1, weekdays - 1)}:
            votes[ClockKind.WORKING_HOUR, round(days * hours + _SECOND, 6)] += 1
    return [candidate for candidate, _ in votes.most_common(_CANDIDATES)]


def _weekdays_between(first: date, last: date) -> int:
    """Weekdays after `first`, up to and with `last`."""
    weeks, rest = divmod((last - first).days, 7)
    return weeks * 5 + sum((last - timedelta(days=i)).weekday() < 5 for i in range(rest))


def _hours_a_day(calendar: Calendar) -> float:
    spans = calendar.worktime.spans
    return sum(
        (datetime.combine(date.min, end) - datetime.combine(date.min, start)).total_seconds()
        for start, end in spans
    ) / float(3600)


def _try(
    clock: ClockKind,
    amount: float,
    targets: Sequence[tuple[datetime, datetime]],
    calendar: Calendar,
) -> FittedLimit:
    misses = []
    for opened, target in targets:
        at = due(opened, amount, clock, calendar).at
        assert at is not None  # nothing is paused
        misses.append(abs((at - target).total_seconds()))
    return FittedLimit(
        clock,
        amount,
        len(targets),
        sum(miss <= _MINUTE for miss in misses),
        sum(miss <= _DAY for miss in misses),
    )


@dataclass(frozen=True, slots=True)
class Habit:
    """Who mostly handled something at a place: `times` of `count`."""

    place: str
    holder: str
    times: int
    count: int


def fit_habits(handled: Iterable[tuple[Sequence[str], str]], few: int, gain: int) -> list[Habit]:
    """From (path of places from the city down, holder) the habit of the city and the places that
    differ from what holds above them: seen `few` times at least, and right `gain` times more.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    above: dict[str, str] = {}
    for path, holder in handled:
        for index, place in enumerate(path):
            counts[place][holder] += 1
            above[place] = path[index - 1] if index else ""
    holders: dict[str, str] = {"": ""}
    habits = []
    for place in sorted(counts, key=lambda code: (_depth(code, above), code)):
        votes = counts[place]
        holder = max(votes, key=lambda name: (votes[name], name))
        inherited = holders[above[place]]
        total = votes.total()
        if inherited and (total < few or votes[holder] - votes[inherited] < gain):
            holder = inherited
        holders[place] = holder
        if holder != inherited:
            habits.append(Habit(place, holder, votes[holder], total))
    return habits


def _depth(place: str, above: Mapping[str, str]) -> int:
    depth = 0
    while place := above[place]:
        depth += 1
    return depth

"""A city's working calendar: which days are worked, and the timeline that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time
from itertools import pairwise
from zoneinfo import ZoneInfo

from yiwang.ground.packs.model import CalendarDay, Worktime
from yiwang.ground.worktime.timeline import DAY, SECOND, Timeline, datetime_of
from yiwang.kit.errors import Refusal

# A row in the last days of a year may belong to the next year's New Year holiday, so it alone
# does not show that the year itself has been entered.
_YEAR_END = (12, 24)
_REACH = 100  # years; a due time further away than this is a mistake in a limit


class Calendar:
    """Holidays, make-up days and working hours of one city, in its zone.

    Immutable to its users. Inside it keeps the years that were asked for laid out and lays out
    more when an answer lies beyond them.
    """

    __slots__ = ("_days", "_spans", "_timeline", "_zone", "timezone", "worktime", "years")

    def __init__(
        self, days: dict[date, bool], worktime: Worktime, timezone: str, years: frozenset[int]
    ) -> None:
        self.worktime = worktime
        self.timezone = timezone
        self.years = years
        self._days = days
        self._spans = _spans(worktime.spans)
        self._zone = ZoneInfo(timezone)
        self._timeline: Timeline | None = None

    @classmethod
    def build(cls, days: Iterable[CalendarDay], worktime: Worktime, timezone: str) -> Calendar:
        """The calendar of a pack.

        `years` of the result are the years whose holidays are known; in any other year the
        weekdays alone decide, and a due time that depends on it carries a warning.
        ValueError for spans that overlap or are empty, weekdays out of 0..6 or none, a day that
        is neither "off" nor "work" or is both, or an unknown zone (ZoneInfoNotFoundError).
        """
        if not worktime.weekdays or not set(worktime.weekdays) <= set(range(7)):
            raise ValueError(f"weekdays must be some of 0 (Monday) to 6: {worktime.weekdays}")
        special: dict[date, bool] = {}
        for row in days:
            if row.kind not in ("off", "work"):
                raise ValueError(f"{row.day}: a day is off or work, not {row.kind!r}")
            if special.setdefault(row.day, row.kind == "work") != (row.kind == "work"):
                raise ValueError(f"{row.day} is both off and work")
        years = frozenset(day.year for day in special if (day.month, day.day) < _YEAR_END)
        return cls(special, worktime, timezone, years)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on `day`, by the holidays or else by its weekday."""
        special = self._days.get(day)
        return day.weekday() in self.worktime.weekdays if special is None else special

    def unknown_years(self, first: int, last: int) -> tuple[int, ...]:
        """The years from `first` to `last` whose holidays nobody has entered."""
        return tuple(year for year in range(first, last + 1) if year not in self.years)

    def timeline(self, since: int, until: int) -> Timeline:
        """The timeline that holds both instants and whatever was asked for before."""
        line = self._timeline
        if line is not None and line.low <= since and until < line.high:
            return line
        # A year on each side: an instant's local year may differ from its year in UTC, and most
        # answers lie a little after the question.
        first, last = datetime_of(since).year - 1, datetime_of(until).year + 1
        if line is not None:
            first, last = min(first, line.first), max(last, line.last)
        return self._lay_out(first, last)

    def extend(self, line: Timeline, since: int) -> Timeline:
        """A timeline that reaches further ahead than `line`.

        Refusal `worktime.too_far` where that is more than a hundred years after `since`.
        """
        reach = datetime_of(since).year + _REACH
        if line.last >= min(reach, date.max.year - 1):
            raise Refusal("worktime.too_far", years=_REACH)
        return self._lay_out(line.first, min(reach, 2 * line.last - line.first + 1))

    def _lay_out(self, first: int, last: int) -> Timeline:
        self._timeline = Timeline.build(first, last, self._zone, self.is_working_day, self._spans)
        return self._timeline


def _spans(spans: Sequence[tuple[time, time]]) -> tuple[tuple[int, int], ...]:
    """Spans in microseconds since midnight; an end at 00:00 is the end of the day."""
    found = tuple((_of_day(start), _of_day(end) or DAY) for start, end in spans)
    edges = [edge for span in found for edge in span]
    if not found or any(a > b for a, b in pairwise(edges)):
        raise ValueError(f"spans of working time must follow one another: {spans}")
    if any(start == end for start, end in found):
        raise ValueError(f"a span of working time is empty: {spans}")
    return found


def _of_day(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * SECOND + at.microsecond

"""The four clock kinds on known days, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from yiwang.ground.packs.model import CalendarDay, ClockKind, Text, Worktime
from yiwang.ground.worktime import Calendar, Pause, due, elapsed
from yiwang.kit import words
from yiwang.kit.errors import Refusal

SPANS = ((time(8), time(12)), (time(14), time(18)))
WEEK = (0, 1, 2, 3, 4)
SHANGHAI, BOSTON = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
# The National Day week of 2024 with its make-up days, and the New Year of 2025.
SPECIAL = [
    CalendarDay(date.fromisoformat(day), kind, Text("", ""))
    for day, kind in (
        ("2024-09-29", "work"),
        *((f"2024-10-0{n}", "off") for n in range(1, 8)),
        ("2024-10-12", "work"),
        ("2025-01-01", "off"),
        ("2025-05-01", "off"),
    )
]
OFFICE = Calendar.build(SPECIAL, Worktime(WEEK, SPANS, True), "Asia/Shanghai")
SAME_DAY = Calendar.build(SPECIAL, Worktime(WEEK, SPANS, False), "Asia/Shanghai")
EAST = Calendar.build(
    [
        CalendarDay(date(2024, 7, 4), "off", Text("", "")),
        CalendarDay(date(2025, 7, 4), "off", Text("", "")),
    ],
    # A night shift over the hour that is repeated or left out, besides the day.
    Worktime((0, 1, 2, 3, 4, 5, 6), ((time(0), time(3)), (time(9), time(0))), True),
    "America/New_York",
)
CALENDARS = (OFFICE, SAME_DAY, EAST)
CLOCKS = tuple(ClockKind)


def cn(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def us(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BOSTON)


@pytest.mark.parametrize(
    ("start", "amount", "clock", "expected"),
    [
        ("2024-09-27 17:30", 1, ClockKind.URGENT_HOUR, "2024-09-27 18:30"),
        # Friday evening, then the make-up Sunday
        ("2024-09-27 17:30", 1, ClockKind.WORKING_HOUR, "2024-09-29 08:30"),
        ("2024-09-27 17:30", 0.5, ClockKind.WORKING_HOUR, "2024-09-27 18:00"),
        ("2024-09-27 11:30", 1, ClockKind.WORKING_HOUR, "2024-09-27 14:30"),
        # over the whole holiday
        ("2024-09-30 17:00", 4, ClockKind.WORKING_HOUR, "2024-10-08 11:00"),
        ("2024-10-03 12:00", 4, ClockKind.WORKING_HOUR, "2024-10-08 12:00"),
        ("2024-09-27 09:00", 1, ClockKind.WORKING_DAY, "2024-09-29 18:00"),
        ("2024-09-30 09:00", 1, ClockKind.WORKING_DAY, "2024-10-08 18:00"),
        ("2024-10-05 09:00", 5, ClockKind.WORKING_DAY, "2024-10-12 18:00"),
        ("2024-10-10 23:00", 1.5, ClockKind.WORKING_DAY, "2024-10-12 12:00"),
        ("2024-09-30 09:10:11", 3, ClockKind.NATURAL_DAY, "2024-10-03 09:10:11"),
        ("2024-09-30 09:00", 0, ClockKind.WORKING_DAY, "2024-09-30 09:00"),
    ],
)
def test_known_due_times(start: str, amount: float, clock: ClockKind, expected: str) -> None:
    found = due(cn(start), amount, clock, OFFICE)
    assert found.at == cn(expected)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("start", "amount", "expected"),
    [
        ("2024-09-27 09:00", 1, "2024-09-27 18:00"),
        ("2024-09-27 17:59:59", 2, "2024-09-29 18:00"),
        ("2024-09-27 18:00", 1, "2024-09-29 18:00"),
        ("2024-09-28 10:00", 1, "2024-09-29 18:00"),
    ],
)
def test_a_city_may_count_the_day_itself(start: str, amount: float, expected: str) -> None:
    assert due(cn(start), amount, ClockKind.WORKING_DAY, SAME_DAY).at == cn(expected)


def test_part_of_a_day_that_counts_itself_is_not_due_before_the_start() -> None:
    start = cn("2024-09-27 17:00")
    assert due(start, 0.25, ClockKind.WORKING_DAY, SAME_DAY).at == start
    assert due(start, 1.25, ClockKind.WORKING_DAY, SAME_DAY).at == cn("2024-09-29 10:00")


def test_urgent_hours_are_elapsed_hours_and_natural_days_keep_the_time_of_day() -> None:
    # Clocks go forward on 9 March 2025 and back on 2 November 2025.
    spring, autumn = us("2025-03-08 12:00"), us("2025-11-01 12:00")
    assert due(spring, 24, ClockKind.URGENT_HOUR, EAST).at == us("2025-03-09 13:00")
    assert due(autumn, 24, ClockKind.URGENT_HOUR, EAST).at == us("2025-11-02 11:00")
    assert due(spring, 1, ClockKind.NATURAL_DAY, EAST).at == us("2025-03-09 12:00")
    assert due(autumn, 1, ClockKind.NATURAL_DAY, EAST).at == us("2025-11-02 12:00")
    # 02:30 does not exist on 9 March: due when the clocks have jumped.
    missing = due(us("2025-03-08 02:30"), 1, ClockKind.NATURAL_DAY, EAST).at
    assert missing == us("2025-03-09 03:00")


def test_a_night_shift_has_two_or_four_hours_when_the_clocks_change() -> None:
    spring, autumn = us("2025-03-09 00:00"), us("2025-11-02 00:00")
    hours = ClockKind.WORKING_HOUR
    assert elapsed(spring, us("2025-03-09 09:00"), hours, EAST) == 2
    assert elapsed(autumn, us("2025-11-02 09:00"), hours, EAST) == 4
    assert due(spring, 3, hours, EAST).at == us("2025-03-09 10:00")


def test_time_used_by_a_hop() -> None:
    start, end = cn("2024-09-27 17:00"), cn("2024-09-29 15:00")
    assert elapsed(start, end, ClockKind.URGENT_HOUR, OFFICE) == 46
    assert elapsed(start, end, ClockKind.WORKING_HOUR, OFFICE) == 6
    assert elapsed(start, end, ClockKind.WORKING_DAY, OFFICE) == 0.625
    assert elapsed(start, end, ClockKind.NATURAL_DAY, OFFICE) == pytest.approx(46 / 24)
    assert elapsed(end, start, ClockKind.WORKING_HOUR, OFFICE) == 0
    lunch = [Pause(cn("2024-09-29 10:00"), cn("2024-09-29 14:30"))]
    assert elapsed(start, end, ClockKind.WORKING_HOUR, OFFICE, lunch) == 3.5
    open_end = [Pause(cn("2024-09-29 10:00"))]
    assert elapsed(start, end, ClockKind.WORKING_HOUR, OFFICE, open_end) == 3


def test_pauses_that_touch_or_overlap_count_once() -> None:
    start = cn("2024-09-23 08:00")
    pauses = [
        Pause(cn("2024-09-23 10:00"), cn("2024-09-23 11:00")),
        Pause(cn("2024-09-23 09:00"), cn("2024-09-23 10:30")),
        Pause(cn("2024-09-22 09:00"), cn("2024-09-23 08:30")),
        Pause(cn("2024-09-23 15:00"), cn("2024-09-23 15:00")),
        Pause(cn("2024-09-24 10:00")),  # after the due time: changes nothing
    ]
    found = due(start, 4, ClockKind.WORKING_HOUR, OFFICE, pauses)
    assert found.at == cn("2024-09-23 16:30")


def test_a_pause_that_lasts_leaves_the_due_time_open() -> None:
    start = cn("2024-09-23 08:00")
    paused = [Pause(cn("2024-09-23 10:00"))]
    for clock in CLOCKS:
        assert due(start, 3, clock, OFFICE, paused).at is None


def test_a_year_without_holidays_warns_and_counts_weekends() -> None:
    found = due(cn("2025-12-31 09:00"), 1, ClockKind.WORKING_DAY, OFFICE)
    assert found.at == cn("2026-01-01 18:00")
    assert [(w.code, w.years) for w in found.warnings] == [("worktime.year_missing", (2026,))]
    for language in words.LANGUAGES:
        sentence = words.sentence("worktime.year_missing", language, found.warnings[0].facts)
        assert "2026" in sentence
    assert due(cn("2025-12-31 09:00"), 1, ClockKind.NATURAL_DAY, OFFICE).warnings == ()
    both = due(cn("2023-12-29 09:00"), 600, ClockKind.WORKING_DAY, OFFICE).warnings
    assert both[0].years == (2023, 2026)


def test_a_new_year_row_alone_does_not_make_its_year_known() -> None:
    eve = CalendarDay(date(2030, 12, 31), "off", Text("元旦", "New Year"))
    assert Calendar.build([eve], OFFICE.worktime, "Asia/Shanghai").years == frozenset()


def test_a_limit_beyond_reason_is_refused() -> None:
    for clock in (ClockKind.WORKING_DAY, ClockKind.WORKING_HOUR, ClockKind.NATURAL_DAY):
        with pytest.raises(Refusal) as caught:
            due(cn("2024-01-01 00:00"), 1_000_000, clock, OFFICE)
        assert "100" in caught.value.say("zh")


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf")])
def test_an_impossible_amount_is_a_mistake(amount: float) -> None:
    with pytest.raises(ValueError, match="amount"):
        due(cn("2024-01-01 00:00"), amount, ClockKind.URGENT_HOUR, OFFICE)


def test_times_without_a_zone_are_a_mistake() -> None:
    naive = cn("2024-01-01 00:00").replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        due(naive, 1, ClockKind.URGENT_HOUR, OFFICE)
    with pytest.raises(ValueError, match="zone"):
        Pause(naive)
    with pytest.raises(ValueError, match="before"):
        Pause(cn("2024-01-02 00:00"), cn("2024-01-01 00:00"))


@pytest.mark.parametrize(
    ("days", "worktime"),
    [
        ([], Worktime((), SPANS, True)),
        ([], Worktime((7,), SPANS, True)),
        ([], Worktime(WEEK, (), True)),
        ([], Worktime(WEEK, ((time(8), time(8)),), True)),
        ([], Worktime(WEEK, ((time(8), time(12)), (time(11), time(18))), True)),
        ([CalendarDay(date(2024, 1, 1), "holiday", Text("", ""))], Worktime(WEEK, SPANS, True)),
        ([*SPECIAL, CalendarDay(date(2024, 10, 1), "work", Text("", ""))], OFFICE.worktime),
    ],
)
def test_a_calendar_that_makes_no_sense(days: list[CalendarDay], worktime: Worktime) -> None:
    with pytest.raises(ValueError, match=r"."):
        Calendar.build(days, worktime, "Asia/Shanghai")


# Properties, over the change of clocks in both directions and the turn of a year.

_moments = st.datetimes(datetime(2024, 9, 1), datetime(2025, 4, 15)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)
_calendars = st.sampled_from(CALENDARS)
_clocks = st.sampled_from(CLOCKS)
_amounts = st.one_of(st.integers(0, 60), st.floats(0, 60, allow_nan=False))


@st.composite
def _pauses(draw: st.DrawFn) -> list[Pause]:
    spans = draw(st.lists(st.tuples(_moments, st.integers(0, 20 * 24 * 60)), max_size=3))
    return [Pause(since, since + timedelta(minutes=n)) for since, n in spans]


def _at(found: datetime | None) -> datetime:
    assert found is not None
    return found


@settings(deadline=None)
@given(_moments, _amounts, _amounts, _clocks, _calendars, _pauses())
def test_more_time_is_never_due_earlier(
    start: datetime,
    one: float,
    other: float,
    clock: ClockKind,
    calendar: Calendar,
    pauses: list[Pause],
) -> None:
    less, more = sorted((one, other))
    first = _at(due(start, less, clock, calendar, pauses).at)
    assert start <= first <= _at(due(start, more, clock, calendar, pauses).at)


@settings(deadline=None)
@given(_moments, st.timedeltas(timedelta(0), timedelta(days=9)), _amounts, _clocks, _calendars)
def test_a_later_start_is_never_due_earlier(
    start: datetime, later: timedelta, amount: float, clock: ClockKind, calendar: Calendar
) -> None:
    first = _at(due(start, amount, clock, calendar).at)
    assert first <= _at(due(start + later, amount, clock, calendar).at)


@settings(deadline=None)
@given(_moments, _amounts, _clocks, _calendars, _pauses(), _pauses())
def test_a_pause_never_makes_anything_due_earlier(
    start: datetime,
    amount: float,
    clock: ClockKind,
    calendar: Calendar,
    pauses: list[Pause],
    more: list[Pause],
) -> None:
    without = _at(due(start, amount, clock, calendar, pauses).at)
    assert without <= _at(due(start, amount, clock, calendar, pauses + more).at)


@settings(deadline=None)
@given(_moments, _moments, _clocks, _calendars, _pauses())
def test_due_and_elapsed_are_each_others_inverse(
    one: datetime, other: datetime, clock: ClockKind, calendar: Calendar, pauses: list[Pause]
) -> None:
    start, end = sorted((one, other))
    used = elapsed(start, end, clock, calendar, pauses)
    assume(used > 1e-6)
    found = _at(due(start, used, clock, calendar, pauses).at)
    # The first instant at which so much is used up: `end`, or earlier where time stood still.
    assert start <= found <= end + timedelta(milliseconds=1)
    assume(found > start)  # less than the part of a day that had passed when it began to count
    assert elapsed(start, found, clock, calendar, pauses) == pytest.approx(used, abs=1e-7)


@settings(deadline=None)
@given(_moments, _moments, _moments, _clocks, _calendars, _pauses())
def test_time_used_adds_up(
    one: datetime,
    two: datetime,
    three: datetime,
    clock: ClockKind,
    calendar: Calendar,
    pauses: list[Pause],
) -> None:
    assume(clock is not ClockKind.WORKING_DAY)  # each of its hops begins on a next day
    start, middle, end = sorted((one, two, three))
    parts = elapsed(start, middle, clock, calendar, pauses) + elapsed(
        middle, end, clock, calendar, pauses
    )
    assert parts == pytest.approx(elapsed(start, end, clock, calendar, pauses), abs=1e-6)


def _works(calendar: Calendar, at: datetime) -> bool:
    """Whether a minute is worked, straight from the definition."""
    local = at.astimezone(ZoneInfo(calendar.timezone))
    inside = any(
        start <= local.time() and (end == time(0) or local.time() < end)
        for start, end in calendar.worktime.spans
    )
    return inside and calendar.is_working_day(local.date())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60 * 24 * 220), st.integers(1, 30 * 60), _calendars, st.integers(0, 3000))
def test_working_hours_against_a_walk_minute_by_minute(
    offset: int, minutes: int, calendar: Calendar, pause_after: int
) -> None:
    start = datetime(2024, 9, 1, tzinfo=UTC) + timedelta(minutes=offset)
    pause = Pause(start + timedelta(minutes=pause_after), start + timedelta(days=3))
    if pause.until is not None and pause.until < pause.since:
        pause = Pause(pause.since, pause.since)
    at, left = start, minutes
    while left:
        paused = pause.until is not None and pause.since <= at < pause.until
        left -= _works(calendar, at) and not paused
        at += timedelta(minutes=1)
    found = due(start, minutes / 60, ClockKind.WORKING_HOUR, calendar, [pause])
    assert abs(_at(found.at) - at) < timedelta(milliseconds=1)


@settings(max_examples=60, deadline=None)
@given(_moments, st.integers(1, 40), _calendars)
def test_working_days_against_a_walk_day_by_day(
    start: datetime, amount: int, calendar: Calendar
) -> None:
    zone = ZoneInfo(calendar.timezone)
    day, left = start.astimezone(zone).date(), amount
    closes = calendar.worktime.spans[-1][1]
    over = closes != time(0) and start.astimezone(zone).time() >= closes
    if calendar.worktime.day_starts_next or over:
        day += timedelta(days=1)
    while True:
        left -= calendar.is_working_day(day)
        if not left:
            break
        day += timedelta(days=1)
    if closes == time(0):
        day += timedelta(days=1)
    expected = datetime.combine(day, closes, zone)
    assert due(start, amount, ClockKind.WORKING_DAY, calendar).at == expected

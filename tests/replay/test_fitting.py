"""Rules found again from what they produced."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.replay.sample import ZONE

from yiwang.ground.packs.model import CalendarDay, ClockKind, Text, Worktime
from yiwang.ground.worktime import Calendar, due
from yiwang.replay.fitting import fit_habits, fit_limit

CALENDAR = Calendar.build(
    [CalendarDay(date(2011, 1, 17), "off", Text("", ""))],
    Worktime((0, 1, 2, 3, 4), ((time(8, 30), time(17)),), True),
    ZONE.key,
)
FIRST = datetime(2011, 3, 15, tzinfo=ZONE)
OPENED = st.lists(
    st.integers(0, 200 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes)),
    min_size=5,
    max_size=20,
)


@given(OPENED, st.integers(1, 60))
def test_working_days_are_found(opened: list[datetime], days: int) -> None:
    amount = days * 8.5 + 1 / 3600  # so that an evening becomes the next morning
    targets = [
        (at, target)
        for at in opened
        if (target := due(at, amount, ClockKind.WORKING_HOUR, CALENDAR).at) is not None
    ]
    fit = fit_limit(targets, CALENDAR)
    assert fit is not None
    assert fit.within_minute == fit.count == len(opened)


def test_working_days_win_over_natural_days_across_weekends() -> None:
    opened = [datetime(2011, 3, 7 + day, 10, 15, tzinfo=ZONE) for day in range(5)]
    targets = [(at, at + timedelta(days=2 if at.weekday() < 3 else 4)) for at in opened]
    fit = fit_limit(targets, CALENDAR)
    assert fit is not None
    assert (fit.clock, round(fit.amount), fit.within_minute) == (ClockKind.WORKING_HOUR, 17, 5)


def test_a_limit_used_up_in_the_evening_is_due_in_the_morning() -> None:
    saturday = datetime(2011, 3, 5, 22, tzinfo=ZONE)
    targets = [(saturday, datetime(2011, 3, 8, 8, 30, tzinfo=ZONE))]
    fit = fit_limit(targets, CALENDAR)
    assert fit is not None
    assert fit.within_minute == 1


@given(OPENED, st.integers(1, 700))
def test_natural_days_are_found(opened: list[datetime], days: int) -> None:
    targets = [(at, at + timedelta(days=days)) for at in opened]
    fit = fit_limit(targets, CALENDAR)
    assert fit is not None
    assert fit.within_minute == len(opened)


def test_nothing_is_fitted_to_nothing() -> None:
    at = datetime(2011, 3, 7, tzinfo=ZONE)
    assert fit_limit([], CALENDAR) is None
    assert fit_limit([(at, at - timedelta(days=1))], CALENDAR) is None


def test_habits_name_only_places_that_differ() -> None:
    handled = [(("city", "west"), "a")] * 20 + [(("city", "east"), "b")] * 9
    handled += [(("city", "east"), "a")] * 2 + [(("city", "north"), "b")] * 3
    habits = {habit.place: habit for habit in fit_habits(handled, few=8, gain=4)}
    assert set(habits) == {"city", "east"}  # the north is too little to go by
    assert (habits["city"].holder, habits["city"].times, habits["city"].count) == ("a", 22, 34)
    assert (habits["east"].holder, habits["east"].times) == ("b", 9)


def test_a_place_inside_one_that_differs_may_return_to_the_citys_habit() -> None:
    handled = [(("city", "west", "w1"), "a")] * 30 + [(("city", "east", "e1"), "b")] * 20
    handled += [(("city", "east", "e2"), "a")] * 9
    habits = {habit.place: habit.holder for habit in fit_habits(handled, few=8, gain=4)}
    assert habits == {"city": "a", "east": "b", "e2": "a"}

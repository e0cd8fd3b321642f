"""What an action does to a case: its clocks, its pauses, its flags."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.procedure.sample import START, matter

from yiwang.ground.city import City
from yiwang.ground.packs.model import CalendarDay, Text
from yiwang.ground.worktime.calendar import Calendar
from yiwang.matters.cases import rules
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case

REFUSE = "event/2007/0102"  # four working hours
SMOKE = "event/2007/0115"  # two urgent hours, a quarter of an hour to dispatch
TOWN = "310000.310101.310101002"
PUDONG = "310000.310115.310115005"

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def do(case: Case, city: City, action: str, now: datetime, /, **facts: Any) -> Case:
    """One action by its rule."""
    rule = CASES.table.rule(action, case.state)
    assert rule is not None, f"{action} from {case.state}"
    return rules.apply(case, rule, facts, now, city)


def filed(city: City, kind: str = REFUSE, place: str = TOWN, now: datetime = START) -> Case:
    """A case just filed."""
    case = matter("case", "filed", kind=kind, place=place, number="N", filed_at=now)
    assert isinstance(case, Case)
    return rules.watch(rules.begin_clocks(case, city, rules.FIRST_CLOCKS["filed"], now))


def dispatched(city: City, kind: str = REFUSE, now: datetime = START, place: str = TOWN) -> Case:
    """A case dispatched at once."""
    return do(filed(city, kind, place, now), city, "dispatch", now, unit="team")


def after(**span: float) -> datetime:
    """So long after the beginning."""
    return START + timedelta(**span)


def test_each_stage_starts_its_own_clock(city: City) -> None:
    case = filed(city)
    assert case.due_dispatch == case.due_next == case.alarm_at == after(minutes=30)
    assert case.due_total is not None
    assert case.due_handle is None
    case = do(case, city, "dispatch", after(minutes=5), unit="team", assist=["other"])
    assert case.due_handle == case.due_next == datetime(2026, 3, 10, 7, 5, tzinfo=UTC)  # 15:05
    assert (case.lead, case.rounds, case.parties) == ("team", 1, ("team", "other"))
    case = do(case, city, "finish", after(hours=1))
    assert case.due_check == case.due_next == after(hours=3)
    case = do(case, city, "pass", after(hours=2))
    assert (case.state, case.closed_at, case.due_next, case.alarm_at) == (
        "closed",
        after(hours=2),
        None,
        None,
    )


def test_every_clock_says_where_its_length_comes_from(city: City) -> None:
    limit = dispatched(city).limit_reason["handle"]
    assert (limit["amount"], limit["clock"], limit["origin"]) == (4.0, "working_hour", "sample")
    assert limit["pattern"] == REFUSE
    assert limit["basis"]
    assert limit["start"] == START.isoformat()


def test_a_return_and_a_recall_start_the_dispatch_clock_anew(city: City) -> None:
    for action, returned in (("return", 1), ("recall", 0)):
        case = do(dispatched(city), city, action, after(hours=2), reason="x")
        assert (case.state, case.lead, case.due_handle) == ("filed", None, None)
        assert case.due_dispatch == after(hours=2.5)
        assert (case.returned, case.alarm_at) == (returned, after(hours=2.5))


def test_an_overrun_is_raised_once_and_again_when_the_clock_is_new(city: City) -> None:
    case = filed(city)
    assert rules.late_stage(case, after(minutes=29)) is None
    assert rules.late_stage(case, after(minutes=30)) == "dispatch"
    case = do(case, city, "overdue", after(minutes=31), reason="dispatch")
    assert rules.late_stage(case, after(minutes=40)) is None
    assert case.alarm_at == case.due_total
    case = do(case, city, "dispatch", after(hours=1), unit="team")
    case = do(case, city, "return", after(hours=2), reason="x")
    assert rules.late_stage(case, after(hours=3)) == "dispatch"
    assert case.due_total is not None
    assert rules.late_stage(replace(case, overdue=("dispatch",)), case.due_total) == "total"


def test_rework_runs_on_a_new_clock(city: City) -> None:
    case = do(dispatched(city), city, "finish", after(hours=1))
    case = do(replace(case, overdue=("handle", "check")), city, "fail", after(hours=2), reason="x")
    assert (case.state, case.rounds, case.overdue, case.handled_at) == (
        "dispatched",
        2,
        (),
        None,
    )
    assert case.limit_reason["handle"]["start"] == after(hours=2).isoformat()
    assert case.due_next == case.due_handle


def test_verifying_has_its_own_clock_and_filing_begins_the_others(city: City) -> None:
    case = matter("case", "reported", kind=REFUSE, place=TOWN, due_total=None)
    case = do(case, city, "send_verify", START)
    assert case.due_verify == case.due_next == after(hours=24)
    back = do(case, city, "not_verified", after(hours=1), reason="x")
    assert back.state == "reported"
    case = do(case, city, "exist", after(hours=2))
    assert (case.filed_at, case.due_next) == (after(hours=2), after(hours=2.5))
    assert do(back, city, "file", after(hours=3)).filed_at == after(hours=3)


def test_reclass_keeps_the_starts(city: City) -> None:
    case = dispatched(city)
    other = do(case, city, "reclass", after(hours=1), kind=SMOKE)
    assert other.due_handle == after(hours=2)
    assert other.due_next == other.alarm_at == after(hours=2)
    assert other.limit_reason["handle"]["start"] == START.isoformat()
    assert (other.kind, other.kind_reason["by"]) == (SMOKE, "hand")
    assert (other.number, other.rounds, other.filed_at) == (case.number, 1, START)
    back = do(other, city, "reclass", after(hours=2), kind=REFUSE)
    assert (back.due_handle, back.due_total) == (case.due_handle, case.due_total)


def test_reclass_of_a_filed_case_wakes_no_other_clock(city: City) -> None:
    case = do(dispatched(city), city, "return", after(hours=1), reason="x")
    case = do(case, city, "reclass", after(hours=1.1), kind=SMOKE)
    assert case.due_handle is None
    assert case.due_dispatch == after(hours=1.25)


def test_what_was_granted_stays_granted_through_a_reclass(city: City) -> None:
    case = dispatched(city)
    stored = {**case.limit_reason["handle"], "extensions": [4.0]}
    case = rules.recompute(
        replace(case, limit_reason={**case.limit_reason, "handle": stored}), city
    )
    bicycles = do(case, city, "reclass", START, kind="event/2007/0203")  # four working hours too
    assert bicycles.due_handle == case.due_handle == datetime(2026, 3, 11, 1, tzinfo=UTC)


def test_another_place_brings_its_own_limits(city: City) -> None:
    case = dispatched(city)
    moved = do(case, city, "relocate", after(hours=1), place="310115005")
    assert moved.place == PUDONG
    assert moved.limit_reason["handle"]["amount"] == 2.0
    assert moved.due_handle == after(hours=2)
    point = do(case, city, "relocate", START, lon=121.478, lat=31.236)
    assert point.place.startswith("310000.310101.")
    assert point.spot is not None


def test_the_pauses_do_not_count(city: City) -> None:
    case = do(dispatched(city), city, "suspend", after(hours=1), reason="x")
    assert (case.due_next, case.alarm_at, case.reason) == (None, None, "x")
    case = do(case, city, "resume", after(hours=25))
    assert case.due_handle == datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
    assert case.due_next == case.due_handle


def test_a_pause_until_a_day_rings_on_that_day(city: City) -> None:
    until = after(days=3)
    case = do(dispatched(city), city, "suspend", START, reason="x", until=until.isoformat())
    assert case.alarm_at == until


def test_a_pause_ends_with_the_case(city: City) -> None:
    case = do(dispatched(city), city, "suspend", after(hours=1), reason="x")
    case = do(case, city, "close", after(hours=2), reason="x")
    assert case.limit_reason["pauses"][-1]["until"] == after(hours=2).isoformat()
    assert case.forced
    case = do(case, city, "reopen", after(hours=3), reason="y")
    case = do(case, city, "dispatch", after(hours=3), unit="team")
    case = do(case, city, "suspend", after(hours=3), reason="x")
    resumed = do(case, city, "resume", after(hours=27))
    assert resumed.due_handle is not None
    assert case.due_handle is not None
    assert resumed.due_handle > case.due_handle


def test_reopening_forgets_the_end_and_keeps_the_name(city: City) -> None:
    case = do(do(dispatched(city), city, "finish", START), city, "pass", START)
    again = do(replace(case, overdue=("total",)), city, "reopen", after(days=1), reason="x")
    assert (again.state, again.number, again.reopened) == ("filed", case.number, 1)
    assert (again.closed_at, again.lead, again.overdue, again.forced) == (None, None, (), False)
    assert again.due_dispatch == after(days=1, minutes=30)


def test_counts_and_flags(city: City) -> None:
    case = dispatched(city)
    case = do(case, city, "attach", START, reports=[1, 2])
    case = do(case, city, "split", START, reports=[2])
    assert case.report_count == 1
    case = do(case, city, "flag", START, supervised=True, urgent=True)
    case = do(case, city, "flag", START, urgent=False, typical=True)
    assert (case.supervised, case.urgent, case.typical) == (True, False, True)
    assert do(case, city, "adopt", START, parent=5).parent_id == 5
    assert do(filed(city), city, "merge", START, case=5).merged_into == 5


hours = st.floats(min_value=0, max_value=400, allow_nan=False)


@shared
@given(
    kind=st.sampled_from((REFUSE, SMOKE, "event/2007/0101", "event/2007/0401", "demand/2020/01")),
    start=hours,
    spans=st.lists(st.tuples(hours, hours), min_size=1, max_size=4),
)
def test_no_pause_makes_anything_due_earlier(
    city: City, kind: str, start: float, spans: list[tuple[float, float]]
) -> None:
    now = START + timedelta(hours=start)
    case = dispatched(city, kind, now)
    for wait, length in spans:
        before = case.due_handle, case.due_total
        now += timedelta(hours=wait)
        case = do(case, city, "suspend", now, reason="x")
        now += timedelta(hours=length)
        case = do(case, city, "resume", now)
        for old, new in zip(before, (case.due_handle, case.due_total), strict=True):
            assert old is not None
            assert new is not None
            assert new >= old
        assert rules.recompute(case, city) == case


def with_days_off(city: City, days: frozenset[date]) -> City:
    """The city with more days off."""
    more = [CalendarDay(day, "off", Text("放假", "Off")) for day in sorted(days)]
    known = [row for row in city.pack.calendar if row.day not in days]
    calendar = Calendar.build([*known, *more], city.pack.worktime, city.pack.timezone)
    return replace(city, calendar=calendar)


spring = st.frozensets(st.dates(date(2026, 3, 9), date(2026, 4, 30)), max_size=20)


@shared
@given(
    kind=st.sampled_from((REFUSE, SMOKE, "event/2007/0101", "demand/2020/01")),
    days=spring,
    wait=hours,
    length=hours,
)
def test_more_days_off_and_a_pause_make_nothing_due_earlier(
    city: City, kind: str, days: frozenset[date], wait: float, length: float
) -> None:
    case = dispatched(city, kind)
    other = with_days_off(city, days)
    anew = rules.recompute(case, other)
    now = START + timedelta(hours=wait)
    paused = do(anew, other, "suspend", now, reason="x")
    resumed = do(paused, other, "resume", now + timedelta(hours=length))
    for column in ("due_handle", "due_total"):
        assert getattr(case, column) <= getattr(anew, column) <= getattr(resumed, column)
    assert rules.recompute(resumed, other) == resumed


@shared
@given(kinds=st.lists(st.sampled_from((REFUSE, SMOKE, "demand/2020/01")), min_size=1, max_size=5))
def test_reclass_ends_where_its_last_kind_would_have_been(city: City, kinds: list[str]) -> None:
    case = dispatched(city)
    for kind in kinds:
        case = do(case, city, "reclass", after(hours=1), kind=kind)
    straight = dispatched(city, kinds[-1])
    for column in ("due_handle", "due_total", "due_dispatch"):
        assert getattr(case, column) == getattr(straight, column)


def test_numbers_follow_the_pattern_and_grow_past_their_width(city: City) -> None:
    pattern = "{division}{date}{sequence:05d}"
    assert rules.number(pattern, "310101", "20260310", 7) == "3101012026031000007"
    assert rules.number(pattern, "310101", "20260310", 123456) == "31010120260310123456"
    assert rules.division(city, TOWN) == "310101"
    assert rules.division(city, "310000") == "310000"


@pytest.mark.parametrize("state", CASES.table.states)
def test_only_running_clocks_ring(city: City, state: str) -> None:
    case = rules.watch(
        matter("case", state, kind=REFUSE, place=TOWN, alarm_at=None, due_total=START)
    )
    rings = state in ("reported", "verifying", "filed", "dispatched", "checking")
    assert (case.alarm_at is not None) == rings

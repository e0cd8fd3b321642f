"""What events add, and what numbers say: pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.matters.cases.model import ENDED, OPEN
from yiwang.matters.panels import rules
from yiwang.matters.panels.model import Bilingual, Fold, Grain, Occurred, Status, Threshold

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
EVER = datetime(2000, 1, 1, tzinfo=UTC)
PLACES = ("c.a.x", "c.a.y", "c.b")


def _event(action: str, before: str | None, after: str | None, **more: object) -> Occurred:
    values: dict[str, object] = {"at": NOW, "matter": action.partition(".")[0], "case_id": 1}
    values |= {"place": "c.a.x", "action": action, "before": before, "after": after}
    return Occurred(**(values | more))  # type: ignore[arg-type]


def _told(*events: Occurred, place: str = "c") -> Mapping[str, int]:
    fold = rules.fold(events, {}, ZONE, EVER)
    return {name: n for name, n in fold.counts[place, Grain.DAY, _day()].items() if n}


def _day() -> datetime:
    return datetime(2026, 3, 9, 16, 0, tzinfo=UTC)


@st.composite
def _lives(draw: st.DrawFn) -> list[Occurred]:
    """The events of a few cases in any order of theirs, places changing now and then."""
    states: dict[int, tuple[str | None, str]] = {}
    events = []
    for step in range(draw(st.integers(0, 40))):
        case = draw(st.integers(1, 4))
        before, place = states.get(case, (None, draw(st.sampled_from(PLACES))))
        after = draw(st.sampled_from((*OPEN, *ENDED) if before else OPEN))
        there = draw(st.sampled_from(PLACES)) if before in OPEN and after in OPEN else place
        action = "case.overdue" if before == after and draw(st.booleans()) else "case.finish"
        events.append(
            Occurred(
                at=NOW + timedelta(minutes=47 * step),
                action=action if before else "case.file",
                matter="case",
                case_id=case,
                place=there,
                before=before,
                after=after,
                kind="k/1/2",
                reason="handle",
                from_place=place if before else None,
                reported_at=NOW,
            )
        )
        states[case] = (after, there)
    return events


@given(_lives(), st.integers(0, 40))
def test_folded_in_parts_is_folded_at_once(events: list[Occurred], cut: int) -> None:
    whole = rules.fold(events, {}, ZONE, EVER)
    first = rules.fold(events[:cut], {}, ZONE, EVER)
    second = rules.fold(events[cut:], first.overruns, ZONE, EVER)
    assert second.overruns == whole.overruns
    for row in {*first.counts, *second.counts, *whole.counts}:
        parts = rules.merged(first.counts.get(row, {}), second.counts.get(row, {}))
        assert parts == rules.merged({}, whole.counts.get(row, {}))


@given(_lives())
def test_the_stock_is_what_is_open_wherever_it_stands_now(events: list[Occurred]) -> None:
    last = {event.case_id: event for event in events}
    fold = rules.fold(events, {}, ZONE, EVER)
    for place in {path for one in PLACES for path in rules.ancestors(one)}:
        standing = sum(
            event.after in OPEN and place in rules.ancestors(event.place) for event in last.values()
        )
        months = [c["open"] for (p, g, _), c in fold.counts.items() if (p, g) == (place, "month")]
        assert sum(months) == standing


@given(_lives())
def test_every_grain_tells_the_same_in_sum(events: list[Occurred]) -> None:
    fold = rules.fold(events, {}, ZONE, EVER)
    sums = {grain: rules.merged({}, rules.summed(_of(fold, grain))) for grain in Grain}
    assert sums[Grain.HOUR] == sums[Grain.DAY] == sums[Grain.MONTH]


def _of(fold: Fold, grain: Grain) -> list[Mapping[str, int]]:
    return [counts for (place, g, _), counts in fold.counts.items() if (place, g) == ("c", grain)]


def test_a_life_leaves_its_measures() -> None:
    minute = timedelta(minutes=1)
    filed = _event(
        "case.file",
        None,
        "filed",
        kind="k/1/2",
        discovered_at=NOW - 2 * minute,
        reported_at=NOW - minute,
        filed_at=NOW,
    )
    told = _told(
        filed,
        _event("case.dispatch", "filed", "dispatched", filed_at=NOW - minute, dispatched_at=NOW),
        _event("case.return", "dispatched", "filed"),
        _event("order.contact", "issued", "issued", due=NOW),
        _event("order.finish", "accepted", "done", due=NOW - minute, lead=True),
        _event("order.finish", "accepted", "done", due=NOW, lead=False),
        _event("case.finish", "dispatched", "checking", dispatched_at=NOW - 8 * minute),
        _event("case.fail", "checking", "dispatched"),
        _event("case.pass", "checking", "closed", reported_at=NOW - 60 * minute),
        _event("case.reopen", "closed", "filed"),
        _event("report.attach", "received", "attached"),
        _event("report.file", "received", "filed"),
        _event("report.rate", "filed", "filed", satisfied=True),
    )
    times = {f"time.{stage}": bucket for stage, bucket in _times(told)}
    plain = {name: n for name, n in told.items() if not name.startswith("time.")}
    assert plain == {
        "opened": 1,
        "kind:k/1/2": 1,
        "open": 1,
        "dispatched": 1,
        "returned": 1,
        "contact_on_time": 1,
        "late": 1,
        "finished": 1,
        "failed": 1,
        "closed": 1,
        "reopened": 1,
        "repeats": 1,
        "firsts": 1,
        "satisfied": 1,
    }
    minutes = {"discover": 1, "file": 1, "dispatch": 1, "handle": 8, "total": 60}
    assert times == {f"time.{s}": rules.bucket(60 * n) for s, n in minutes.items()}


def _times(told: Mapping[str, int]) -> list[tuple[str, int]]:
    names = [name.removeprefix("time.") for name in told if name.startswith("time.")]
    return [(name.partition(":")[0], int(name.partition(":")[2])) for name in names]


def test_an_overrun_ends_with_the_next_step_and_the_total_clock_is_none() -> None:
    over = _event("case.overdue", "filed", "filed", reason="dispatch")
    total = _event("case.overdue", "filed", "filed", reason="total")
    assert _told(over) == {"overrun": 1, "overruns": 1}
    assert _told(over, total) == {"overrun": 1, "overruns": 2}
    assert _told(total) == {"overruns": 1}
    step = _event("case.dispatch", "filed", "dispatched")
    assert _told(over, step) == {"overruns": 1, "dispatched": 1}


def test_senders_are_heard() -> None:
    later = NOW + timedelta(hours=1)
    first = _event("report.receive", None, "received", system="s", source="sensor", case_id=None)
    second = _event("report.receive", None, "received", system="s", source="system", at=later)
    sender = rules.fold([second, first], {}, ZONE, EVER).senders["s"]
    assert (sender.first_at, sender.last_at, sender.reports) == (NOW, later, 2)


def test_hours_of_old_are_not_told_apart() -> None:
    fold = rules.fold([_event("case.file", None, "filed")], {}, ZONE, NOW + timedelta(hours=1))
    assert {grain for _, grain, _ in fold.counts} == {Grain.DAY, Grain.MONTH}


@pytest.mark.parametrize(
    ("zone", "at", "hour", "day"),
    [
        ("Asia/Shanghai", "2026-03-10T02:59", "2026-03-10T02:00", "2026-03-09T16:00"),
        ("Asia/Kathmandu", "2026-03-10T02:59", "2026-03-10T02:15", "2026-03-09T18:15"),
        ("America/New_York", "2026-03-08T08:10", "2026-03-08T08:00", "2026-03-08T05:00"),
        ("America/New_York", "2026-11-01T06:30", "2026-11-01T06:00", "2026-11-01T04:00"),
    ],
)
def test_hours_and_days_are_the_citys(zone: str, at: str, hour: str, day: str) -> None:
    found = rules.starts(datetime.fromisoformat(at).replace(tzinfo=UTC), ZoneInfo(zone))
    assert [one.isoformat()[:16] for one in found[:2]] == [hour, day]


@given(st.lists(st.floats(1.0, 5e7), min_size=1, max_size=60), st.sampled_from((0.5, 0.9)))
def test_a_quantile_is_five_percent_off_at_the_most(seconds: list[float], q: float) -> None:
    counts: dict[str, int] = {}
    for value in seconds:
        name = f"time.handle:{rules.bucket(value)}"
        counts[name] = counts.get(name, 0) + 1
    exact = sorted(seconds)[max(math.ceil(q * len(seconds)) - 1, 0)]
    found = rules.quantile(counts, "handle", q)
    assert found is not None
    assert abs(found - exact) <= 0.05 * exact + 0.1
    assert rules.quantile(counts, "file", q) is None


def test_a_share_of_nothing_is_none() -> None:
    assert rules.share(0, 0) is None
    assert rules.share(1, 3) == 25.0


def test_heat_says_how_far_off() -> None:
    assert rules.heat(18, 9.0) == (2.0, 3.0)
    assert rules.heat(1, 0.1) == (None, 0.9)


@pytest.mark.parametrize(
    ("above", "value", "status"),
    [
        (True, 4.9, Status.OK),
        (True, 5, Status.WATCH),
        (True, 12, Status.WARN),
        (True, 99, Status.ALARM),
        (False, 96, Status.OK),
        (False, 5, Status.WARN),
        (False, 1, Status.ALARM),
        (True, None, Status.OK),
    ],
)
def test_a_figure_is_judged_by_its_threshold(
    above: bool, value: float | None, status: Status
) -> None:
    limits = (5, 10, 20) if above else (10, 5, 2)
    judged = rules.judge(value, Threshold(above, *limits, Bilingual("规则", "rule")))
    assert judged.status is status
    assert judged.reason.zh
    assert judged.reason.en


def test_without_a_threshold_nothing_is_wrong() -> None:
    assert rules.judge(1e9, None).status is Status.OK


def test_a_past_moment_counts_by_whole_hours_then_by_whole_days() -> None:
    assert rules.moment(NOW, None, ZONE).as_of == NOW
    near = rules.moment(NOW, NOW - timedelta(hours=30, minutes=10), ZONE)
    assert (near.by_hours, near.as_of) == (True, NOW - timedelta(hours=31))
    far = rules.moment(NOW, NOW - timedelta(days=90), ZONE)
    assert (far.by_hours, far.as_of - far.day) == (False, timedelta(days=1))
    assert far.day <= NOW - timedelta(days=90) < far.as_of

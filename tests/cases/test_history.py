"""Who held a case and for how long: the fold over its events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.ground.city import City
from yiwang.matters.cases.history import Hop, HopStage, entries, hops

CASE, ORDER, HELPER, CHECK = 1, 10, 11, 20
START = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00; worked 08-12 and 14-18

_MATTER = {"order": ORDER, "check": CHECK, "case": CASE, "dispute": 30}


def event(hours: float, action: str, matter_id: int | None = None, **facts: Any) -> dict[str, Any]:
    """One event so many hours after the beginning."""
    matter = action.partition(".")[0]
    return {
        "at": START + timedelta(hours=hours),
        "actor": "person:1",
        "unit": None,
        "action": action,
        "matter": matter,
        "matter_id": _MATTER[matter] if matter_id is None else matter_id,
        "case_id": CASE,
        "before": None,
        "after": None,
        "facts": facts,
    }


def issue(hours: float, unit: str = "team", role: str = "lead", number: int = ORDER) -> Any:
    """An order is issued."""
    return event(hours, "order.issue", number, unit=unit, role=role)


OPENING = [event(0, "case.file"), event(0.5, "case.dispatch", unit="team"), issue(0.5)]
CLOSING = [
    event(3, "order.finish"),
    event(3, "case.finish"),
    event(3, "check.arrange", unit="station", sort="check"),
    event(6, "check.pass"),
    event(6, "case.pass"),
]


def fold(city: City, events: list[dict[str, Any]], now: float = 100, **dues: Any) -> list[Hop]:
    """The hops, `now` so many hours after the beginning."""
    moment = START + timedelta(hours=now)
    return list(hops(events, city.calendar, "centre", moment, dues.get("dues", {})))


def short(found: list[Hop]) -> list[tuple[str, str, float]]:
    """Stage, holder and hours of each hop."""
    return [(hop.stage.value, hop.holder, round(hop.elapsed_hours, 6)) for hop in found]


def test_a_plain_case_passes_from_hand_to_hand(city: City) -> None:
    found = fold(city, OPENING + CLOSING)
    assert short(found) == [
        ("dispatch", "centre", 0.5),
        ("handle", "team", 2.5),
        ("check", "station", 3.0),
    ]
    assert [hop.how for hop in found] == ["order.issue", "order.finish", "check.pass"]
    assert [hop.matter_id for hop in found] == [CASE, ORDER, CHECK]
    # 09:30 to 12:00; then 12:00 to 15:00, of which only the last hour is worked
    assert [round(hop.working_hours, 6) for hop in found] == [0.5, 2.5, 1.0]


def test_due_times_say_who_was_late(city: City) -> None:
    dues = {
        (HopStage.DISPATCH, CASE): START + timedelta(hours=0.25),
        (HopStage.HANDLE, ORDER): START + timedelta(hours=3),
    }
    found = fold(city, OPENING + CLOSING, dues=dues)
    assert [hop.late for hop in found] == [True, False, None]


def test_what_lasts_is_measured_until_now(city: City) -> None:
    dues = {(HopStage.HANDLE, ORDER): START + timedelta(hours=4)}
    (_, handling) = fold(city, OPENING, now=5, dues=dues)
    assert (handling.ended, handling.how, handling.elapsed_hours, handling.late) == (
        None,
        None,
        4.5,
        True,
    )


def test_a_return_is_the_centres_time(city: City) -> None:
    events = [
        *OPENING,
        event(1, "order.return", reason="no"),
        event(2, "order.uphold_return"),
        event(2, "case.return", reason="no"),
        event(2.5, "case.dispatch", unit="other"),
        issue(2.5, "other", number=12),
        event(4, "order.finish", 12),
        *CLOSING[1:],
    ]
    assert short(fold(city, events))[:5] == [
        ("dispatch", "centre", 0.5),
        ("handle", "team", 0.5),
        ("judge", "centre", 1.0),
        ("dispatch", "centre", 0.5),
        ("handle", "other", 1.5),
    ]


def test_a_refused_return_goes_back_and_a_dispute_names_its_centre(city: City) -> None:
    events = [
        *OPENING,
        event(1, "order.return", reason="no"),
        event(2, "order.refuse_return", reason="yours"),
        event(3, "order.dispute", against="x", reason="x"),
        event(3, "dispute.raise", centre="district"),
        event(5, "order.keep", reason="yours"),
        event(6, "order.recall", reason="x"),
        event(6, "case.recall", reason="x"),
    ]
    assert short(fold(city, events, now=7)) == [
        ("dispatch", "centre", 0.5),
        ("handle", "team", 0.5),
        ("judge", "centre", 1.0),
        ("handle", "team", 1.0),
        ("judge", "district", 2.0),
        ("handle", "team", 1.0),
        ("dispatch", "centre", 1.0),
    ]


def test_a_pause_counts_for_nobody(city: City) -> None:
    events = [
        *OPENING,
        event(1, "order.suspend", reason="x"),
        event(1, "case.suspend", reason="x"),
        event(21, "case.resume"),
        event(22, "order.resume"),
        event(22.5, "order.finish"),
    ]
    handling = fold(city, events)[1]
    assert handling.elapsed_hours == pytest.approx(1.0)
    assert [(p.since, p.until) for p in handling.pauses] == [
        (START + timedelta(hours=1), START + timedelta(hours=22))
    ]


def test_a_check_that_failed_begins_a_new_round(city: City) -> None:
    events = [
        *OPENING,
        *CLOSING[:3],
        event(4, "check.fail", reason="x"),
        event(4, "case.fail", reason="x"),
        issue(4, "team", number=12),
    ]
    found = fold(city, events, now=5)
    assert short(found)[2:] == [("check", "station", 1.0), ("handle", "team", 1.0)]
    assert found[2].how == "check.fail"


def test_a_check_that_could_not_be_done_is_another_hop(city: City) -> None:
    events = [
        *OPENING,
        *CLOSING[:3],
        event(4, "check.unable", reason="x"),
        event(4, "check.arrange", 21, unit="centre", sort="check"),
    ]
    found = fold(city, events, now=6)
    assert short(found)[2:] == [("check", "station", 1.0), ("check", "centre", 2.0)]
    assert (found[2].how, found[3].matter_id) == ("check.unable", 21)


def test_assistants_run_beside_the_lead(city: City) -> None:
    events = [
        *OPENING,
        issue(0.5, "helper", "assist", HELPER),
        event(1, "order.accept", HELPER),
        event(2, "order.suspend", HELPER, reason="x"),
        *CLOSING[:2],
        event(3, "order.recall", HELPER, reason="lead finished"),
    ]
    found = {hop.stage: hop for hop in fold(city, events, now=4)}
    helper = found[HopStage.ASSIST]
    assert (helper.holder, helper.elapsed_hours, helper.how) == ("helper", 1.5, "order.recall")
    assert found[HopStage.HANDLE].ended == START + timedelta(hours=3)


def test_verifying_is_the_checkers_time(city: City) -> None:
    events = [
        event(0, "case.send_verify"),
        event(0, "check.arrange", unit="station", sort="verify"),
        event(2, "check.pass"),
        event(2, "case.exist"),
    ]
    assert short(fold(city, events, now=3)) == [
        ("verify", "station", 2.0),
        ("dispatch", "centre", 1.0),
    ]


def test_entries_are_the_events(city: City) -> None:
    lines = entries(OPENING + CLOSING)
    assert [line.action for line in lines] == [row["action"] for row in OPENING + CLOSING]
    assert lines[2].facts == {"unit": "team", "role": "lead"}


_ACTIONS = [
    *("case.file", "case.return", "case.recall", "case.finish", "case.pass", "case.reopen"),
    *("case.suspend", "case.resume", "case.close", "case.fail", "case.note", "check.arrange"),
    *("order.issue", "order.accept", "order.return", "order.refuse_return", "order.finish"),
    *("order.suspend", "order.resume", "order.recall", "check.pass", "check.unable"),
]


@given(
    st.lists(st.tuples(st.sampled_from(_ACTIONS), st.booleans(), st.integers(0, 5)), max_size=40)
)
def test_whatever_happens_one_hand_holds_the_case(
    city: City, steps: list[tuple[str, bool, int]]
) -> None:
    """Main hops never overlap, pauses lie inside them, and no time is used twice."""
    hours = 0
    events = []
    for action, helper, wait in steps:
        hours += wait
        number = HELPER if helper and action.startswith("order.") else None
        facts = {"unit": "u", "role": "assist" if helper else "lead", "sort": "check"}
        events.append(event(hours, action, number, **facts))
    now = hours + 1
    found = fold(city, events, now=now)
    main = [hop for hop in found if hop.stage is not HopStage.ASSIST]
    for one, following in pairwise(main):
        assert one.ended is not None
        assert one.ended <= following.started
    for hop in found:
        end = hop.ended or START + timedelta(hours=now)
        whole = (end - hop.started).total_seconds() / 3600
        assert 0 <= hop.working_hours <= hop.elapsed_hours + 1e-9
        assert hop.elapsed_hours <= whole + 1e-9
        for pause in hop.pauses:
            assert hop.started <= pause.since <= (pause.until or end) <= end
    total = sum(hop.elapsed_hours for hop in main)
    assert total <= now + 1e-9

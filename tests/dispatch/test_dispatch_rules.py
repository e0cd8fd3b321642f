"""Whose job it is, and an order's own clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.procedure.sample import START, matter

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.packs.model import Level, Unit
from yiwang.matters.cases.model import Case
from yiwang.matters.dispatch import rules
from yiwang.matters.dispatch.lifecycle import ORDERS
from yiwang.matters.dispatch.model import Order

DAY = date(2026, 3, 10)
TOWN = "310000.310101.310101002"
COMMUNITY = TOWN + ".310101002G01.310101002001"
REFUSE, BICYCLES, ROAD, COVER = (
    "event/2007/0102",  # town, sanitation
    "event/2007/0506",  # town, urban management; transport assists
    "event/2007/0401",  # district, road; four assist
    "component/2007/0101",  # city, water supply; road assists
)
HANDLER = Actor("person:7", "handler", person=7)

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def remade(city: City, units: Sequence[Unit]) -> City:
    """The city with other units."""
    return City.build(replace(city.pack, units=tuple(units)))


def without(city: City, function: str) -> City:
    """The city where nobody has a function."""
    return remade(
        city,
        [
            replace(unit, functions=tuple(f for f in unit.functions if f != function))
            for unit in city.pack.units
        ],
    )


def test_the_exact_level_leads(city: City) -> None:
    for kind, lead, assist in (
        (REFUSE, "310101002_sanitation", ()),
        (BICYCLES, "310101002_squad", ("310101_construction",)),
        (ROAD, "310101_construction", None),
    ):
        found = rules.resolve(city, kind, COMMUNITY, DAY)
        assert (found.lead, found.reason["by"]) == (lead, "responsibility")
        assert found.lead not in found.assist
        assert len(set(found.assist)) == len(found.assist)
        if assist is not None:
            assert found.assist == assist


def test_the_reason_is_complete(city: City) -> None:
    found = rules.resolve(city, BICYCLES, COMMUNITY, DAY, ["310101_fire"])
    assert found.reason | {"considered": 0, "basis": 0, "source": 0} == {
        "kind": BICYCLES,
        "place": COMMUNITY,
        "excluded": ["310101_fire"],
        "function": "urban_management",
        "level": "town",
        "pattern": BICYCLES,
        "by": "responsibility",
        "considered": 0,
        "basis": 0,
        "source": 0,
    }
    assert found.reason["considered"][0] == "310101002_squad"
    assert found.reason["basis"]


def test_another_level_takes_over_the_nearest_first(city: City) -> None:
    found = rules.resolve(city, BICYCLES, COMMUNITY, DAY, ["310101002_squad"])
    assert (found.lead, found.reason["by"]) == ("310101_enforcement", "other_level")
    further = rules.resolve(
        city, BICYCLES, COMMUNITY, DAY, ["310101002_squad", "310101_enforcement"]
    )
    assert further.lead is not None
    assert city.units[further.lead].level == Level.CITY
    assert further.reason["by"] == "other_level"


def test_nobody_with_the_function_leaves_it_to_the_territory(city: City) -> None:
    found = rules.resolve(without(city, "sanitation"), REFUSE, COMMUNITY, DAY)
    assert (found.lead, found.assist, found.reason["by"]) == (
        "310101002_centre",
        (),
        "territorial",
    )
    unlisted = rules.resolve(city, "demand/2020/01", COMMUNITY, DAY)
    assert (unlisted.lead, unlisted.reason["by"]) == ("310101002_centre", "territorial")
    assert "function" not in unlisted.reason


def test_the_territory_climbs_past_whoever_rightly_returned_it(city: City) -> None:
    gone: list[str] = []
    for expected in ("310101002_centre", "310101_centre", "310000_centre"):
        found = rules.resolve(city, "demand/2020/01", COMMUNITY, DAY, gone)
        assert found.lead == expected
        gone.append(expected)
    nobody = rules.resolve(city, "demand/2020/01", COMMUNITY, DAY, gone)
    assert (nobody.lead, nobody.reason["by"]) == (None, "nobody")
    assert nobody.reason["excluded"] == sorted(gone)


def test_returned_too_often_skips_the_list(city: City) -> None:
    found = rules.resolve(city, REFUSE, COMMUNITY, DAY, exhausted=True)
    assert (found.lead, found.reason["by"]) == ("310101002_centre", "territorial")
    assert found.reason["returned_too_often"] is True


@shared
@given(data=st.data())
def test_exactly_one_leads_and_nobody_who_was_excluded(city: City, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([k.key for k in city.taxonomy.kinds() if k.parent]))
    towns = [place.path for place in city.tree.at_level(Level.TOWN)]
    path = data.draw(st.sampled_from(towns))
    over = [u.code for u in city.units.values() if city.holds(city.unit_paths[u.code], path)]
    excluded = data.draw(st.sets(st.sampled_from(sorted(over)), max_size=12))
    found = rules.resolve(city, kind, path, DAY, excluded)
    if found.lead is None:
        assert found.reason["by"] == "nobody"
        assert found.assist == ()
        return
    chosen = [found.lead, *found.assist]
    assert len(set(chosen)) == len(chosen)
    assert not set(chosen) & excluded
    for unit in chosen:
        assert city.holds(city.unit_paths[unit], path)
    assert found.reason["by"] in ("responsibility", "other_level", "territorial")


def issued(city: City, kind: str = REFUSE, now: datetime = START) -> Order:
    """An order just issued."""
    order = matter("order", "issued", kind=kind, place=COMMUNITY, issued_at=now, pending=None)
    assert isinstance(order, Order)
    blank = replace(order, accepted_at=None, contacted_at=None, finished_at=None, handler=None)
    return rules.start_order(replace(blank, returned_reason=None), city, now)


def do(order: Order, city: City, action: str, now: datetime, **facts: Any) -> Order:
    """One action by its rule."""
    rule = ORDERS.table.rule(action, order.state)
    assert rule is not None, f"{action} from {order.state}"
    return rules.apply(order, rule, facts, now, city, HANDLER)


def after(**span: float) -> datetime:
    """So long after the beginning."""
    return START + timedelta(**span)


def test_an_order_starts_its_three_clocks_and_its_milestones(city: City) -> None:
    order = issued(city, COVER)
    assert order.due_accept == after(hours=2)
    assert order.due_contact == datetime(2026, 3, 11, 10, tzinfo=UTC)  # the next day, 18:00
    assert order.due_handle is not None
    assert [row["name"] for row in order.milestones]
    assert all(row["due"] for row in order.milestones)
    assert set(order.limits) == {"accept", "contact", "handle"}


def test_accept_contact_reach_finish(city: City) -> None:
    order = do(issued(city, COVER), city, "accept", after(hours=1))
    assert (order.state, order.accepted_at, order.handler) == ("accepted", after(hours=1), 7)
    order = do(order, city, "contact", after(hours=2), note="x")
    name = order.milestones[0]["name"]
    order = do(order, city, "reach", after(hours=3), milestone=name, result="fenced", evidence=[4])
    assert order.milestones[0]["done_at"] == after(hours=3).isoformat()
    assert order.milestones[0]["evidence"] == [4]
    order = do(order, city, "finish", after(hours=4), result="done", evidence=[5])
    assert (order.state, order.outcome, order.evidence) == ("done", "solved", (5,))
    assert (order.contacted_at, order.finished_at) == (after(hours=2), after(hours=4))


def test_a_refused_return_wins_no_time(city: City) -> None:
    order = issued(city)
    back = do(
        do(order, city, "return", after(hours=1), reason="x"),
        city,
        "refuse_return",
        after(hours=2),
        reason="y",
    )
    assert (back.state, back.returned_reason) == ("issued", None)
    assert (back.due_accept, back.due_handle) == (order.due_accept, order.due_handle)


def test_an_upheld_return_and_a_ruling_stay_on_record_a_recall_does_not(city: City) -> None:
    returned = do(issued(city), city, "return", START, reason="not ours")
    assert do(returned, city, "uphold_return", START).returned_reason == "not ours"
    assert do(returned, city, "recall", START, reason="x").returned_reason is None
    disputed = do(issued(city), city, "dispute", START, against="u", reason="theirs")
    assert do(disputed, city, "move", START, unit="u", reason="ruled").returned_reason == "ruled"
    assert do(disputed, city, "keep", START, reason="yours").state == "issued"


def test_more_time_of_the_same_clock_is_added(city: City) -> None:
    order = do(issued(city), city, "accept", START)
    wish = do(order, city, "ask_extension", START, amount=4.0, clock="working_hour", reason="x")
    assert wish.pending == "extension"
    more = do(wish, city, "extend", START, amount=4.0, clock="working_hour")
    assert (more.pending, more.extended) == (None, 1)
    assert more.due_handle == datetime(2026, 3, 11, 1, tzinfo=UTC)
    assert more.limits["handle"]["extensions"] == [4.0]
    assert do(wish, city, "deny", START, reason="no").due_handle == order.due_handle


def test_more_time_of_another_clock_begins_at_the_due_time(city: City) -> None:
    order = do(issued(city), city, "accept", START)
    assert order.due_handle is not None
    more = do(order, city, "extend", START, amount=2.0, clock="natural_day")
    assert more.due_handle == order.due_handle + timedelta(days=2)
    assert more.limits["handle"]["source"] == "extension"


def _case(order: Order, **values: Any) -> Case:
    found = matter("case", "dispatched", kind=order.kind, place=order.place, limit_reason={})
    assert isinstance(found, Case)
    return replace(found, **values)


def test_an_order_of_a_case_as_it_was_stays_as_it_is(city: City) -> None:
    order = issued(city, COVER)
    case = _case(order, centre=order.centre)
    assert rules.align(order, case, city) == order


def test_a_reclassed_case_gives_its_orders_the_new_limits_from_their_beginning(city: City) -> None:
    order = do(issued(city, COVER), city, "accept", START)
    name = order.milestones[0]["name"]
    order = do(order, city, "reach", START, milestone=name, result="x")
    other = rules.align(order, _case(order, kind="event/2007/0101"), city)
    straight = issued(city, "event/2007/0101")
    assert (other.kind, other.due_handle) == ("event/2007/0101", straight.due_handle)
    assert [row["name"] for row in other.milestones] == [
        name,
        *(row["name"] for row in straight.milestones),
    ]
    assert rules.align(other, _case(other), city) == other


def test_an_order_in_pudong_follows_its_case_there(city: City) -> None:
    order = issued(city)
    case = _case(order, place="310000.310115.310115005", centre="310115_centre", urgent=True)
    moved = rules.align(order, case, city)
    assert (moved.place, moved.centre, moved.urgent) == (case.place, "310115_centre", True)
    assert moved.due_handle == after(hours=2)


def test_the_pauses_of_the_case_are_the_orders_pauses(city: City) -> None:
    order = issued(city)
    pause = {"since": after(hours=1).isoformat(), "until": after(hours=25).isoformat()}
    early = {"since": after(hours=-9).isoformat(), "until": after(hours=-8).isoformat()}
    case = _case(order, limit_reason={"pauses": [early, pause]})
    paused = rules.align(order, case, city)
    assert paused.pauses == (pause,)
    assert paused.due_handle == datetime(2026, 3, 11, 7, tzinfo=UTC)
    assert rules.align(paused, case, city) == paused
    lasting = _case(order, limit_reason={"pauses": [{**pause, "until": None}]})
    assert rules.align(order, lasting, city).due_handle == order.due_handle


@pytest.mark.parametrize(
    ("own", "expected"), [(None, False), (-1.0, False), (1.0, True), (2.0, True)]
)
def test_who_paused_with_the_case_goes_on_with_it(own: float | None, expected: bool) -> None:
    case = matter(
        "case",
        "dispatched",
        limit_reason={"pauses": [{"since": after(hours=1).isoformat(), "until": None}]},
    )
    since = None if own is None else after(hours=own).isoformat()
    assert rules.paused_with(case, since) is expected


hours = st.floats(min_value=0, max_value=300, allow_nan=False)


@shared
@given(
    kind=st.sampled_from((REFUSE, COVER, ROAD, "demand/2020/01")),
    spans=st.lists(st.tuples(hours, hours), min_size=1, max_size=4),
)
def test_no_pause_makes_an_order_due_earlier(
    city: City, kind: str, spans: list[tuple[float, float]]
) -> None:
    now = START
    order = do(issued(city, kind), city, "accept", now)
    for wait, length in spans:
        before = order
        now += timedelta(hours=wait)
        order = do(order, city, "suspend", now, reason="x")
        assert order.due_handle == before.due_handle
        now += timedelta(hours=length)
        order = do(order, city, "resume", now)
        assert before.due_handle is not None
        assert order.due_handle is not None
        assert order.due_handle >= before.due_handle
        for old, new in zip(before.milestones, order.milestones, strict=True):
            assert datetime.fromisoformat(new["due"]) >= datetime.fromisoformat(old["due"])
        assert (order.due_accept, order.due_contact) == (before.due_accept, before.due_contact)
        assert rules.recompute(order, city) == order

"""The work list: what the procedure tables say waits for somebody, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from tests.assist.conftest import hire
from tests.feed.scene import Scene
from tests.handling import scene as cases
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Rule, Table
from yiwang.matters.assist import waiting, work
from yiwang.matters.desk import service as desk
from yiwang.matters.desk.service import PROCEDURES

LON, LAT = 121.478, 31.236
# Where a matter waits for nobody's action on itself: for the platform, for its order or check.
ELSEWHERE = {
    "report": {"received", "filed", "attached"},
    "case": {"verifying", "dispatched", "checking", "closed"},
    "order": {"disputed"},
    "check": set[str](),
    "approval": set[str](),
    "dispute": set[str](),
}


@pytest.mark.parametrize("name", list(PROCEDURES))
def test_every_state_waits_for_somebody_ends_or_waits_elsewhere(name: str) -> None:
    table = PROCEDURES[name].table
    waits = {state for states in waiting.waiting(table).values() for state in states}
    assert waits | set(table.final) | ELSEWHERE[name] == set(table.states)
    assert not waits & (set(table.final) | ELSEWHERE[name])


def test_a_rule_waits_only_where_it_starts() -> None:
    with pytest.raises(ValueError, match="waits"):
        Table("x", ("a", "b"), ("a",), ("b",), (Rule("go", ("a",), "b", "intake", waits=("b",)),))


def test_every_kind_of_matter_stands_in_the_list() -> None:
    assert {sort.matter for sort in waiting.SORTS} == set(PROCEDURES)
    assert all(PROCEDURES[sort.matter] is sort.procedure for sort in waiting.SORTS)


async def _live(world: World) -> None:
    """Matters of every kind in every state that waits."""
    await world.report("你好请问", LON, LAT)  # no kind: queued
    held = cases.with_settings(world.city, dispatch__automatic=False)
    was, world.city = world.city, held
    await cases.open_case(world)
    await world.work()
    world.city = was
    for step in ("", "return", "dispute", "ask_extension", "finish", "suspend"):
        _, order = await cases.dispatched(world)
        await _step(world, order, step)
        await world.work()


async def _step(world: World, order: Any, step: str) -> None:
    handler = cases.handler(world, order)
    if step in ("ask_extension", "finish", "suspend"):
        await cases.act(world, handler, order, "accept")
    facts: dict[str, dict[str, Any]] = {
        "return": {"reason": "非本单位"},
        "dispute": {"reason": "非本单位", "against": "310101_housing"},
        "ask_extension": {"amount": 1, "clock": "working_day", "reason": "缺料"},
        "finish": {"result": "已清理"},
    }
    if step in facts:
        await cases.act(world, handler, order, step, facts[step])
    if step == "suspend":
        chief = world.actor("duty_chief", cases.DISTRICT_CENTRE)
        async with world.as_(chief) as tx:
            reason = {"reason": "待拨款"}
            await desk.act(tx, world.city, chief, "case", order.case_id, "suspend", reason)


def _everybody(world: World) -> Iterable[Actor]:
    units = (
        *("310000_centre", "310101_centre", "310101002_centre", "310115_centre"),
        *("310101002_sanitation", cases.STATION, "310101_housing"),
    )
    duties = ("intake", "dispatcher", "duty_chief", "handler", "checker", "leader", "evaluator")
    return [world.actor(duty, unit) for unit in units for duty in duties]


async def _expected(tx: Tx, actor: Actor) -> set[tuple[str, int]]:
    """By the tables alone: every matter this actor sees and whose state waits for them."""
    found = set()
    for name, each in PROCEDURES.items():
        for row in await tx.fetch(f"select {', '.join(each.names())} from {each.relation}"):
            matter = each.read(row)
            rules = procedure.possible(each, actor, matter)
            if any(matter.state in rule.waits for rule in rules):
                found.add((name, matter.id))
    return found


async def test_the_list_is_what_the_tables_say(world: World) -> None:
    await _live(world)
    kinds: set[str] = set()
    for actor in _everybody(world):
        async with world.as_(actor) as tx:
            expected = await _expected(tx, actor)
            found = await work.page(tx, world.city, actor, {}, 200, None)
        rows = found["items"]
        assert {(row["matter"], row["id"]) for row in rows} == expected, actor.title
        assert len(rows) == len(expected)
        assert all(row["must"] and set(row["must"]) <= set(row["actions"]) for row in rows)
        due = [row["due"] or "9999" for row in rows]
        assert due == sorted(due)
        assert sum(group["count"] for group in found["groups"]) == len(rows)
        kinds |= {row["matter"] for row in rows}
    assert kinds == set(PROCEDURES)


async def test_pages_follow_each_other_and_hold_everything_once(world: World) -> None:
    await _live(world)
    chief = world.actor("duty_chief", "310000_centre")
    async with world.as_(chief) as tx:
        whole = (await work.page(tx, world.city, chief, {}, 200, None))["items"]
        cursor, seen = None, []
        while True:
            found = await work.page(tx, world.city, chief, {}, 2, cursor)
            seen += found["items"]
            if (cursor := found["next"]) is None:
                break
    assert seen == whole
    assert len(whole) > 4


async def test_filters(world: World) -> None:
    await _live(world)
    chief = world.actor("duty_chief", "310000_centre")

    async def ask(actor: Actor = chief, **given: str) -> Any:
        async with world.as_(actor) as tx:
            return await work.page(tx, world.city, actor, given, 200, None)

    orders = await ask(matter="order")
    assert {row["matter"] for row in orders["items"]} == {"order"}
    assert len(orders["groups"]) > 1  # the others are still counted
    assert {row["state"] for row in (await ask(state="returned"))["items"]} == {"returned"}
    assert not (await ask(place="310115"))["items"]
    assert (await ask(place="310101"))["items"]
    assert {row["kind"] for row in (await ask(kind=cases.REFUSE))["items"]} == {cases.REFUSE}
    assert not (await ask(overdue="true"))["items"]
    assert not (await ask(urgent="true"))["items"]
    world.pass_time(days=30)
    late = (await ask(overdue="true"))["items"]
    assert late
    assert all(row["left_s"] < 0 and row["overdue"] for row in late)
    handler = world.actor("handler", "310101002_sanitation")
    mine = (await ask(handler, whose="mine"))["items"]
    assert mine
    assert all(row["state"] != "issued" for row in mine)
    assert {row["whose"] for row in (await ask(handler, whose="ours"))["items"]} == {
        "mine",
        "units",
    }
    with pytest.raises(Refusal) as caught:
        await ask(matter="nothing")
    assert caught.value.code == "listing.values"
    with pytest.raises(Refusal) as caught:
        await ask(colour="red")
    assert caught.value.code == "listing.filter_unknown"


async def test_over_http_with_the_actions_open_to_me(scene: Scene, world: World) -> None:
    _, order = await cases.dispatched(world)
    handler = await hire(world, "handler", order.unit, "handler")
    async with scene.client(handler) as client:
        found = (await client.get("/work?limit=10")).json()
        (item,) = found["items"]
        assert (item["matter"], item["id"], item["must"]) == ("order", order.id, ["accept"])
        assert found["groups"][0]["count"] == 1
        done = await client.post(f"/orders/{order.id}/actions/accept", json={})
        assert done.status_code == 200
        (item,) = (await client.get("/work?whose=mine")).json()["items"]
        assert item["must"] == ["finish"]
        assert (await client.get("/work?matter=order&matter=case")).status_code == 422
        assert (await client.get("/work?cursor=x")).status_code == 422


async def test_no_duty_no_work(world: World) -> None:
    await _live(world)
    leader = world.actor("leader", "310101_government")
    async with world.as_(leader) as tx:
        found = await work.page(tx, world.city, leader, {}, 50, None)
    assert found == {"items": [], "next": None, "groups": []}


async def test_only_partial_indexes_of_what_is_open_are_read(world: World) -> None:
    """However many cases are closed, none of them is looked at."""
    await _live(world)
    for actor in (
        world.actor("duty_chief", "310000_centre"),
        world.actor("handler", "310101002_sanitation"),
    ):
        async with world.as_(actor) as tx:
            await tx.execute("set local enable_seqscan = off")
            marks = waiting.Marks([])
            selects = " union all ".join(sql for _, sql in waiting.branches(actor, marks))
            rows = await tx.fetch(f"explain {selects}", *marks.args)
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan" not in plan, plan

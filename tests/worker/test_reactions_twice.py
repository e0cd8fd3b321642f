"""Every reaction of the map, run again with the same ids, changes no row and adds no event."""

from __future__ import annotations

from typing import Any

import pytest
from tests.handling import scene
from tests.world import World

from yiwang import flow, worker
from yiwang.matters.desk import service as desk

TABLES = ("reports", "cases", "orders", "checks", "approvals", "disputes", "notices", "events")
ROAD = "路面塌陷有大坑"


async def _picture(world: World) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table in TABLES:
        rows = await world.rows(f"select * from {table} order by id")
        found[table] = [dict(row) for row in rows]
    return found


async def _work_twice(world: World) -> set[str]:
    """Carry out what is due, each batch a second time at once; the reactions that ran."""
    ran: set[str] = set()
    for _ in range(30):
        async with world.as_worker() as tx:
            todos = await worker.take(tx, worker.BATCH)
            await worker.carry_out(tx, world.city, todos)
            assert not await tx.fetch("select 1 from todos where error is not null")
        if not todos:
            return ran
        before = await _picture(world)
        waiting = await world.rows("select reaction, subject from todos order by id")
        for row in todos:
            ran.add(row["reaction"])
            async with world.as_worker() as tx:
                await flow.BY_NAME[row["reaction"]](tx, world.city, [row["subject"]])
        after = await _picture(world)
        for table in TABLES:
            assert after[table] == before[table], f"{table} changed by {todos}"
        assert await world.rows("select reaction, subject from todos order by id") == waiting
    raise AssertionError("the todos never end")


async def test_nothing_happens_twice(world: World) -> None:
    ran: set[str] = set()
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)

    async def do(actor: Any, matter: str, number: int, action: str, **facts: Any) -> None:
        async with world.as_(actor) as tx:
            await desk.act(tx, world.city, actor, matter, number, action, facts)
        ran.update(await _work_twice(world))

    await world.report(ROAD, 121.478, 31.236)
    await world.report(ROAD, 121.478, 31.236)
    await world.report("路灯不亮", 121.479, 31.237, source="citizen")
    await world.report("你好请问", 121.479, 31.237)
    await world.report("暴露垃圾成堆没人清", 121.477, 31.235)
    ran |= await _work_twice(world)
    rows = await world.rows("select id, case_id from reports order by id")
    road, lamp, refuse = (rows[i]["case_id"] for i in (0, 2, 4))
    verify = await world.row("select * from checks")
    looker = world.actor("checker", verify["unit"])
    await do(looker, "check", verify["id"], "pass", note="属实")
    await do(chief, "case", road, "suspend", reason="停工")
    await do(chief, "case", road, "resume")
    await do(chief, "case", road, "reclass", kind=scene.BICYCLES)
    await do(chief, "case", road, "relocate", place="310101013")
    order = await scene.lead(world, refuse)
    unit = scene.handler(world, order)
    await do(unit, "order", order.id, "return", reason="不属本队")
    judge = world.actor("dispatcher", world.centre("310000"))
    await do(judge, "order", order.id, "uphold_return")
    order = await scene.lead(world, refuse)
    unit = scene.handler(world, order)
    await do(unit, "order", order.id, "accept")
    await do(unit, "order", order.id, "ask_extension", amount=1, clock="working_day", reason="雨")
    await do(chief, "case", refuse, "recall", reason="改派")
    await do(chief, "case", refuse, "dispatch", unit=scene.TOWN_CENTRE)
    order = await scene.lead(world, refuse)
    unit = scene.handler(world, order)
    await do(unit, "order", order.id, "accept")
    await do(unit, "order", order.id, "finish", result="已清理")
    for verdict in ("fail", "pass"):
        look = await scene.open_check(world, refuse)
        facts = {"reason": "仍有残留"} if verdict == "fail" else {"note": "好"}
        await do(world.actor("checker", look["unit"]), "check", look["id"], verdict, **facts)
        if verdict == "fail":
            order = await scene.lead(world, refuse)
            unit = scene.handler(world, order)
            await do(unit, "order", order.id, "accept")
            await do(unit, "order", order.id, "finish", result="再清理")
    assert (await scene.state(world, refuse))["state"] == "closed"
    await do(chief, "case", refuse, "reopen", reason="又有了")
    await do(chief, "case", refuse, "adopt", parent=road)
    await do(chief, "case", refuse, "release")
    await do(chief, "case", lamp, "close", reason="x")
    fixed = await scene.open_case(world, state="checking", on_the_spot=True)
    ran |= await _work_twice(world)
    assert (await scene.state(world, fixed))["state"] == "checking"
    assert ran == set(flow.BY_NAME)


@pytest.mark.parametrize("automatic", [False])
async def test_a_case_held_back_is_held_back_once(world: World, automatic: bool) -> None:
    world.city = scene.with_settings(world.city, dispatch__automatic=automatic)
    case = await scene.open_case(world)
    for _ in range(3):
        async with world.as_worker() as tx:
            await flow.BY_NAME["dispatch.propose"](tx, world.city, [case])
    events = await world.rows("select 1 from events where action = 'case.hold'")
    assert len(events) == 1


def test_every_reaction_has_its_own_name() -> None:
    reactions = {reaction for row in flow.REACTIONS.values() for reaction in row}
    assert len(flow.BY_NAME) == len(reactions)
    assert set(flow.ROUTING) == set(flow.REACTIONS)
    for event in flow.REACTIONS:
        matter, _, action = event.partition(".")
        actions = desk.PROCEDURES[matter].table.actions()
        assert action in (*actions, "receive", "file", "fix", "report")

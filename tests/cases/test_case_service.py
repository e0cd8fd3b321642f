"""Cases on a real database: joined, parted, stopped, opened again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.handling import scene
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.kit.errors import Refusal
from yiwang.matters.cases.model import Case
from yiwang.matters.desk import service as desk

ROAD = "路面塌陷有大坑"
LON, LAT = 121.478, 31.236


async def do(world: World, actor: Actor, case: int, action: str, /, **facts: Any) -> Case:
    """One action to a case, as a person asks for it."""
    async with world.as_(actor) as tx:
        found = await desk.act(tx, world.city, actor, "case", case, action, facts)
    assert isinstance(found, Case)
    return found


def chief(world: World) -> Actor:
    """The duty chief of the district."""
    return world.actor("duty_chief", scene.DISTRICT_CENTRE)


async def _cases(world: World, *reports: int) -> list[int]:
    rows = await world.rows("select id, case_id from reports where id = any($1)", list(reports))
    found = {row["id"]: row["case_id"] for row in rows}
    return [found[report] for report in reports]


async def _two(world: World) -> tuple[int, int, int, int]:
    """Two waiting cases with a report each: reports and cases."""
    world.city = scene.with_settings(world.city, dispatch__automatic=False)
    one = await world.report(ROAD, LON, LAT)
    two = await world.report(ROAD, LON + 0.002, LAT)
    await world.work()
    first, second = await _cases(world, one, two)
    return one, two, first, second


async def test_a_merged_case_hands_its_reports_over_and_tells_their_reporters(
    world: World,
) -> None:
    one, two, first, second = await _two(world)
    ended = await do(world, chief(world), second, "merge", case=first)
    await world.work()
    assert (ended.state, ended.merged_into) == ("merged", first)
    assert await _cases(world, one, two) == [first, first]
    stays = await scene.state(world, first)
    assert (stays["state"], stays["report_count"]) == ("filed", 2)
    told = await world.rows("select code, case_id from notices where report_id = $1", two)
    assert ("report.attached", first) in [(row["code"], row["case_id"]) for row in told]
    with pytest.raises(Refusal, match=r"case\.target_ended"):
        await do(world, chief(world), first, "merge", case=second)
    with pytest.raises(Refusal, match=r"case\.itself"):
        await do(world, chief(world), first, "merge", case=first)
    with pytest.raises(Refusal, match=r"procedure\.not_found"):
        await do(world, chief(world), first, "merge", case=10**9)


async def test_a_split_case_becomes_two(world: World) -> None:
    one = await world.report(ROAD, LON, LAT)
    two = await world.report(ROAD, LON, LAT)
    await world.work()
    (case, _) = await _cases(world, one, two)
    with pytest.raises(Refusal, match=r"case\.split"):
        await do(world, chief(world), case, "split", reports=[one, two], reason="x")
    with pytest.raises(Refusal, match=r"case\.split"):
        await do(world, chief(world), case, "split", reports=[10**9], reason="x")
    facts = {"reports": [two, two], "reason": "另一处", "kind": scene.REFUSE}
    stays = await do(world, chief(world), case, "split", **facts)
    await world.work()
    assert stays.report_count == 1
    _, other = await _cases(world, one, two)
    assert other != case
    fresh = await scene.state(world, other)
    assert (fresh["kind"], fresh["report_count"], fresh["state"]) == (
        scene.REFUSE,
        1,
        "dispatched",
    )
    assert fresh["number"] != stays.number
    told = await world.rows(
        "select code from notices where report_id = $1 and case_id = $2", two, other
    )
    assert "case.filed" in [row["code"] for row in told]


async def test_a_parent_waits_for_its_children(world: World) -> None:
    parent, order = await scene.dispatched(world)
    child = await scene.open_case(world)
    other = await scene.open_case(world)
    await world.work()
    for number in (child, other):
        assert (await do(world, chief(world), number, "adopt", parent=parent)).parent_id == parent
    assert (await scene.state(world, parent))["open_children"] == 2
    with pytest.raises(Refusal, match=r"case\.has_parent"):
        await do(world, chief(world), child, "adopt", parent=await scene.open_case(world))
    with pytest.raises(Refusal, match=r"case\.children_open"):
        await do(world, chief(world), parent, "adopt", parent=await scene.open_case(world))
    with pytest.raises(Refusal, match=r"case\.grandchild"):
        await do(world, chief(world), await scene.open_case(world), "adopt", parent=child)
    with pytest.raises(Refusal, match=r"case\.children_open"):
        await do(world, chief(world), parent, "close", reason="x")
    await scene.finish(world, order)
    look = await scene.open_check(world, parent)
    await scene.check(world, world.actor("checker", look["unit"]), look["id"], "pass")
    assert (await scene.state(world, parent))["state"] == "checking"
    await do(world, chief(world), other, "close", reason="已处理")
    await world.work()
    assert (await scene.state(world, parent))["state"] == "checking"
    await do(world, chief(world), child, "release")
    await world.work()
    done = await scene.state(world, parent)
    assert (done["state"], done["open_children"], done["forced"]) == ("closed", 0, False)
    assert (await scene.state(world, child))["state"] == "dispatched"


async def test_a_cancelled_case_ends_what_waits_for_it(world: World) -> None:
    report = await world.report(ROAD, LON, LAT, source="citizen")
    await world.work()
    (case,) = await _cases(world, report)
    with pytest.raises(Refusal) as caught:
        await do(world, chief(world), case, "cancel")
    assert caught.value.code == "procedure.facts"
    await do(world, chief(world), case, "cancel", reason="重复登记")
    await world.work()
    assert await world.rows("select 1 from checks where state = 'arranged'") == []
    told = await world.rows("select code, facts from notices where report_id = $1", report)
    assert [row["code"] for row in told] == ["case.ended"]
    assert told[0]["facts"]["reason"] == "重复登记"
    with pytest.raises(Refusal) as caught:
        await do(world, chief(world), case, "reopen", reason="x")
    assert caught.value.code == "procedure.not_possible"


async def test_a_forced_close_needs_a_reason_and_says_so(world: World) -> None:
    case, order = await scene.dispatched(world)
    with pytest.raises(Refusal) as caught:
        await do(world, chief(world), case, "close")
    assert caught.value.faults[0].pointer == "/facts/reason"
    closed = await do(world, chief(world), case, "close", reason="现场已恢复")
    await world.work()
    assert (closed.forced, closed.reason, closed.passed_check) == (True, "现场已恢复", False)
    assert (await scene.lead(world, case)).state == "withdrawn"
    assert (await scene.lead(world, case)).id == order.id


async def test_reopening_dispatches_again_and_reaches_the_reporter_twice(world: World) -> None:
    report = await world.report("暴露垃圾成堆没人清", LON, LAT)
    await world.work()
    (case,) = await _cases(world, report)
    number = (await scene.state(world, case))["number"]
    await do(world, chief(world), case, "close", reason="x")
    await world.work()
    agent = world.actor("intake", scene.DISTRICT_CENTRE)
    again = await do(world, agent, case, "reopen", reason="没有解决")
    assert (again.state, again.reopened, again.forced) == ("filed", 1, False)
    await world.work()
    row = await scene.state(world, case)
    assert (row["state"], row["number"], row["rounds"]) == ("dispatched", number, 2)
    await do(world, chief(world), case, "close", reason="y")
    await world.work()
    told = await world.rows("select code from notices where report_id = $1 order by id", report)
    assert [r["code"] for r in told] == ["case.filed", "case.ended", "case.ended.1"]


async def test_flags_and_the_levels_that_set_them(world: World) -> None:
    case, _ = await scene.dispatched(world)
    leader = world.actor("leader", world.centre("310000"))
    flagged = await do(world, leader, case, "flag", supervised=True, typical=True)
    assert (flagged.supervised, flagged.urgent, flagged.typical) == (True, False, True)
    event = await world.row("select * from events where action = 'case.flag'")
    assert (event["article"], event["facts"]) == ("III", {"supervised": True, "typical": True})
    with pytest.raises(Refusal) as caught:
        await do(world, world.actor("duty_chief", "310115_centre"), case, "flag", urgent=True)
    assert caught.value.code == "procedure.not_found"


async def test_a_reclass_keeps_the_number_and_the_clocks_follow(world: World) -> None:
    case, order = await scene.dispatched(world, "event/2007/0113")
    before = await scene.state(world, case)
    world.pass_time(hours=1)
    after = await do(
        world, chief(world), case, "reclass", kind="event/2007/0203", reason="分类有误"
    )
    await world.work()
    assert (after.number, after.state, after.kind) == (
        before["number"],
        "dispatched",
        "event/2007/0203",
    )
    assert after.due_handle is not None
    assert after.due_handle < before["due_handle"]
    again = await scene.lead(world, case)
    assert (again.id, again.kind, again.due_handle) == (
        order.id,
        "event/2007/0203",
        after.due_handle,
    )
    with pytest.raises(Refusal) as caught:
        await do(world, chief(world), case, "reclass", kind="event/2007/9999")
    assert caught.value.status in (404, 422)


async def test_a_case_that_nobody_could_take_is_dispatched_once_it_is_rightly_named(
    world: World,
) -> None:
    world.city = scene.with_settings(world.city, dispatch__automatic=False)
    case = await scene.open_case(world)
    await world.work()
    held = await scene.state(world, case)
    assert (held["state"], held["dispatch_reason"]["by"]) == ("filed", "setting")
    world.city = scene.with_settings(world.city, dispatch__automatic=True)
    await do(world, chief(world), case, "reclass", kind="event/2007/0203")
    await world.work()
    assert (await scene.state(world, case))["state"] == "dispatched"


async def test_a_moved_case_takes_its_orders_along(world: World) -> None:
    case, order = await scene.dispatched(world)
    await do(world, chief(world), case, "relocate", place="310101013", reason="隔壁街道")
    await world.work()
    row = await scene.state(world, case)
    moved = await scene.lead(world, case)
    assert moved.place == row["place"] == "310000.310101.310101013"
    assert moved.centre == row["centre"] == "310101013_centre"
    assert moved.id == order.id


async def test_two_hands_on_one_case(world: World) -> None:
    case, _ = await scene.dispatched(world)
    one = world.actor("duty_chief", scene.DISTRICT_CENTRE, 41)
    two = world.actor("duty_chief", scene.DISTRICT_CENTRE, 42)
    answers = await asyncio.gather(
        do(world, one, case, "close", reason="甲"),
        do(world, two, case, "close", reason="乙"),
        return_exceptions=True,
    )
    won = [answer for answer in answers if isinstance(answer, Case)]
    lost = [answer for answer in answers if isinstance(answer, Refusal)]
    assert (len(won), len(lost)) == (1, 1)
    assert lost[0].code == "procedure.not_possible"
    assert lost[0].possible is not None
    assert "reopen" in lost[0].possible
    events = await world.rows("select 1 from events where action = 'case.close'")
    assert len(events) == 1


async def test_an_old_version_is_told_the_present_one(world: World) -> None:
    case, _ = await scene.dispatched(world)
    actor = chief(world)
    async with world.as_(actor) as tx:
        with pytest.raises(Refusal) as caught:
            await desk.act(tx, world.city, actor, "case", case, "note", {"note": "x"}, version=1)
    assert caught.value.code == "procedure.version"
    assert (await scene.state(world, case))["version"] == caught.value.facts["current"]


async def test_a_stranger_learns_nothing_of_a_case_it_may_not_touch(world: World) -> None:
    case, _ = await scene.dispatched(world)
    other = await scene.open_case(world)
    stranger = world.actor("dispatcher", "310115_centre")
    checker = world.actor("checker", scene.DISTRICT_CENTRE)
    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("split", {"reports": [1], "reason": "x"}),
        ("merge", {"case": case}),
        ("adopt", {"parent": case}),
        ("release", {}),
    )
    for action, facts in asked:
        for actor, code in ((stranger, "procedure.not_found"), (checker, "authority.duty_missing")):
            async with world.as_(actor) as tx:
                with pytest.raises(Refusal) as caught:
                    await desk.act(tx, world.city, actor, "case", other, action, facts)
            assert caught.value.code == code, action

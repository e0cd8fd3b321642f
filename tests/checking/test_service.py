"""Checking on a real database: what follows from a finished order, and from what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.handling import scene
from tests.world import World

from yiwang.matters.cases import service as cases
from yiwang.matters.cases.history import HopStage
from yiwang.matters.checking import account
from yiwang.matters.checking import service as checking

BY_LOT = {"check__sample_percent": 0}


async def _finished(world: World, kind: str = scene.REFUSE, **more: Any) -> tuple[int, int]:
    """A case in checking, and the id of its check."""
    case, order = await scene.dispatched(world, kind, **more)
    await scene.finish(world, order)
    return case, int((await scene.open_check(world, case))["id"])


async def _close(world: World, case: int) -> None:
    chief = world.actor("duty_chief", "310000_centre")
    async with world.as_(chief) as tx:
        await cases.act(tx, world.city, chief, case, "close", {"reason": "强制 forced"})


async def _count(world: World) -> int:
    return int((await world.row("select count(*) as n from events"))["n"])


async def test_a_finished_lead_is_checked_by_another_unit_and_closes(world: World) -> None:
    case, order = await scene.dispatched(world)
    await scene.finish(world, order)
    row = await scene.open_check(world, case)
    state = await scene.state(world, case)
    assert state["state"] == "checking"
    assert (row["unit"], row["sort"], row["mode"]) == (scene.STATION, "check", "onsite")
    assert (row["handlers"], row["order_id"]) == ([order.unit], order.id)
    assert row["hands"] == [world.persons[f"handler@{order.unit}"]]
    assert row["reason"] == {
        "why": "lot",
        "percent": 100,
        "draw": row["reason"]["draw"],
        "chosen": "independent",
    }
    assert (
        row["due_at"] == state["due_check"] == state["due_next"] == world.now + timedelta(hours=2)
    )
    assert scene.STATION in state["parties"]
    checker = world.actor("checker", scene.STATION)
    world.pass_time(minutes=30)
    passed = await scene.check(world, checker, row["id"], "pass", {"note": "干净 clean"})
    assert (passed.state, passed.done_by, passed.result) == ("passed", checker.name, "干净 clean")
    state = await scene.state(world, case)
    assert (state["state"], state["closed_at"], state["passed_check"]) == (
        "closed",
        world.now,
        True,
    )


async def test_nobody_checks_their_own_work(world: World) -> None:
    case, number = await _finished(world)
    order = await scene.lead(world, case)
    checker, worker = world.actor("checker", scene.STATION), scene.handler(world, order)
    both = replace(checker, holdings=(*checker.holdings, *worker.holdings))
    with scene.refused("check.own_unit"):
        await scene.check(world, both, number, "pass")
    with scene.refused("procedure.not_found"):
        await scene.check(world, worker, number, "pass")
    hand = world.actor("checker", scene.TOWN_CENTRE, person=order.handler)
    for action in ("pass", "fail", "unable"):
        facts = {} if action == "pass" else {"reason": "x"}
        with scene.refused("check.own_work"):
            await scene.check(world, hand, number, action, facts)
    assert (await scene.state(world, case))["state"] == "checking"


async def test_assistants_end_with_the_lead(world: World) -> None:
    case, order = await scene.dispatched(world, scene.BICYCLES)
    await scene.finish(world, order)
    (helper,) = await scene.orders(world, case)
    assert helper.state == "withdrawn"
    handlers = (await scene.open_check(world, case))["handlers"]
    assert set(handlers) == {order.unit, helper.unit}


async def test_an_assistant_that_finishes_changes_nothing(world: World) -> None:
    case, order = await scene.dispatched(world, scene.BICYCLES)
    (helper,) = await scene.orders(world, case)
    await scene.finish(world, helper)
    assert (await scene.state(world, case))["state"] == "dispatched"
    assert (await scene.lead(world, case)).state == order.state == "issued"


async def test_a_lead_that_finishes_in_spite_of_a_pause_is_checked(world: World) -> None:
    case, order = await scene.dispatched(world)
    chief = world.actor("duty_chief", scene.TOWN_CENTRE)
    async with world.as_(chief) as tx:
        await cases.act(tx, world.city, chief, case, "suspend", {"reason": "缓办 later"})
    await world.work()
    await scene.finish(world, order)
    assert (await scene.state(world, case))["state"] == "checking"
    assert (await scene.open_check(world, case))["unit"] == scene.STATION


async def test_arranging_twice_changes_nothing(world: World) -> None:
    case, _ = await _finished(world)
    order = await scene.lead(world, case)
    before = await _count(world)
    async with world.as_worker() as tx:
        await checking.arrange(tx, world.city, [order.id])
    assert await _count(world) == before


async def test_not_passed_is_done_again_on_a_new_clock(world: World) -> None:
    case, number = await _finished(world)
    first = await scene.lead(world, case)
    world.pass_time(hours=1)
    checker = world.actor("checker", scene.STATION)
    await scene.check(world, checker, number, "fail", {"reason": "还有 still there"})
    await world.work()
    again = await scene.lead(world, case)
    state = await scene.state(world, case)
    assert (again.unit, again.round, again.state) == (first.unit, 2, "issued")
    assert again.issued_at == world.now
    assert first.due_handle is not None
    assert again.due_handle is not None
    assert again.due_handle > first.due_handle
    assert state["state"] == "dispatched"
    assert (state["rounds"], state["due_handle"]) == (2, again.due_handle)
    async with world.as_worker() as tx:  # the first order's event, late and for the second time
        await checking.arrange(tx, world.city, [first.id])
    assert (await scene.state(world, case))["state"] == "dispatched"
    await scene.finish(world, again)
    second = await scene.open_check(world, case)
    assert second["round"] == 2
    assert second["reason"]["why"] == "failed_before"


async def test_the_lot_spares_a_case_and_says_so(world: World) -> None:
    world.city = scene.with_settings(world.city, **BY_LOT)
    case, order = await scene.dispatched(world)
    await scene.finish(world, order)
    state = await scene.state(world, case)
    assert (state["state"], state["reason"]) == ("closed", "not_sampled")
    assert not await world.rows("select 1 from checks where case_id = $1", case)
    event = await world.row(
        "select facts from events where case_id = $1 and action = 'case.pass'", case
    )
    assert state["number"] in event["facts"]["note"]
    assert event["facts"]["note"].startswith("share 0 %, lot ")


@pytest.mark.parametrize("flag", ["urgent", "supervised"])
async def test_flags_are_always_checked(world: World, flag: str) -> None:
    world.city = scene.with_settings(world.city, **BY_LOT)
    case, order = await scene.dispatched(world)
    chief = world.actor("duty_chief", scene.TOWN_CENTRE)
    async with world.as_(chief) as tx:
        await cases.act(tx, world.city, chief, case, "flag", {flag: True})
    await scene.finish(world, order)
    assert (await scene.open_check(world, case))["reason"]["why"] == flag


async def test_a_check_that_cannot_be_done_goes_to_the_centre_once(world: World) -> None:
    case, number = await _finished(world)
    checker = world.actor("checker", scene.STATION)
    await scene.check(world, checker, number, "unable", {"reason": "锁门 locked"})
    again = await scene.open_check(world, case)
    assert (again["unit"], again["mode"]) == (scene.TOWN_CENTRE, "callback")
    assert again["reason"]["why"] == "unable"
    asker = world.actor("checker", scene.TOWN_CENTRE)
    await scene.check(world, asker, again["id"], "unable", {"reason": "无人接听 no answer"})
    assert not await world.rows(
        "select 1 from checks where case_id = $1 and state = 'arranged'", case
    )
    assert (await scene.state(world, case))["state"] == "checking"
    notice = await world.row("select * from notices where case_id = $1 and unit is not null", case)
    assert (notice["unit"], notice["code"]) == (scene.TOWN_CENTRE, "check.undecided")
    await _close(world, case)
    assert (await scene.state(world, case))["forced"]


async def test_a_check_of_an_ended_case_is_dropped(world: World) -> None:
    case, number = await _finished(world)
    await _close(world, case)
    checker = world.actor("checker", scene.STATION)
    with scene.refused("check.case_moved_on"):
        await scene.check(world, checker, number, "pass")
    await world.work()
    row = await world.row("select state from checks where id = $1", number)
    assert row["state"] == "dropped"
    before = await _count(world)
    async with world.as_worker() as tx:
        await checking.follow(tx, world.city, [case])
    assert await _count(world) == before


async def _verifying(world: World) -> tuple[int, Mapping[str, Any]]:
    case = await scene.open_case(world, state="verifying", source="citizen")
    await world.work()
    return case, await scene.open_check(world, case)


async def test_verifying_ends_in_one_of_three_ways(world: World) -> None:
    checker = world.actor("checker", scene.STATION)
    for action, state in (("pass", "dispatched"), ("fail", "cancelled"), ("unable", "reported")):
        case, check = await _verifying(world)
        assert (check["sort"], check["unit"], check["handlers"]) == ("verify", scene.STATION, [])
        assert check["due_at"] == world.now + timedelta(hours=24)
        facts = {} if action == "pass" else {"reason": "看过 looked"}
        await scene.check(world, checker, check["id"], action, facts)
        await world.work()
        assert (await scene.state(world, case))["state"] == state


async def test_verifying_again_is_arranged_again_but_never_twice(world: World) -> None:
    case, check = await _verifying(world)
    async with world.as_worker() as tx:
        await checking.arrange_verify(tx, world.city, [case])
    assert (await scene.open_check(world, case))["id"] == check["id"]
    checker = world.actor("checker", scene.STATION)
    await scene.check(world, checker, check["id"], "unable", {"reason": "x"})
    agent = world.actor("intake", scene.TOWN_CENTRE)
    async with world.as_(agent) as tx:
        await cases.act(tx, world.city, agent, case, "send_verify", {})
    await world.work()
    assert (await scene.open_check(world, case))["id"] != check["id"]


async def _child_of(world: World, parent: int) -> int:
    child, _ = await scene.dispatched(world)
    dispatcher = world.actor("dispatcher", "310000_centre")
    async with world.as_(dispatcher) as tx:
        await cases.act(tx, world.city, dispatcher, child, "adopt", {"parent": parent})
    return child


async def test_a_parent_waits_for_its_last_child(world: World) -> None:
    parent, number = await _finished(world)
    children = [await _child_of(world, parent) for _ in range(2)]
    checker = world.actor("checker", scene.STATION)
    await scene.check(world, checker, number, "pass")
    state = await scene.state(world, parent)
    assert (state["state"], state["passed_check"], state["open_children"]) == ("checking", True, 2)
    await scene.finish(world, await scene.lead(world, children[0]))
    first = await scene.open_check(world, children[0])
    await scene.check(world, checker, first["id"], "pass")
    await world.work()
    state = await scene.state(world, parent)
    assert (state["state"], state["open_children"]) == ("checking", 1)
    await _close(world, children[1])
    await world.work()
    state = await scene.state(world, parent)
    assert (state["state"], state["open_children"]) == ("closed", 0)


async def test_a_parent_whose_check_still_runs_is_not_closed_by_its_children(world: World) -> None:
    parent, _ = await _finished(world)
    child = await _child_of(world, parent)
    await _close(world, child)
    await world.work()
    state = await scene.state(world, parent)
    assert (state["state"], state["open_children"]) == ("checking", 0)


async def test_a_count_that_went_astray_mends_itself(world: World) -> None:
    parent, number = await _finished(world)
    child = await _child_of(world, parent)
    await scene.check(world, world.actor("checker", scene.STATION), number, "pass")
    async with world.as_worker() as tx:
        await tx.execute("update cases set open_children = 5 where id = $1", parent)
    await _close(world, child)
    await world.work()
    assert (await scene.state(world, parent))["state"] == "closed"


async def test_a_case_fixed_on_the_spot_is_checked_by_another_unit(world: World) -> None:
    person = await _person(world, "collector@1", f"{scene.STATION}.collector")
    case = await _fixed(world, person)
    check = await scene.open_check(world, case)
    assert (check["unit"], check["handlers"]) == (scene.TOWN_CENTRE, [scene.STATION])
    assert check["hands"] == [person]
    mate = world.actor("checker", scene.STATION)
    with scene.refused("check.own_unit"):
        await scene.check(world, mate, check["id"], "pass")
    checker = world.actor("checker", scene.TOWN_CENTRE)
    await scene.check(world, checker, check["id"], "fail", {"reason": "没有 not done"})
    await world.work()
    state = await scene.state(world, case)
    order = await scene.lead(world, case)
    assert (state["state"], state["lead"]) == ("dispatched", order.unit)
    assert order.state == "issued"
    before = await _count(world)
    async with world.as_worker() as tx:
        await checking.arrange_fix(tx, world.city, [case])
    assert await _count(world) == before


async def _fixed(world: World, person: int) -> int:
    """A case that a collector found and fixed, its report included."""
    report = await world.report("顺手清理 fixed", 121.48, 31.23, source="patrol")
    async with world.as_worker() as tx:
        await tx.execute("delete from todos")
    case = await scene.open_case(world, state="checking", source="patrol", on_the_spot=True)
    async with world.as_worker() as tx:
        await tx.execute(
            "update reports set case_id = $2, collector = $3, state = 'filed' where id = $1",
            report,
            case,
            person,
        )
    await world.work()
    return case


async def _person(world: World, login: str, post: str) -> int:
    assert post in world.city.posts, sorted(p for p in world.city.posts if scene.STATION in p)
    async with world.as_worker() as tx:
        person = await tx.fetchval(
            "insert into persons (login, name, created_at) values ($1, $1, $2) returning id",
            login,
            tx.now,
        )
        await tx.execute(
            "insert into appointments (person_id, post, since, granted_by)"
            " values ($1, $2, $3, 'test')",
            person,
            post,
            tx.now,
        )
    return int(person)


async def test_only_somebody_fit_is_named(world: World) -> None:
    case, number = await _finished(world)
    order = await scene.lead(world, case)
    chief = world.actor("duty_chief", scene.TOWN_CENTRE)
    fit = await _person(world, "fit@1", f"{scene.STATION}.checker")
    agent = await _person(world, "agent@1", f"{scene.TOWN_CENTRE}.intake")
    handles = await _person(world, "handles@1", f"{order.unit}.handler")
    with scene.refused("identity.person_missing"):
        await scene.check(world, chief, number, "assign", {"person": 987654})
    for person in (agent, handles):
        with scene.refused("check.person_unfit"):
            await scene.check(world, chief, number, "assign", {"person": person})
    named = await scene.check(world, chief, number, "assign", {"person": fit})
    assert (named.assignee, named.state) == (fit, "arranged")


async def test_two_hands_on_one_check(world: World) -> None:
    _, number = await _finished(world)
    checker = world.actor("checker", scene.STATION)
    await scene.check(world, checker, number, "pass")
    with scene.refused("procedure.not_possible"):
        await scene.check(world, checker, number, "fail", {"reason": "x"})


async def test_a_hotline_case_is_checked_by_asking_the_reporter(world: World) -> None:
    report = await world.report("路上有垃圾", 121.48, 31.23, source="hotline", phone="13800000000")
    async with world.as_worker() as tx:
        await tx.execute("delete from todos")
    case = await scene.open_case(world, source="hotline")
    async with world.as_worker() as tx:
        await tx.execute("update reports set case_id = $2 where id = $1", report, case)
    await world.work()
    await scene.finish(world, await scene.lead(world, case))
    assert (await scene.open_check(world, case))["mode"] == "callback"


async def test_the_account_shows_who_used_how_much_time(world: World) -> None:
    case, order = await scene.dispatched(world)
    world.pass_time(hours=1)
    await scene.finish(world, order)
    check = await scene.open_check(world, case)
    world.pass_time(hours=3)
    checker = world.actor("checker", scene.STATION)
    await scene.check(world, checker, check["id"], "pass")
    async with world.as_(checker) as tx:
        found = await account.history(tx, world.city, case)
    hops = [(hop.stage, hop.holder, hop.elapsed_hours, hop.late) for hop in found.hops]
    assert hops == [
        (HopStage.DISPATCH, scene.TOWN_CENTRE, 0, False),
        (HopStage.HANDLE, order.unit, 1, False),
        (HopStage.CHECK, scene.STATION, 3, True),
    ]
    assert [entry.action for entry in found.entries][-2:] == ["check.pass", "case.pass"]
    stranger = world.actor("handler", "310115_centre")
    async with world.as_(stranger) as tx:
        with scene.refused("procedure.not_found"):
            await account.history(tx, world.city, case)

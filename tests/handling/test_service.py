"""Handling on a real database: every action of an order, as its people ask for it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from tests.handling import scene
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.dispatch import following
from yiwang.matters.dispatch import service as dispatch
from yiwang.matters.dispatch.model import Order
from yiwang.matters.dispatch.service import Step
from yiwang.matters.handling import service as handling
from yiwang.matters.handling.model import Approval


async def _events(world: World, case: int, like: str = "%") -> list[str]:
    rows = await world.rows(
        "select action from events where case_id = $1 and action like $2 order by id", case, like
    )
    return [row["action"] for row in rows]


async def _wish(world: World, case: int) -> int:
    row = await world.row("select id from approvals where case_id = $1 order by id desc", case)
    return int(row["id"])


async def _decide(
    world: World, unit: str, wish: int, action: str, reason: str | None = None
) -> Approval:
    chief = world.actor("dispatcher", unit)
    facts = {"reason": reason} if reason else {}
    async with world.as_(chief) as tx:
        return await handling.decide(tx, world.city, chief, wish, action, facts)


async def test_accept_contact_and_finish_leave_their_times(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    world.pass_time(minutes=10)
    accepted = await scene.act(world, actor, order, "accept")
    assert (accepted.state, accepted.handler) == ("accepted", actor.person)
    world.pass_time(minutes=5)
    await scene.act(world, actor, order, "contact", {"note": "已联系 called"})
    with scene.refused("order.contacted"):
        await scene.act(world, actor, order, "contact", {"note": "again"})
    done = await scene.act(world, actor, order, "finish", {"result": "ok", "outcome": "explained"})
    assert (done.state, done.outcome, done.finished_at) == ("done", "explained", world.now)
    assert await _events(world, case, "order.%") == [
        "order.issue",
        "order.accept",
        "order.contact",
        "order.finish",
    ]


async def test_a_stranger_may_not_act_and_is_told_why(world: World) -> None:
    _, order = await scene.dispatched(world)
    stranger = world.actor("handler", "310101_construction")
    with scene.refused("procedure.not_found"):
        await scene.act(world, stranger, order, "accept")
    with scene.refused("authority.duty_missing"):
        await scene.act(world, world.actor("checker", scene.TOWN_CENTRE), order, "accept")


async def test_a_milestone_is_reached_once_and_only_if_it_is_one(world: World) -> None:
    _, order = await scene.dispatched(world, scene.COVER)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    facts = {"milestone": "secure", "result": "围挡 fenced"}
    reached = await scene.act(world, actor, order, "reach", facts)
    assert reached.milestones[0]["done_at"] == world.now.isoformat()
    with scene.refused("order.milestone"):
        await scene.act(world, actor, order, "reach", facts)


async def test_an_upheld_return_goes_to_another_unit_never_back(world: World) -> None:
    case, order = await scene.dispatched(world)
    await scene.act(
        world, scene.handler(world, order), order, "return", {"reason": "不属本队 not ours"}
    )
    judge = world.actor("dispatcher", scene.TOWN_CENTRE)
    await scene.act(world, judge, order, "uphold_return")
    await world.work()
    again = await scene.lead(world, case)
    assert again.unit != order.unit
    assert again.round == 2
    assert (await scene.state(world, case))["returned"] == 1
    dispatcher = world.actor("dispatcher", scene.DISTRICT_CENTRE)
    await scene.act(world, dispatcher, again, "recall", {"reason": "重派 anew"})
    async with world.as_(dispatcher) as tx:
        with scene.refused("dispatch.returned_before"):
            await dispatch.dispatch_by_hand(tx, world.city, dispatcher, case, {"unit": order.unit})


async def test_returned_too_often_it_goes_to_the_territorial_unit(world: World) -> None:
    case, order = await scene.dispatched(world)
    judge = world.actor("dispatcher", "310000_centre")
    seen = []
    while order.unit != scene.TOWN_CENTRE:
        seen.append(order.unit)
        await scene.act(world, scene.handler(world, order), order, "return", {"reason": "no"})
        await scene.act(world, judge, order, "uphold_return")
        await world.work()
        order = await scene.lead(world, case)
    assert len(seen) == len(set(seen)) == 2
    assert order.reason["returned_too_often"]
    assert order.reason["excluded"] == sorted(seen)


async def test_a_refused_return_wins_no_time_and_does_not_speak_against_the_unit(
    world: World,
) -> None:
    case, order = await scene.dispatched(world)
    await scene.act(world, scene.handler(world, order), order, "return", {"reason": "no"})
    judge = world.actor("dispatcher", scene.TOWN_CENTRE)
    world.pass_time(hours=1)
    back = await scene.act(world, judge, order, "refuse_return", {"reason": "属你 yours"})
    assert (back.state, back.due_handle) == ("issued", order.due_handle)
    await scene.act(world, judge, order, "recall", {"reason": "anew"})
    async with world.as_(judge) as tx:
        await dispatch.dispatch_by_hand(tx, world.city, judge, case, {"unit": order.unit})
    assert (await scene.lead(world, case)).unit == order.unit


async def test_recalling_the_lead_takes_back_the_case_and_the_assistants(world: World) -> None:
    case, order = await scene.dispatched(world, scene.BICYCLES)
    (helper,) = await scene.orders(world, case)
    judge = world.actor("dispatcher", scene.DISTRICT_CENTRE)
    await scene.act(world, judge, order, "recall", {"reason": "派错 wrong unit"})
    await world.work()
    row = await scene.state(world, case)
    assert (row["state"], row["lead"], row["due_handle"]) == ("filed", None, None)
    assert [o.state for o in await scene.orders(world, case)] == ["withdrawn"]
    assert helper.state == "issued"


async def test_the_lead_calls_an_assistant_once(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"unit": "310101002_squad", "reason": "需要执法 enforcement needed"}
    await scene.act(world, actor, order, "call_assist", wish)
    (helper,) = await scene.orders(world, case)
    assert (helper.unit, helper.state, helper.due_handle is not None) == (
        "310101002_squad",
        "issued",
        True,
    )
    assert "310101002_squad" in (await scene.state(world, case))["parties"]
    for unit, code in (
        ("310101002_squad", "handling.assist_twice"),
        (order.unit, "handling.assist_itself"),
        ("nobody", "city.unit_unknown"),
    ):
        with scene.refused(code):
            await scene.act(world, actor, order, "call_assist", {**wish, "unit": unit})
    assert len(await scene.orders(world, case)) == 1
    assert (await _events(world, case)).count("order.call_assist") == 1
    squad = scene.handler(world, helper)
    await scene.act(world, squad, helper, "accept")
    with scene.refused("order.not_lead"):
        await scene.act(world, squad, helper, "call_assist", wish)


async def test_an_extension_is_granted_by_the_centre_and_moves_the_case(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"amount": 2.0, "clock": "working_hour", "reason": "等零件 parts"}
    asked = await scene.act(world, actor, order, "ask_extension", wish)
    assert asked.pending == "extension"
    with scene.refused("order.pending"):
        await scene.act(world, actor, order, "finish", {"result": "x"})
    number = await _wish(world, case)
    with scene.refused("procedure.not_found"):
        await _decide(world, "310115_centre", number, "grant")
    checker = world.actor("checker", scene.TOWN_CENTRE)
    async with world.as_(checker) as tx:
        with scene.refused("authority.duty_missing"):
            await handling.decide(tx, world.city, checker, number, "grant", {})
    granted = await _decide(world, scene.TOWN_CENTRE, number, "grant")
    assert (granted.state, granted.decided_at) == ("granted", world.now)
    after = await scene.lead(world, case)
    assert order.due_handle is not None
    assert after.due_handle == order.due_handle + timedelta(hours=2)
    assert (after.pending, after.extended) == (None, 1)
    row = await scene.state(world, case)
    assert row["due_handle"] == row["due_next"] == after.due_handle
    with scene.refused("procedure.not_possible"):
        await _decide(world, scene.TOWN_CENTRE, number, "grant")


async def test_an_extension_lifts_an_overrun_that_it_covers(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"amount": 5.0, "clock": "working_day", "reason": "雨 rain"}
    await scene.act(world, actor, order, "ask_extension", wish)
    world.pass_time(hours=9)
    async with world.as_worker() as tx:
        await cases.raise_late(tx, world.city)
    assert (await scene.state(world, case))["overdue"] == ["handle"]
    await _decide(world, scene.TOWN_CENTRE, await _wish(world, case), "grant")
    row = await scene.state(world, case)
    assert row["overdue"] == []
    assert row["alarm_at"] == row["due_handle"] > world.now
    assert "case.overdue" in await _events(world, case)


async def test_nobody_grants_the_wish_of_their_own_unit(world: World) -> None:
    case, order = await scene.dispatched(world, scene.DEMAND)
    assert order.unit == order.centre == scene.TOWN_CENTRE
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"amount": 1.0, "clock": "working_day", "reason": "x"}
    await scene.act(world, actor, order, "ask_extension", wish)
    number = await _wish(world, case)
    with scene.refused("approval.own"):
        await _decide(world, scene.TOWN_CENTRE, number, "grant")
    granted = await _decide(world, scene.DISTRICT_CENTRE, number, "refuse", "时间足够 enough time")
    assert (granted.centre, granted.state) == (scene.DISTRICT_CENTRE, "refused")
    after = await scene.lead(world, case)
    assert (after.pending, after.due_handle) == (None, order.due_handle)


async def test_a_suspension_pauses_case_and_order_until_its_day(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"reason": "等待材料 material", "until": (world.now + timedelta(days=7)).isoformat()}
    await scene.act(world, actor, order, "ask_suspension", wish)
    await _decide(world, scene.TOWN_CENTRE, await _wish(world, case), "grant")
    await world.work()
    row = await scene.state(world, case)
    paused = await scene.lead(world, case)
    assert (row["state"], paused.state, row["due_next"]) == ("suspended", "suspended", None)
    assert row["alarm_at"] == world.now + timedelta(days=7)
    world.pass_time(days=7)
    async with world.as_worker() as tx:
        await cases.raise_late(tx, world.city)
    await world.work()
    row = await scene.state(world, case)
    after = await scene.lead(world, case)
    assert (row["state"], after.state) == ("dispatched", "accepted")
    assert order.due_handle is not None
    assert row["due_handle"] == after.due_handle == order.due_handle + timedelta(days=7)


async def test_a_pause_that_is_over_already_is_refused(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"reason": "x", "until": (world.now - timedelta(minutes=1)).isoformat()}
    with scene.refused("approval.until_past"):
        await scene.act(world, actor, order, "ask_suspension", wish)
    assert not await world.rows("select 1 from approvals where case_id = $1", case)
    assert (await scene.lead(world, case)).pending is None


async def test_the_lead_resumes_by_hand_and_its_case_goes_on(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    await scene.act(world, actor, order, "ask_suspension", {"reason": "x"})
    await _decide(world, scene.TOWN_CENTRE, await _wish(world, case), "grant")
    await world.work()
    world.pass_time(days=1)
    resumed = await scene.act(world, actor, order, "resume", {"note": "材料已到 arrived"})
    await world.work()
    row = await scene.state(world, case)
    assert (row["state"], resumed.state) == ("dispatched", "accepted")
    assert order.due_handle is not None
    assert row["due_handle"] == resumed.due_handle == order.due_handle + timedelta(days=1)


async def test_assistants_pause_and_go_on_with_the_case_not_against_their_own_wish(
    world: World,
) -> None:
    case, order = await scene.dispatched(world, scene.BICYCLES)
    (helper,) = await scene.orders(world, case)
    lead, mate = scene.handler(world, order), scene.handler(world, helper)
    await scene.act(world, lead, order, "accept")
    await scene.act(world, mate, helper, "accept")
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)

    async def pause_and_resume() -> list[str]:
        states = []
        for action in ("suspend", "resume"):
            async with world.as_(chief) as tx:
                facts = {"reason": "缓办 later"}
                await cases.act(tx, world.city, chief, case, action, facts)
            await world.work()
            states.append((await scene.orders(world, case))[0].state)
            world.pass_time(hours=1)
        return states

    assert await pause_and_resume() == ["suspended", "accepted"]
    await scene.act(world, mate, helper, "ask_suspension", {"reason": "人手不足 no hands"})
    await _decide(world, scene.DISTRICT_CENTRE, await _wish(world, case), "grant")
    assert (await scene.state(world, case))["state"] == "dispatched"
    world.pass_time(hours=1)
    assert await pause_and_resume() == ["suspended", "suspended"]


async def test_giving_an_order_back_ends_its_wish(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"amount": 1.0, "clock": "working_day", "reason": "x"}
    await scene.act(world, actor, order, "ask_extension", wish)
    number = await _wish(world, case)
    await scene.act(world, actor, order, "return", {"reason": "not ours"})
    dropped = await world.row("select state from approvals where id = $1", number)
    assert dropped["state"] == "dropped"
    assert (await scene.lead(world, case)).pending is None


async def test_a_closed_case_drops_its_wishes_and_twice_changes_nothing(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"amount": 1.0, "clock": "working_day", "reason": "x"}
    await scene.act(world, actor, order, "ask_extension", wish)
    chief = world.actor("duty_chief", scene.TOWN_CENTRE)
    async with world.as_(chief) as tx:
        await cases.act(tx, world.city, chief, case, "close", {"reason": "强制 forced"})
    await world.work()
    number = await _wish(world, case)
    assert (await world.row("select state from approvals where id = $1", number))["state"] == (
        "dropped"
    )
    before = await world.rows("select id from events")
    async with world.as_worker() as tx:
        await handling.follow(tx, world.city, [case])
    assert len(await world.rows("select id from events")) == len(before)


async def test_a_wish_is_not_decided_once_the_order_was_suspended(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    wish = {"amount": 1.0, "clock": "working_day", "reason": "x"}
    await scene.act(world, actor, order, "ask_extension", wish)
    chief = world.actor("duty_chief", scene.TOWN_CENTRE)
    async with world.as_(chief) as tx:
        await cases.act(tx, world.city, chief, case, "suspend", {"reason": "x"})
    async with world.as_worker() as tx:  # the order follows first, its wish only later
        await following.follow(tx, world.city, [case])
    number = await _wish(world, case)
    with scene.refused("approval.stale"):
        await _decide(world, scene.TOWN_CENTRE, number, "grant")
    async with world.as_worker() as tx:
        await handling.follow(tx, world.city, [case])
    with scene.refused("procedure.not_possible"):
        await _decide(world, scene.TOWN_CENTRE, number, "grant")
    assert (await world.row("select state from approvals where id = $1", number))["state"] == (
        "dropped"
    )


async def test_many_at_once_each_alone(world: World) -> None:
    found = [await scene.dispatched(world) for _ in range(4)]
    await world.work()
    orders = [order for _, order in found]
    actor = scene.handler(world, orders[0])
    at = world.pass_time(minutes=30) - timedelta(minutes=20)
    steps = [
        *(Step(order.id, "accept", at=at) for order in orders),
        Step(orders[0].id, "finish", {"result": "done"}, at=at + timedelta(minutes=5)),
        Step(orders[1].id, "finish", {}, at=at),
        Step(orders[2].id, "finish", {"result": "done", "evidence": [99]}, at=at),
        Step(10**9, "finish", {"result": "done"}),
        Step(orders[3].id, "ask_suspension", {"reason": "x"}, at=at),
        Step(orders[3].id, "finish", {"result": "done"}, at=at),
        Step(orders[1].id, "finish", {"result": "done"}, version=1),
    ]
    async with world.as_(actor) as tx:
        answers = await handling.act_many(tx, world.city, actor, steps)
    codes = [answer.code if isinstance(answer, Refusal) else answer.state for answer in answers]
    assert codes == [
        *["accepted"] * 4,
        "done",
        "procedure.facts",
        "handling.evidence_unknown",
        "procedure.not_found",
        "accepted",
        "order.pending",
        "procedure.version",
    ]
    states = [(await scene.lead(world, case)).state for case, _ in found]
    assert states == ["done", "accepted", "accepted", "accepted"]
    first = await scene.lead(world, found[0][0])
    assert (first.accepted_at, first.finished_at) == (at, at + timedelta(minutes=5))


@pytest.mark.parametrize("size", [2, 9])
async def test_many_cost_no_more_statements_than_few(world: World, size: int) -> None:
    found = [await scene.dispatched(world) for _ in range(size)]
    actor = scene.handler(world, found[0][1])
    steps = [Step(order.id, "accept") for _, order in found]
    asked: list[str] = []
    async with world.as_(actor) as tx:
        with tx.conn.query_logger(lambda record: asked.append(record.query)):
            answers = await handling.act_many(tx, world.city, actor, steps)
    assert not any(isinstance(answer, Refusal) for answer in answers)
    own = [query for query in asked if " orders" in query or "into events" in query]
    assert len(own) <= 4, own


async def test_evidence_belongs_to_the_case_and_may_be_required(world: World) -> None:
    case, order = await scene.dispatched(world)
    other, _ = await scene.dispatched(world)
    actor = scene.handler(world, order)
    await scene.act(world, actor, order, "accept")
    own = await _photo(world, case, "after", world.now)
    strange = await _photo(world, other, "after", world.now)
    strict = scene.with_settings(world.city, handling__evidence=["before", "after"])
    with scene.refused("handling.evidence_unknown"):
        await scene.act(world, actor, order, "finish", {"result": "x", "evidence": [strange]})
    with scene.refused("handling.evidence_missing"):
        await scene.act(
            world, actor, order, "finish", {"result": "x", "evidence": [own]}, city=strict
        )
    assert (await scene.lead(world, case)).state == "accepted"
    before = await _photo(world, case, "before", world.now)
    facts = {"result": "x", "evidence": [own, before]}
    done = await scene.act(world, actor, order, "finish", facts, city=strict)
    assert done.evidence == (own, before)


async def _photo(world: World, case: int, role: str, at: datetime) -> int:
    async with world.as_worker() as tx:
        found = await tx.fetchval(
            "insert into attachments (case_id, place, role, media_type, sha256, size, width,"
            " height, created_at, created_by) values ($1, $2, $3, 'image/jpeg', 'x', 1, 1, 1,"
            " $4, 'test') returning id",
            case,
            world.city.tree.path(scene.COMMUNITY),
            role,
            at,
        )
    return int(found)


async def test_a_dispute_waits_for_the_common_centre(world: World) -> None:
    case, order = await scene.dispatched(world)
    actor = scene.handler(world, order)
    facts = {"against": "310101_construction", "reason": "属建设 theirs"}
    disputed = await scene.act(world, actor, order, "dispute", facts)
    assert disputed.state == "disputed"
    row = await world.row("select * from disputes where case_id = $1", case)
    assert (row["centre"], row["state"]) == (scene.DISTRICT_CENTRE, "raised")
    judge = world.actor("dispatcher", scene.DISTRICT_CENTRE)
    async with world.as_(judge) as tx:
        ruling = {"unit": "310101_construction", "reason": "由其主办 theirs"}
        await dispatch.decide_dispute(tx, world.city, judge, row["id"], "decide", ruling)
    again = await scene.lead(world, case)
    assert again.unit == "310101_construction"
    await world.work()
    assert (await scene.lead(world, case)).id == again.id


async def test_of_two_hands_on_one_order_one_wins(world: World) -> None:
    _, order = await scene.dispatched(world)
    hands = [scene.handler(world, order, person) for person in (2001, 2002)]

    async def accept(actor: Actor) -> Order | Refusal:
        try:
            return await scene.act(world, actor, order, "accept")
        except Refusal as refusal:
            return refusal

    answers = await asyncio.gather(*map(accept, hands))
    (won,) = [answer for answer in answers if isinstance(answer, Order)]
    (lost,) = [answer for answer in answers if isinstance(answer, Refusal)]
    assert won.handler in (2001, 2002)
    assert lost.code == "procedure.not_possible"
    assert lost.possible is not None
    assert "finish" in lost.possible

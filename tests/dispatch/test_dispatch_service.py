"""Orders on a real database: dispatched once, returned, disputed, followed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.handling import scene
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.model import Case
from yiwang.matters.desk import service as desk
from yiwang.matters.dispatch.model import Order

TOWN_DISPATCHER = ("dispatcher", scene.TOWN_CENTRE)


async def do(
    world: World, actor: Actor, matter: str, number: int, action: str, /, **facts: Any
) -> Any:
    """One action to a matter, as a person asks for it."""
    async with world.as_(actor) as tx:
        return await desk.act(tx, world.city, actor, matter, number, action, facts)


async def give_back(world: World, order: Order, **facts: Any) -> None:
    """The unit returns its order and the city's centre upholds that."""
    await do(
        world, scene.handler(world, order), "order", order.id, "return", reason=f"非{order.unit}"
    )
    judge = world.actor("dispatcher", world.centre("310000"))
    await do(world, judge, "order", order.id, "uphold_return", **facts)
    await world.work()


async def test_a_filed_case_is_dispatched_by_the_list_with_its_reason(world: World) -> None:
    case, order = await scene.dispatched(world, scene.BICYCLES)
    row = await scene.state(world, case)
    assert (order.unit, order.issued_by, order.round) == ("310101002_squad", "platform", 1)
    assert row["lead"] == order.unit
    assert row["dispatch_reason"] == order.reason
    assert order.reason["by"] == "responsibility"
    (assist,) = await scene.orders(world, case)
    assert (assist.role, assist.unit) == ("assist", "310101_construction")
    assert set(row["parties"]) == {order.unit, assist.unit}
    assert row["due_handle"] == order.due_handle


async def test_a_dispatcher_dispatches_by_hand_and_the_rule_is_kept_beside(world: World) -> None:
    world.city = scene.with_settings(world.city, dispatch__automatic=False)
    case = await scene.open_case(world)
    await world.work()
    hand = world.actor(*TOWN_DISPATCHER)
    with pytest.raises(Refusal, match=r"dispatch\.twice_named"):
        await do(
            world,
            hand,
            "case",
            case,
            "dispatch",
            unit=scene.TOWN_CENTRE,
            assist=[scene.TOWN_CENTRE],
        )
    with pytest.raises(Refusal, match=r"city\.unit_unknown"):
        await do(world, hand, "case", case, "dispatch", unit="nobody")
    after = await do(
        world,
        hand,
        "case",
        case,
        "dispatch",
        unit="310101002_squad",
        assist=["310101_fire"],
        note="人手不足",
    )
    assert isinstance(after, Case)
    reason = after.dispatch_reason
    assert (reason["by"], reason["actor"], reason["note"]) == ("hand", hand.name, "人手不足")
    assert reason["rule"]["lead"] == "310101002_sanitation"
    assert (await scene.lead(world, case)).unit == "310101002_squad"


async def test_two_dispatchers_dispatch_once(world: World) -> None:
    world.city = scene.with_settings(world.city, dispatch__automatic=False)
    case = await scene.open_case(world)
    await world.work()
    answers = await asyncio.gather(
        *(
            do(
                world,
                world.actor("dispatcher", scene.TOWN_CENTRE, person),
                "case",
                case,
                "dispatch",
                unit=unit,
            )
            for person, unit in ((41, "310101002_squad"), (42, "310101002_sanitation"))
        ),
        return_exceptions=True,
    )
    lost = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(lost) == 1
    assert lost[0].code == "procedure.not_possible"
    assert "recall" in (lost[0].possible or ())
    assert len(await scene.orders(world, case, "lead")) == 1


async def test_two_hands_on_one_order(world: World) -> None:
    _, order = await scene.dispatched(world)
    one = scene.handler(world, order, 41)
    two = scene.handler(world, order, 42)
    answers = await asyncio.gather(
        do(world, one, "order", order.id, "accept"),
        do(world, two, "order", order.id, "return", reason="不属本队"),
        return_exceptions=True,
    )
    # A return is possible from both states, so the second hand may still win after an accept.
    final = await world.row("select state from orders where id = $1", order.id)
    events = await world.rows(
        "select action from events where matter = 'order' and matter_id = $1 order by id", order.id
    )
    told = [row["action"] for row in events]
    if final["state"] == "returned" and told == ["order.issue", "order.return"]:
        (refusal,) = [a for a in answers if isinstance(a, Refusal)]
        assert refusal.code == "procedure.not_possible"
    else:
        assert told == ["order.issue", "order.accept", "order.return"]
    twice = await asyncio.gather(
        *(
            do(world, world.actor("dispatcher", scene.TOWN_CENTRE, person), "order", order.id, verb)
            for person, verb in ((51, "uphold_return"), (52, "uphold_return"))
        ),
        return_exceptions=True,
    )
    (refusal,) = [answer for answer in twice if isinstance(answer, Refusal)]
    assert (refusal.code, refusal.possible) == ("procedure.not_possible", ())


async def test_returned_as_often_as_allowed_the_territory_must_take_it(world: World) -> None:
    world.city = scene.with_settings(world.city, return__max=2)
    case, order = await scene.dispatched(world)
    units = [order.unit]
    for _ in range(2):
        await give_back(world, order)
        order = await scene.lead(world, case)
        units.append(order.unit)
    assert units == ["310101002_sanitation", "310101_appearance", scene.TOWN_CENTRE]
    assert order.reason["returned_too_often"] is True
    row = await scene.state(world, case)
    assert (row["returned"], row["rounds"], row["state"]) == (2, 3, "dispatched")
    with pytest.raises(Refusal) as caught:
        await give_back(world, order)
    assert caught.value.code == "order.must_take"
    judge = world.actor("dispatcher", world.centre("310000"))
    back = await do(world, judge, "order", order.id, "refuse_return", reason="属地托底")
    assert (back.state, back.due_handle) == ("issued", order.due_handle)


async def test_the_last_return_may_not_name_another_unit(world: World) -> None:
    world.city = scene.with_settings(world.city, return__max=1)
    case, order = await scene.dispatched(world)
    with pytest.raises(Refusal) as caught:
        await give_back(world, order, unit="310101002_squad")
    assert caught.value.code == "dispatch.fallback_due"
    assert (await scene.lead(world, case)).state == "returned"  # nothing was done by half
    judge = world.actor("dispatcher", world.centre("310000"))
    await do(world, judge, "order", order.id, "uphold_return")
    await world.work()
    assert (await scene.lead(world, case)).unit == scene.TOWN_CENTRE


async def test_a_return_may_name_the_next_unit_which_is_never_one_that_returned(
    world: World,
) -> None:
    world.city = scene.with_settings(world.city, return__max=9)
    case, order = await scene.dispatched(world)
    await give_back(world, order, unit="310101002_squad")
    second = await scene.lead(world, case)
    assert (second.unit, second.reason["by"]) == ("310101002_squad", "hand")
    with pytest.raises(Refusal, match=r"dispatch\.returned_before"):
        await give_back(world, second, unit=order.unit)
    await do(
        world,
        world.actor("dispatcher", world.centre("310000")),
        "order",
        second.id,
        "uphold_return",
    )
    await world.work()
    third = await scene.lead(world, case)
    assert third.unit not in (order.unit, second.unit)


async def test_a_recall_brings_the_case_back_to_the_dispatcher(world: World) -> None:
    case, order = await scene.dispatched(world, scene.BICYCLES)
    hand = world.actor("dispatcher", scene.DISTRICT_CENTRE)
    await do(world, hand, "case", case, "recall", reason="改派")
    await world.work()
    row = await scene.state(world, case)
    assert (row["state"], row["lead"]) == ("filed", None)
    assert {o["state"] for o in await world.rows("select state from orders")} == {"withdrawn"}
    after = await do(world, hand, "case", case, "dispatch", unit=order.unit)  # it returned nothing
    assert after.lead == order.unit


async def test_a_dispute_goes_to_the_lowest_common_centre(world: World) -> None:
    for against, centre in (
        ("310101002_maintenance", scene.TOWN_CENTRE),
        ("310101_construction", scene.DISTRICT_CENTRE),
        ("310115_appearance", "310000_centre"),
    ):
        case, order = await scene.dispatched(world)
        unit = scene.handler(world, order)
        await do(world, unit, "order", order.id, "dispute", against=against, reason="职责不清")
        dispute = await world.row("select * from disputes where case_id = $1", case)
        assert dispute["centre"] == centre
        assert centre in (await scene.state(world, case))["parties"]
    judge = world.actor("dispatcher", "310000_centre")
    await do(
        world, judge, "dispute", dispute["id"], "decide", unit="310101_construction", reason="裁定"
    )
    await world.work()
    taken = await scene.lead(world, case)
    assert taken.unit == "310101_construction"
    hand = world.actor("dispatcher", scene.DISTRICT_CENTRE)
    await do(world, hand, "order", taken.id, "recall", reason="x")
    with pytest.raises(Refusal, match=r"dispatch\.returned_before"):
        await do(world, hand, "case", case, "dispatch", unit=order.unit)


async def test_a_dispute_ends_with_the_order_it_is_about(world: World) -> None:
    case, order = await scene.dispatched(world)
    facts = {"against": "310101_construction", "reason": "职责不清"}
    await do(world, scene.handler(world, order), "order", order.id, "dispute", **facts)
    hand = world.actor("dispatcher", scene.DISTRICT_CENTRE)
    await do(world, hand, "case", case, "recall", reason="改派")
    await world.work()
    dispute = await world.row("select * from disputes where case_id = $1", case)
    assert dispute["state"] == "dropped"


async def test_a_suspended_case_pauses_all_its_orders_and_they_go_on_with_it(
    world: World,
) -> None:
    case, lead = await scene.dispatched(world, scene.BICYCLES)
    (helper,) = await scene.orders(world, case)
    await do(world, scene.handler(world, helper), "order", helper.id, "accept")
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)
    await do(world, chief, "case", case, "suspend", reason="等待材料")
    await world.work()
    assert (await scene.orders(world, case))[0].state == "suspended"
    assert (await scene.lead(world, case)).state == "issued"  # nobody had accepted it
    world.pass_time(days=2)
    await do(world, chief, "case", case, "resume")
    await world.work()
    row = await scene.state(world, case)
    after = await scene.lead(world, case)
    assert (await scene.orders(world, case))[0].state == "accepted"
    assert after.due_handle is not None
    assert lead.due_handle is not None
    assert after.due_handle > lead.due_handle
    assert after.due_handle == row["due_handle"]


async def test_an_assistant_with_its_own_pause_does_not_go_on_with_the_case(
    world: World,
) -> None:
    case, _ = await scene.dispatched(world, scene.BICYCLES)
    (helper,) = await scene.orders(world, case)
    unit = scene.handler(world, helper)
    await do(world, unit, "order", helper.id, "accept")
    await do(world, unit, "order", helper.id, "ask_suspension", reason="缺设备")
    wish = await world.row("select id, centre from approvals")
    await do(world, world.actor("dispatcher", wish["centre"]), "approval", wish["id"], "grant")
    world.pass_time(hours=1)
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)
    await do(world, chief, "case", case, "suspend", reason="停工")
    await world.work()
    world.pass_time(hours=1)
    await do(world, chief, "case", case, "resume")
    await world.work()
    assert (await scene.orders(world, case))[0].state == "suspended"


async def test_a_lead_that_finishes_while_its_case_is_suspended_is_checked(world: World) -> None:
    case, order = await scene.dispatched(world)
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)
    await do(world, chief, "case", case, "suspend", reason="停工")
    await world.work()
    await scene.finish(world, order)
    assert (await scene.state(world, case))["state"] == "checking"
    assert await scene.open_check(world, case)


async def test_a_pause_with_a_date_ends_by_itself(world: World) -> None:
    case, order = await scene.dispatched(world)
    await do(world, scene.handler(world, order), "order", order.id, "accept")
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)
    until = world.now.replace(day=13)
    await do(world, chief, "case", case, "suspend", reason="雨天", until=until.isoformat())
    await world.work()
    world.now = until
    async with world.as_worker() as tx:
        assert await cases.raise_late(tx, world.city) == 1
    await world.work()
    assert (await scene.state(world, case))["state"] == "dispatched"
    assert (await scene.lead(world, case)).state == "accepted"


async def test_an_order_that_is_urged_counts_it(world: World) -> None:
    _, order = await scene.dispatched(world)
    leader = world.actor("leader", world.centre("310000"))
    after = await do(world, leader, "order", order.id, "urge", note="请抓紧")
    assert (after.urged, after.state) == (1, "issued")

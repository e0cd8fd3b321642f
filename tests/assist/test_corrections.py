"""What a machine chose wrongly is corrected in one step, and both choices are kept."""

from __future__ import annotations

from typing import Any

import pytest
from tests.handling import scene
from tests.world import World

from yiwang.kit.errors import Refusal
from yiwang.matters.desk import service as desk

LON, LAT = 121.478, 31.236


async def _do(world: World, number: int, action: str, **facts: Any) -> Any:
    dispatcher = world.actor("dispatcher", scene.DISTRICT_CENTRE)
    async with world.as_(dispatcher) as tx:
        return await desk.act(tx, world.city, dispatcher, "case", number, action, facts)


async def _filed(world: World) -> Any:
    await world.report("路面塌陷有大坑", LON, LAT)
    await world.work()
    return await world.row("select * from cases")


async def test_the_kind_is_corrected_beside_the_machines_choice(world: World) -> None:
    before = await _filed(world)
    after = await _do(world, before["id"], "reclass", kind=scene.REFUSE, reason="其实是垃圾")
    assert after.kind_reason == {
        "by": "hand",
        "reason": "其实是垃圾",
        "was": {"value": before["kind"], "reason": before["kind_reason"]},
    }
    again = await _do(world, before["id"], "reclass", kind=scene.COVER)
    assert again.kind_reason["was"] == after.kind_reason["was"]
    assert "reason" not in again.kind_reason


async def test_the_place_is_corrected_and_the_case_goes_the_new_way(world: World) -> None:
    before = await _filed(world)
    after = await _do(world, before["id"], "relocate", place="310101019", reason="地址写错")
    assert after.place_reason == {
        "by": "hand",
        "reason": "地址写错",
        "was": {"value": before["place"], "reason": {"by": "point"}},
    }


async def test_another_unit_in_one_step(world: World) -> None:
    case, order = await scene.dispatched(world)
    before = await scene.state(world, case)
    unit = "310101_housing"
    after = await _do(world, case, "redispatch", unit=unit, reason="属房管")
    assert (after.state, after.lead, after.rounds) == ("dispatched", unit, 2)
    assert after.dispatch_reason["by"] == "hand"
    assert after.dispatch_reason["note"] == "属房管"
    assert after.dispatch_reason["was"] == {
        "value": order.unit,
        "reason": before["dispatch_reason"],
    }
    assert after.dispatch_reason["rule"]["lead"] == order.unit
    await world.work()
    orders = await scene.orders(world, case, "lead")
    assert [(row.unit, row.state) for row in orders] == [
        (order.unit, "withdrawn"),
        (unit, "issued"),
    ]
    assert orders[1].due_handle is not None
    assert (await scene.state(world, case))["due_next"] == orders[1].due_handle
    events = await world.rows(
        "select action, actor from events where case_id = $1 and action = 'case.redispatch'", case
    )
    assert len(events) == 1


async def test_a_new_order_waits_until_those_of_the_earlier_place_have_ended(world: World) -> None:
    case, _ = await scene.dispatched(world)
    elsewhere = world.city.tree.children("310115")[0].code
    await _do(world, case, "relocate", place=elsewhere, reason="地址写错")
    there = world.actor("dispatcher", "310115_centre")
    facts = {"unit": "310115_housing", "reason": "属房管"}
    with pytest.raises(Refusal) as caught:
        async with world.as_(there) as tx:
            await desk.act(tx, world.city, there, "case", case, "redispatch", facts)
    assert caught.value.code == "dispatch.order_open"
    await world.work()
    async with world.as_(there) as tx:
        after = await desk.act(tx, world.city, there, "case", case, "redispatch", facts)
    assert after.lead == "310115_housing"


async def test_what_was_asked_of_the_old_unit_is_dropped(world: World) -> None:
    case, order = await scene.dispatched(world)
    handler = scene.handler(world, order)
    await scene.act(world, handler, order, "accept")
    wish = {"amount": 1, "clock": "working_day", "reason": "缺料"}
    await scene.act(world, handler, order, "ask_extension", wish)
    await _do(world, case, "redispatch", unit="310101_housing", reason="属房管")
    await world.work()
    assert (await world.row("select state from approvals"))["state"] == "dropped"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"unit": "310101002_sanitation", "reason": "x"}, "dispatch.leads_already"),
        ({"unit": "nobody", "reason": "x"}, "city.unit_unknown"),
        ({"unit": "310101_housing"}, "procedure.facts"),
        (
            {"unit": "310101_housing", "assist": ["310101_housing"], "reason": "x"},
            "dispatch.twice_named",
        ),
    ],
)
async def test_a_wrong_correction_is_refused(
    world: World, facts: dict[str, Any], code: str
) -> None:
    case, _ = await scene.dispatched(world)
    with pytest.raises(Refusal) as caught:
        await _do(world, case, "redispatch", **facts)
    assert caught.value.code == code


async def test_a_report_on_the_desk_keeps_why_it_was_settled_so(world: World) -> None:
    case = await _filed(world)
    await _do(world, case["id"], "reclass", kind=case["kind"], reason="确认")
    row = await scene.state(world, case["id"])
    assert row["kind_reason"]["was"]["value"] == case["kind"]

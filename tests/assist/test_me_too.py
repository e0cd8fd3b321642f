"""A report that names the case it repeats: taken in where nothing speaks against it, never lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.handling import scene
from tests.world import World

from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service
from yiwang.matters.sources.bodies import read_case, read_report
from yiwang.matters.sources.open311_form import draft_of, parse_form
from yiwang.matters.sources.receiving import ANYBODY, COLUMNS, Receiver

ROAD = "路面塌陷有大坑"
REFUSE = "暴露垃圾成堆没人清"
LON, LAT = 121.478, 31.236


async def _case(world: World, text: str = ROAD) -> Any:
    report = await world.report(text, LON, LAT)
    await world.work()
    return await world.row(
        "select c.* from cases c join reports r on r.case_id = c.id where r.id = $1", report
    )


async def _report(world: World, number: str, text: str, *where: Any, **more: Any) -> Any:
    report = await world.report(text, *where, attributes={"same_as": number}, **more)
    await world.work()
    return await world.row("select * from reports where id = $1", report)


async def test_whoever_names_an_open_case_near_by_is_counted_there(world: World) -> None:
    case = await _case(world)
    # other words and 190 m off: nobody would have guessed
    row = await _report(world, case["number"], "我也遇到了", LON + 0.002, LAT)
    assert (row["state"], row["case_id"], row["kind"]) == ("attached", case["id"], case["kind"])
    reason = row["match_reason"]
    assert reason["why"] == "same_as"
    assert reason["same_as"]["number"] == case["number"]
    assert 180 < reason["same_as"]["metres"] < reason["same_as"]["limit_m"] == 300
    assert (await scene.state(world, case["id"]))["report_count"] == 2
    told = await world.rows("select code from notices where report_id = $1", row["id"])
    assert [one["code"] for one in told] == ["report.attached"]


async def test_without_a_position_the_number_is_enough(world: World) -> None:
    case = await _case(world)
    row = await _report(world, case["number"], "同意", None, None)
    assert (row["state"], row["case_id"]) == ("attached", case["id"])
    assert row["match_reason"]["same_as"]["by"] == "number"


@pytest.mark.parametrize(
    ("address", "state"), [("黄浦区南京东路街道", "attached"), ("浦东新区陆家嘴街道", "filed")]
)
async def test_an_address_must_not_lie_elsewhere(world: World, address: str, state: str) -> None:
    case = await _case(world)
    row = await _report(world, case["number"], ROAD, None, None, address=address)
    assert row["state"] == state
    assert row["match_reason"]["same_as"]["by"] == "place"
    refused = row["match_reason"]["same_as"].get("refused")
    assert refused == (None if state == "attached" else "elsewhere")


async def test_too_far_is_filed_as_usual_and_says_why(world: World) -> None:
    case = await _case(world)
    row = await _report(world, case["number"], ROAD, LON + 0.01, LAT)
    assert row["state"] == "filed"
    assert row["case_id"] != case["id"]
    assert row["match_reason"]["same_as"]["refused"] == "far"
    assert row["match_reason"]["why"] == "nothing_near"


async def test_the_limit_is_the_citys(world: World) -> None:
    world.city = scene.with_settings(world.city, match__same_as_m=1500)
    case = await _case(world)
    row = await _report(world, case["number"], ROAD, LON + 0.01, LAT)
    assert (row["state"], row["case_id"]) == ("attached", case["id"])


async def test_an_unknown_number_is_filed_as_usual(world: World) -> None:
    case = await _case(world)
    row = await _report(world, "no such case", ROAD, LON, LAT)
    # what the matcher finds it finds all the same
    assert (row["state"], row["case_id"]) == ("attached", case["id"])
    assert row["match_reason"]["same_as"] == {"number": "no such case", "refused": "unknown"}
    alone = await _report(world, "no such case", REFUSE, LON, LAT)
    assert alone["state"] == "filed"


async def test_a_closed_case_takes_nothing_in_and_nothing_is_lost(world: World) -> None:
    case = await _case(world)
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)
    async with world.as_(chief) as tx:
        await service.act(tx, world.city, chief, case["id"], "close", {"reason": "已修复"})
    row = await _report(world, case["number"], ROAD, LON, LAT)
    assert row["state"] == "filed"
    assert row["case_id"] != case["id"]
    assert row["match_reason"]["same_as"]["refused"] == "ended"
    assert row["match_reason"]["same_as"]["state"] == "closed"


async def test_a_merged_case_stands_for_the_one_it_went_into(world: World) -> None:
    first = await scene.open_case(world, lon=LON, lat=LAT)
    second = await scene.open_case(world, lon=LON, lat=LAT)
    dispatcher = world.actor("dispatcher", scene.DISTRICT_CENTRE)
    async with world.as_(dispatcher) as tx:
        await service.act(tx, world.city, dispatcher, first, "merge", {"case": second})
    number = (await scene.state(world, first))["number"]
    row = await _report(world, number, ROAD, LON, LAT)
    assert (row["state"], row["case_id"]) == ("attached", second)


async def test_what_lacks_a_kind_goes_to_the_desk_when_it_is_not_taken_in(world: World) -> None:
    row = await _report(world, "no such case", "我也是", LON, LAT)
    assert (row["state"], row["reason"], row["case_id"]) == ("queued", "kind", None)
    assert row["match_reason"]["same_as"]["refused"] == "unknown"
    desk = world.actor("intake", scene.DISTRICT_CENTRE)
    async with world.as_(desk) as tx:
        seen = await tx.fetchval("select state from reports where id = $1", row["id"])
    assert seen == "queued"


def test_a_body_names_a_case_and_the_report_keeps_it(world: World) -> None:
    body = msgspec.json.encode({"text": "我也是", "same_as": " 310101X ", "attributes": {"a": 1}})
    taking = Receiver.of(world.city).receive(read_report(body), ANYBODY, None, world.now)
    stored = dict(zip(COLUMNS, taking.row, strict=True))["attributes"]
    assert stored == {"a": 1, "same_as": "310101X"}


@pytest.mark.parametrize("named", [7, "", "x" * 61])
def test_a_number_that_is_none_is_named_as_wrong(named: Any) -> None:
    with pytest.raises(Refusal) as caught:
        read_report(msgspec.json.encode({"text": "x", "same_as": named}))
    assert [fault.pointer for fault in caught.value.faults] == ["/same_as"]


def test_what_is_filed_at_once_repeats_nothing() -> None:
    with pytest.raises(Refusal) as caught:
        read_case(msgspec.json.encode({"text": "x", "kind": "k", "same_as": "N1"}))
    assert [fault.code for fault in caught.value.faults] == ["web.field_unknown"]


def test_open311_names_it_as_an_attribute() -> None:
    pairs = [("service_code", "x"), ("address_string", "y"), ("attribute[same_as]", "N1")]
    assert draft_of(parse_form(pairs), source="open311").attributes["same_as"] == "N1"

"""Whom a handler has to contact: shown to the unit with the order in hand, each look recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.assist.conftest import hire
from tests.feed.scene import Scene
from tests.handling import scene as cases
from tests.world import World

from yiwang.matters.dispatch.model import Order
from yiwang.matters.sources.bodies import ReportBody, Reporter
from yiwang.matters.sources.model import CONFIDENTIAL, SAME_AS
from yiwang.matters.sources.receiving import ANYBODY, COLUMNS, Receiver

LON, LAT = 121.478, 31.236
PHONES = ("13800001234", "13900004321")


async def _order(world: World, *reports: dict[str, Any]) -> Order:
    """The lead order of the case that these reports became."""
    for more in reports:
        await world.report("路面塌陷有大坑", LON, LAT, **more)
    await world.work()
    found = await world.rows("select distinct case_id from reports")
    assert len(found) == 1
    return await cases.lead(world, found[0]["case_id"])


async def _looks(world: World) -> Sequence[Any]:
    return await world.rows("select * from events where action = 'reporter.look_up' order by id")


async def test_the_unit_in_hand_sees_whom_to_contact_and_leaves_a_trace(
    scene: Scene, world: World
) -> None:
    order = await _order(
        world,
        {"phone": PHONES[0]},
        {"phone": PHONES[1], "attributes": {CONFIDENTIAL: True}},
        {},
    )
    path = f"/orders/{order.id}/reporters"
    handler = await hire(world, "handler", order.unit, "handler")
    async with scene.client(handler) as client:
        found = (await client.get(path)).json()
        assert [row["phone"] for row in found["items"]] == [PHONES[0]]
        assert (found["confidential"], found["unnamed"], found["more"]) == (1, 1, False)
        history = (await client.get(f"/cases/{order.case_id}/history")).json()["entries"]
        line = next(row for row in history if row["action"] == "reporter.look_up")
        assert (line["label"]["zh"], line["actor_name"]) == ("查看反映人", "handler")
    (look,) = await _looks(world)
    assert (look["actor"], look["unit"], look["matter_id"]) == (handler.name, order.unit, order.id)
    assert look["facts"]["found"] == 1
    assert not any(phone in str(dict(look["facts"])) for phone in PHONES)


async def test_nobody_else_looks_and_nobody_once_it_is_done(scene: Scene, world: World) -> None:
    order = await _order(world, {"phone": PHONES[0]})
    path = f"/orders/{order.id}/reporters"
    other = await hire(world, "handler", "310115_appearance", "other")
    async with scene.client(other) as client:
        assert (await client.get(path)).status_code == 404
    centre = await hire(world, "dispatcher", order.centre, "dispatcher")
    async with scene.client(centre) as client:
        assert (await client.get(path)).json()["code"] == "authority.duty_missing"
    handler = await hire(world, "handler", order.unit, "handler")
    await cases.act(world, handler, order, "return", {"reason": "不属于本单位"})
    async with scene.client(handler) as client:
        late = await client.get(path)
        assert (late.status_code, late.json()["code"]) == (409, "reporters.not_in_hand")
    # nor does the database tell, whoever asks it
    for actor in (other, centre, handler):
        async with world.as_(actor) as tx:
            assert await tx.fetch("select * from reporters_of($1, 20)", order.id) == []
    assert await _looks(world) == []


async def test_only_the_first_are_shown_of_many(scene: Scene, world: World) -> None:
    order = await _order(world, *({"phone": f"1380000{n:04}"} for n in range(21)))
    handler = await hire(world, "handler", order.unit, "handler")
    async with scene.client(handler) as client:
        found = (await client.get(f"/orders/{order.id}/reporters")).json()
    assert (len(found["items"]), found["more"]) == (20, True)


def test_who_is_not_to_be_named_says_so_with_the_report(world: World) -> None:
    def kept(reporter: Reporter | None) -> dict[str, Any]:
        body = ReportBody(text="路灯不亮", reporter=reporter, same_as="A1", attributes={"a": 1})
        taking = Receiver.of(world.city).receive(body, ANYBODY, None, world.now)
        found: dict[str, Any] = dict(zip(COLUMNS, taking.row, strict=True))["attributes"]
        return found

    hidden = {"a": 1, SAME_AS: "A1", CONFIDENTIAL: True}
    assert kept(Reporter(name="王", confidential=True)) == hidden
    for reporter in (None, Reporter(name="王"), Reporter(name="王", confidential=False)):
        assert kept(reporter) == {"a": 1, SAME_AS: "A1"}

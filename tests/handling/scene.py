"""What the tests of handling and checking share: a dispatched case and the people around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.packs.model import Setting
from yiwang.kit.errors import Refusal
from yiwang.matters.cases.opening import Draft, open_cases
from yiwang.matters.checking import service as checking
from yiwang.matters.checking.model import Check
from yiwang.matters.dispatch.lifecycle import ORDERS
from yiwang.matters.dispatch.model import Order
from yiwang.matters.handling import service as handling
from yiwang.matters.sources.service import keeper

COMMUNITY = "310101002001"
STATION = "310101002G01_station"
TOWN_CENTRE = "310101002_centre"
DISTRICT_CENTRE = "310101_centre"
REFUSE = "event/2007/0102"  # led by the town's sanitation team, four working hours
BICYCLES = "event/2007/0506"  # led by the squad, assisted by the district's construction office
COVER = "component/2007/0101"  # with a milestone of its own
DEMAND = "demand/2020/01"  # nobody's: the town's centre takes it


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What happens inside is refused with exactly this code."""
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code


def with_settings(city: City, **values: Any) -> City:
    """The city with rules of its own; "__" stands for the dot in a rule's name."""
    rows = dict(city._settings)
    for name, value in values.items():
        key = name.replace("__", ".")
        rows[key] = (Setting(key, value, city.pack.root, None, None, "test", ""),)
    return replace(city, _settings=rows)


async def open_case(world: World, kind: str = REFUSE, **more: Any) -> int:
    """A new case of a kind; its id. It is dispatched once the worker has worked."""
    values: dict[str, Any] = {
        "kind": kind,
        "kind_reason": {},
        "place": world.city.tree.path(COMMUNITY),
        "place_reason": {},
        "title": "测试 test",
        "text": "测试案件 a test case",
        "address": "",
        "lon": None,
        "lat": None,
        "source": "system",
        "synthetic": True,
        "urgent": False,
        "discovered_at": world.now,
        "reported_at": world.now,
    }
    async with world.as_worker() as tx:
        draft = Draft(**(values | more))
        return (await open_cases(tx, world.city, keeper(world.city), [draft]))[0].id


async def dispatched(world: World, kind: str = REFUSE, **more: Any) -> tuple[int, Order]:
    """A case that the platform has dispatched, and its lead order."""
    case = await open_case(world, kind, **more)
    await world.work()
    return case, await lead(world, case)


async def lead(world: World, case: int) -> Order:
    """The newest lead order of a case."""
    return (await orders(world, case, "lead"))[-1]


async def orders(world: World, case: int, role: str = "assist") -> list[Order]:
    """The orders of one role, the oldest first."""
    rows = await world.rows(
        "select * from orders where case_id = $1 and role = $2 order by id", case, role
    )
    return [ORDERS.read(row) for row in rows]


def handler(world: World, order: Order, person: int | None = None) -> Actor:
    """A handler of the order's unit."""
    return world.actor("handler", order.unit, person)


async def act(
    world: World,
    actor: Actor,
    order: Order | int,
    action: str,
    facts: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    city: City | None = None,
) -> Order:
    """One action to an order, as the service's role."""
    number = order if isinstance(order, int) else order.id
    async with world.as_(actor) as tx:
        return await handling.act(tx, city or world.city, actor, number, action, facts or {}, at=at)


async def finish(world: World, order: Order) -> None:
    """Accept and finish an order; the worker then does what follows."""
    actor = handler(world, order)
    await act(world, actor, order, "accept")
    await act(world, actor, order, "finish", {"result": "已清理 removed"})
    await world.work()


async def check(
    world: World, actor: Actor, number: int, action: str, facts: Mapping[str, Any] | None = None
) -> Check:
    """One action to a check, as the service's role."""
    async with world.as_(actor) as tx:
        return await checking.act(tx, world.city, actor, number, action, facts or {})


async def open_check(world: World, case: int) -> Mapping[str, Any]:
    """The arranged check of a case."""
    return await world.row("select * from checks where case_id = $1 and state = 'arranged'", case)


async def state(world: World, case: int) -> Mapping[str, Any]:
    """The case's row."""
    return await world.row("select * from cases where id = $1", case)

"""Administrators of a city, and a revision taken through its life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.ledger.signing import SigningKey
from yiwang.ground.revision import service
from yiwang.ground.revision.items import items
from yiwang.ground.revision.model import Body, Revision, Sort
from yiwang.ground.revision.service import Draft
from yiwang.kit.errors import Refusal
from yiwang.worker import Worker

CENTRE = "310000_centre"
TODAY = date(2026, 3, 10)  # of the world's clock, in the city


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What happens inside is refused with exactly this code."""
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code, str(caught.value)


async def admin(world: World, duty: str, name: str = "", unit: str = CENTRE) -> Actor:
    """Somebody with a duty of the administration, known to the database."""
    async with world.as_worker() as tx:
        number = await tx.fetchval(
            "insert into persons (login, name, created_at) values ($1, $1, $2)"
            " on conflict (login) do update set name = excluded.name returning id",
            name or f"{duty}@{unit}",
            tx.now,
        )
    return world.actor(duty, unit, number)


async def draft(
    world: World,
    author: Actor,
    *wishes: tuple[Sort, str, Body | None],
    on: date = TODAY,
    title: str = "试验",
) -> Revision:
    """A draft of these wishes."""
    async with world.as_(author) as tx:
        return await service.draft(
            tx, world.city, author, Draft(title, "为了试验", on, list(wishes))
        )


async def act(world: World, who: Actor, number: int, action: str, **facts: Any) -> Revision:
    """One action on a revision."""
    async with world.as_(who) as tx:
        return await service.act(tx, world.city, who, number, action, facts)


def worker(world: World) -> Worker:
    """A worker over the world's database and clock."""

    class _Clock:
        def now(self) -> Any:
            return world.now

    stopping: Any = None
    signer: SigningKey = None  # type: ignore[assignment]
    return Worker(world.worker, world.city, _Clock(), signer, "test", stopping)


async def pass_through(
    world: World, *wishes: tuple[Sort, str, Body | None], on: date = TODAY
) -> Revision:
    """Drafted by one, approved by another, put in force by the worker."""
    author, other = await admin(world, "sysadmin"), await admin(world, "secadmin")
    made = await draft(world, author, *wishes, on=on)
    await act(world, author, made.id, "submit")
    await act(world, other, made.id, "approve", reason="同意")
    desk = worker(world)
    await desk.revise()
    world.city = desk.city
    row = await world.row("select state, decision from revisions where id = $1", made.id)
    return replace(made, state=row["state"], decision=row["decision"])


def limit_of(city: City, kind: str, place: str = "310000") -> dict[str, Any]:
    """The handling limit of a kind as an item."""
    return next(
        body
        for body in items_of(city, Sort.LIMITS)
        if (body["kind"], body["stage"], body["milestone"], body["place"])
        == (kind, "handle", "", place)
    )


def items_of(city: City, sort: Sort) -> Sequence[dict[str, Any]]:
    """All items of a sort."""
    return list(items(city.pack, sort).values())

"""Filters of lists that a person keeps by name, alone or with their unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.assist import work
from yiwang.matters.exports.lists import LISTS

MOST = 100  # of one person
NAMES = (work.WORK.name, *LISTS)
_SELECT = (
    "select f.id, f.person_id, p.name as person_name, f.unit, f.list, f.name, f.query,"
    " f.changed_at from saved_filters f join persons p on p.id = f.person_id"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A filter to be kept: of which list, under which name; `query` is parameter -> text, with
    `sort` for the order. `unit` shares it with a unit of one's own."""

    list: str
    name: str
    query: Mapping[str, str]
    unit: str | None = None


def check(city: City, actor: Actor, tx: Tx, wish: Wish) -> None:
    """Refuse what the list itself would refuse, and a unit that is not one's own."""
    if wish.unit is not None and wish.unit not in actor.units:
        raise Refusal("filters.unit_foreign", unit=wish.unit)
    given = {name: text for name, text in wish.query.items() if name != "sort"}
    if wish.list == work.WORK.name:
        work.check(city, given, tx.now)
    elif wish.list in LISTS:
        LISTS[wish.list].ask(city, actor.scope, given, wish.query.get("sort"), tx.now)
    else:
        raise Refusal("filters.list_unknown", list=wish.list, possible=NAMES)


async def mine(tx: Tx, city: City, actor: Actor, name: str | None) -> list[dict[str, Any]]:
    """One's own, then those shared with one's units; of one list where it is named."""
    rows = await tx.fetch(
        f"{_SELECT} where ($1::text is null or f.list = $1)"
        " order by f.person_id <> $2::bigint, f.list, f.name, f.id limit 500",
        *(name, actor.person),
    )
    return [_filter(city, actor, row) for row in rows]


async def keep(tx: Tx, city: City, actor: Actor, wish: Wish) -> dict[str, Any]:
    """Keep a new one; refuses a name used before for the same list, and more than 100."""
    person = _person(actor)
    check(city, actor, tx, wish)
    known = await tx.fetchval("select count(*) from saved_filters where person_id = $1", person)
    if known >= MOST:
        raise Refusal("filters.too_many", most=MOST)
    number = await tx.fetchval(
        "insert into saved_filters (person_id, unit, list, name, query, created_at, changed_at)"
        " values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing returning id",
        *(person, wish.unit, wish.list, wish.name, dict(wish.query), tx.now),
    )
    if number is None:
        raise Refusal("filters.name_taken", name=wish.name)
    return await _show(tx, city, actor, number)


async def change(
    tx: Tx, city: City, actor: Actor, number: int, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Change one's own: any of `name`, `query` and `unit` (None takes it back from the unit)."""
    row = await tx.fetchrow(
        "select * from saved_filters where id = $1 and person_id = $2 for update",
        *(number, _person(actor)),
    )
    if row is None:
        raise Refusal("filters.unknown", id=number)
    wish = Wish(
        row["list"],
        given.get("name", row["name"]),
        given.get("query", row["query"]),
        given.get("unit", row["unit"]),
    )
    check(city, actor, tx, wish)
    taken = await tx.fetchval(
        "select 1 from saved_filters where person_id = $1 and list = $2 and name = $3 and id <> $4",
        *(row["person_id"], wish.list, wish.name, number),
    )
    if taken:
        raise Refusal("filters.name_taken", name=wish.name)
    await tx.execute(
        "update saved_filters set name = $2, query = $3, unit = $4, changed_at = $5 where id = $1",
        *(number, wish.name, dict(wish.query), wish.unit, tx.now),
    )
    return await _show(tx, city, actor, number)


async def remove(tx: Tx, actor: Actor, number: int) -> None:
    """Take one's own away."""
    gone = await tx.fetchval(
        "delete from saved_filters where id = $1 and person_id = $2 returning id",
        *(number, _person(actor)),
    )
    if gone is None:
        raise Refusal("filters.unknown", id=number)


def _person(actor: Actor) -> int:
    if actor.person is None:
        raise Refusal("gate.person_only")
    return actor.person


async def _show(tx: Tx, city: City, actor: Actor, number: int) -> dict[str, Any]:
    return _filter(city, actor, await tx.one(f"{_SELECT} where f.id = $1", number))


def _filter(city: City, actor: Actor, row: Row) -> dict[str, Any]:
    unit = city.unit_name(row["unit"]) if row["unit"] else None
    return {
        "id": row["id"],
        "list": row["list"],
        "name": row["name"],
        "query": row["query"],
        "mine": row["person_id"] == actor.person,
        "person_name": row["person_name"],
        "unit": row["unit"],
        "unit_name": {"zh": unit.zh, "en": unit.en} if unit else None,
        "changed_at": row["changed_at"].isoformat(),
    }

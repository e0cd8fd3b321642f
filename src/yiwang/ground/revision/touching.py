"""What a revision touches of what runs now: open cases, orders, appointments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from yiwang.ground.city import City
from yiwang.ground.revision.model import Change, Sort, Touches
from yiwang.kit.db import Tx

_OPEN_CASES = "('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended')"
_OPEN_ORDERS = "('issued', 'accepted', 'suspended', 'returned', 'disputed')"


async def busy_units(tx: Tx, units: Collection[str]) -> list[str]:
    """Those of these units that lead, hold or command something open, or check it."""
    if not units:
        return []
    rows = await tx.fetch(
        f"select unit from orders where state in {_OPEN_ORDERS} and unit = any($1)"
        f" union select centre from cases where state in {_OPEN_CASES} and centre = any($1)"
        " union select unit from checks where state = 'arranged' and unit = any($1)",
        list(units),
    )
    return sorted(row[0] for row in rows)


async def busy_kinds(tx: Tx, kinds: Collection[str]) -> list[str]:
    """Those of these kinds under which something is open."""
    if not kinds:
        return []
    rows = await tx.fetch(
        f"select distinct kind from cases where state in {_OPEN_CASES} and kind = any($1)",
        list(kinds),
    )
    return sorted(row[0] for row in rows)


def removed(changes: Collection[Change], sort: Sort) -> list[str]:
    """The items of a sort that are taken away."""
    return [row.item for row in changes if row.sort is sort and row.after is None]


async def touches(
    tx: Tx, city: City, revised: City, changes: Collection[Change], day: date
) -> Touches:
    """What would be otherwise from `day` on, counted over what the asking actor may see."""
    rows = await tx.fetch(
        f"select kind, place::text as place, count(*) as n from cases where state in {_OPEN_CASES}"
        " group by kind, place"
    )
    limits = routes = 0
    for row in rows:
        kind, place = row["kind"], row["place"]
        if kind not in city.taxonomy or kind not in revised.taxonomy:
            continue
        limits += row["n"] * (_clocks(city, kind, place, day) != _clocks(revised, kind, place, day))
        routes += row["n"] * (_route(city, kind, place, day) != _route(revised, kind, place, day))
    return Touches(
        open_cases=sum(row["n"] for row in rows),
        due=await _due_otherwise(tx, city, changes),
        limits=limits,
        routes=routes,
        orders=await _orders(tx, removed(changes, Sort.UNITS)),
        appointments=await _appointments(tx, changes),
    )


def _clocks(city: City, kind: str, place: str, day: date) -> Any:
    return {
        stage: [(row.milestone, row.amount, row.clock) for row in rows]
        for stage, rows in city.taxonomy.stage_clocks(kind, place, day).items()
    }


def _route(city: City, kind: str, place: str, day: date) -> Any:
    found = city.taxonomy.responsibility_for(kind, place, day)
    if found is None:
        return city.centre(place).code
    units = [unit.code for unit in city.units_with(found.lead, place)]
    helpers = [unit.code for name in found.assist for unit in city.units_with(name, place)[:1]]
    return found.level, units, helpers


async def _due_otherwise(tx: Tx, city: City, changes: Collection[Change]) -> int:
    days = [date.fromisoformat(row.item) for row in changes if row.sort is Sort.CALENDAR]
    if not days:
        return 0
    return int(
        await tx.fetchval(
            f"select count(*) from cases c where state in {_OPEN_CASES} and exists ("
            " select 1 from unnest($1::date[]) d"
            " where d >= (c.reported_at at time zone $2)::date and d <= (greatest(c.due_verify,"
            "   c.due_dispatch, c.due_handle, c.due_check, c.due_total) at time zone $2)::date)"
            ' and jsonb_path_exists(c.limit_reason, \'$.** ? (@.clock == "working_hour" ||'
            ' @.clock == "working_day")\')',
            days,
            str(city.zone),
        )
    )


async def _orders(tx: Tx, units: Collection[str]) -> int:
    if not units:
        return 0
    return int(
        await tx.fetchval(
            f"select count(*) from orders where state in {_OPEN_ORDERS} and unit = any($1)",
            list(units),
        )
    )


async def _appointments(tx: Tx, changes: Collection[Change]) -> int:
    posts = [
        row.item
        for row in changes
        if row.sort is Sort.POSTS
        and row.before is not None
        and (row.after is None or row.after["duties"] != row.before["duties"])
    ]
    if not posts:
        return 0
    return int(
        await tx.fetchval(
            "select count(*) from appointments where post = any($1)"
            " and (until is null or until > $2)",
            posts,
            tx.now,
        )
    )

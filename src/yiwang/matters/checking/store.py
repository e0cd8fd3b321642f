"""SQL of checking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from yiwang.kit.db import Row, Tx


async def finished_leads(tx: Tx, order_ids: Iterable[int]) -> list[Row]:
    """Lead orders of these that are done, the oldest first."""
    return await tx.fetch(
        "select id, case_id, unit, round, result, finished_at from orders"
        " where id = any($1) and role = 'lead' and state = 'done' order by id",
        list(order_ids),
    )


async def open_orders(tx: Tx, case_ids: Iterable[int]) -> list[Row]:
    """Orders of cases that are still open."""
    return await tx.fetch(
        "select id, case_id from orders where case_id = any($1) and state in"
        " ('issued', 'accepted', 'suspended', 'returned', 'disputed') order by id",
        list(case_ids),
    )


async def hands(tx: Tx, case_ids: Iterable[int]) -> dict[int, Row]:
    """For cases with orders: every unit that ever had one and every person who handled."""
    rows = await tx.fetch(
        "select case_id, array_agg(distinct unit) as units,"
        " coalesce(array_agg(distinct handler) filter (where handler is not null), '{}') as persons"
        " from orders where case_id = any($1) group by case_id",
        list(case_ids),
    )
    return {row["case_id"]: row for row in rows}


async def collectors(tx: Tx, case_ids: Iterable[int]) -> dict[int, list[int]]:
    """For cases found on duty: the persons who reported them."""
    rows = await tx.fetch(
        "select case_id, array_agg(distinct collector) as persons from reports"
        " where case_id = any($1) and collector is not null group by case_id",
        list(case_ids),
    )
    return {row["case_id"]: list(row["persons"]) for row in rows}


async def reachable(tx: Tx, case_ids: Iterable[int]) -> set[int]:
    """Cases with a reporter who left a way to be asked."""
    rows = await tx.fetch(
        "select distinct r.case_id from reports r join reporters p on p.report_id = r.id"
        " where r.case_id = any($1) and (p.phone <> '' or p.email <> '')",
        list(case_ids),
    )
    return {row["case_id"] for row in rows}


async def checks_of(tx: Tx, case_ids: Iterable[int]) -> dict[int, list[Row]]:
    """Every check of some cases, the oldest first."""
    rows = await tx.fetch(
        "select id, case_id, sort, state, round from checks where case_id = any($1) order by id",
        list(case_ids),
    )
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["case_id"], []).append(row)
    return found


async def lapsed(tx: Tx, case_ids: Iterable[int]) -> list[int]:
    """Arranged checks whose case no longer waits for them."""
    rows = await tx.fetch(
        "select k.id from checks k join cases c on c.id = k.case_id"
        " where k.case_id = any($1) and k.state = 'arranged'"
        " and c.state <> case k.sort when 'verify' then 'verifying' else 'checking' end"
        " order by k.id",
        list(case_ids),
    )
    return [row["id"] for row in rows]


async def parents(tx: Tx, case_ids: Iterable[int]) -> list[int]:
    """The parents of cases."""
    rows = await tx.fetch(
        "select distinct parent_id from cases where id = any($1) and parent_id is not null",
        list(case_ids),
    )
    return [row["parent_id"] for row in rows]


async def count_children(tx: Tx, case_ids: Iterable[int]) -> dict[int, int]:
    """How many children of each case are still open."""
    rows = await tx.fetch(
        "select parent_id, count(*) as n from cases where parent_id = any($1)"
        " and state not in ('closed', 'cancelled', 'merged') group by parent_id",
        list(case_ids),
    )
    return {row["parent_id"]: row["n"] for row in rows}


async def tell_unit(tx: Tx, unit: str, case_id: int, code: str, facts: Mapping[str, Any]) -> None:
    """Leave a notice for a unit's desk."""
    await tx.execute(
        "insert into notices (audience, unit, case_id, code, facts, at)"
        " values ('unit', $1, $2, $3, $4, $5)",
        unit,
        case_id,
        code,
        dict(facts),
        tx.now,
    )


async def events(tx: Tx, case_id: int) -> list[Row]:
    """The events of a case, in the order they were recorded."""
    return await tx.fetch(
        "select at, actor, unit, action, matter, matter_id, case_id, before, after, facts"
        " from events where case_id = $1 order by xid, id",
        case_id,
    )


async def dues(tx: Tx, case_id: int) -> list[Row]:
    """The due times of a case's orders and checks, each with the stage it belongs to."""
    return await tx.fetch(
        "select case role when 'lead' then 'handle' else 'assist' end as stage, id,"
        " due_handle as due_at from orders where case_id = $1 and due_handle is not null"
        " union all"
        " select sort, id, due_at from checks where case_id = $1 and due_at is not null",
        case_id,
    )


async def assigned(tx: Tx, persons: Iterable[int]) -> dict[int, int]:
    """How many open checks these persons have been assigned; whoever has none is not in it."""
    rows = await tx.fetch(
        "select assignee, count(*) as number from checks"
        " where state = 'arranged' and assignee = any($1) group by assignee",
        list(persons),
    )
    return {row["assignee"]: row["number"] for row in rows}

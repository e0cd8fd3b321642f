"""SQL of handling."""

from __future__ import annotations

from collections.abc import Iterable

from yiwang.kit.db import Tx


async def photos(tx: Tx, ids: Iterable[int]) -> list[tuple[int, int | None, str]]:
    """Photos as (id, the case they belong to, role)."""
    rows = await tx.fetch(
        "select a.id, a.role, coalesce(a.case_id, o.case_id, r.case_id) as case_id"
        " from attachments a left join orders o on o.id = a.order_id"
        " left join reports r on r.id = a.report_id where a.id = any($1)",
        list(ids),
    )
    return [(row["id"], row["case_id"], row["role"]) for row in rows]


async def requested(tx: Tx, order_ids: Iterable[int]) -> list[int]:
    """The open approvals of orders."""
    rows = await tx.fetch(
        "select id from approvals where order_id = any($1) and state = 'requested' order by id",
        list(order_ids),
    )
    return [row["id"] for row in rows]


async def moot(tx: Tx, case_ids: Iterable[int]) -> list[int]:
    """Open approvals of cases whose order no longer waits for them: it ended, or was taken back."""
    rows = await tx.fetch(
        "select a.id from approvals a join orders o on o.id = a.order_id"
        " where a.case_id = any($1) and a.state = 'requested'"
        " and (o.pending is null or o.state <> 'accepted') order by a.id",
        list(case_ids),
    )
    return [row["id"] for row in rows]


async def has_open_order(tx: Tx, case_id: int, unit: str) -> bool:
    """Whether a unit has an open order of the case."""
    found = await tx.fetchval(
        "select exists (select 1 from orders where case_id = $1 and unit = $2 and state in"
        " ('issued', 'accepted', 'suspended', 'returned', 'disputed'))",
        case_id,
        unit,
    )
    return bool(found)

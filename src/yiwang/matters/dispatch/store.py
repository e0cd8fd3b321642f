"""SQL of dispatch: the orders of cases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from yiwang.kit.db import Row, Tx


async def orders_of(tx: Tx, case_ids: Iterable[int]) -> list[Row]:
    """Every order of some cases, the oldest first; a withdrawn one keeps an upheld reason only."""
    wanted = list(case_ids)
    # PostgreSQL plans a statement with an array anew each time, one with a single value once.
    which = "= $1" if len(wanted) == 1 else "= any($1)"
    return await tx.fetch(
        "select id, case_id, unit, role, state, round, handler, returned_reason,"
        " pauses -> -1 ->> 'since' as paused_since from orders"
        f" where case_id {which} order by id",
        wanted[0] if len(wanted) == 1 else wanted,
    )


async def open_after(tx: Tx, after_id: int, most: int) -> list[int]:
    """The next open orders after an id."""
    rows = await tx.fetch(
        "select id from orders where id > $1 and state in"
        " ('issued', 'accepted', 'suspended', 'returned', 'disputed') order by id limit $2",
        after_id,
        most,
    )
    return [row["id"] for row in rows]


async def finished_in_pause(tx: Tx, order_ids: Iterable[int]) -> dict[int, datetime]:
    """Suspended cases whose lead order is among these and done: the case and when it was done."""
    rows = await tx.fetch(
        "select o.case_id, o.finished_at from orders o join cases c on c.id = o.case_id"
        " where o.id = any($1) and o.role = 'lead' and o.state = 'done'"
        " and c.state = 'suspended' and o.round = c.rounds",
        list(order_ids),
    )
    return {row["case_id"]: row["finished_at"] for row in rows}


async def moot_disputes(tx: Tx, case_ids: Iterable[int]) -> list[int]:
    """Raised disputes of cases whose order is no longer disputed."""
    rows = await tx.fetch(
        "select d.id from disputes d join orders o on o.id = d.order_id"
        " where d.case_id = any($1) and d.state = 'raised' and o.state <> 'disputed' order by d.id",
        list(case_ids),
    )
    return [row["id"] for row in rows]

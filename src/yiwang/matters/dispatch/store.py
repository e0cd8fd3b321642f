"""SQL of dispatch: the orders of cases."""

from __future__ import annotations

from collections.abc import Iterable

from yiwang.kit.db import Row, Tx


async def orders_of(tx: Tx, case_ids: Iterable[int]) -> list[Row]:
    """Every order of some cases, the oldest first; a withdrawn one keeps an upheld reason only."""
    return await tx.fetch(
        "select id, case_id, unit, role, state, round, handler, returned_reason from orders"
        " where case_id = any($1) order by id",
        list(case_ids),
    )

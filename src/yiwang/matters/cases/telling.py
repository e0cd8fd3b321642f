"""Telling reporters what became of their report (Article XIV), in the city's words later on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yiwang.ground.city import City
from yiwang.kit.db import Tx
from yiwang.matters.cases import store


async def tell_filed(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """Every reporter of a filed case learns its number."""
    await _tell(tx, case_ids, "case.filed")


async def tell_end(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """Every reporter of a case that ended learns how and why, honestly: closed is not fixed."""
    await _tell(tx, case_ids, "case.ended")


async def _tell(tx: Tx, case_ids: Sequence[int], code: str) -> None:
    rows = await tx.fetch(
        "select r.id as report_id, c.id as case_id, c.number, c.state, c.reason, c.forced,"
        " c.reopened from cases c join reports r on r.case_id = c.id where c.id = any($1)",
        list(case_ids),
    )
    notices: list[tuple[int, int, str, dict[str, Any]]] = []
    for row in rows:
        facts = {
            "number": row["number"],
            "state": row["state"],
            "reason": row["reason"],
            "forced": row["forced"],
        }
        # A case may end again after it was reopened: that is news again.
        times = f".{row['reopened']}" if row["reopened"] and code == "case.ended" else ""
        notices.append((row["report_id"], row["case_id"], code + times, facts))
    await store.tell(tx, notices)

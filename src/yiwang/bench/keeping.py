"""Whether every acknowledged report is there: once, and with what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database holds of the reports sent under one prefix of keys.

    `lost` were acknowledged and are not there, `doubled` are there more than once.
    """

    stored: int
    lost: int
    doubled: int

    @property
    def errors(self) -> int:
        """Reports that are not there exactly once."""
        return self.lost + self.doubled


def compare(acknowledged: NDArray[np.int64], stored: NDArray[np.int64]) -> Kept:
    """Compare the numbers acknowledged with those stored, one for each row."""
    once = np.unique(stored)
    lost = np.setdiff1d(acknowledged, once)
    return Kept(len(stored), len(lost), len(stored) - len(once))


async def count_kept(
    conn: asyncpg.Connection, prefix: str, acknowledged: NDArray[np.int64]
) -> Kept:
    """Look for the reports whose idempotency keys are `prefix` and a number."""
    rows = await conn.fetch(
        "select substr(idempotency_key, $2)::bigint as n from reports"
        " where starts_with(idempotency_key, $1)",
        prefix,
        len(prefix) + 1,
    )
    return compare(acknowledged, np.array([row["n"] for row in rows], dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the reports sent under one prefix have come.

    `moving` are not yet dispatched and nobody's turn but the platform's; `dispatched` belong to
    a case that a unit has or had; `desk` wait for a person, who decides what no rule could.
    """

    moving: int
    dispatched: int
    desk: int


async def count_standing(conn: asyncpg.Connection, prefix: str) -> Standing:
    """How far the reports whose idempotency keys begin with `prefix` have come."""
    row = await conn.fetchrow(
        """
        select count(*) filter (where r.state = 'queued') as desk,
               count(*) filter (where c.dispatched_at is not null) as dispatched,
               count(*) as total
        from reports r left join cases c on c.id = r.case_id
        where starts_with(r.idempotency_key, $1)
        """,
        prefix,
    )
    moving = row["total"] - row["desk"] - row["dispatched"]
    return Standing(moving, row["dispatched"], row["desk"])

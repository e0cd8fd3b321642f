"""Who has a case open at this moment, and who is writing about it.

A heartbeat says so; 30 s after the last one nobody is there any more. The rows lie in an unlogged
table, so that all processes of the service see the same people.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.cases.lifecycle import CASES

STAYS = timedelta(seconds=30)
BEAT = timedelta(seconds=20)


async def beat(tx: Tx, actor: Actor, case_id: int, *, writing: bool) -> bool:
    """Say that this person has the case open; whether that is news to others there.

    Refuses a case they may not see ("not_found").
    """
    if actor.person is None:
        raise Refusal("gate.person_only")
    await procedure.find(tx, CASES, case_id)
    known = await tx.fetchval(
        "select writing from presences where case_id = $1 and person_id = $2 and seen_at > $3",
        *(case_id, actor.person, tx.now - STAYS),
    )
    await tx.execute(
        "insert into presences as p (case_id, person_id, since, seen_at, writing)"
        " values ($1, $2, $3, $3, $4) on conflict (case_id, person_id) do update set"
        " since = case when p.seen_at > $5 then p.since else excluded.since end,"
        " seen_at = excluded.seen_at, writing = excluded.writing",
        *(case_id, actor.person, tx.now, writing, tx.now - STAYS),
    )
    # Everybody clears away what they left behind, so the table holds a few rows for each person.
    await tx.execute(
        "delete from presences where person_id = $1 and seen_at <= $2",
        *(actor.person, tx.now - STAYS),
    )
    return known is not writing


async def leave(tx: Tx, actor: Actor, case_id: int) -> None:
    """Say that this person has closed the case."""
    if actor.person is None:
        raise Refusal("gate.person_only")
    await tx.execute(
        "delete from presences where case_id = $1 and person_id = $2", case_id, actor.person
    )


async def here(tx: Tx, case_id: int) -> list[dict[str, Any]]:
    """Who has the case open now, the one who came first first."""
    rows = await tx.fetch(
        "select w.person_id, p.name, w.since, w.writing"
        " from presences w join persons p on p.id = w.person_id"
        " where w.case_id = $1 and w.seen_at > $2 order by w.since, w.person_id",
        *(case_id, tx.now - STAYS),
    )
    return [
        {
            "person": row["person_id"],
            "name": row["name"],
            "since": row["since"].isoformat(),
            "writing": row["writing"],
        }
        for row in rows
    ]

"""SQL of the feed: the ledger's events in their final order, with what is known of their cases."""

from __future__ import annotations

from yiwang.kit.db import Row, Tx
from yiwang.matters.feed.model import Key, Occurrence

# Events of transactions below every running one: nothing can come in between any more.
_FINAL = "e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


async def read_after(tx: Tx, key: Key, most: int) -> list[Occurrence]:
    """The next events after `key`, as far as they are final."""
    rows = await tx.fetch(
        f"""
        select e.xid, e.id, e.at, e.actor, e.unit, e.action, e.matter, e.matter_id, e.case_id,
               e.place, e.article, e.before, e.after, c.parties, c.number, c.kind
        from events e left join cases c on c.id = e.case_id
        where (e.xid, e.id) > ($1, $2) and {_FINAL}
        order by e.xid, e.id limit $3
        """,
        *key,
        most,
    )
    return [_read(row) for row in rows]


async def newest(tx: Tx) -> Key:
    """Where the last final event stands; (0, 0) where there is none."""
    row = await tx.fetchrow(
        f"select e.xid, e.id from events e where {_FINAL} order by e.xid desc, e.id desc limit 1"
    )
    return (0, 0) if row is None else (row["xid"], row["id"])


def _read(row: Row) -> Occurrence:
    return Occurrence(
        row["xid"],
        row["id"],
        row["at"],
        row["actor"],
        row["unit"],
        row["action"],
        row["matter"],
        row["matter_id"],
        row["case_id"],
        row["place"],
        row["article"],
        row["before"],
        row["after"],
        tuple(row["parties"] or ()),
        row["number"],
        row["kind"],
    )

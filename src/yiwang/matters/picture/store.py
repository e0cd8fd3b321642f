"""SQL of the picture: open cases with their last step, new steps, past moments.

A snapshot (`pg_current_snapshot`) says which transactions an answer knew. What the next answer
brings is what that snapshot did not: nothing is missed or read twice, whatever is still open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from yiwang.kit.db import Row, Tx
from yiwang.matters.picture.model import Look, Step

_PAGE = 2000
_STEP = """s.case_id, s.event_id, s.xid, extract(epoch from s.at)::double precision as at,
  floor(extract(epoch from s.due))::bigint as due, s.lon, s.lat, s.flags, s.state, s.action,
  s.kind, s.place, s.parties, c.number, floor(extract(epoch from c.reported_at))::bigint as reported
"""
_OPEN = "('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended')"


async def load(tx: Tx) -> AsyncIterator[tuple[str, list[Row]]]:
    """All open cases with their last steps, in pages of rows as `OpenCases.fill` takes them, each
    page with the snapshot that all of them show."""
    cursor = await tx.conn.cursor(
        f"""
        select s.case_id, s.event_id, s.lon, s.lat, s.flags, s.state, s.kind, s.place, s.parties,
               floor(extract(epoch from s.due))::bigint as due, c.number,
               floor(extract(epoch from c.reported_at))::bigint as reported, v.known
        from (select pg_current_snapshot()::text as known) v left join (
          cases c cross join lateral (
            select * from case_steps s where s.case_id = c.id order by s.event_id desc limit 1
          ) s
        ) on c.state in {_OPEN}
        """
    )
    while rows := await cursor.fetch(_PAGE):
        yield rows[0]["known"], [row for row in rows if row["case_id"] is not None]


async def fresh(tx: Tx, known: str, most: int) -> tuple[str, list[Step] | None]:
    """The steps a snapshot did not know and the snapshot that knows them, ordered as they are to
    be taken; no steps where there are more than `most`."""
    rows = await tx.fetch(
        f"""
        select pg_current_snapshot()::text as known, n.*
        from (select 1) as one left join (
          select {_STEP}
          from case_steps s join cases c on c.id = s.case_id
          where s.xid >= pg_snapshot_xmin($1::text::pg_snapshot)::text::bigint
            and not pg_visible_in_snapshot(s.xid::text::xid8, $1::text::pg_snapshot)
          order by s.event_id limit $2
        ) n on true
        """,
        known,
        most + 1,
    )
    if len(rows) > most:
        return rows[0]["known"], None
    return rows[0]["known"], [_read(row) for row in rows if row["case_id"] is not None]


def bounds(known: str) -> tuple[int, int]:
    """Of a snapshot: the transaction below which it knows all, and the one from which on none."""
    least, end, _ = known.split(":")
    return int(least), int(end)


async def at_moment(tx: Tx, moment: datetime, within: str) -> list[Row]:
    """The open cases of a moment, as far as the actor saw them then."""
    return await tx.fetch("select * from cases_at($1, $2::text::ltree)", moment, within)


async def between(tx: Tx, since: datetime, until: datetime, within: str, most: int) -> list[Row]:
    """The steps of a window, as far as the actor saw them."""
    return await tx.fetch(
        "select * from steps_between($1, $2, $3::text::ltree, $4)", since, until, within, most
    )


def _read(row: Row) -> Step:
    look = Look(
        row["case_id"],
        row["number"],
        row["lon"],
        row["lat"],
        row["kind"],
        row["place"],
        row["state"],
        row["flags"],
        row["due"],
        row["reported"],
        tuple(row["parties"]),
    )
    return Step(row["event_id"], row["xid"], row["at"], row["action"], look)

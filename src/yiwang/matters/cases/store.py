"""SQL of cases: nearby open cases, lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from yiwang.kit.db import Row, Tx, columns

# Written as the partial indexes are, so that only open cases are ever looked through.
OPEN_SQL = "('reported', 'verifying', 'filed', 'dispatched', 'checking', 'suspended')"


async def nearby(
    tx: Tx, spots: Sequence[tuple[int, float, float, float]], since: datetime, most: int
) -> list[Row]:
    """Open cases around points: `spots` are (report id, x, y, radius in metres)."""
    if not spots:
        return []
    return await tx.fetch(
        f"""
        select s.report_id, c.id, c.kind, c.title, c.text, c.spot, c.reported_at, c.discovered_at,
               c.number, c.lon, c.lat, c.address
        from unnest($1::bigint[], $2::float8[], $3::float8[], $4::float8[])
             as s(report_id, x, y, radius)
        cross join lateral (
          select * from cases
          where state in {OPEN_SQL}
            and spot <@ box(point(s.x - s.radius, s.y - s.radius),
                            point(s.x + s.radius, s.y + s.radius))
            and reported_at >= $5
          order by reported_at desc limit $6
        ) c
        """,
        *columns(spots),
        since,
        most,
    )


async def named(tx: Tx, numbers: Iterable[str]) -> dict[str, int]:
    """The ids of cases by their numbers; of a merged one, the id of the case it went into."""
    rows = await tx.fetch(
        "select c.number, coalesce(into_it.id, c.id) as id from cases c"
        " left join cases into_it on c.state = 'merged' and into_it.id = c.merged_into"
        " where c.number = any($1)",
        list(numbers),
    )
    return {row["number"]: row["id"] for row in rows}


async def late(tx: Tx, now: datetime, most: int) -> list[int]:
    """Cases whose alarm has come."""
    rows = await tx.fetch(
        "select id from cases where alarm_at is not null and alarm_at <= $1"
        " order by alarm_at, id limit $2",
        now,
        most,
    )
    return [row["id"] for row in rows]


async def reports_of(tx: Tx, case_id: int) -> list[Row]:
    """The reports of a case, the first first."""
    return await tx.fetch(
        "select id, state, source, received_at, title, text, address, lon, lat, synthetic"
        " from reports where case_id = $1 order by received_at, id",
        case_id,
    )


async def tell(tx: Tx, rows: Sequence[tuple[int, int, str, dict[str, Any]]]) -> None:
    """Leave a notice for the reporter of each (report id, case id, code, facts), once."""
    if rows:
        await tx.execute(
            """
            insert into notices (audience, report_id, case_id, code, facts, at)
            select 'reporter', report_id, case_id, code, facts, $5
            from unnest($1::bigint[], $2::bigint[], $3::text[], $4::jsonb[])
                 as n(report_id, case_id, code, facts)
            on conflict do nothing
            """,
            *columns(rows),
            tx.now,
        )

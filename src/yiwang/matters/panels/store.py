"""SQL of tallies: the record's next events, the numbers they add to, and reading these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from yiwang.kit.db import Row, Tx, columns
from yiwang.matters.panels.model import Counts, Fold, Grain, Key, Occurred
from yiwang.matters.panels.rules import merged

_LOCK = 8964325  # one fold at a time
_CURSOR = "tallies"
_FINAL = "e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


async def take_folding(tx: Tx) -> bool:
    """Become the one that folds until the transaction ends; False where somebody else is."""
    return bool(await tx.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK))


async def wait_for_folding(tx: Tx) -> None:
    """Become the one that folds until the transaction ends, after whoever is at it."""
    await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)


async def cursor(tx: Tx) -> tuple[Key, datetime | None]:
    """Where the fold stands, and when it last had seen everything."""
    row = await tx.fetchval("select value from settings where key = $1", _CURSOR)
    if row is None:
        return (0, 0), None
    seen = row["seen"]
    return (row["xid"], row["id"]), datetime.fromisoformat(seen) if seen else None


async def set_cursor(tx: Tx, key: Key, seen: datetime | None) -> None:
    """Remember where the fold stands."""
    value = {"xid": key[0], "id": key[1], "seen": seen.isoformat() if seen else None}
    await tx.execute(
        "insert into settings (key, value) values ($1, $2)"
        " on conflict (key) do update set value = excluded.value",
        _CURSOR,
        value,
    )


async def end_of_batch(tx: Tx, after: Key, most: int) -> tuple[Key, int]:
    """The key of the last of the next final events, `most` at the most, and how many they are."""
    row = await tx.one(
        f"""
        select count(*) as n, (array_agg(xid order by xid desc, id desc))[1] as xid,
               (array_agg(id order by xid desc, id desc))[1] as id
        from (select e.xid, e.id from events e where (e.xid, e.id) > ($1, $2) and {_FINAL}
              order by e.xid, e.id limit $3) x
        """,
        *after,
        most,
    )
    return (row["xid"], row["id"]) if row["n"] else after, row["n"]


async def read_events(tx: Tx, after: Key, last: Key) -> list[Occurred]:
    """The events that count, after `after` up to and including `last`."""
    rows = await tx.fetch(
        """
        select e.at, e.action, e.matter, e.case_id, e.place, e.before, e.after,
               e.facts ->> 'kind' as kind, e.facts ->> 'reason' as reason,
               e.facts ->> 'system' as system, e.facts ->> 'source' as source,
               (e.facts ->> 'satisfied')::boolean as satisfied,
               case when e.matter = 'case' and e.before is not null
                         and (e.action = 'case.relocate' or e.facts ? 'place')
                    then (select p.place from events p where p.case_id = e.case_id
                          and p.matter = 'case' and p.id < e.id order by p.id desc limit 1)
               end as from_place,
               c.discovered_at, c.reported_at, c.filed_at, c.dispatched_at,
               case e.action when 'order.finish' then o.due_handle else o.due_contact end as due,
               coalesce(o.role = 'lead', false) as lead
        from events e
        -- one by one by their keys: a batch touches few, whatever the planner fears
        left join lateral (
          select * from cases where id = e.matter_id and e.matter = 'case' offset 0
        ) c on true
        left join lateral (
          select * from orders
          where id = e.matter_id and e.action in ('order.finish', 'order.contact') offset 0
        ) o on true
        where (e.xid, e.id) > ($1, $2) and (e.xid, e.id) <= ($3, $4)
          and (e.matter = 'case' or e.action in ('order.finish', 'order.contact', 'report.receive',
               'report.file', 'report.attach') or e.facts ? 'satisfied')
        order by e.xid, e.id
        """,
        *after,
        *last,
    )
    return [Occurred(*row) for row in rows]


async def overruns(tx: Tx, cases: Iterable[int]) -> dict[int, str]:
    """Those of the cases that are overrun, with their places."""
    rows = await tx.fetch(
        "select case_id, place from tally_overruns where case_id = any($1)", list(cases)
    )
    return {row["case_id"]: row["place"] for row in rows}


async def add(tx: Tx, before: Mapping[int, str], fold: Fold) -> None:
    """Add a fold to what is stored. Its one writer reads, adds and writes back."""
    keys = [(place, grain.value, since) for place, grain, since in fold.counts]
    rows = await tx.fetch(
        """
        select t.* from unnest($1::text[], $2::text[], $3::timestamptz[]) as k(place, grain, since)
        cross join lateral (
          select place, grain, since, counts from tallies
          where place = k.place::ltree and grain = k.grain and since = k.since offset 0
        ) t
        """,
        *(columns(keys) if keys else [[], [], []]),
    )
    known = {(row["place"], Grain(row["grain"]), row["since"]): row["counts"] for row in rows}
    values = [
        (place, grain.value, since, merged(known.get((place, grain, since), {}), counts))
        for (place, grain, since), counts in fold.counts.items()
    ]
    if values:
        await tx.execute(
            """
            insert into tallies (place, grain, since, counts)
            select place::ltree, grain, since, counts
            from unnest($1::text[], $2::text[], $3::timestamptz[], $4::jsonb[])
                 as v(place, grain, since, counts)
            on conflict (place, grain, since) do update set counts = excluded.counts
            """,
            *columns(values),
        )
    await _keep_overruns(tx, before, fold.overruns)
    await _keep_senders(tx, fold)


async def _keep_overruns(tx: Tx, before: Mapping[int, str], after: Mapping[int, str]) -> None:
    gone = [case_id for case_id in before if case_id not in after]
    fresh = [row for row in after.items() if row[0] not in before]
    if gone:
        await tx.execute("delete from tally_overruns where case_id = any($1)", gone)
    if fresh:
        await tx.execute(
            "insert into tally_overruns (case_id, place)"
            " select case_id, place::ltree from unnest($1::bigint[], $2::text[]) v(case_id, place)",
            *columns(fresh),
        )


async def _keep_senders(tx: Tx, fold: Fold) -> None:
    if fold.senders:
        await tx.execute(
            """
            insert into tally_senders as s (system, source, first_at, last_at, reports)
            select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[],
                                 $5::bigint[])
            on conflict (system) do update
            set source = excluded.source, first_at = least(s.first_at, excluded.first_at),
                last_at = greatest(s.last_at, excluded.last_at),
                reports = s.reports + excluded.reports
            """,
            *columns(
                [
                    (row.system, row.source, row.first_at, row.last_at, row.reports)
                    for row in fold.senders.values()
                ]
            ),
        )


async def forget(tx: Tx, before: datetime) -> None:
    """Forget single hours that began before a moment; their days and months stay."""
    await tx.execute("delete from tallies where grain = 'hour' and since < $1", before)


async def clear(tx: Tx) -> None:
    """Forget everything, to be told anew."""
    for table in ("tallies", "tally_overruns", "tally_senders"):
        await tx.execute(f"delete from {table}")
    await tx.execute("delete from settings where key = $1", _CURSOR)


def _code(path: str) -> str:
    """The code of a place, by which its tallies are looked up."""
    return path.rpartition(".")[2]


async def stocks(
    tx: Tx, places: Sequence[str], relation: str = "tallies"
) -> dict[str, tuple[int, int]]:
    """(open, overrun) of each place now: all that was ever added and taken away, by months."""
    rows = await tx.fetch(
        "select t.place, sum(coalesce((t.counts ->> 'open')::int, 0)) as open,"
        " sum(coalesce((t.counts ->> 'overrun')::int, 0)) as overrun"
        " from unnest($1::text[]) as p(code) cross join lateral"
        f" (select place, counts from {relation} where code = p.code and grain = 'month'"
        " offset 0) t group by t.place",
        [_code(place) for place in places],
    )
    found = {row["place"]: (row["open"], row["overrun"]) for row in rows}
    return dict.fromkeys(places, (0, 0)) | found


async def measure_by(
    tx: Tx, place: str, measure: str, grain: Grain, since: datetime | None, until: datetime
) -> list[tuple[datetime, int]]:
    """One measure of a place, without reading the others."""
    rows = await tx.fetch(
        "select since, coalesce((counts ->> $2)::int, 0) as n from tallies"
        " where code = $1 and grain = $3 and ($4::timestamptz is null or since >= $4)"
        " and since < $5 order by since",
        _code(place),
        measure,
        grain.value,
        since,
        until,
    )
    return [(row["since"], row["n"]) for row in rows]


async def counts(
    tx: Tx,
    place: str,
    grain: Grain,
    since: datetime | None,
    until: datetime,
    relation: str = "tallies",
) -> list[tuple[datetime, Counts]]:
    """The counts of a place from `since` (None: the beginning) until before `until`, in order."""
    rows = await tx.fetch(
        f"select since, counts from {relation} where code = $1 and grain = $2"
        " and ($3::timestamptz is null or since >= $3) and since < $4 order by since",
        _code(place),
        grain.value,
        since,
        until,
    )
    return [(row["since"], row["counts"]) for row in rows]


async def counts_of(
    tx: Tx,
    places: Sequence[str],
    grain: Grain,
    since: datetime,
    until: datetime,
    relation: str = "tallies",
) -> list[tuple[str, datetime, Counts]]:
    """The counts of several places in a span."""
    rows = await tx.fetch(
        "select t.* from unnest($1::text[]) as p(code) cross join lateral"
        f" (select place, since, counts from {relation} where code = p.code"
        " and grain = $2 and since >= $3 and since < $4 offset 0) t",
        [_code(place) for place in places],
        grain.value,
        since,
        until,
    )
    return [(row["place"], row["since"], row["counts"]) for row in rows]


async def measure_of(
    tx: Tx, places: Sequence[str], measure: str, since: datetime, until: datetime
) -> list[tuple[str, datetime, int]]:
    """One measure of several places, by days."""
    rows = await tx.fetch(
        "select t.* from unnest($1::text[]) as p(code) cross join lateral"
        " (select place, since, coalesce((counts ->> $2)::int, 0) as n from tallies"
        " where code = p.code and grain = 'day' and since >= $3 and since < $4"
        " offset 0) t",
        [_code(place) for place in places],
        measure,
        since,
        until,
    )
    return [(row["place"], row["since"], row["n"]) for row in rows]


async def senders(tx: Tx) -> list[Row]:
    """The systems that report, the one heard last first."""
    return await tx.fetch(
        "select system, source, first_at, last_at, reports from tally_senders"
        " order by last_at desc, system limit 200"
    )


async def layouts(tx: Tx, places: Sequence[str]) -> list[Row]:
    """The layouts that centres at these places made."""
    return await tx.fetch(
        "select place, mode, panels, by, at from screen_layouts"
        " where place = any($1::text[]::ltree[])",
        list(places),
    )


async def put_layout(tx: Tx, place: str, mode: str, panels: Any, by: str) -> None:
    """Keep a centre's layout."""
    await tx.execute(
        "insert into screen_layouts (place, mode, panels, by, at)"
        " values ($1::text::ltree, $2, $3, $4, $5) on conflict (place, mode)"
        " do update set panels = excluded.panels, by = excluded.by, at = excluded.at",
        place,
        mode,
        panels,
        by,
        tx.now,
    )


async def drop_layout(tx: Tx, place: str, mode: str) -> bool:
    """Take a centre's layout away; whether there was one."""
    gone = await tx.fetchval(
        "delete from screen_layouts where place = $1::text::ltree and mode = $2 returning true",
        place,
        mode,
    )
    return bool(gone)

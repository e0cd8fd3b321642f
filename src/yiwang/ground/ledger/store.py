"""The ledger's tables: events, tiles, batches and heads. SQL only.

Everything takes the bare connection, since the full check runs outside any actor's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from yiwang.ground.ledger.model import Batch, Event, Head
from yiwang.ground.ledger.tiles import Address
from yiwang.kit.db import Row

Key = tuple[int, int]

BEFORE_ALL: Key = (-1, -1)
_SEALING = 7_203_914_402  # the advisory lock of the one sealer
_DAYS = "timestamptz '0001-01-03 00:00+00'", "timestamptz '9999-12-29 00:00+00'"
# Nobody may stop the reading of the record by one value that Python cannot hold.
_AT = f"least(greatest(at, {_DAYS[0]}), {_DAYS[1]}) as at"
_EVENT = (
    f"id, xid, {_AT}, actor, unit, action, matter, matter_id, case_id, place::text, article, rule,"
    " before, after, facts::text, salt"
)
_BATCH = "first_position, count, first_xid, first_id, last_xid, last_id"
_FINAL = "xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_UNREADABLE: Mapping[str, Any] = {"facts": object()}  # no JSON value: it is refused when hashed


def _read_facts(text: str) -> Mapping[str, Any]:
    try:
        facts = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return _UNREADABLE
    return facts if isinstance(facts, dict) else _UNREADABLE


def _read_event(row: Row) -> Event:
    make: Callable[..., Event] = Event  # the columns come in the order of its fields
    *plain, facts, salt = row
    return make(*plain, _read_facts(facts), salt)


def _read_head(row: Row, origin: str) -> Head:
    return Head(origin, row["size"], row["root"], row["at"], row["key_id"], row["signature"])


async def take_sealing(conn: asyncpg.Connection) -> bool:
    """Become the one sealer until the transaction ends; False where another is."""
    return bool(await conn.fetchval("select pg_try_advisory_xact_lock($1)", _SEALING))


async def next_xid(conn: asyncpg.Connection) -> int:
    """The transaction that the database starts next."""
    return int(await conn.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))


async def sees_all(conn: asyncpg.Connection) -> bool:
    """Whether this role sees every event, whoever asks."""
    return bool(
        await conn.fetchval(
            "select not row_security_active('events')"
            " or pg_has_role(current_user, 'yiwang_worker', 'member')"
        )
    )


async def read_final(conn: asyncpg.Connection, after: Key, most: int) -> list[Event]:
    """Events after `after` that no running transaction can still come before, in their order."""
    rows = await conn.fetch(
        f"select {_EVENT} from events where (xid, id) > ($1, $2) and {_FINAL}"
        " order by xid, id limit $3",
        *after,
        most,
    )
    return [_read_event(row) for row in rows]


async def read_between(conn: asyncpg.Connection, after: Key, last: Key, most: int) -> list[Event]:
    """Events after `after` up to `last`, in their order."""
    rows = await conn.fetch(
        f"select {_EVENT} from events where (xid, id) > ($1, $2) and (xid, id) <= ($3, $4)"
        " order by xid, id limit $5",
        *after,
        *last,
        most,
    )
    return [_read_event(row) for row in rows]


async def read_case(conn: asyncpg.Connection, case_id: int) -> list[Event]:
    """The events of a case that the actor sees, in their order."""
    rows = await conn.fetch(
        f"select {_EVENT} from events where case_id = $1 order by xid, id", case_id
    )
    return [_read_event(row) for row in rows]


async def read_matter(conn: asyncpg.Connection, matter: str, number: int, most: int) -> list[Event]:
    """The events of a matter outside any case that the actor sees, the newest first."""
    rows = await conn.fetch(
        f"select {_EVENT} from events where matter = $1 and matter_id = $2 and case_id is null"
        " order by id desc limit $3",
        *(matter, number, most),
    )
    return [_read_event(row) for row in rows]


async def read_event(conn: asyncpg.Connection, event_id: int) -> Event | None:
    """One event, or None where the actor sees none."""
    row = await conn.fetchrow(f"select {_EVENT} from events where id = $1", event_id)
    return None if row is None else _read_event(row)


async def count_waiting(
    conn: asyncpg.Connection, after: Key, now: datetime, patience: timedelta
) -> tuple[int, int]:
    """How many events stand after `after`, and how many of them could long have been sealed.

    An event counts as late when it is final, was made more than `patience` before `now`, and
    nothing at all was sealed since then: one recorded under a past time is not late at once.
    """
    row = await conn.fetchrow(
        f"select count(*) as waiting, count(*) filter (where {_FINAL} and at < $3 and"
        " coalesce((select at from ledger_heads order by size desc limit 1) < $3, true)) as late"
        " from events where (xid, id) > ($1, $2)",
        *after,
        now - patience,
    )
    return row["waiting"], row["late"]


async def last_batch(conn: asyncpg.Connection) -> Batch | None:
    """The newest batch."""
    row = await conn.fetchrow(
        f"select {_BATCH} from ledger_batches order by first_position desc limit 1"
    )
    return None if row is None else Batch(*row)


async def read_batches(conn: asyncpg.Connection, after: int, most: int) -> list[Batch]:
    """Batches that begin after the position `after`, in their order."""
    rows = await conn.fetch(
        f"select {_BATCH} from ledger_batches where first_position > $1"
        " order by first_position limit $2",
        after,
        most,
    )
    return [Batch(*row) for row in rows]


async def find_batches(conn: asyncpg.Connection, keys: Sequence[Key]) -> dict[Key, Batch]:
    """For each key the batch that it belongs to by the batches' last keys, where there is one."""
    rows = await conn.fetch(
        f"select e.xid, e.id, {_BATCH} from unnest($1::bigint[], $2::bigint[]) as e(xid, id)"
        " cross join lateral (select * from ledger_batches b"
        " where (b.last_xid, b.last_id) >= (e.xid, e.id)"
        " order by b.last_xid, b.last_id limit 1) b",
        [xid for xid, _ in keys],
        [id_ for _, id_ in keys],
    )
    return {(xid, id_): Batch(*batch) for xid, id_, *batch in rows}


async def insert_batch(conn: asyncpg.Connection, batch: Batch) -> None:
    """Add a batch; one position begins one batch only."""
    await conn.execute(
        f"insert into ledger_batches ({_BATCH}) values ($1, $2, $3, $4, $5, $6)",
        batch.first_position,
        batch.count,
        *batch.first,
        *batch.last,
    )


async def read_tiles(
    conn: asyncpg.Connection, addresses: Iterable[Address]
) -> dict[Address, bytes]:
    """The tiles that are there of those asked for."""
    wanted = sorted(addresses)
    if not wanted:
        return {}
    rows = await conn.fetch(
        "select t.level, t.number, t.hashes from ledger_tiles t"
        " join unnest($1::integer[], $2::bigint[]) as w(level, number) using (level, number)",
        [address.level for address in wanted],
        [address.number for address in wanted],
    )
    return {Address(level, number): hashes for level, number, hashes in rows}


async def write_tiles(conn: asyncpg.Connection, tiles: Mapping[Address, bytes]) -> None:
    """Write tiles: new ones, and the grown ones at the tree's edge."""
    await conn.execute(
        "insert into ledger_tiles (level, number, hashes)"
        " select * from unnest($1::integer[], $2::bigint[], $3::bytea[])"
        " on conflict (level, number) do update set hashes = excluded.hashes",
        [address.level for address in tiles],
        [address.number for address in tiles],
        list(tiles.values()),
    )


async def last_head(conn: asyncpg.Connection, origin: str) -> Head | None:
    """The newest signed head."""
    row = await conn.fetchrow(
        f"select size, root, {_AT}, key_id, signature from ledger_heads order by size desc limit 1"
    )
    return None if row is None else _read_head(row, origin)


async def read_heads(
    conn: asyncpg.Connection, origin: str, after: int, upto: int | None
) -> list[Head]:
    """Heads over more than `after` events and, where given, not over more than `upto`."""
    rows = await conn.fetch(
        f"select size, root, {_AT}, key_id, signature from ledger_heads"
        " where size > $1 and ($2::bigint is null or size <= $2) order by size",
        after,
        upto,
    )
    return [_read_head(row, origin) for row in rows]


async def insert_head(conn: asyncpg.Connection, head: Head) -> None:
    """Add a signed head; one size is signed once."""
    await conn.execute(
        "insert into ledger_heads (size, root, at, key_id, signature) values ($1, $2, $3, $4, $5)",
        head.size,
        head.root,
        head.at,
        head.key_id,
        head.signature,
    )

"""SQL of exports: jobs of the sort "export"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from yiwang.kit.db import Row, Scope, Tx
from yiwang.matters.exports.model import OPEN, Export, State, Wish

_COLUMNS = (
    "id, state, actor, person_id, params, done, total, result, error, created_at, finished_at"
)


def _read(row: Row) -> Export:
    params, result = row["params"], row["result"]
    return Export(
        id=row["id"],
        state=State(row["state"]),
        actor=row["actor"],
        person=row["person_id"],
        wish=Wish(
            params["list"],
            params["filters"],
            params["sort"],
            params["format"],
            params["language"],
        ),
        scope=params["scope"],
        file=params["file"],
        done=row["done"],
        total=row["total"],
        cursor=result.get("cursor"),
        size=result.get("size", 0),
        read=result.get("read", False),
        error=row["error"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )


def scope_of(export: Export) -> Scope:
    """The scope of whoever asked, as it was stored."""
    kept = export.scope
    return Scope(
        export.actor, tuple(kept["places"]), tuple(kept["units"]), export.person, kept["persons"]
    )


async def add(tx: Tx, wish: Wish, file: str) -> Export:
    """A new export of the transaction's actor."""
    scope = tx.scope
    params = {
        "list": wish.list,
        "filters": dict(wish.filters),
        "sort": wish.sort,
        "format": wish.format,
        "language": wish.language,
        "file": file,
        "scope": {
            "places": list(scope.places),
            "units": list(scope.units),
            "persons": scope.persons,
        },
    }
    row = await tx.fetchrow(
        "insert into jobs (sort, state, person_id, actor, params, created_at)"
        f" values ('export', 'waiting', $1, $2, $3, $4) returning {_COLUMNS}",
        scope.person,
        scope.actor,
        params,
        tx.now,
    )
    assert row is not None
    return _read(row)


async def find(tx: Tx, export_id: int) -> Export | None:
    """One export, as far as the actor may see it."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from jobs where id = $1 and sort = 'export'", export_id
    )
    return None if row is None else _read(row)


async def latest(tx: Tx, most: int) -> list[Export]:
    """The newest exports the actor may see."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from jobs where sort = 'export' order by id desc limit $1", most
    )
    return [_read(row) for row in rows]


async def count_open(tx: Tx) -> int:
    """How many exports the actor may see are not finished."""
    return int(
        await tx.fetchval(
            "select count(*) from jobs where sort = 'export' and state = any($1)", list(OPEN)
        )
    )


async def stop(tx: Tx, export_id: int) -> None:
    """The export ends here, whatever it was."""
    await tx.execute(
        "update jobs set state = 'stopped', version = version + 1,"
        " finished_at = coalesce(finished_at, $2) where id = $1",
        export_id,
        tx.now,
    )


async def next_open(tx: Tx) -> Export | None:
    """The export with the fewest rows written, so that small ones do not wait for large ones."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from jobs where sort = 'export' and state in ('waiting', 'running')"
        " order by done, id limit 1"
    )
    return None if row is None else _read(row)


async def hold(tx: Tx, export_id: int) -> Export | None:
    """An unfinished export, held; None where it ended or another worker holds it."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from jobs where id = $1 and state in ('waiting', 'running')"
        " for update skip locked",
        export_id,
    )
    return None if row is None else _read(row)


async def is_welcome(tx: Tx, export: Export, now: datetime) -> bool:
    """Whether whoever asked still has an account or a key that works."""
    if export.person is not None:
        found = await tx.fetchval("select active from persons where id = $1", export.person)
        return bool(found)
    found = await tx.fetchval(
        "select revoked_at is null and (expires_at is null or expires_at > $2)"
        " from api_keys where 'key:' || id = $1",
        export.actor,
        now,
    )
    return bool(found)


async def set_total(tx: Tx, export_id: int, total: int) -> None:
    """How many rows there will be."""
    await tx.execute(
        "update jobs set total = $2, version = version + 1"
        " where id = $1 and state in ('waiting', 'running')",
        export_id,
        total,
    )


async def advance(
    tx: Tx, export: Export, rows: int, cursor: str | None, size: int, *, read: bool
) -> None:
    """A chunk is written: where the next one goes on."""
    await tx.execute(
        "update jobs set state = 'running', done = done + $2, result = $3, version = version + 1"
        " where id = $1",
        export.id,
        rows,
        {"cursor": cursor, "size": size, "read": read},
    )


async def finish(
    tx: Tx, export_id: int, state: State, size: int = 0, error: str | None = None
) -> bool:
    """The export ended like this; False where it was stopped before."""
    result: dict[str, Any] = {"size": size, "read": state is State.DONE}
    done = await tx.fetchval(
        "update jobs set state = $2, result = $3, error = $4, finished_at = $5,"
        " version = version + 1 where id = $1 and state in ('waiting', 'running') returning id",
        export_id,
        state.value,
        result,
        error,
        tx.now,
    )
    return done is not None


async def expire(tx: Tx, before: datetime, most: int) -> list[int]:
    """Finished exports from before a moment, which end now; their ids."""
    rows = await tx.fetch(
        "update jobs set state = 'expired', version = version + 1 where id in"
        " (select id from jobs where sort = 'export' and state = 'done' and finished_at < $1"
        " order by id limit $2 for update skip locked) returning id",
        before,
        most,
    )
    return [row["id"] for row in rows]

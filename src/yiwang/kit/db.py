"""PostgreSQL: a pool, and transactions that say for whom they run.

Every transaction names its :class:`Scope`; the database's row-level security reads it. A
transaction that names nobody sees nothing. Only the edge (route, worker, command) calls
:meth:`Database.begin`; services get the open :class:`Tx`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

import asyncpg
import msgspec

from yiwang.kit.numbering import Numbers
from yiwang.kit.scope import Scope

__all__ = ["Database", "Row", "Scope", "Tx", "columns", "prepare_connection", "scope_sql"]

Row: TypeAlias = Any  # asyncpg.Record: a row that is read by column name

_JSON = msgspec.json.Encoder()


@dataclass(slots=True)
class Tx:
    """An open transaction: the connection, for whom it runs, its moment and its subscriptions.

    `now` is the one moment of everything that happens in it. `routing` maps an event's action to
    the reactions it starts. `numbers` gives numbers that outlive it, used or not. Under a simulated
    clock things happen at the moment of what started them, see :meth:`moment`.
    """

    conn: asyncpg.Connection
    scope: Scope
    now: datetime
    numbers: Numbers
    routing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    simulated: bool = False

    def moment(self, started: datetime | None) -> datetime:
        """When a reaction happens: now; under a simulated clock, when it was started."""
        return started if self.simulated and started is not None else self.now

    async def fetch(self, sql: str, *args: Any) -> list[Row]:
        """All rows of a query."""
        return await self.conn.fetch(sql, *args)  # type: ignore[no-any-return]

    async def fetchrow(self, sql: str, *args: Any) -> Row | None:
        """The first row of a query, or None."""
        return await self.conn.fetchrow(sql, *args)

    async def one(self, sql: str, *args: Any) -> Row:
        """The row of a query that always has one; LookupError where it has none."""
        row = await self.conn.fetchrow(sql, *args)
        if row is None:
            raise LookupError("the query gave no row")
        return row

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        return await self.conn.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run a statement; the answer is PostgreSQL's status word."""
        return await self.conn.execute(sql, *args)  # type: ignore[no-any-return]

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Whatever fails inside is undone; the transaction itself goes on."""
        await self.conn.execute("SAVEPOINT inner_step")
        try:
            yield
        except BaseException:
            if not self.conn.is_closed():
                await self.conn.execute("ROLLBACK TO SAVEPOINT inner_step")
            raise
        await self.conn.execute("RELEASE SAVEPOINT inner_step")


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A pooled connection that needs no reset: scopes are set for one transaction only."""

    def get_reset_query(self) -> str:
        return ""


class _ReadingConnection(_Connection):
    """A pooled connection that only reads; it remembers for whom it reads until it is told anew."""

    _reads_for: Scope | None = None

    async def read_for(self, scope: Scope) -> None:
        """Make this the scope of the statements to come."""
        if self._reads_for != scope:
            self._reads_for = None  # where telling it fails halfway, it is told again
            await self.execute(scope_sql(scope, local=False))
            self._reads_for = scope


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _array(values: Iterable[str]) -> str:
    inner = ",".join('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
    return "{" + inner + "}"


@lru_cache(maxsize=4096)
def scope_sql(scope: Scope, *, local: bool = True) -> str:
    """The statements that tell the database the scope, for the transaction or for good.

    SET is not planned, as a SELECT of set_config would be: it begins every transaction.
    """
    rows = (
        ("yiwang.actor", scope.actor),
        ("yiwang.person", "" if scope.person is None else str(scope.person)),
        ("yiwang.places", _array(scope.places)),
        ("yiwang.units", _array(scope.units)),
        ("yiwang.persons", "on" if scope.persons else ""),
    )
    extent = "LOCAL" if local else "SESSION"
    return "; ".join(f"SET {extent} {name} = {_literal(value)}" for name, value in rows)


async def prepare_connection(conn: asyncpg.Connection) -> None:
    """Teach a connection the types Yiwang uses: JSON as values, ltree as text."""
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + _JSON.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
        format="binary",
    )
    await conn.set_type_codec("ltree", schema="public", encoder=str, decoder=str, format="text")


async def _is_direct(pool: asyncpg.Pool) -> bool:
    """Whether a connection has a server process of its own. Behind a pooler that hands processes
    out by the transaction it has not, and what it was told may hold for somebody else."""
    async with pool.acquire() as conn:
        return bool(await conn.fetchval("select pg_backend_pid()") == conn.get_server_pid())


class Database:
    """A pool of connections under one role."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        reading: asyncpg.Pool | None,
        numbers: Numbers,
        routing: Mapping[str, tuple[str, ...]] | None = None,
        *,
        simulated: bool = False,
    ) -> None:
        self._pool = pool
        self._reading = reading
        self._numbers = numbers
        self.routing: Mapping[str, tuple[str, ...]] = routing or {}
        self.simulated = simulated

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        size: int = 8,
        routing: Mapping[str, tuple[str, ...]] | None = None,
        name: str = "yiwang",
        simulated: bool = False,
    ) -> Database:
        """Connect; `size` is the number of connections that write, and of those that only read."""
        settings = {"application_name": name, "timezone": "UTC"}

        def make_pool(least: int, kind: type[_Connection], further: Mapping[str, str]) -> Any:
            return asyncpg.create_pool(
                dsn,
                min_size=least,
                max_size=size,
                connection_class=kind,
                init=prepare_connection,
                server_settings={**settings, **further},
                max_inactive_connection_lifetime=0,
            )

        pool = await make_pool(1, _Connection, {})
        reading = None
        if await _is_direct(pool):
            only = {"default_transaction_read_only": "on"}
            reading = await make_pool(0, _ReadingConnection, only)
        numbers = Numbers(lambda: asyncpg.connect(dsn, server_settings=settings))
        return cls(pool, reading, numbers, routing, simulated=simulated)

    async def close(self) -> None:
        """Give all connections back."""
        await self._numbers.close()
        if self._reading is not None:
            await self._reading.close()
        await self._pool.close()

    @asynccontextmanager
    async def begin(self, scope: Scope, now: datetime) -> AsyncIterator[Tx]:
        """A transaction for `scope` at the moment `now`; committed unless an error leaves it."""
        async with self._pool.acquire() as conn:
            await conn.execute("BEGIN; " + scope_sql(scope))
            try:
                yield Tx(conn, scope, now, self._numbers, self.routing, self.simulated)
            except BaseException:
                if not conn.is_closed():
                    await conn.execute("ROLLBACK")
                raise
            await conn.execute("COMMIT")

    @asynccontextmanager
    async def look(self, scope: Scope, now: datetime) -> AsyncIterator[Tx]:
        """Reading for `scope`, each statement for itself: no statement before or after the one that
        reads, where a list or a page needs only one. The database refuses to write here."""
        if self._reading is None:
            async with self.begin(scope, now) as tx:
                yield tx
            return
        async with self._reading.acquire() as conn:
            await conn.read_for(scope)
            yield Tx(conn, scope, now, self._numbers, self.routing, self.simulated)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A bare connection, for work that is its own transaction (COPY, LISTEN, intake)."""
        async with self._pool.acquire() as conn:
            yield conn


def columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows turned into columns, for `unnest($1, $2, ...)`."""
    return [list(column) for column in zip(*rows, strict=True)]

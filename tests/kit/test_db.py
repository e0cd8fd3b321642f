"""Transactions and readings say for whom they run; nothing of one is left to the next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from yiwang.kit.db import Database, Scope

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WHO = "select actor_name() as name, actor_places()::text[] as places, actor_units() as units"
ONE = Scope("one", places=("310000",), units=("a, \"b'",))
OTHER = Scope("other", units=("c",), person=7, persons=True)


@pytest.fixture
async def database(service_url: str) -> AsyncIterator[Database]:
    """One connection of each sort, so that everybody gets the one that another had."""
    found = await Database.open(service_url, size=1)
    yield found
    await found.close()


async def test_a_reading_is_for_whom_it_says(database: Database) -> None:
    for scope in (ONE, OTHER, ONE, ONE):
        async with database.look(scope, NOW) as tx:
            row = await tx.one(WHO)
            assert tx.scope == scope
        assert (row["name"], row["units"]) == (scope.actor, list(scope.units))
        assert row["places"] == list(scope.places)


async def test_a_reading_leaves_nothing_to_a_transaction(database: Database) -> None:
    async with database.look(ONE, NOW) as tx:
        assert await tx.fetchval("select actor_name()") == "one"
    async with database.connection() as conn:
        assert await conn.fetchval("select actor_name()") is None
    async with database.begin(OTHER, NOW) as tx:
        assert await tx.fetchval("select actor_name()") == "other"
    async with database.connection() as conn:
        assert await conn.fetchval("select actor_name()") is None


async def test_a_reading_cannot_write(database: Database) -> None:
    async with database.look(ONE, NOW) as tx:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await tx.execute("insert into settings (key, value) values ('a', '1')")
        assert await tx.fetchval("select actor_name()") == "one"


async def test_where_it_could_not_be_told_it_is_told_again(database: Database) -> None:
    async with database.look(ONE, NOW) as tx:
        pass
    with pytest.raises(asyncpg.PostgresError):
        async with database.look(Scope("one", places=("bad \0 byte",)), NOW):
            raise AssertionError("a scope that cannot be told was taken")
    async with database.look(ONE, NOW) as tx:
        assert await tx.fetchval("select actor_name()") == "one"


async def test_behind_a_pooler_a_reading_is_a_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch, service_url: str
) -> None:
    monkeypatch.setattr(asyncpg.Connection, "get_server_pid", lambda _: -1)
    behind = await Database.open(service_url, size=1)
    try:
        async with behind.look(ONE, NOW) as tx:
            assert await tx.fetchval("select actor_name()") == "one"
            assert await tx.fetchval("select pg_current_xact_id_if_assigned()::text") is None
            await tx.execute("set local yiwang.actor = 'inside'")  # holds in transactions only
            assert await tx.fetchval("select actor_name()") == "inside"
        async with behind.connection() as conn:
            assert await conn.fetchval("select actor_name()") is None
    finally:
        await behind.close()

"""The second wall: the database itself, asked with the service's own role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from tests.system.living import OTHER_DISTRICT, Living, Someone
from yiwang.kit.db import Scope, Tx
from yiwang.matters.desk.service import PROCEDURES

# What holds nobody's matters: the city's own pack, hashes of the record, the order of work.
OPEN = {
    *("settings", "pack_items", "ledger_tiles", "ledger_batches", "ledger_heads"),
    *("todos", "counters"),
}
MATTERS = {each.relation: sort for sort, each in PROCEDURES.items()}
# Staff are known to each other by name; what opens their accounts is not.
STAFF = {"persons", "appointments"}


@asynccontextmanager
async def _as(town: Living, scope: Scope) -> AsyncIterator[Tx]:
    async with town.world.service.begin(scope, datetime.now(UTC)) as tx:
        yield tx


async def _tables(town: Living) -> list[str]:
    rows = await town.world.rows(
        "select tablename from pg_tables where schemaname = 'public' order by 1"
    )
    return [row["tablename"] for row in rows]


async def _read(tx: Tx, table: str) -> list[Any] | None:
    """All rows of a table as far as they are seen; None where it may not be read at all."""
    try:
        async with tx.savepoint():
            return await tx.fetch(f'select * from "{table}"')
    except asyncpg.InsufficientPrivilegeError:
        return None


async def test_every_table_is_behind_the_wall_or_holds_nobodys_matters(town: Living) -> None:
    rows = await town.world.rows(
        "select relname, relrowsecurity from pg_class"
        " where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
    )
    bare = {row["relname"] for row in rows if not row["relrowsecurity"]}
    async with _as(town, Scope("anybody")) as tx:
        readable = {name for name in bare if await _read(tx, name) is not None}
    assert readable <= OPEN


async def test_without_an_actor_nothing_is_seen(town: Living) -> None:
    async with _as(town, Scope("")) as tx:
        for table in await _tables(town):
            if table not in OPEN:
                assert not await _read(tx, table), table


async def test_the_public_sees_nothing_of_anybodys(town: Living) -> None:
    async with _as(town, Scope("public")) as tx:
        for table in await _tables(town):
            if table not in OPEN | STAFF:
                assert not await _read(tx, table), table


async def test_every_actor_sees_only_their_own(town: Living) -> None:
    """Each actor's scope, select from every table: only rows in scope, and all of them."""
    tables = await _tables(town)
    reports = {row.id: row for row in town.things["report"]}
    cases = {row.id: row for row in town.things["case"]}
    foreign = 0
    for who in town.people.values():
        async with _as(town, who.actor.scope) as tx:
            seen = {table: await _read(tx, table) for table in tables if table not in OPEN}
        for relation, sort in MATTERS.items():
            mine = {t.id for t in town.things[sort] if who.sees(t.place, t.parties)}
            assert {row["id"] for row in seen[relation] or ()} == mine, (who.name, relation)
            foreign += len(town.things[sort]) - len(mine)
        told = {row["report_id"] for row in seen["reporters"] or ()}
        allowed = {i for i, t in reports.items() if who.sees(t.place, t.parties)}
        assert told == (allowed if who.actor.scope.persons else set()), who.name
        for row in seen["events"] or ():
            case = cases.get(row["case_id"]) if row["case_id"] else None
            assert who.sees(row["place"], [row["unit"] or ""]) or (
                case is not None and who.sees(case.place, case.parties)
            ), (who.name, row)
        for row in seen["case_steps"] or ():
            assert who.sees(row["place"], row["parties"]), (who.name, row)
        photos = {row["id"] for row in seen["attachments"] or ()}
        assert photos == ({town.photo} if town.sees_photo(who) else set()), who.name
        for row in seen["notices"] or ():
            assert (
                row["unit"] in who.actor.scope.units
                or row["person_id"] == who.actor.person
                or row["report_id"] in allowed
            ), (who.name, row)
        for table in ("credentials", "sessions", "jobs"):
            for row in seen[table] or ():
                assert row["person_id"] == who.actor.person, (who.name, table)
        assert not seen["api_keys"], who.name
        assert not seen["webhooks"], who.name
    assert foreign > 1000


def _a_dispatcher(town: Living) -> Someone:
    return town.people[f"{OTHER_DISTRICT}_centre.dispatcher"]


async def test_a_search_finds_only_ones_own(town: Living) -> None:
    """The search runs with its owner's rights and must ask for itself whose the cases are."""
    who = _a_dispatcher(town)
    mine = {t.id for t in town.things["case"] if who.sees(t.place, t.parties)}
    async with _as(town, who.actor.scope) as tx:
        for wanted in ("暗号", "暗号1", "大坑", *(t.secrets[1] for t in town.foreign(who, "case"))):
            rows = await tx.fetch("select * from search_cases($1, 200)", wanted)
            assert {row[0] for row in rows} <= mine, wanted
        rows = await tx.fetch("select * from search_cases('大坑', 200)")
    assert rows
    async with _as(town, Scope("")) as tx:
        assert not await tx.fetch("select * from search_cases('大坑', 200)")


async def test_a_stranger_changes_nothing(town: Living) -> None:
    """Written without asking: rows out of scope are not there to be changed."""
    who = _a_dispatcher(town)
    async with _as(town, who.actor.scope) as tx:
        for relation, sort in MATTERS.items():
            ids = [row.id for row in town.foreign(who, sort)]
            assert ids
            done = await tx.execute(f"update {relation} set state = state where id = any($1)", ids)
            assert done == "UPDATE 0", relation
            mine = [t.id for t in town.things[sort] if who.sees(t.place, t.parties)]
            done = await tx.execute(f"update {relation} set state = state where id = any($1)", mine)
            assert done == f"UPDATE {len(mine)}", relation


_FORBIDDEN = (
    "update events set actor = 'somebody else'",
    "delete from events",
    "truncate events",
    "update events set at = at where false",
    "insert into events (id, at, actor, action, matter, matter_id, place, article, rule, facts)"
    " overriding system value values (1, now(), 'x', 'x', 'x', 1, 'x', 'V', 'x', '{}')",
    "insert into events (xid, at, actor, action, matter, matter_id, place, article, rule, facts)"
    " values (1, now(), 'x', 'x', 'x', 1, 'x', 'V', 'x', '{}')",
    "delete from cases",
    "update case_steps set state = 'closed'",
    "delete from case_steps",
    "insert into case_steps (case_id, event_id, xid, at, flags, state, action, kind, place,"
    " parties) values (1, 1, 1, now(), 0, 'filed', 'x', 'x', 'x', '{}')",
    "delete from reports",
    "delete from credentials",
    "alter table cases disable row level security",
    "alter table cases no force row level security",
    "drop policy seen on cases",
    "create policy mine on cases using (true)",
    "alter table events add column note text",
    "drop table events",
    "create or replace function actor_places() returns ltree[] language sql"
    " as $$ select '{}'::ltree[] $$",
    "set role pg_read_all_data",
    "set session_replication_role = replica",
    "alter role current_user bypassrls",
    "update ledger_heads set size = 0",
    "delete from ledger_tiles",
    "delete from ledger_batches",
)
_OF_THE_SERVICE = (
    *("set role yiwang_worker", "update todos set parked = true", "delete from todos"),
    *("insert into ledger_heads values (1, '', now(), '', '')", "update pack_items set key = 'x'"),
)


@pytest.mark.parametrize("statement", [*_FORBIDDEN, *_OF_THE_SERVICE])
async def test_the_service_role_may_not(town: Living, statement: str) -> None:
    async with town.world.service.connection() as conn:
        await _must_fail(conn, statement)


@pytest.mark.parametrize("statement", _FORBIDDEN)
async def test_the_worker_role_may_not(town: Living, statement: str) -> None:
    async with town.world.worker.connection() as conn:
        await _must_fail(conn, statement)


async def _must_fail(conn: Any, statement: str) -> None:
    outer = conn.transaction()
    await outer.start()
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
    finally:
        await outer.rollback()


async def test_credentials_are_their_owners(town: Living) -> None:
    """The service's role reads no password hash but the one of whoever asks."""
    number = town.people["310000_centre.sysadmin"].number
    async with town.world.as_worker() as tx:
        await tx.execute(
            "insert into credentials (person_id, password_hash, changed_at) values ($1, 'x', $2)",
            number,
            datetime.now(UTC),
        )
    for who in town.people.values():
        async with _as(town, who.actor.scope) as tx:
            rows = await tx.fetch("select person_id from credentials")
        assert [row["person_id"] for row in rows] == ([number] if who.number == number else [])

"""Signing in on a real database: locks, second factor, replay, time-outs, the record."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from tests.identity.conftest import DISPATCHER, Lobby

from yiwang.ground.identity import passwords, sessions
from yiwang.ground.identity.model import Attempt, SignedIn
from yiwang.kit.db import Scope, Tx
from yiwang.kit.errors import Refusal


async def refused(lobby: Lobby, attempt: Attempt) -> Refusal:
    with pytest.raises(Refusal) as found:
        await lobby.gate.sign_in(attempt)
    return found.value


async def test_a_session_opens_and_only_its_hash_is_stored(lobby: Lobby, owner_url: str) -> None:
    await lobby.hire("li.na", DISPATCHER)
    done = await lobby.sign_in("LI.NA".lower())
    conn = await asyncpg.connect(owner_url)
    rows = [str(dict(row)) for row in await conn.fetch("select * from sessions")]
    assert len(rows) == 1
    assert done.token not in rows[0]
    stored = str([dict(row) for row in await conn.fetch("select * from credentials")])
    assert lobby.issued["li.na"].password not in stored
    events = await conn.fetch("select actor, action, facts::text as f from events order by id")
    assert [row["action"] for row in events] == [
        "person.create",
        "person.appoint",
        "person.sign_in",
    ]
    assert events[-1]["actor"] == f"person:{done.person.id}"
    assert done.token not in str([row["f"] for row in events])
    await conn.close()


async def test_every_refusal_says_the_same(lobby: Lobby) -> None:
    await lobby.hire("li.na", DISPATCHER, second_factor=True)
    await lobby.hire("locked")
    for _ in range(5):
        await refused(lobby, lobby.attempt("locked", password="wrong"))
    answers = {
        str(await refused(lobby, attempt))
        for attempt in (
            lobby.attempt("li.na", login="nobody"),
            lobby.attempt("li.na", login="not a login at all"),
            lobby.attempt("li.na", password="wrong"),
            lobby.attempt("li.na", code=""),
            lobby.attempt("li.na", code="000000"),
            lobby.attempt("locked"),
        )
    }
    assert len(answers) == 1
    assert answers.pop().startswith("identity.sign_in_failed")


async def test_five_failures_lock_and_the_lock_ends_and_doubles(lobby: Lobby) -> None:
    await lobby.hire("li.na")
    wrong = lobby.attempt("li.na", password="wrong")
    for _ in range(4):
        await refused(lobby, wrong)
    await lobby.sign_in("li.na")  # a success starts the count again
    for _ in range(5):
        await refused(lobby, wrong)
    await refused(lobby, lobby.attempt("li.na"))
    lobby.pass_time(minutes=14, seconds=59)
    await refused(lobby, lobby.attempt("li.na"))
    lobby.pass_time(seconds=1)
    for _ in range(5):
        await refused(lobby, wrong)
    lobby.pass_time(minutes=29)
    await refused(lobby, lobby.attempt("li.na"))
    lobby.pass_time(minutes=1)
    await lobby.sign_in("li.na")


async def test_failures_at_once_are_all_counted(lobby: Lobby, owner_url: str) -> None:
    issued = await lobby.hire("li.na")
    wrong = lobby.attempt("li.na", password="wrong")
    await asyncio.gather(*(refused(lobby, wrong) for _ in range(4)))
    conn = await asyncpg.connect(owner_url)
    failed = await conn.fetchval(
        "select failed from credentials where person_id = $1", issued.person.id
    )
    noted = await conn.fetchval(
        "select count(*) from events where action = 'person.sign_in_failed'"
    )
    await conn.close()
    assert (failed, noted) == (4, 4)


async def test_the_second_factor_is_needed_and_good_once(lobby: Lobby) -> None:
    await lobby.hire("li.na", DISPATCHER, second_factor=True)
    right = lobby.attempt("li.na")
    await refused(lobby, lobby.attempt("li.na", code=""))
    await lobby.gate.sign_in(right)
    await refused(lobby, right)
    lobby.pass_time(seconds=30)
    await lobby.sign_in("li.na")


async def test_one_code_opens_one_session_even_at_once(lobby: Lobby) -> None:
    await lobby.hire("li.na", second_factor=True)
    right = lobby.attempt("li.na")
    found = await asyncio.gather(
        *(lobby.gate.sign_in(right) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(row, SignedIn) for row in found) == 1
    assert sum(isinstance(row, Refusal) for row in found) == 2


async def test_a_session_ends_by_idleness_and_by_age(lobby: Lobby) -> None:
    await lobby.hire("li.na")
    token = (await lobby.sign_in("li.na")).token

    async def look() -> None:
        async with lobby.gate.db.begin(Scope("gate"), lobby.real.now()) as tx:
            await sessions.session_of(tx, token)

    for _ in range(24):  # used every 29 minutes, for 11 h 36 min
        lobby.pass_time(minutes=29)
        await look()
    lobby.pass_time(minutes=24)
    with pytest.raises(Refusal, match=r"identity\.session_expired"):
        await look()
    token = (await lobby.sign_in("li.na")).token
    lobby.pass_time(minutes=30)
    with pytest.raises(Refusal, match=r"identity\.session_idle"):
        await look()


async def test_use_is_written_down_at_most_once_a_minute(lobby: Lobby, owner_url: str) -> None:
    await lobby.hire("li.na")
    done = await lobby.sign_in("li.na")
    conn = await asyncpg.connect(owner_url)
    for seconds, expected in ((59, 0), (1, 60), (40, 60), (20, 120)):
        lobby.pass_time(seconds=seconds)
        async with lobby.gate.db.begin(Scope("gate"), lobby.real.now()) as tx:
            await sessions.session_of(tx, done.token)
        seen = await conn.fetchval("select seen_at from sessions")
        assert (seen - done.session.created_at).total_seconds() == expected
    await conn.close()


async def test_a_token_that_was_never_given_opens_nothing(lobby: Lobby) -> None:
    for token in ("", "x", "A" * 43, "A" * 5000):
        async with lobby.gate.db.begin(Scope("gate"), lobby.real.now()) as tx:
            with pytest.raises(Refusal, match=r"identity\.session_unknown"):
                await sessions.session_of(tx, token)


async def test_without_the_gate_nobody_reads_credentials_or_sessions(lobby: Lobby) -> None:
    issued = await lobby.hire("li.na", DISPATCHER)
    await lobby.sign_in("li.na")
    async with lobby.gate.db.begin(
        Scope(f"person:{issued.person.id + 1}", person=99), lobby.real.now()
    ) as tx:
        for table in ("credentials", "sessions", "api_keys"):
            assert await tx.fetch(f"select * from {table}") == []
    async with lobby.gate.db.begin(Scope(""), lobby.real.now()) as tx:
        for table in ("persons", "appointments", "credentials", "sessions", "api_keys"):
            assert await tx.fetch(f"select * from {table}") == []


async def test_an_unknown_login_costs_what_a_known_one_costs(
    lobby: Lobby, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lobby.hire("li.na")
    hashed: list[str] = []
    statements: list[int] = []
    original = passwords.matches

    def counted(stored: str, password: str) -> bool:
        hashed.append(stored)
        return original(stored, password)

    execute = Tx.execute
    fetchrow = Tx.fetchrow

    async def noted_execute(self: Tx, sql: str, *args: Any) -> str:
        statements[-1] += 1
        return await execute(self, sql, *args)

    async def noted_fetchrow(self: Tx, sql: str, *args: Any) -> Any:
        statements[-1] += 1
        return await fetchrow(self, sql, *args)

    monkeypatch.setattr(passwords, "matches", counted)
    monkeypatch.setattr(Tx, "execute", noted_execute)
    monkeypatch.setattr(Tx, "fetchrow", noted_fetchrow)
    for login in ("li.na", "nobody", "no login!"):
        statements.append(0)
        await refused(lobby, lobby.attempt("li.na", login=login, password="wrong"))
    assert len(hashed) == 3
    assert len({stored.rsplit("$", 2)[0] for stored in hashed}) == 1  # the same parameters
    assert len(set(statements)) == 1
    conn = await asyncpg.connect(owner_url)
    noted = await conn.fetch(
        "select matter_id from events where action = 'person.sign_in_failed' order by id"
    )
    await conn.close()
    assert [row["matter_id"] == 0 for row in noted] == [False, True, True]

"""Migrations: once each, forward only, and never another file under an old name."""

from __future__ import annotations

import secrets
from pathlib import Path

import asyncpg
import pytest

from yiwang.kit.embedded import Server
from yiwang.kit.errors import Refusal
from yiwang.kit.migration import FOLDER, migrate

PASSWORDS = {"yiwang_service": "service-role", "yiwang_worker": "worker-role"}


@pytest.fixture
async def empty_url(server: Server) -> str:
    """A database with nothing in it."""
    name = f"m{secrets.token_hex(6)}"
    conn = await asyncpg.connect(server.url("postgres"))
    try:
        await conn.execute(f'create database "{name}"')
    finally:
        await conn.close()
    return server.url(name)


def _write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder


async def _value(url: str, sql: str) -> object:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval(sql)
    finally:
        await conn.close()


async def test_files_apply_in_order_and_once(empty_url: str, tmp_path: Path) -> None:
    folder = _write(tmp_path, a1="create table t (n int)", a2="insert into t values (1)")
    assert await migrate(empty_url, PASSWORDS, folder) == ["a1.sql", "a2.sql"]
    assert await migrate(empty_url, PASSWORDS, folder) == []
    _write(tmp_path, a3="insert into t values (2)")
    assert await migrate(empty_url, PASSWORDS, folder) == ["a3.sql"]
    assert await _value(empty_url, "select sum(n) from t") == 3


async def test_a_file_that_fails_leaves_nothing_of_itself(empty_url: str, tmp_path: Path) -> None:
    folder = _write(
        tmp_path, a1="create table t (n int)", a2="insert into t values (1); select 1 / 0"
    )
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_url, PASSWORDS, folder)
    assert await _value(empty_url, "select count(*) from t") == 0
    _write(tmp_path, a2="insert into t values (5)")
    assert await migrate(empty_url, PASSWORDS, folder) == ["a2.sql"]


async def test_a_changed_file_and_a_newer_database_are_refused(
    empty_url: str, tmp_path: Path
) -> None:
    folder = _write(tmp_path, a1="create table t (n int)", a2="insert into t values (1)")
    await migrate(empty_url, PASSWORDS, folder)
    _write(tmp_path, a1="create table t (n bigint)")
    with pytest.raises(Refusal) as caught:
        await migrate(empty_url, PASSWORDS, folder)
    assert (caught.value.code, caught.value.facts["name"]) == ("migration.changed", "a1.sql")
    (tmp_path / "a2.sql").unlink()
    with pytest.raises(Refusal) as caught:
        await migrate(empty_url, PASSWORDS, folder)
    assert (caught.value.code, caught.value.facts["names"]) == ("migration.newer", "a2.sql")


async def test_the_roles_log_in_and_own_nothing(server: Server, owner_url: str) -> None:
    assert sorted(file.name for file in FOLDER.glob("*.sql"))
    name = owner_url.rpartition("/")[2]
    for role, password in PASSWORDS.items():
        url = server.url(name, role, password)
        assert await _value(url, "select current_user::text") == role
        owned = "select count(*) from pg_tables where tableowner = current_user::text"
        assert await _value(url, owned) == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _value(url, "delete from events returning 1")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _value(url, "update events set actor = 'x' returning 1")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _value(url, "drop table events")


async def test_without_an_actor_the_service_sees_nothing(service_url: str, worker_url: str) -> None:
    insert = (
        "insert into events (at, actor, action, matter, matter_id, place, article, rule, facts)"
        " values (now(), 'x', 'a', 'm', 1, 'c', 'V', 'r', '{}') returning 1"
    )
    assert await _value(worker_url, insert) == 1
    assert await _value(worker_url, "select count(*) from events") == 1
    assert await _value(service_url, "select count(*) from events") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _value(service_url, insert.replace(" returning 1", ""))

"""The server of our own: made once, found again, stopped and started without loss."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from yiwang.kit.embedded import Server, binaries, free_port
from yiwang.kit.errors import Refusal


async def _ask(server: Server, sql: str) -> object:
    conn = await asyncpg.connect(server.url("postgres"))
    try:
        return await conn.fetchval(sql)
    finally:
        await conn.close()


async def test_a_cluster_outlives_its_server(tmp_path: Path) -> None:
    first = Server(tmp_path / "db", durable=False)
    assert first.pid is None
    first.stop()  # nothing runs: nothing happens
    first.create("secret-one")
    first.start()
    try:
        assert (tmp_path / "db" / "owner.password").stat().st_mode & 0o777 == 0o600
        await _ask(first, "create table kept as select 7 as n")
        second = Server(tmp_path / "db", durable=False)
        second.create("another")  # it is there: the first password stays
        second.start()  # it runs: it is found
        assert (second.port, second.pid) == (first.port, first.pid)
        assert second.password == "secret-one"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(first.url("postgres", password="wrong"))
    finally:
        first.stop()
    assert first.pid is None
    again = Server(tmp_path / "db", durable=False)
    again.start()
    try:
        assert await _ask(again, "select n from kept") == 7
        assert await _ask(again, "show timezone") == "UTC"
        assert await _ask(again, "show listen_addresses") == "127.0.0.1"
    finally:
        again.stop()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = Server(tmp_path / "db", durable=False)
    broken.create("x")
    (broken.data / "PG_VERSION").write_text("7\n", encoding="utf-8")
    with pytest.raises(Refusal) as caught:
        broken.start(timeout_s=20)
    assert caught.value.code == "postgres.not_started"
    assert "version" in caught.value.facts["reason"].lower()


def test_binaries_and_ports_are_found() -> None:
    assert {"initdb", "postgres", "pg_ctl"} <= {file.name for file in binaries().iterdir()}
    assert 1024 < free_port() < 65536


def test_a_server_that_was_never_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"postgres\.not_made"):
        Server(tmp_path / "nowhere").start()
    assert not (tmp_path / "nowhere").exists()

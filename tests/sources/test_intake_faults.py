"""The intake when things go wrong: poisoned rows, lost connections, too many, none at all."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from tests.sources.conftest import Site
from tests.world import World

from yiwang import flow
from yiwang.kit.errors import Refusal
from yiwang.matters.sources import intake as room
from yiwang.matters.sources.bodies import ReportBody
from yiwang.matters.sources.intake import Intake, Taken
from yiwang.matters.sources.receiving import ANYBODY, Receiver, Taking


def _taking(world: World, text: str, key: str | None = None) -> Taking:
    body = ReportBody(text=text)
    return Receiver.of(world.city).receive(body, ANYBODY, key, datetime.now(UTC))


def _poisoned(taking: Taking) -> Taking:
    row = list(taking.row)
    row[8] = "a\x00b"
    return replace(taking, row=tuple(row))


@asynccontextmanager
async def _running(world: World, **more: Any) -> AsyncIterator[Intake]:
    intake = Intake(world.service, world.city.root_path, flow.ROUTING["report.receive"], **more)
    intake.start()
    try:
        yield intake
    finally:
        await intake.stop()


async def _count(world: World) -> int:
    row = await world.row("select count(*) as n, count(distinct text) as m from reports")
    assert row["n"] == row["m"]
    return int(row["n"])


async def test_a_poisoned_row_answers_alone(world: World) -> None:
    async with _running(world, writers=1) as intake:
        takings = [_taking(world, str(i)) for i in range(9)]
        takings[4] = _poisoned(takings[4])
        answers = await asyncio.gather(*(intake.take(t) for t in takings), return_exceptions=True)
        refused = answers.pop(4)
        assert isinstance(refused, Refusal)
        assert refused.code == "web.value_unstorable"
        assert all(isinstance(answer, Taken) and answer.fresh for answer in answers)
    assert await _count(world) == 8


async def test_a_commit_whose_answer_is_lost_is_not_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = room.take_rows
    losses = 0

    async def lossy(*args: Any, **kwargs: Any) -> Any:
        nonlocal losses
        found = await whole(*args, **kwargs)
        losses += 1
        if losses <= 2:
            raise ConnectionResetError("the answer is lost")
        return found

    monkeypatch.setattr(room, "take_rows", lossy)
    async with _running(world, writers=1) as intake:
        takings = [_taking(world, str(i)) for i in range(5)]
        answers = await asyncio.gather(*(intake.take(taking) for taking in takings))
        assert [answer.fresh for answer in answers] == [True] * 5
        again = await asyncio.gather(*(intake.take(taking) for taking in takings))
        assert [row.id for row in again] == [row.id for row in answers]
    assert losses > 2
    assert await _count(world) == 5


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_connections_cut_under_load_lose_and_double_nothing(site: Site) -> None:
    """The database's own processes are ended again and again while reports come in."""
    ending = asyncio.Event()

    async def cut() -> int:
        conn = await asyncpg.connect(site.world.owner_url)
        cuts = 0
        while not ending.is_set():
            cuts += len(
                await conn.fetch(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where usename = 'yiwang_service' and query like '%take_reports%'"
                    " and datname = current_database()"
                )
            )
            await asyncio.sleep(0.02)
        await conn.close()
        return cuts

    async def send(i: int) -> str:
        return str((await site.report(text=f"report {i}"))["number"])

    cutting = asyncio.create_task(cut())
    numbers: list[str] = []
    for start in range(0, 600, 60):
        numbers += await asyncio.gather(*(send(start + i) for i in range(60)))
    ending.set()
    assert await cutting > 0
    assert len(set(numbers)) == 600
    assert await _count(site.world) == 600
    for table in ("events", "todos"):
        row = await site.world.row(f"select count(*) as n from {table}")
        assert row["n"] == 600
    gc.collect()  # the driver leaves sockets of ended connections open; not in a later test


async def test_what_waits_is_stored_before_the_intake_ends(world: World) -> None:
    async with _running(world) as intake:
        waiting = [intake.offer(_taking(world, str(i))) for i in range(600)]
    answers = [await one for one in waiting]
    assert len({answer.id for answer in answers}) == 600
    assert await _count(world) == 600
    with pytest.raises(Refusal, match="crowded"):
        intake.offer(_taking(world, "late"))


async def test_too_many_waiting_are_told_to_come_back(site: Site) -> None:
    site.endpoint.intake.most = 0
    answer = await site.client.post("/api/v1/reports", json={"text": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "sources.crowded")
    assert int(answer.headers["retry-after"]) >= 1


class _Away:
    """A database that nobody reaches."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        raise ConnectionRefusedError
        yield


async def test_a_database_that_stays_away_is_told(world: World) -> None:
    away: Any = _Away()
    intake = Intake(away, world.city.root_path, [], patience_s=0.05)
    intake.start()
    with pytest.raises(Refusal, match="database_away"):
        await intake.take(_taking(world, "x"))
    await intake.stop()

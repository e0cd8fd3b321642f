"""The worker: what fails alone waits, what is killed midway is still to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import pytest
from tests.handling import scene
from tests.world import World

from yiwang import flow, worker
from yiwang.ground.city import City
from yiwang.ground.gate.clock import Clock
from yiwang.ground.ledger.signing import SigningKey
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.worker import Worker

ROAD = "路面塌陷有大坑"


class StillClock(Clock):
    """A clock that shows what the world shows."""

    def __init__(self, world: World) -> None:
        self.world = world

    def now(self) -> datetime:
        """The world's moment."""
        return self.world.now


def man(world: World) -> Worker:
    """A worker on the world's database and clock."""
    return Worker(
        world.worker,
        world.city,
        StillClock(world),
        SigningKey.create(),
        "https://test.example",
        asyncio.Event(),
    )


async def _todos(world: World) -> list[dict[str, object]]:
    return [dict(row) for row in await world.rows("select * from todos order by id")]


async def test_a_step_carries_out_a_batch_and_takes_its_todos_away(world: World) -> None:
    await world.report(ROAD, 121.478, 31.236)
    one = man(world)
    taken = [await one.step() for _ in range(8)]
    assert taken[0] == 1
    assert taken[-1] == 0
    assert await _todos(world) == []
    assert (await world.row("select state from cases"))["state"] == "dispatched"
    assert await one.seal() == 0
    assert (await world.row("select max(size) as n from ledger_heads"))["n"] > 0


async def test_one_that_fails_alone_waits_longer_each_time_and_is_parked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = [await world.report(f"{ROAD}{i}", 121.478 + i * 0.002, 31.236) for i in range(3)]
    bad = reports[1]
    errors = [AttributeError("x"), Refusal("procedure.not_found", matter="report", id=bad)]
    settle = flow.BY_NAME["sources.settle"]

    async def stumble(tx: Tx, city: City, ids: Sequence[int]) -> None:
        await settle(tx, city, ids)
        if bad in ids:
            raise errors[len(seen) % 2]

    monkeypatch.setattr(flow, "BY_NAME", {**flow.BY_NAME, "sources.settle": stumble})
    seen: list[timedelta] = []
    one = man(world)
    for attempt in range(1, 9):
        await one.step()
        todos = [row for row in await _todos(world) if row["reaction"] == "sources.settle"]
        (todo,) = todos
        assert (todo["subject"], todo["attempts"]) == (bad, attempt)
        assert ("AttributeError" in str(todo["error"])) == (attempt % 2 == 1)
        due = todo["due_at"]
        seen.append(due - world.now)  # type: ignore[operator]
        world.now = due  # type: ignore[assignment]
    assert seen == [timedelta(seconds=2**n) for n in range(1, 9)]
    assert todo["parked"] is True
    assert await one.step() >= 0
    while await one.step():
        pass
    rows = await world.rows("select id, state from reports order by id")
    assert [row["state"] for row in rows] == ["filed", "received", "filed"]
    left = await world.rows(
        "select action from events where matter = 'report' and matter_id = $1", bad
    )
    assert [row["action"] for row in left] == ["report.receive"]


async def test_an_unknown_reaction_is_put_aside_not_lost(world: World) -> None:
    async with world.as_worker() as tx:
        await tx.execute(
            "insert into todos (reaction, subject, at, due_at) values ('gone.away', 1, $1, $1)",
            world.now,
        )
    await man(world).step()
    (todo,) = await _todos(world)
    assert (todo["attempts"], todo["error"]) == (1, "unknown reaction gone.away")


async def test_a_batch_killed_midway_leaves_nothing_by_half(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(3):
        await world.report(f"{ROAD}{i}", 121.478 + i * 0.002, 31.236)
    one = man(world)
    await one.step()  # settled; to be absorbed
    before = await _todos(world)
    rows = await world.rows("select * from reports order by id")
    absorb = flow.BY_NAME["cases.absorb"]

    async def die(tx: Tx, city: City, ids: Sequence[int]) -> None:
        await absorb(tx, city, ids)
        async with world.service.connection():
            killer = await asyncpg.connect(world.owner_url)
            pid = tx.conn.get_server_pid()
            await killer.execute("select pg_terminate_backend($1)", pid)
            await killer.close()
        await tx.fetchval("select 1")

    monkeypatch.setattr(flow, "BY_NAME", {**flow.BY_NAME, "cases.absorb": die})
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await one.step()
    assert await _todos(world) == before
    assert await world.rows("select 1 from cases") == []
    assert await world.rows("select * from reports order by id") == rows
    monkeypatch.undo()
    while await one.step():
        pass
    assert len(await world.rows("select 1 from cases")) == 3


async def test_two_workers_share_the_work_and_do_nothing_twice(world: World) -> None:
    for i in range(4):
        await world.report(f"{ROAD}{i}", 121.478 + i * 0.002, 31.236)
    one, two = man(world), man(world)
    while any(await asyncio.gather(one.step(), two.step())):
        pass
    assert await _todos(world) == []
    cases = await world.rows("select state, rounds from cases")
    assert [(row["state"], row["rounds"]) for row in cases] == [("dispatched", 1)] * 4
    assert len(await world.rows("select 1 from orders where role = 'lead'")) == 4


async def test_the_watch_raises_what_is_late_once(world: World) -> None:
    case, _ = await scene.dispatched(world)
    one = man(world)
    assert await one.watch() == 0
    world.pass_time(days=1)
    assert await one.watch() == 1
    assert await one.watch() == 0
    assert (await scene.state(world, case))["overdue"] == ["handle"]
    event = await world.row("select * from events where action = 'case.overdue'")
    assert (event["article"], event["facts"]) == ("III", {"reason": "handle"})


async def test_a_worker_outlives_a_job_that_fails_and_stops_when_told(world: World) -> None:
    one = man(world)
    calls: list[int] = []

    async def job() -> bool:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")
        one.stopping.set()
        return False

    await asyncio.wait_for(one.run([job]), 60)
    assert len(calls) == 2


async def test_todos_are_taken_in_their_order(world: World) -> None:
    await world.report(ROAD, 121.478, 31.236)
    async with world.as_worker() as tx:
        await tx.execute(
            "insert into todos (reaction, subject, at, due_at) values ('later', 1, $1, $2)",
            world.now,
            world.now + timedelta(hours=1),
        )
        taken = await worker.take(tx, 10)
    assert [row["reaction"] for row in taken] == ["sources.settle"]


async def test_many_arrivals_at_once_are_noticed(world: World) -> None:
    await world.report(ROAD, 121.478, 31.236)
    one = man(world)
    await one.count_arrivals()
    assert not one.crowded
    await world.rows("select count(nextval('reports_id_seq')) from generate_series(1, 200000)")
    await one.count_arrivals()
    assert one.crowded
    await one.count_arrivals()
    assert not one.crowded

"""A small world for tests: a real database with the Shanghai pack, and people in its posts."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from yiwang import flow, worker
from yiwang.ground.authority.model import Actor, Duty, Holding
from yiwang.ground.city import City
from yiwang.kit.db import Database, Row, Scope, Tx

TOWN = "310101002"  # 南京东路街道
DISTRICT = "310101"  # 黄浦区
START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in the city


@dataclass
class World:
    """One test's database and clock; the clock moves only when the test says so."""

    city: City
    service: Database
    worker: Database
    owner_url: str
    service_url: str
    worker_url: str
    now: datetime = START
    persons: dict[str, int] = field(default_factory=dict)

    def pass_time(self, **span: float) -> datetime:
        """Move the clock."""
        self.now += timedelta(**span)
        return self.now

    def actor(self, duty: str, unit: str, person: int | None = None) -> Actor:
        """Somebody who holds a duty in a unit."""
        found = self.city.unit(unit)
        path = self.city.unit_paths[unit]
        over = self.city.is_over_place(found)
        number = person
        if number is None:
            number = self.persons.setdefault(f"{duty}@{unit}", 1000 + len(self.persons))
        scope = Scope(
            f"person:{number}",
            places=(path,) if over else (),
            units=(unit,),
            person=number,
            persons=True,
        )
        holding = Holding(Duty(duty), unit, path, over)
        return Actor(f"person:{number}", f"{duty}@{unit}", (holding,), number, scope=scope)

    def centre(self, place: str = DISTRICT) -> str:
        """The code of a place's operation centre."""
        return self.city.centre(self.city.tree.path(place)).code

    @asynccontextmanager
    async def as_(self, actor: Actor) -> AsyncIterator[Tx]:
        """A transaction of the service's role, seen as this actor sees."""
        async with self.service.begin(actor.scope, self.now) as tx:
            yield tx

    @asynccontextmanager
    async def as_worker(self) -> AsyncIterator[Tx]:
        """A transaction of the worker's role."""
        scope = Scope("platform", places=(self.city.root_path,), persons=True)
        async with self.worker.begin(scope, self.now) as tx:
            yield tx

    async def report(self, text: str, lon: float, lat: float, **more: Any) -> int:
        """Take in one report as the intake does; its id."""
        row: dict[str, Any] = {
            "source": "system",
            "system": "test",
            "external_id": None,
            "key": None,
            "kind": None,
            "title": "",
            "address": "",
            "urgent": False,
            "phone": "",
            "attributes": {},
            "at": self.now,
            "happened_at": self.now,
        } | more
        digest = hashlib.sha256(text.encode()).digest()
        values: tuple[Any, ...] = (
            *(row["source"], row["system"], row["external_id"], row["key"], digest),
            *(row["at"], row["happened_at"], row["title"], text, row["address"], lon, lat),
            *(
                row["kind"],
                row["attributes"],
                "zh",
                True,
                row["urgent"],
                None,
                "",
                row["phone"],
                "",
            ),
        )
        async with self.service.begin(Scope("intake"), self.now) as tx:
            found = await tx.fetchrow(
                "select * from take_reports($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,"
                "$16,$17,$18,$19,$20,$21,$22,$23::text::ltree,$24)",
                *([value] for value in values),
                ["intake"],
                self.city.root_path,
                list(flow.ROUTING["report.receive"]),
            )
            assert found is not None
            return int(found["id"])

    async def work(self, rounds: int = 20) -> int:
        """Carry out all todos that are due, as the worker does; how many."""
        total = 0
        for _ in range(rounds):
            async with self.as_worker() as tx:
                todos = await worker.take(tx, worker.BATCH)
                if not todos:
                    return total
                await worker.carry_out(tx, self.city, todos)
                failed = await tx.fetch("select reaction, error from todos where error is not null")
                assert not failed, [dict(row) for row in failed]
                total += len(todos)
        raise AssertionError("the todos never end")

    async def rows(self, sql: str, *args: Any) -> Sequence[Row]:
        """Rows as the worker sees them: everything."""
        async with self.as_worker() as tx:
            return await tx.fetch(sql, *args)

    async def row(self, sql: str, *args: Any) -> Mapping[str, Any]:
        """The one row of a query."""
        found = await self.rows(sql, *args)
        assert len(found) == 1, f"{len(found)} rows"
        return dict(found[0])

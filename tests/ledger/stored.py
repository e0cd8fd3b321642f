"""A stored ledger for tests: a real database under its three roles, with a clock that stands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from yiwang.ground.authority.model import Actor, Duty, Holding
from yiwang.ground.ledger import auditing, sealing, service
from yiwang.ground.ledger.auditing import Report
from yiwang.ground.ledger.model import Finding, Head
from yiwang.ground.ledger.service import Entry
from yiwang.ground.ledger.signing import SigningKey
from yiwang.kit.db import Database, Row, Scope, Tx

ORIGIN = "city.example/ledger"
NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
CITY, TOWN = "sh", "sh.hp.t1"
WORKER = Scope("platform", places=(CITY,))
HANDLER = Actor(
    "person:12",
    "handler@water",
    (Holding(Duty.HANDLER, "water", TOWN, True),),
    12,
    scope=Scope("person:12", places=(TOWN,), units=("water",)),
)
STRANGER = Scope("person:99", places=("sh.pd",))


def entry(case_id: int, action: str = "case.note", **changes: Any) -> Entry:
    """One step of a case."""
    values: dict[str, Any] = {
        "action": action,
        "matter": "case",
        "matter_id": case_id,
        "place": TOWN,
        "article": "V",
        "rule": action,
        "before": "filed",
        "after": "filed",
        "facts": {"note": "路面破损", "depth": 0.25},
        "case_id": case_id,
    }
    return Entry(**{**values, **changes})


@dataclass
class Stored:
    """The ledger of one test."""

    service: Database
    worker: Database
    owner: asyncpg.Connection
    service_url: str
    worker_url: str
    key: SigningKey
    now: datetime = NOW

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Tx]:
        """A transaction of the service for a handler."""
        async with self.service.begin(HANDLER.scope, self.now) as tx:
            yield tx

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Tx]:
        """A transaction of the worker."""
        async with self.worker.begin(WORKER, self.now) as tx:
            yield tx

    async def write(self, entries: Iterable[Entry]) -> None:
        """Record each entry in a transaction of its own."""
        for one in entries:
            async with self.writing() as tx:
                await service.record(tx, HANDLER, [one])

    async def write_case(self, case_id: int = 1, number: str = "3101012026031000001") -> None:
        """A short life of a case."""
        facts: Sequence[tuple[str, Mapping[str, Any]]] = (
            ("case.file", {"number": number, "kind": "0101"}),
            ("case.dispatch", {"unit": "water", "note": "请尽快"}),
            ("case.return", {"reason": "not ours"}),
        )
        await self.write([entry(case_id, action, facts=row) for action, row in facts])

    async def seal(self, most: int = sealing.MOST) -> int:
        """Seal one batch."""
        async with self.working() as tx:
            return await sealing.seal(tx, self.key, ORIGIN, most)

    async def seal_all(self, most: int = sealing.MOST) -> int:
        """Seal until nothing is left; how many events."""
        total = 0
        while done := await self.seal(most):
            total += done
        return total

    async def audit(self, known: Iterable[Head] = (), **options: Any) -> Report:
        """The full check, under the worker's role."""
        async with self.worker.connection() as conn:
            return await auditing.audit(
                conn, ORIGIN, [self.key.public], self.now, known=known, **options
            )

    async def rows(self, sql: str, *args: Any) -> Sequence[Row]:
        """Rows as the owner sees them: everything."""
        return await self.owner.fetch(sql, *args)  # type: ignore[no-any-return]


def codes(findings: Iterable[Finding]) -> list[str]:
    """The codes found; every finding has to say its sentence in both languages."""
    found = []
    for finding in findings:
        assert "{" not in finding.zh + finding.en
        found.append(finding.code)
    return found


@asynccontextmanager
async def open_stored(owner_url: str, service_url: str, worker_url: str) -> AsyncIterator[Stored]:
    """Connect to a fresh migrated database under all three roles."""
    owner = await asyncpg.connect(owner_url, server_settings={"timezone": "UTC"})
    service_db = await Database.open(service_url, size=6)
    worker_db = await Database.open(worker_url, size=3)
    try:
        key = SigningKey.create()
        yield Stored(service_db, worker_db, owner, service_url, worker_url, key)
    finally:
        await service_db.close()
        await worker_db.close()
        await owner.close()


def later(**span: float) -> datetime:
    """A moment after the standing clock."""
    return NOW + timedelta(**span)

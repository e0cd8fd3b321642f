"""A gate over a fresh database, with a clock the test moves and people it makes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from yiwang.ground.authority.model import platform
from yiwang.ground.city import City
from yiwang.ground.gate import administration, routes
from yiwang.ground.gate.clock import SimulatedClock
from yiwang.ground.gate.service import Gate
from yiwang.ground.identity import service as people
from yiwang.ground.identity import totp
from yiwang.ground.identity.model import Attempt, Issued, SignedIn
from yiwang.ground.packs.model import Post, Text
from yiwang.kit.db import Database
from yiwang.kit.web import problems
from yiwang.kit.web.incidents import Incidents

ROOT = "310000_centre.sysadmin"
DISTRICT = "310101_centre.sysadmin"
DISPATCHER = "310101_centre.dispatcher"
ELSEWHERE = "310104_centre.dispatcher"


@dataclass
class Lobby:
    """One gate under test, its app, and the moment of sessions."""

    gate: Gate
    app: FastAPI
    real: SimulatedClock
    issued: dict[str, Issued] = field(default_factory=dict)

    def pass_time(self, **span: float) -> None:
        """Move the clock of sessions."""
        self.real.set(self.real.now() + timedelta(**span))

    async def hire(self, login: str, *posts: str, second_factor: bool = False) -> Issued:
        """A person in these posts."""
        by = platform(self.gate.city.root_path)
        async with self.gate.keeping() as tx:
            issued, created = await people.create_person(
                tx, login, login, instance=self.gate.secret, second_factor=second_factor
            )
            changes = [created]
            for post in posts:
                _, change = await people.appoint(
                    tx, issued.person.id, post, self.gate.city.posts, by="platform"
                )
                changes.append(change)
            await self.gate.record(tx, by, changes)
        self.issued[login] = issued
        return issued

    def attempt(self, login: str, /, **other: str) -> Attempt:
        """The right attempt of somebody hired, or with something else in it."""
        issued = self.issued[login]
        secret = issued.totp_secret
        code = totp.code_at(secret, self.real.now()) if secret else ""
        return replace(Attempt(login, issued.password, code), **other)

    async def sign_in(self, login: str) -> SignedIn:
        """The session of somebody hired."""
        return await self.gate.sign_in(self.attempt(login))

    def client(self, token: str = "") -> httpx.AsyncClient:
        """An HTTP client, with a token where one is given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url="http://test/api/v1", headers=headers
        )


@pytest.fixture
async def lobby(service_url: str, city: City) -> AsyncIterator[Lobby]:
    """An empty lobby; the district has an administrator's post of its own."""
    post = Post(DISTRICT, "310101_centre", Text("区管理员", "district admin"), ("sysadmin",))
    real = SimulatedClock(datetime(2026, 3, 10, 2, 0, tzinfo=UTC))
    db = await Database.open(service_url, size=4)
    gate = Gate(
        db, replace(city, posts={**city.posts, DISTRICT: post}), secret=b"i" * 32, real=real
    )
    app = FastAPI()
    app.state.gate = gate
    app.include_router(routes.router)
    app.include_router(administration.router)
    problems.install(app)
    app.add_middleware(Incidents)
    yield Lobby(gate, app, real)
    await db.close()

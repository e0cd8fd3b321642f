"""A real service on a real port, with the intake of this room in front."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send
from tests.world import World

from yiwang.ground.gate.service import Gate
from yiwang.ground.identity import service as identity
from yiwang.ground.identity.model import Attempt
from yiwang.home import Home
from yiwang.kit.web import problems
from yiwang.kit.web.incidents import Incidents
from yiwang.kit.web.wire import listening
from yiwang.matters.desk import photo_routes, receipt_routes, report_routes
from yiwang.matters.desk import routes as desk_routes
from yiwang.matters.sources import import_routes, intake_routes, open311_routes, routes

ROUTERS: tuple[APIRouter, ...] = (
    routes.router,
    desk_routes.router,
    photo_routes.router,
    report_routes.router,
    receipt_routes.router,
    import_routes.router,
    open311_routes.router,
)


@dataclass
class Site:
    """One running service: its address, its home, its world."""

    url: str
    world: World
    home: Home
    gate: Gate
    endpoint: intake_routes.Endpoint
    client: httpx.AsyncClient

    async def key(self, system: str, *scopes: str) -> str:
        """A new key of another system."""
        async with self.gate.keeping() as tx:
            place = self.world.city.pack.root
            _, token, _ = await identity.create_key(tx, system, system, scopes, place, by="test")
        return token

    async def person(self, duty: str, unit: str) -> dict[str, str]:
        """The headers of somebody signed in who holds a duty in a unit."""
        city = self.world.city
        post = next(p for p in city.pack.posts if p.unit == unit and duty in p.duties)
        login = f"{duty.replace('_', '-')}-{len(self.world.persons)}"
        async with self.gate.keeping() as tx:
            issued, _ = await identity.create_person(
                tx, login, login, instance=self.gate.secret, second_factor=False
            )
            await identity.appoint(tx, issued.person.id, post.code, city.posts, by="test")
        self.world.persons[login] = issued.person.id
        signed = await self.gate.sign_in(Attempt(login, issued.password))
        return {"Authorization": f"Bearer {signed.token}", "Accept-Language": "en"}

    async def work(self) -> int:
        """Carry out what is to do, now."""
        self.world.now = datetime.now(UTC)
        return await self.world.work()

    async def report(self, status: int = 201, headers: Any = None, **body: Any) -> dict[str, Any]:
        """Hand in one report; the answer, whose status is as expected."""
        answer = await self.client.post("/api/v1/reports", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves the signals to the tests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _App:
    def __init__(self, endpoint: intake_routes.Endpoint, api: FastAPI) -> None:
        self.endpoint = endpoint
        self.rest = Incidents(api)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.endpoint.takes(scope):
            await self.endpoint(scope, receive, send)
        else:
            await self.rest(scope, receive, send)


@asynccontextmanager
async def running(world: World, folder: Path) -> AsyncIterator[Site]:
    """The service on a free port until the block ends."""
    home = Home.open(folder)
    gate = Gate(world.service, world.city, secret=home.instance_secret)
    endpoint = intake_routes.Endpoint(gate, home)
    api = FastAPI()
    for router in ROUTERS:
        api.include_router(router)
    problems.install(api)
    api.state.gate, api.state.city, api.state.home = gate, world.city, home
    api.state.intake = endpoint.intake
    server = _Server(listening(_App(endpoint, api), lifespan=False))
    intake = asyncio.create_task(endpoint.run())
    serving = asyncio.create_task(server.serve())
    await server.listening.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    limits = httpx.Limits(max_connections=64)
    try:
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
            yield Site(url, world, home, gate, endpoint, client)
    finally:
        server.should_exit = True
        await serving
        intake.cancel()
        await asyncio.gather(intake, return_exceptions=True)


@pytest.fixture
async def site(world: World, tmp_path: Path) -> AsyncIterator[Site]:
    """A running service on a fresh database with the Shanghai pack."""
    async with running(world, tmp_path / "home") as found:
        yield found

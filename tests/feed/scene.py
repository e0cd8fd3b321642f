"""A service of lists and feeds over one test's database, where actors are who they say they are."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fastapi import FastAPI
from starlette.requests import HTTPConnection
from tests.world import World

from yiwang.ground.authority.model import Actor, Duty, Holding, platform
from yiwang.ground.gate.clock import SimulatedClock
from yiwang.ground.gate.service import Gate
from yiwang.home import Home
from yiwang.kit.db import Scope
from yiwang.kit.errors import Refusal
from yiwang.kit.web import problems
from yiwang.kit.web.incidents import Incidents
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.opening import Draft, open_cases
from yiwang.matters.exports import routes as export_routes
from yiwang.matters.feed import routes as feed_routes


class TrustingGate(Gate):
    """Believes the name in Authorization."""

    actors: dict[str, Actor]

    async def asking(self, request: HTTPConnection) -> Actor:
        """The actor that is named."""
        found = self.actors.get(request.headers.get("authorization", ""))
        if found is None:
            raise Refusal("web.sign_in")
        return found


@dataclass
class Scene:
    """The world with a service before it."""

    world: World
    gate: TrustingGate
    app: FastAPI
    home: Home
    feed: feed_routes.Poller
    made: int = field(default=0)

    def client(self, actor: Actor) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """An HTTP client for somebody."""
        self.gate.actors[actor.name] = actor
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://test/api/v1",
            headers={"Authorization": actor.name},
        )

    def kind(self, number: int = 0) -> str:
        """The key of some kind that a case may be filed under."""
        kinds = self.world.city.taxonomy.kinds(self.world.city.day(self.world.now))
        leaves = [k for k in kinds if not self.world.city.taxonomy.children(k.key)]
        return leaves[number].key

    async def file(
        self, place: str, title: str, text: str = "", kind: str | None = None, address: str = ""
    ) -> Case:
        """File a case at a place now."""
        city, now = self.world.city, self.world.now
        draft = Draft(
            kind=kind or self.kind(),
            kind_reason={},
            place=city.tree.path(place),
            place_reason={},
            title=title,
            text=text,
            address=address,
            lon=None,
            lat=None,
            source="hotline",
            synthetic=True,
            urgent=False,
            discovered_at=now,
            reported_at=now,
        )
        async with self.world.as_worker() as tx:
            return (await open_cases(tx, city, platform(city.root_path), [draft]))[0]

    def key(self, *scopes: str, place: str | None = None, unit: str | None = None) -> Actor:
        """Another system with a key over a place (the city), or for a unit."""
        self.made += 1
        city = self.world.city
        path = city.tree.path(place) if place else city.root_path
        over = unit is None
        name = f"key:{self.made}"
        scope = Scope(name, (path,) if over else (), (unit,) if unit else ())
        holding = Holding(Duty.SYSTEM, unit or "", path, over)
        return Actor(name, name, (holding,), scopes=scopes, system=f"s{self.made}", scope=scope)


def set_up(world: World, folder: Path) -> Scene:
    """A service over a world, at the world's moment."""
    gate = TrustingGate(world.service, world.city, secret=b"s" * 32)
    gate.clock = SimulatedClock(world.now)
    gate.actors = {}
    feed = feed_routes.Poller(gate, poll_s=0.02)
    app = FastAPI()
    home = Home.open(folder)
    app.state.gate, app.state.city, app.state.home = gate, world.city, home
    app.state.feed = feed
    app.include_router(export_routes.router)
    app.include_router(feed_routes.router)
    problems.install(app)
    app.add_middleware(Incidents)
    return Scene(world, gate, app, home, feed)

"""A service of the picture over one test's database, and what the database itself would show."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import httpx
import msgspec
import uvicorn
from fastapi import FastAPI
from tests.feed.scene import TrustingGate
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.clock import SimulatedClock
from yiwang.kit.db import Scope
from yiwang.kit.web import problems
from yiwang.kit.web.incidents import Incidents
from yiwang.matters.cases.model import OPEN
from yiwang.matters.picture import routes, showing
from yiwang.matters.picture.model import Reach

# (number, lon, lat, kind, place, state, flags, due, reported) by id
Shown: TypeAlias = dict[int, tuple[Any, ...]]
_STAGES = {
    "verifying": "verify",
    "filed": "dispatch",
    "dispatched": "handle",
    "checking": "check",
}


@dataclass
class Scene:
    """The world with a picture before it."""

    world: World
    gate: TrustingGate
    app: FastAPI
    room: routes.PictureRoom

    def client(self, actor: Actor | None = None) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """An HTTP client for somebody, or for anybody."""
        headers = {}
        if actor is not None:
            self.gate.actors[actor.name] = actor
            headers["Authorization"] = actor.name
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://test/api/v1",
            headers=headers,
        )

    def reach(self, actor: Actor, place: str = "") -> Reach:
        """What somebody sees of a place."""
        tree = self.world.city.tree
        within = tree.path(place) if place else self.world.city.root_path
        return Reach(actor.scope.places, actor.scope.units, within)

    async def live(self, reach: Reach) -> Shown:
        """What the service's picture shows now."""
        follower = self.room.audience.follower
        await follower.catch_up()
        return read(showing.cut(follower.cases, reach).write(self.world.now, ""))

    async def at(self, reach: Reach, moment: datetime) -> Shown:
        """What the record shows of a moment."""
        async with self.world.service.begin(scope_of(reach), self.world.now) as tx:
            rows = await tx.fetch(
                "select * from cases_at($1, $2::text::ltree)", moment, reach.within
            )
        return read(showing.write_past(rows, moment))

    async def asked(self, reach: Reach) -> Shown:
        """What a query of the database gives behind row-level security."""
        async with self.world.service.begin(scope_of(reach), self.world.now) as tx:
            rows = await tx.fetch(
                "select *, floor(extract(epoch from due_next))::bigint as due,"
                " floor(extract(epoch from reported_at))::bigint as began"
                " from cases where state = any($1) and place <@ $2::text::ltree",
                list(OPEN),
                reach.within,
            )
        return {
            row["id"]: (
                row["number"],
                None if row["lon"] is None else round(row["lon"], 6),
                None if row["lat"] is None else round(row["lat"], 6),
                row["kind"],
                row["place"].rpartition(".")[2],
                row["state"],
                row["urgent"]
                + 2 * bool({"total", _STAGES.get(row["state"])} & set(row["overdue"]))
                + 4 * row["supervised"]
                + 8 * row["synthetic"],
                row["due"],
                row["began"],
            )
            for row in rows
        }


def scope_of(reach: Reach) -> Scope:
    """The scope a reach was made from."""
    return Scope("person:1", reach.places, reach.units)


def read(body: bytes) -> Shown:
    """The cases of an answer in columns."""
    told = msgspec.json.decode(body)
    columns = told["columns"]
    assert {len(values) for values in columns.values()} == {told["count"]}
    return {
        case: (
            *(columns["number"][i], columns["lon"][i], columns["lat"][i]),
            told["kinds"][columns["kind"][i]],
            told["places"][columns["place"][i]],
            told["states"][columns["state"][i]],
            *(columns["flags"][i], columns["due"][i], columns["reported"][i]),
        )
        for i, case in enumerate(columns["id"])
    }


def read_frame(frame: bytes) -> dict[str, Any]:
    """The data of an event of the stream."""
    data: dict[str, Any] = msgspec.json.decode(frame.rpartition(b"data: ")[2])
    return data


def apply(shown: Shown, frame: dict[str, Any]) -> None:
    """A frame taken over into what is shown, as a screen does."""
    for case, *rest, _what in frame["set"]:
        shown[case] = tuple(rest)
    for case in frame["gone"]:
        assert case in shown
        del shown[case]


def unpack(body: bytes) -> Any:
    """A gzipped answer."""
    return msgspec.json.decode(gzip.decompress(body))


def set_up(world: World) -> Scene:
    """A service over a world, at the world's moment."""
    gate = TrustingGate(world.service, world.city, secret=b"s" * 32)
    gate.clock = SimulatedClock(world.now)
    gate.actors = {}
    room = routes.PictureRoom(gate, frame_s=0.02)
    app = FastAPI()
    app.state.gate, app.state.city, app.state.picture = gate, world.city, room
    app.include_router(routes.router)
    problems.install(app)
    app.add_middleware(Incidents)
    return Scene(world, gate, app, room)


@asynccontextmanager
async def serving(scene: Scene) -> AsyncIterator[str]:
    """The scene behind a real server; the base of its addresses."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(scene.app, log_level="error", lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        telling = asyncio.create_task(scene.room.run())
        while not server.started:  # noqa: ASYNC110 - it offers no event
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1"
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            server.should_exit = True
            await running

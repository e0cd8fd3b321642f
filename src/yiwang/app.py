"""The web service, put together from every room's routes.

The intake of reports answers first, outside the framework, so that a spike of reports meets as
little as possible between the socket and the database. The built faces are answered from memory.
Everything else is FastAPI, with lanes before it for what is asked most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from yiwang import flow
from yiwang.faces import Faces, built_folder
from yiwang.ground.city import City
from yiwang.ground.gate import administration
from yiwang.ground.gate import routes as gate_routes
from yiwang.ground.gate.clock import Clock
from yiwang.ground.gate.doors import document_doors
from yiwang.ground.gate.service import Gate
from yiwang.ground.revision import routes as revision_routes
from yiwang.ground.revision.following import follow, look
from yiwang.home import Home
from yiwang.kit.db import Database
from yiwang.kit.web.lanes import Lanes
from yiwang.kit.web.stack import Edge, install
from yiwang.matters.assist import duty_routes, personal_routes, suggest_routes
from yiwang.matters.desk import (
    photo_routes,
    receipt_routes,
    record_routes,
    reference,
    report_routes,
    schemas,
)
from yiwang.matters.desk import routes as desk_routes
from yiwang.matters.exports import routes as export_routes
from yiwang.matters.feed import routes as feed_routes
from yiwang.matters.panels import routes as panel_routes
from yiwang.matters.picture import routes as picture_routes
from yiwang.matters.publication import routes as publication_routes
from yiwang.matters.sources import (
    import_routes,
    intake_routes,
    open311_routes,
)
from yiwang.matters.sources import routes as source_routes

TITLE = "Yiwang 一网"
_MIB = 1024 * 1024
# A desk user's page needs dozens of requests a second, a system's key thousands.
_EDGE = Edge(
    caller_rate=2000,
    caller_burst=8000,
    stranger_rate=100,
    stranger_burst=400,
    larger=(
        ("/api/v1/receipts/", 130 * _MIB),
        ("/api/v1/imports", 64 * _MIB),
        *((f"/api/v1/{matters}/*/photos", 130 * _MIB) for matters in ("cases", "orders", "checks")),
        ("/open311/", 20 * _MIB),
    ),
)
_ROUTERS = (
    desk_routes.router,  # asked most
    photo_routes.router,
    gate_routes.router,
    administration.router,
    revision_routes.router,
    source_routes.router,
    import_routes.router,
    export_routes.router,
    feed_routes.router,
    panel_routes.router,
    publication_routes.router,
    picture_routes.router,
    open311_routes.router,
    reference.router,
    record_routes.router,
    receipt_routes.router,
    report_routes.router,
    suggest_routes.router,
    personal_routes.router,
    duty_routes.router,
)

_LANES = (*desk_routes.LANES, *export_routes.LANES, *report_routes.LANES)


def build_api() -> FastAPI:
    """The routes and their document, without a database behind them."""
    api = FastAPI(
        title=TITLE,
        version="1",
        summary="One network to administrate the city 一网统管",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    for router in _ROUTERS:
        api.include_router(router)
    install(api, _EDGE)
    api.router.middleware_stack = Lanes(api.router.middleware_stack, _LANES)
    _document(api)
    return api


def _document(api: FastAPI) -> None:
    """Complete the OpenAPI document with each route's authority and the intake's own pages."""
    make = api.openapi

    def complete() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = make()
            intake_routes.document(document)
            schemas.document(document)
            document_doors(document, api.routes)
            api.openapi_schema = document
        return api.openapi_schema

    api.openapi = complete  # type: ignore[method-assign]


class Service:
    """The ASGI application: the intake, the faces, and the API behind its middlewares."""

    def __init__(self, home: Home, db: Database, city: City, clock: Clock) -> None:
        self.home = home
        self.gate = Gate(db, city, secret=home.instance_secret, clock=clock)
        self.api = build_api()
        self.api.state.gate = self.gate
        self.api.state.home = home
        self.api.state.suggesting = suggest_routes.new_buckets()
        self.intake = intake_routes.Endpoint(self.gate, home)
        self.faces = Faces(built_folder())
        self.feed = feed_routes.Poller(self.gate)
        self.api.state.intake = self.intake.intake
        self.api.state.feed = self.feed
        self.picture = picture_routes.PictureRoom(self.gate)
        self.api.state.picture = self.picture

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and self.intake.takes(scope):
            await self.intake(scope, receive, send)
        elif scope["type"] == "http" and self.faces.takes(scope):
            await self.faces(scope, receive, send)
        else:
            await self.api(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def look(self) -> None:
        """Take up the city where it was revised; requests under way end with the one they have."""
        found = await look(self.gate.db, self.gate.city, self.gate.real.now())
        if found is not None:
            self.gate.city = found

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        works = (self.intake.run(), self.feed.run(), self.picture.run(), follow(self.look))
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.gate.db.close()


async def open_database(home: Home, *, size: int, simulated: bool) -> Database:
    """The service's connections, with the map of reactions."""
    return await Database.open(
        home.role_url("yiwang_service"),
        size=size,
        routing=flow.ROUTING,
        name="yiwang-service",
        simulated=simulated,
    )

"""One living city for the tests that only look at it or leave it as it was."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.system.living import Living, living
from tests.world import World
from yiwang import flow
from yiwang.ground.city import City
from yiwang.kit.db import Database
from yiwang.kit.embedded import Server


@asynccontextmanager
async def _lively(server: Server, city: City, template: str, folder: Path) -> AsyncIterator[Living]:
    name = f"l{secrets.token_hex(6)}"
    conn = await asyncpg.connect(server.url("postgres"))
    try:
        await conn.execute(f'create database "{name}" template "{template}" strategy file_copy')
    finally:
        await conn.close()
    service_dsn = server.url(name, "yiwang_service", "service-role")
    worker_dsn = server.url(name, "yiwang_worker", "worker-role")
    service = await Database.open(service_dsn, size=6, routing=flow.ROUTING)
    worker = await Database.open(worker_dsn, size=2, routing=flow.ROUTING)
    world = World(city, service, worker, server.url(name), service_dsn, worker_dsn)
    try:
        async with living(world, folder) as found:
            yield found
    finally:
        await service.close()
        await worker.close()


@pytest.fixture(scope="session")
async def town(
    server: Server, city: City, city_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Living]:
    """The living city, shared by the whole run."""
    async with _lively(server, city, city_template, tmp_path_factory.mktemp("living")) as found:
        yield found


@pytest.fixture(scope="session")
async def rough_town(
    server: Server, city: City, city_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Living]:
    """Another, for what leaves it as it likes."""
    async with _lively(server, city, city_template, tmp_path_factory.mktemp("rough")) as found:
        yield found

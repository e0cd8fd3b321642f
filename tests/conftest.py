"""Fixtures: one PostgreSQL for the run, one template with the pack, a fresh database each."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.world import World
from yiwang import flow
from yiwang.ground.city import City
from yiwang.ground.packs import store as packs
from yiwang.ground.packs.reading import read_pack
from yiwang.kit.db import Database, Scope
from yiwang.kit.embedded import Server
from yiwang.kit.migration import migrate

ROOT = Path(__file__).resolve().parents[1]
BROWSER = "tests/browser"
PASSWORDS = {"yiwang_service": "service-role", "yiwang_worker": "worker-role"}

settings.register_profile("yiwang", deadline=None, derandomize=True)
settings.load_profile("yiwang")


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it comes without types
    """Files are shared out among the processes; everything in the browser goes to one of them,
    first: it has the platform and the browser, and takes longest."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return BROWSER if path.startswith(BROWSER) else path


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How tests are shared out."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests first."""
    items.sort(key=lambda item: not item.nodeid.startswith(BROWSER))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real data sets; a test that needs them skips where they are absent."""
    folder = Path(os.environ.get("YIWANG_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"the shared data is not at {folder}; set YIWANG_DATA")
    return folder


@pytest.fixture(scope="session")
def city() -> City:
    """The Shanghai pack, built."""
    return City.build(read_pack(ROOT / "packs" / "shanghai"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL of this test process; it need not survive a power cut."""
    found = Server(tmp_path_factory.mktemp("postgres"), durable=False)
    found.create(secrets.token_hex(8))
    found.start()
    yield found
    found.stop()
    # where the folder is closed to the server's own user, it lies elsewhere and outlives it
    shutil.rmtree(found.data.parent, ignore_errors=True)


async def _fresh(server: Server, name: str, template: str = "template1") -> str:
    conn = await asyncpg.connect(server.url("postgres"))
    try:
        await conn.execute(f'create database "{name}" template "{template}" strategy file_copy')
    finally:
        await conn.close()
    return server.url(name)


@pytest.fixture(scope="session")
async def bare_template(server: Server) -> str:
    """A migrated database without a pack."""
    await migrate(await _fresh(server, "bare"), PASSWORDS)
    return "bare"


@pytest.fixture(scope="session")
async def city_template(server: Server, bare_template: str, city: City) -> str:
    """A migrated database with the pack installed."""
    await _fresh(server, "city", bare_template)
    db = await Database.open(server.url("city", "yiwang_worker", "worker-role"), size=1)
    async with db.begin(Scope("platform"), datetime.now(UTC)) as tx:
        await packs.install(tx, city.pack, "test")
    await db.close()
    return "city"


@pytest.fixture
async def owner_url(server: Server, bare_template: str) -> str:
    """A fresh migrated database, as its owner."""
    return await _fresh(server, f"t{secrets.token_hex(6)}", bare_template)


@pytest.fixture
def service_url(server: Server, owner_url: str) -> str:
    """The same database as the service."""
    return server.url(owner_url.rpartition("/")[2], "yiwang_service", "service-role")


@pytest.fixture
def worker_url(server: Server, owner_url: str) -> str:
    """The same database as the worker."""
    return server.url(owner_url.rpartition("/")[2], "yiwang_worker", "worker-role")


@pytest.fixture
async def world(server: Server, city: City, city_template: str) -> AsyncIterator[World]:
    """A fresh database with the pack, both roles connected."""
    name = f"w{secrets.token_hex(6)}"
    owner = await _fresh(server, name, city_template)
    service_dsn = server.url(name, "yiwang_service", "service-role")
    worker_dsn = server.url(name, "yiwang_worker", "worker-role")
    service = await Database.open(service_dsn, size=4, routing=flow.ROUTING)
    worker = await Database.open(worker_dsn, size=2, routing=flow.ROUTING)
    yield World(city, service, worker, owner, service_dsn, worker_dsn)
    await service.close()
    await worker.close()

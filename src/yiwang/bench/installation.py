"""A throwaway installation: its own home, database, service and worker, driven from outside."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from yiwang import setup
from yiwang.bench import client
from yiwang.bench.client import Connection
from yiwang.ground.city import City
from yiwang.ground.packs.reading import read_pack
from yiwang.home import Home
from yiwang.kit.errors import Refusal

HOST = "127.0.0.1"
_PORTS = range(15_000, 32_000)
_READY_S = 90.0
_POLL_S = 0.05
_END_S = 20.0


def _choose_port() -> int:
    """A free port below the range from which the system serves clients: while the service is
    down, no client's own end may take its place."""
    for port in random.sample(_PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise Refusal("bench.no_port", first=_PORTS[0], last=_PORTS[-1])


@dataclass
class Installation:
    """One installation under `home`. `service` and `worker` are its running processes."""

    home: Home
    port: int
    city: City
    access: dict[str, Any]
    service: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None
    _logs: list[Any] = field(default_factory=list)

    @classmethod
    async def create(cls, folder: Path, pack: str = "") -> Installation:
        """Make the database with its pack, accounts and keys, or find them there."""
        home = Home.open(folder)
        port = _choose_port()
        access = await setup.prepare(home, pack, base_url=f"http://{HOST}:{port}")
        city = await asyncio.to_thread(lambda: City.build(read_pack(setup.pack_folder(pack))))
        return cls(home, port, city, access)

    @property
    def host(self) -> str:
        """Host and port as the Host header has them."""
        return f"{HOST}:{self.port}"

    @property
    def owner_url(self) -> str:
        """The database as its owner, whom row-level security does not bind."""
        return self.home.owner_url()

    def key(self, scope: str) -> str:
        """An API key with a scope; refuses where there is none ("bench.no_key")."""
        for row in self.access["keys"]:
            if scope in row["scopes"]:
                return str(row["key"])
        raise Refusal("bench.no_key", scope=scope)

    async def start(self) -> None:
        """Start service and worker; return when the service answers."""
        self.start_service()
        self.start_worker()
        await self.wait_ready()

    def start_service(self) -> None:
        """Start the service, in a process of its own."""
        self.service = self._run("serve", "--home", str(self.home.folder), "--port", str(self.port))

    def start_worker(self) -> None:
        """Start the worker, in a process of its own."""
        self.worker = self._run("worker", "--home", str(self.home.folder))

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home.folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "yiwang.commands.running", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"YIWANG_HOME": str(self.home.folder)},
            )

    async def status(self) -> dict[str, Any] | None:
        """What GET /status says; None while nobody answers well."""
        try:
            connection = await Connection.connect(HOST, self.port)
        except OSError:
            return None
        data = client.request("GET", "/api/v1/status", self.host)
        try:
            code, body = await asyncio.wait_for(connection.ask(data), 5.0)
        except TimeoutError:
            return None
        finally:
            connection.close()
        found: dict[str, Any] | None = json.loads(body) if code == 200 else None
        return found

    async def wait_ready(self) -> None:
        """Wait until the service answers; refuses after 90 s or when it ended ("bench.dead")."""
        end = time.monotonic() + _READY_S
        while time.monotonic() < end:
            if await self.status() is not None:
                return
            if self.service is None or self.service.poll() is not None:
                raise Refusal("bench.dead", name="serve", tail=self.tail("serve"))
            await asyncio.sleep(_POLL_S)
        raise Refusal("bench.dead", name="serve", tail=self.tail("serve"))

    def tail(self, name: str) -> str:
        """The last lines of a process's log."""
        log = self.home.folder / f"{name}.log"
        return log.read_text(encoding="utf-8", errors="replace")[-800:] if log.exists() else ""

    def memory_mb(self) -> dict[str, float]:
        """Proportional set sizes of service and worker with their children, MB (10^6 bytes)."""
        found = {}
        for name, process in (("service", self.service), ("worker", self.worker)):
            if process is None:
                continue
            root = psutil.Process(process.pid)
            family = [root, *root.children(recursive=True)]
            found[name] = round(sum(one.memory_full_info().pss for one in family) / 1e6, 1)
        found["sum"] = round(sum(found.values()), 1)
        return found

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection as the owner."""
        conn = await asyncpg.connect(self.owner_url)
        try:
            yield conn
        finally:
            await conn.close()

    async def stop_programs(self) -> None:
        """Stop service and worker in an orderly way; the database stays."""
        running = [one for one in (self.service, self.worker) if one is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in running:
            try:
                await asyncio.to_thread(process.wait, _END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)
        self.service = self.worker = None

    async def start_database(self) -> None:
        """Start the embedded database again after :meth:`stop`."""
        await asyncio.to_thread(self.home.server.start)

    async def stop(self) -> None:
        """Stop service, worker and database in an orderly way."""
        await self.stop_programs()
        if self.home.is_embedded:
            await asyncio.to_thread(self.home.server.stop)


@asynccontextmanager
async def install(home: Path | None, pack: str, *, run: bool = True) -> AsyncIterator[Installation]:
    """An installation for one bench: in `home`, which stays, or in a folder that is removed."""
    folder = home or Path(tempfile.mkdtemp(prefix="yiwang-bench-"))
    place: Installation | None = None
    try:
        place = await Installation.create(folder, pack)
        if run:
            await place.start()
        yield place
    finally:
        if place is not None:
            await place.stop()
            if home is None:
                shutil.rmtree(place.home.server.data.parent, ignore_errors=True)
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)

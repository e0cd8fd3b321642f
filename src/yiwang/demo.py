"""`yiwang demo`: everything set up and running, with a labelled-synthetic past and day.

Service and worker are processes of their own; one that dies is started again.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from yiwang import setup
from yiwang.bulk import generate
from yiwang.bulk.day import Sample, make_day
from yiwang.ground.city import City
from yiwang.home import Home
from yiwang.kit.db import Database
from yiwang.kit.errors import Refusal

_READY_S = 60.0
_PAST = 10_000
_SEED = 2022


@dataclass
class Child:
    """One process of the platform, kept running."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self, env: dict[str, str]) -> None:
        """Start it (again)."""
        self.process = subprocess.Popen(self.command, env=env)
        self.starts += 1

    @property
    def is_dead(self) -> bool:
        """Whether it ended without having been told to."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass
class Platform:
    """Service and worker of one home."""

    home: Home
    port: int
    simulated: bool = False
    children: list[Child] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        """Where the service answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start both processes; the service answers when this returns, the worker soon after."""
        program = [sys.executable, "-m", "yiwang.commands.running"]
        place = ["--home", str(self.home.folder)]
        clock = ["--clock", "simulated"] if self.simulated else []
        self.children = [
            Child("service", [*program, "serve", *place, "--port", str(self.port), *clock]),
            Child("worker", [*program, "worker", *place, *clock]),
        ]
        service, worker = self.children
        service.start(dict(os.environ))
        self.wait()
        worker.start(dict(os.environ))

    def wait(self) -> None:
        """Wait until the service answers; refuses where it ends or stays silent."""
        end = time.monotonic() + _READY_S
        while time.monotonic() < end:
            if any(child.is_dead for child in self.children):
                break
            try:
                if httpx.get(f"{self.base_url}/api/v1/status", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        self.stop()
        raise Refusal("demo.not_ready", port=self.port)

    def keep(self) -> None:
        """Start whatever died again."""
        for child in self.children:
            if child.is_dead:
                child.start(dict(os.environ))

    def stop(self) -> None:
        """Stop both."""
        for child in self.children:
            child.stop()


async def recall(home: Home, say: Callable[[str], None], count: int = _PAST) -> int:
    """Make up the two years before now, so that there is something to look back on; how many cases.

    Loaded past the door, each labelled as synthetic; what was broken off is taken up again.
    """
    city = await _city_of(home)
    made = await generate(home.owner_url(), city, count, _SEED, until=datetime.now(UTC))
    say(f"past: {made} synthetic cases of two years, each labelled as synthetic")
    return made


async def _city_of(home: Home) -> City:
    db = await Database.open(home.role_url("yiwang_worker"), size=1)
    try:
        return await setup.load_city(db)
    finally:
        await db.close()


async def feed(home: Home, base_url: str, say: Callable[[str], None], count: int = 400) -> int:
    """Send a day of synthetic Chinese reports through the ordinary door; how many were taken."""
    city = await _city_of(home)
    key = next(row["key"] for row in home.access()["keys"] if row["name"] == "integrator")
    samples = make_day(city, count, datetime.now(UTC), seed=secrets.randbits(32))
    taken = 0
    limit = asyncio.Semaphore(16)
    async with httpx.AsyncClient(base_url=base_url, headers={"X-API-Key": key}) as client:

        async def send(sample: Sample) -> int:
            async with limit:
                answer = await client.post("/api/v1/reports", json=sample.body())
                return int(answer.status_code == 201)

        taken = sum(await asyncio.gather(*(send(sample) for sample in samples)))
    say(f"feed: {taken} synthetic reports sent, each labelled as synthetic")
    return taken

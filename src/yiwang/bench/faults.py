"""`bench faults`: killed at random moments under load, and nothing acknowledged is lost.

The harness plays the supervisor of a real installation: whatever died is started again.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import numpy as np
import psutil
from numpy.typing import NDArray

from yiwang.bench.apart import Apart
from yiwang.bench.figure import Figure, make_figure
from yiwang.bench.installation import Installation
from yiwang.bench.keeping import Kept, Standing, count_kept, count_standing
from yiwang.bench.load import carry_out
from yiwang.bench.messages import make_bodies, plan_reports
from yiwang.bench.settling import Say
from yiwang.kit.errors import Refusal

TARGETS = ("service", "worker", "postgres")
_BODIES = 4096
_CONNECTIONS = 16
_PAUSE_S = 0.15  # of each client between its reports: about a hundred reports a second
_LONGEST_WAIT_S = 2.0
_WATCH_S = 0.1
_DRAIN_S = 300.0
_LOOK_S = 1.0
_EVERY = 20  # kills between two lines to the reader
_FOREVER_S = 86_400.0
_UP_S = 120.0


@dataclass
class Supervisor:
    """Kills the processes of an installation, and starts again whatever is dead."""

    place: Installation
    starts: Counter[str] = field(default_factory=Counter)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep(self) -> None:
        """Watch until :meth:`end`."""
        while not self._over.is_set():
            await self._revive()
            try:
                await asyncio.wait_for(self._over.wait(), _WATCH_S)
            except TimeoutError:
                continue

    def end(self) -> None:
        """Watch no longer."""
        self._over.set()

    async def _revive(self) -> None:
        server = self.place.home.server
        if not _lives(server.pid):
            try:
                await asyncio.to_thread(server.start)
                self.starts["postgres"] += 1
            except Refusal:
                return  # its old processes still end; looked at again in a moment
        for name, start in (
            ("service", self.place.start_service),
            ("worker", self.place.start_worker),
        ):
            process = self._process(name)
            if process is None or process.poll() is not None:
                start()
                self.starts[name] += 1

    def _process(self, name: str) -> subprocess.Popen[bytes] | None:
        return self.place.service if name == "service" else self.place.worker

    def kill(self, name: str) -> bool:
        """kill -9; False where it was dead already."""
        if name == "postgres":
            pid = self.place.home.server.pid
        else:
            process = self._process(name)
            pid = process.pid if process is not None and process.poll() is None else None
        if pid is None or not _lives(pid):
            return False
        victim = psutil.Process(pid)
        victim.send_signal(signal.SIGKILL)
        if name == "postgres":
            victim.wait(10)
        return True


def _lives(pid: int | None) -> bool:
    """Whether a process runs; a dead one that nobody has buried does not."""
    if pid is None:
        return False
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def measure_faults(place: Installation, kills: int, say: Say, seed: int = 1) -> Figure:
    """How many of `kills` the installation came through with every report there exactly once."""
    chance = random.Random(seed)
    bodies = make_bodies(place.city, _BODIES, datetime.now(UTC), seed)
    key = f"faults-{secrets.token_hex(4)}-"
    plan = plan_reports(place, bodies, key, _CONNECTIONS, _FOREVER_S, pause_s=_PAUSE_S, retry=True)
    supervisor = Supervisor(place)
    keeping = asyncio.create_task(supervisor.keep())
    began = time.perf_counter()
    load = Apart(carry_out, plan)
    try:
        killed = await _kill_many(place, supervisor, chance, kills, say)
        load.stop()
        sent = await load.result()
        say("until all reports are settled")
        kept, standing, left = await _settle(place, key, sent.acknowledged)
    finally:
        supervisor.end()
        await keeping
    stuck = standing.moving + left["waiting"] + left["parked"]
    errors = kept.errors + stuck + sent.errors
    done = sum(killed.values())
    return make_figure(
        "faults",
        done if not errors else 0,
        "kills survived",
        done,
        sent.latencies_ms,
        errors,
        {
            "limit_is": "the kills",
            "killed": dict(killed),
            "started_again": dict(supervisor.starts),
            "seconds": round(time.perf_counter() - began, 1),
            "sent": sent.sent,
            "acknowledged": len(sent.acknowledged),
            "tries_again": sent.retried,
            "statuses": dict(sent.statuses),
            "stored": kept.stored,
            "lost": kept.lost,
            "doubled": kept.doubled,
            "dispatched": standing.dispatched,
            "on_the_desk": standing.desk,
            "stuck_reports": standing.moving,
            "todos_waiting": left["waiting"],
            "todos_parked": left["parked"],
        },
    )


async def _kill_many(
    place: Installation, supervisor: Supervisor, chance: random.Random, kills: int, say: Say
) -> Counter[str]:
    """Kill at random moments; now and then while the last one is still coming up."""
    killed: Counter[str] = Counter()
    while (done := sum(killed.values())) < kills:
        if done % _EVERY == 0:
            say(f"{done} of {kills} kills")
        if chance.random() < 0.8:
            await _wait_until_up(place)
        await asyncio.sleep(chance.uniform(0.05, _LONGEST_WAIT_S))
        target = chance.choice(TARGETS)
        if await asyncio.to_thread(supervisor.kill, target):
            killed[target] += 1
    await _wait_until_up(place)
    return killed


async def _wait_until_up(place: Installation) -> None:
    """Wait until the service answers; refuses after two minutes ("bench.dead")."""
    end = time.monotonic() + _UP_S
    while await place.status() is None:
        if time.monotonic() > end:
            raise Refusal("bench.dead", name="serve", tail=place.tail("serve"))
        await asyncio.sleep(_WATCH_S)


async def _settle(
    place: Installation, key: str, acknowledged: NDArray[np.int64]
) -> tuple[Kept, Standing, dict[str, int]]:
    """Wait until nothing is left to do, then look whether every report is there."""
    end = time.monotonic() + _DRAIN_S
    async with place.database() as conn:
        while True:
            standing = await count_standing(conn, key)
            left = await _count_todos(conn)
            if not standing.moving and not left["waiting"]:
                break
            if time.monotonic() > end:
                break
            await asyncio.sleep(_LOOK_S)
        return await count_kept(conn, key, acknowledged), standing, left


async def _count_todos(conn: asyncpg.Connection) -> dict[str, int]:
    """Todos that are due now, and those that failed too often; timers of the future are neither."""
    row = await conn.fetchrow(
        "select count(*) filter (where not parked and due_at <= now()) as waiting,"
        " count(*) filter (where parked) as parked from todos"
    )
    return dict(row)

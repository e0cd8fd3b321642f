"""Load from a process of its own: closed loops, or a fixed rate whatever the answers do."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from yiwang.bench.apart import Apart
from yiwang.bench.client import BROKEN, Connection

Milliseconds: TypeAlias = NDArray[np.float32]

_GOOD = (200, 201)
_AGAIN = (BROKEN, 503)  # what a client tries again, under the same key
_RETRY_S = 0.05
_TICK_S = 0.002
_MOST_CONNECTIONS = 4000
_LAST_ANSWERS_S = 60.0
_FIRST_ROOM = 1 << 16


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send. Request n is `heads[n % len]`, the key `<key><n>`, and its body.

    Each head ends with the name of the key's header and its body's length stands in it.
    Without `rate` every connection sends its next request `pause_s` after its last answer; with
    it, requests leave at that rate per second whatever comes back. Answers to requests sent in
    the first `warmup_s` seconds are counted but not timed. `retry` sends what broke again.
    """

    host: str
    port: int
    heads: tuple[bytes, ...]
    bodies: tuple[bytes, ...]
    key: str
    connections: int
    seconds: float
    warmup_s: float = 0.0
    rate: float | None = None
    pause_s: float = 0.0
    retry: bool = False

    def request(self, n: int) -> bytes:
        """The bytes of request n."""
        i = n % len(self.heads)
        return self.heads[i] + b"%b%d\r\n\r\n" % (self.key.encode(), n) + self.bodies[i]


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: `acknowledged` holds the numbers of requests answered 200 or 201.

    `seconds` is the timed span, `timed` the answers in it; `cpu_us` the load's own cost of one
    request in microseconds of processor time.
    """

    sent: int
    statuses: Mapping[int, int]
    acknowledged: NDArray[np.int64]
    latencies_ms: Milliseconds
    seconds: float
    cpu_us: float
    retried: int = 0

    @property
    def errors(self) -> int:
        """Requests that got another answer than 200 or 201, or none."""
        return self.sent - len(self.acknowledged)


@dataclass(slots=True)
class _Tally:
    """Grows as answers come."""

    latencies: Milliseconds = field(default_factory=lambda: np.empty(_FIRST_ROOM, np.float32))
    timed: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[int] = field(default_factory=list)
    sent: int = 0
    waiting: int = 0
    retried: int = 0

    def note(self, n: int, status: int, seconds: float, timed: bool) -> None:
        """One answer."""
        self.statuses[status] += 1
        if status in _GOOD:
            self.acknowledged.append(n)
        if timed:
            if self.timed == len(self.latencies):
                self.latencies = np.resize(self.latencies, 2 * self.timed)
            self.latencies[self.timed] = seconds * 1000
            self.timed += 1


class _Driver:
    """Runs one plan on the running event loop."""

    def __init__(self, plan: Plan, stop: Event) -> None:
        self._plan, self._stop = plan, stop
        self._tally = _Tally()
        self._idle: list[Connection] = []
        self._opened = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> Load:
        """Everything until the last answer."""
        plan, tally = self._plan, self._tally
        cpu = time.process_time()
        begun = time.perf_counter()
        end = begun + plan.warmup_s + plan.seconds
        if plan.rate is None:
            await asyncio.gather(*(self._loop(begun, end) for _ in range(plan.connections)))
        else:
            await self._pace(begun, end, plan.rate)
        spent = time.process_time() - cpu
        return Load(
            sent=tally.sent,
            statuses=dict(tally.statuses),
            acknowledged=np.array(sorted(tally.acknowledged), dtype=np.int64),
            latencies_ms=tally.latencies[: tally.timed].copy(),
            seconds=min(time.perf_counter(), end) - begun - plan.warmup_s,
            cpu_us=spent / max(tally.sent, 1) * 1e6,
            retried=tally.retried,
        )

    async def _loop(self, begun: float, end: float) -> None:
        """One closed loop: the next request after the last answer."""
        plan, tally = self._plan, self._tally
        connection = await self._connect()
        finished = asyncio.get_running_loop().create_future()
        timed_from = begun + plan.warmup_s
        started, n = 0.0, 0

        def start() -> None:
            nonlocal started, n
            started = time.perf_counter()
            if started >= end or self._stop.is_set():
                finished.set_result(None)
                return
            n = tally.sent
            tally.sent += 1
            connection.send(plan.request(n), answer)

        def answer(status: int, _: bytes) -> None:
            now = time.perf_counter()
            if status in _AGAIN and plan.retry:
                tally.retried += 1
                self._spawn(again())
                return
            tally.note(n, status, now - started, timed_from <= started and now <= end)
            if status == BROKEN:
                self._spawn(reconnect())
            elif plan.pause_s:
                asyncio.get_running_loop().call_later(plan.pause_s, start)
            else:
                start()

        async def again() -> None:
            nonlocal connection
            await asyncio.sleep(_RETRY_S)
            if not connection.open:
                connection = await self._connect()
            connection.send(plan.request(n), answer)

        async def reconnect() -> None:
            nonlocal connection
            connection = await self._connect()
            start()

        start()
        await finished
        connection.close()

    async def _connect(self) -> Connection:
        """A connection, waited for where the service is just coming up."""
        while True:
            try:
                return await Connection.connect(self._plan.host, self._plan.port)
            except OSError:
                await asyncio.sleep(_RETRY_S)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pace(self, begun: float, end: float, rate: float) -> None:
        """Requests leave when they are due; each takes an idle connection or opens one."""
        plan, tally = self._plan, self._tally
        self._idle = [await self._connect() for _ in range(plan.connections)]
        self._opened = plan.connections
        begun_sending = time.perf_counter()
        shift = begun_sending - begun
        while not self._stop.is_set():
            now = time.perf_counter()
            if now >= end + shift:
                break
            due = int((now - begun_sending) * rate)
            while tally.sent < due:
                at = begun_sending + (tally.sent + 1) / rate
                self._send_paced(tally.sent, at)
                tally.sent += 1
            await asyncio.sleep(_TICK_S)
        last = time.perf_counter() + _LAST_ANSWERS_S
        for _ in iter(lambda: tally.waiting > 0 and time.perf_counter() < last, False):
            await asyncio.sleep(_TICK_S)
        for connection in self._idle:
            connection.close()

    def _send_paced(self, n: int, due: float) -> None:
        self._tally.waiting += 1
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                self._fire(connection, n, due)
                return
        self._spawn(self._fire_on_new(n, due))

    async def _fire_on_new(self, n: int, due: float) -> None:
        if self._opened >= _MOST_CONNECTIONS:
            self._settle(n, BROKEN, due)
            return
        self._opened += 1
        try:
            connection = await Connection.connect(self._plan.host, self._plan.port)
        except OSError:
            self._opened -= 1
            self._settle(n, BROKEN, due)
            return
        self._fire(connection, n, due)

    def _fire(self, connection: Connection, n: int, due: float) -> None:
        def answer(status: int, _: bytes) -> None:
            if status == BROKEN:
                self._opened -= 1
            else:
                self._idle.append(connection)
            self._settle(n, status, due)

        connection.send(self._plan.request(n), answer)

    def _settle(self, n: int, status: int, due: float) -> None:
        """The answer's time counts from when the request was due, so that a stall is not hidden."""
        self._tally.waiting -= 1
        self._tally.note(n, status, time.perf_counter() - due, True)


async def carry_out(stop: Event, plan: Plan) -> Load:
    """Carry out a plan in this process, until it ends or `stop` is set."""
    return await _Driver(plan, stop).run()


async def run_load(plan: Plan) -> Load:
    """Carry out a plan in a process of its own, from beginning to end."""
    return await Apart(carry_out, plan).result()

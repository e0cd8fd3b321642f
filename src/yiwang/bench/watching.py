"""A thousand streams of the picture in a process of their own, and when each of them heard what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import cast

import msgspec

from yiwang.bench import client

_AT_ONCE, _PAUSE_S = 40, 0.5  # below the rate at which the service takes strangers in


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """Streams to open: `keys` are API keys with how many streams each has open; `action` is what
    is listened for."""

    host: str
    port: int
    cursor: str
    keys: Mapping[str, int]
    action: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What all streams heard: for each case how many streams, and the last one's moment on the
    clock that all processes of a machine share (seconds)."""

    opened: int
    broken: int
    frames: int
    megabytes: float
    cases: Mapping[int, tuple[int, float]]


class _Frame(msgspec.Struct):
    steps: list[tuple[float, int, str]] = []


@dataclass
class _Tally:
    action: str
    opened: int = 0
    broken: int = 0
    frames: int = 0
    octets: int = 0
    cases: dict[int, tuple[int, float]] = field(default_factory=dict)
    read: dict[bytes, list[int]] = field(default_factory=dict)

    def hear(self, data: bytes, now: float) -> None:
        """Take one event of a stream; streams of one group are sent the same bytes."""
        ids = self.read.get(data)
        if ids is None:
            frame = msgspec.json.decode(data, type=_Frame)
            ids = [case for _, case, action in frame.steps if action == self.action]
            if len(self.read) > 200:
                self.read.clear()
            self.read[data] = ids
        self.frames += 1
        for case in ids:
            count, _ = self.cases.get(case, (0, 0.0))
            self.cases[case] = (count + 1, now)


class _Stream(asyncio.Protocol):
    """One stream, read as cheaply as Python allows."""

    def __init__(self, request: bytes, tally: _Tally) -> None:
        self._request = request
        self._tally = tally
        self._rest = b""
        self._begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tally.broken += 1

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._tally.octets += len(data)
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            head, mark, told = event.partition(b"data: ")
            if mark and b"event: changes" in head:
                if not self._begun:
                    self._begun = True
                    self._tally.opened += 1
                self._tally.hear(told, now)


async def watch(stop: Event, plan: WatchPlan) -> Heard:
    """Open all streams and listen until told to stop."""
    loop = asyncio.get_running_loop()
    tally = _Tally(plan.action)
    host = f"{plan.host}:{plan.port}"
    path = f"/api/v1/picture/changes?since={plan.cursor}"
    requests = [
        client.request("GET", path, host, {"X-API-Key": key})
        for key, count in plan.keys.items()
        for _ in range(count)
    ]
    open_now = []
    for start in range(0, len(requests), _AT_ONCE):
        open_now += await asyncio.gather(
            *(
                loop.create_connection(
                    lambda request=request: _Stream(request, tally),  # type: ignore[misc]
                    plan.host,
                    plan.port,
                )
                for request in requests[start : start + _AT_ONCE]
            )
        )
        await asyncio.sleep(_PAUSE_S)
    await asyncio.to_thread(stop.wait)
    broken = tally.broken
    for transport, _ in open_now:
        transport.abort()
    return Heard(tally.opened, broken, tally.frames, tally.octets / 1e6, tally.cases)

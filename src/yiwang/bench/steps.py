"""Lifecycles over HTTP: opened, dispatched, accepted, finished and found, each by its own duty."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np

from yiwang.bench import client
from yiwang.bench.client import Connection
from yiwang.bench.figure import Latencies

STEPS = ("create", "dispatch", "accept", "finish", "search")
_GOOD = (200, 201)


class _Row(msgspec.Struct):
    """What is needed of a case or order to go on."""

    id: int
    number: str = ""


class _Page(msgspec.Struct):
    items: list[_Row]


_OPENED, _LISTED = msgspec.json.Decoder(_Row), msgspec.json.Decoder(_Page)


@dataclass(frozen=True, slots=True)
class LifecyclePlan:
    """What to do: `cases` are bodies of POST /cases, taken in turn by `hands` at once."""

    host: str
    port: int
    intake: str  # tokens
    dispatcher: str
    handler: str
    unit: str
    cases: tuple[Mapping[str, Any], ...]
    hands: int
    seconds: float
    warmup_s: float


@dataclass(frozen=True, slots=True)
class Lifecycles:
    """What came of it; `whole` and `steps` hold the milliseconds of whole lives and of steps."""

    done: int
    seconds: float
    whole: Latencies
    steps: Mapping[str, Latencies]
    failures: Mapping[str, int]
    first_failure: str


class _StepFailed(Exception):
    """A step was not answered as it should be."""

    def __init__(self, step: str, status: int, body: bytes) -> None:
        super().__init__(f"{step} {status}: {body.decode(errors='replace')[:300]}")
        self.name = f"{step} {status}"


@dataclass
class _Tally:
    whole: list[float] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in STEPS})
    failures: Counter[str] = field(default_factory=Counter)
    first_failure: str = ""
    next_case: int = 0


async def carry_out(stop: Event, plan: LifecyclePlan) -> Lifecycles:
    """Live one case after the other in each hand until the time is over."""
    tally = _Tally()
    begun = time.perf_counter()
    start, end = begun + plan.warmup_s, begun + plan.warmup_s + plan.seconds
    await asyncio.gather(*(_hand(stop, plan, tally, start, end) for _ in range(plan.hands)))
    return Lifecycles(
        done=len(tally.whole),
        seconds=plan.seconds,
        whole=np.array(tally.whole, dtype=np.float32),
        steps={name: np.array(found, dtype=np.float32) for name, found in tally.steps.items()},
        failures=dict(tally.failures),
        first_failure=tally.first_failure,
    )


async def _hand(stop: Event, plan: LifecyclePlan, tally: _Tally, start: float, end: float) -> None:
    connection = await Connection.connect(plan.host, plan.port)
    while time.perf_counter() < end and not stop.is_set():
        number = tally.next_case
        tally.next_case += 1
        if not connection.open:
            connection = await Connection.connect(plan.host, plan.port)
        began = time.perf_counter()
        try:
            spent = await _live(connection, plan, number)
        except _StepFailed as failure:
            tally.failures[failure.name] += 1
            tally.first_failure = tally.first_failure or str(failure)
            continue
        now = time.perf_counter()
        if start <= began and now <= end:
            tally.whole.append((now - began) * 1000)
            for name, seconds in spent.items():
                tally.steps[name].append(seconds * 1000)
    connection.close()


async def _live(connection: Connection, plan: LifecyclePlan, number: int) -> dict[str, float]:
    """One lifecycle; the seconds of each step."""
    body = plan.cases[number % len(plan.cases)]
    spent: dict[str, float] = {}

    async def ask(
        step: str, token: str, method: str, path: str, sent: Mapping[str, Any] | None = None
    ) -> bytes:
        data = client.request(
            method,
            f"/api/v1{path}",
            f"{plan.host}:{plan.port}",
            {"Authorization": f"Bearer {token}"},
            msgspec.json.encode(sent) if sent is not None else b"",
        )
        began = time.perf_counter()
        status, answer = await connection.ask(data)
        spent[step] = spent.get(step, 0.0) + time.perf_counter() - began
        if status not in _GOOD:
            raise _StepFailed(step, status, answer)
        return answer

    opened = _OPENED.decode(await ask("create", plan.intake, "POST", "/cases", body))
    case = opened.id
    facts = {"facts": {"unit": plan.unit}}
    await ask("dispatch", plan.dispatcher, "POST", f"/cases/{case}/actions/dispatch", facts)
    orders = _LISTED.decode(await ask("accept", plan.handler, "GET", f"/orders?case={case}"))
    order = orders.items[0].id
    await ask("accept", plan.handler, "POST", f"/orders/{order}/actions/accept", {"facts": {}})
    facts = {"facts": {"result": "已到现场处置完毕", "outcome": "solved"}}
    await ask("finish", plan.handler, "POST", f"/orders/{order}/actions/finish", facts)
    # Half look for the number they were told, half for words of the place.
    wanted = f"number={opened.number}" if number % 2 else f"q={quote(str(body['address']))}"
    answer = await ask("search", plan.dispatcher, "GET", f"/cases?{wanted}&limit=20")
    found = _LISTED.decode(answer).items
    if not any(row.id == case for row in found) and number % 2:
        raise _StepFailed("search", 200, b"the case is not found under its number")
    return spent

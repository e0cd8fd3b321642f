"""`bench screen`: 100 000 open cases on a thousand screens, while fifty change every second.

The service's half: the picture in one answer, its changes to the last of a thousand streams, a
report until it shows, a past moment and a day played back.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import numpy as np
import psutil

from yiwang.bench import client, people
from yiwang.bench.apart import Apart
from yiwang.bench.client import Connection
from yiwang.bench.figure import Figure, Latencies, make_figure, percentile, summarise
from yiwang.bench.installation import HOST, Installation
from yiwang.bench.messages import make_bodies
from yiwang.bench.settling import Say, settle_down, wait_sealed
from yiwang.bench.watching import Heard, WatchPlan, watch
from yiwang.bulk import generate
from yiwang.ground.packs.model import Level
from yiwang.kit.errors import Refusal

_STREAMS_OF_A_KEY = 20
_CITY_SHARE = 0.68  # of the streams look at the whole city, the others at a district each
_PROMISE_MS = 1000.0
_SETTLE_S = 3.0
_OPEN_S = 0.02  # for each stream
_REPORTS = 20
_DAY_CHANGES = 30_000
_ASKED = 5  # how often each answer is asked for


@dataclass(frozen=True, slots=True)
class _Change:
    case: int
    place: str
    sent: float


async def measure_screen(
    place: Installation,
    cases: int,
    streams: int,
    say: Say,
    rate: float = 50.0,
    seconds: float = 60.0,
    seed: int = 1,
) -> Figure:
    """Milliseconds from a change's request until the last of all streams it concerns has it."""
    say(f"making {cases} open cases")
    await fill(place, cases, seed)
    await settle_down(place, say)
    chief, keys = await _let_in(place, streams)
    token = next(iter(keys))
    before = place.memory_mb()
    say("the picture in one answer")
    shown = await _ask_often(place, "/api/v1/picture", token)
    loaded = place.memory_mb()
    cursor = json.loads(gzip.decompress(shown.body))["cursor"]
    say(f"{streams} streams, {rate:.0f} changes a second for {seconds:.0f} s")
    found = await _watch(place, chief, keys, cursor, rate, seconds, seed)
    say(f"{_REPORTS} reports until they show, once the record is sealed")
    await wait_sealed(place)
    reported = await _report(place, token, cursor, seed)
    say("the past")
    past = await _look_back(place, token, rate, seconds)
    lost = sum(change.lost for change in found.waits)
    waits = np.array([change.ms for change in found.waits], dtype=np.float32)
    return make_figure(
        "screen",
        percentile(waits, 0.99) or 0.0,
        "ms until the last stream has a change (p99)",
        _PROMISE_MS,
        waits,
        lost + found.refused + found.heard.broken + (streams - found.heard.opened),
        {
            "limit_is": "the promise: a change reaches the last within a second",
            "open_cases": shown.count,
            "streams": found.heard.opened,
            "streams_broken": found.heard.broken,
            "groups": len(set(keys.values())),
            "changes": len(found.waits),
            "changes_refused": found.refused,
            "changes_lost": lost,
            "frames": found.heard.frames,
            "sent_mb": round(found.heard.megabytes, 1),
            "request_ms": summarise(found.requests),
            "service_cpu_share": round(found.cpu, 3),
            "picture": shown.told(),
            "report_until_shown_ms": summarise(reported),
            **past,
            "memory_mb_without_picture": before,
            "memory_mb_with_picture": loaded,
            "memory_mb_after": found.memory,
        },
    )


async def fill(place: Installation, cases: int, seed: int) -> None:
    async with place.database() as conn:
        there = int(await conn.fetchval("select count(*) from cases where is_open(state)"))
    missing = cases - there
    if missing > 0:
        await generate(
            place.owner_url, place.city, missing + missing // 10, seed, open_cases=missing
        )


async def _let_in(place: Installation, streams: int) -> tuple[str, dict[str, str]]:
    """A duty chief's token, and keys with the path of the place each looks over."""
    accounts, root = place.access["accounts"], place.city.pack.root
    found = {}
    for duty in ("duty_chief", "sysadmin"):
        row = next((a for a in accounts if a["duty"] == duty and a["place"] == root), None)
        if row is None:
            raise Refusal("bench.no_account", duty=duty, place=root)
        found[duty] = await people.sign_in(place, row)
    wanted = -(-streams // _STREAMS_OF_A_KEY)
    districts = [one.code for one in place.city.tree.at_level(Level.DISTRICT)]
    whole = round(wanted * _CITY_SHARE)
    over = [root] * whole + [districts[i % len(districts)] for i in range(wanted - whole)]
    keys = {}
    connection = await Connection.connect(HOST, place.port)
    for i, code in enumerate(over):
        name = f"screen-{secrets.token_hex(4)}-{i}"
        body = {"name": name, "system": name, "scopes": ["cases:read"], "place": code}
        made = await _ask(place, connection, "POST", "/api/v1/keys", found["sysadmin"], body)
        keys[str(made["token"])] = place.city.tree.path(code)
    connection.close()
    return found["duty_chief"], keys


async def _ask(
    place: Installation,
    connection: Connection,
    method: str,
    path: str,
    token: str,
    body: Mapping[str, Any] | None = None,
) -> Any:
    data = client.request(
        method,
        path,
        place.host,
        {"Authorization": f"Bearer {token}"},
        json.dumps(body).encode() if body is not None else b"",
    )
    status, answer = await connection.ask(data)
    if status not in (200, 201):
        raise Refusal("bench.step_failed", status=status, step=path, body=answer.decode()[:300])
    return json.loads(answer)


@dataclass(frozen=True, slots=True)
class _Answers:
    """One question asked a few times: the last body as it came, and the milliseconds of each."""

    body: bytes
    count: int
    raw: int
    ms: list[float]

    def told(self) -> dict[str, Any]:
        return {
            "first_ms": self.ms[0],
            "again_ms": min(self.ms[1:], default=None),
            "gzip_mb": round(len(self.body) / 1e6, 3),
            "json_mb": round(self.raw / 1e6, 3),
            "rows": self.count,
        }


async def _ask_often(place: Installation, path: str, key: str) -> _Answers:
    connection = await Connection.connect(HOST, place.port)
    data = client.request("GET", path, place.host, {"X-API-Key": key, "Accept-Encoding": "gzip"})
    spent, body = [], b""
    for _ in range(_ASKED):
        began = time.perf_counter()
        status, body = await connection.ask(data)
        spent.append(round((time.perf_counter() - began) * 1000, 1))
        if status != 200:
            raise Refusal("bench.step_failed", status=status, step=path, body=body.decode()[:300])
    connection.close()
    raw = gzip.decompress(body)
    told = json.loads(raw)
    return _Answers(body, told.get("count", len(told.get("changes", ()))), len(raw), spent)


@dataclass(frozen=True, slots=True)
class _Wait:
    """How long the last stream waited for one change, and how many streams never got it."""

    ms: float
    lost: int


@dataclass(frozen=True, slots=True)
class _Watched:
    waits: list[_Wait]
    heard: Heard
    requests: Latencies
    refused: int
    cpu: float
    memory: Mapping[str, float]


async def _watch(
    place: Installation,
    chief: str,
    keys: Mapping[str, str],
    cursor: str,
    rate: float,
    seconds: float,
    seed: int,
) -> _Watched:
    count = round(rate * seconds)
    async with place.database() as conn:
        rows = await conn.fetch(
            "select id, place::text as place from cases where is_open(state) and not supervised"
            " order by id"
        )
    chosen = random.Random(seed).sample(rows, min(count, len(rows)))
    streams = dict.fromkeys(keys, _STREAMS_OF_A_KEY)
    listening = Apart(watch, WatchPlan(HOST, place.port, cursor, streams, "case.flag"))
    await asyncio.sleep(len(streams) * _STREAMS_OF_A_KEY * _OPEN_S + _SETTLE_S)
    assert place.service is not None
    process = psutil.Process(place.service.pid)
    cpu = sum(process.cpu_times()[:2])
    began = time.monotonic()
    changes, requests, refused = await make_changes(place, chief, chosen, rate)
    cpu = (sum(process.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
    await asyncio.sleep(_SETTLE_S)
    memory = place.memory_mb()
    listening.stop()
    heard = await listening.result()
    waits = []
    for change in changes:
        wanted = sum(
            _STREAMS_OF_A_KEY for path in keys.values() if place.city.holds(path, change.place)
        )
        got, last = heard.cases.get(change.case, (0, change.sent))
        waits.append(_Wait((last - change.sent) * 1000, wanted - got))
    return _Watched(waits, heard, np.array(requests, np.float32), refused, cpu, memory)


async def make_changes(
    place: Installation, chief: str, chosen: list[Any], rate: float
) -> tuple[list[_Change], list[float], int]:
    """Flag one case after the other at a fixed rate, each by a request of its own."""
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(16):
        idle.put_nowait(await Connection.connect(HOST, place.port))
    done: list[_Change] = []
    spent: list[float] = []
    refused = 0
    begun = time.monotonic()

    async def flag(connection: Connection, row: Any) -> None:
        nonlocal refused
        sent = time.monotonic()
        path = f"/api/v1/cases/{row['id']}/actions/flag"
        try:
            await _ask(place, connection, "POST", path, chief, {"facts": {"supervised": True}})
        except Refusal:
            refused += 1
        else:
            done.append(_Change(row["id"], row["place"], sent))
            spent.append((time.monotonic() - sent) * 1000)
        idle.put_nowait(connection)

    tasks = []
    for number, row in enumerate(chosen):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(flag(await idle.get(), row)))
    await asyncio.gather(*tasks)
    while not idle.empty():
        idle.get_nowait().close()
    return done, spent, refused


async def _report(place: Installation, key: str, cursor: str, seed: int) -> Latencies:
    """Milliseconds from sending a report until a screen shows its case, one after the other."""
    bodies = make_bodies(place.city, 400, datetime.now(UTC), seed + 7)
    placed = [body for body in bodies if "lon" in body][:_REPORTS]
    listening = Apart(watch, WatchPlan(HOST, place.port, cursor, {key: 1}, "case.file"))
    await asyncio.sleep(_SETTLE_S)
    connection = await Connection.connect(HOST, place.port)
    sent: dict[str, float] = {}
    head = {"X-API-Key": place.key("reports:write")}
    for body in placed:
        name = f"screen-{secrets.token_hex(6)}"
        sent[name] = time.monotonic()
        data = client.request(
            *("POST", "/api/v1/reports", place.host),
            {**head, "Idempotency-Key": name},
            json.dumps(body, ensure_ascii=False).encode(),
        )
        await connection.ask(data)
        await asyncio.sleep(0.5)
    await asyncio.sleep(_SETTLE_S)
    listening.stop()
    heard = await listening.result()
    connection.close()
    async with place.database() as conn:
        rows = await conn.fetch(
            "select r.idempotency_key as name, r.case_id as id from reports r"
            " where r.idempotency_key = any($1) and r.state = 'filed'",
            list(sent),
        )
    waits = [
        (heard.cases[r["id"]][1] - sent[r["name"]]) * 1000 for r in rows if r["id"] in heard.cases
    ]
    return np.array(waits, np.float32)


async def _look_back(place: Installation, key: str, rate: float, seconds: float) -> dict[str, Any]:
    """A past moment, hexagons, and a day of 30 000 changes played back."""
    await _live_a_day(place)
    now = datetime.now(UTC)
    at = quote((now - timedelta(days=2)).isoformat())
    window = f"from={quote((now - timedelta(days=1)).isoformat())}&to={quote(now.isoformat())}"
    return {
        "past_moment": (await _ask_often(place, f"/api/v1/picture?at={at}", key)).told(),
        "cells": (await _ask_often(place, "/api/v1/cells?resolution=8", key)).told(),
        "day_played_back": (await _ask_often(place, f"/api/v1/picture/past?{window}", key)).told(),
    }


async def _live_a_day(place: Installation) -> None:
    """Bring the last 24 hours to 30 000 changes, as the platform records them."""
    async with place.database() as conn:
        there = await conn.fetchval(
            "select count(*) from case_steps where at > now() - interval '1 day'"
        )
        await conn.execute(
            "insert into events (at, actor, action, matter, matter_id, case_id, place, article,"
            " rule, before, after, facts) select now() - n * interval '2 seconds', 'synthetic',"
            " 'case.note', 'case', c.id, c.id, c.place, 'V', 'case.note', c.state, c.state,"
            " '{\"synthetic\": true}' from generate_series(1, $1::integer) n"
            " join (select *, row_number() over (order by id) as r from cases"
            "       where is_open(state)) c on c.r = n",
            max(0, _DAY_CHANGES - there),
        )

"""`bench wall`: the browser's half of the screen. 100 000 open cases in Chromium without a graphics
card: the first useful paint, frames while it is panned and zoomed beside those of an empty map, and
memory while the city changes."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Any

import numpy as np

from yiwang.bench import people
from yiwang.bench.figure import Figure, make_figure, summarise
from yiwang.bench.installation import HOST, Installation
from yiwang.bench.screen import fill, make_changes
from yiwang.bench.settling import Say, settle_down
from yiwang.kit.errors import Refusal

_PAINT_MS = 2500.0  # promised until all cases are drawn
_LINE = 2**22  # bytes of a line at the most
_PLAN = ("url", "login", "password", "totp_secret", "width", "height", "seconds")


async def measure_wall(
    place: Installation,
    cases: int,
    say: Say,
    rate: float = 50.0,
    seconds: float = 600.0,
    size: tuple[int, int] = (1920, 1080),
    seed: int = 1,
) -> Figure:
    """Frames a second while somebody pans and zooms; the limit is the same page without a case."""
    say(f"making {cases} open cases")
    await fill(place, cases, seed)
    await settle_down(place, say)
    root = place.city.pack.root
    chief = _account(place, "duty_chief", root)
    token = await people.sign_in(place, chief)
    looker = _account(place, "leader", root)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "yiwang.bench.looking"), stdin=PIPE, stdout=PIPE, limit=_LINE
    )
    values = (f"http://{HOST}:{place.port}", looker["name"], looker["password"])
    plan = dict(zip(_PLAN, (*values, looker["totp_secret"], *size, seconds), strict=True))
    await _write(process, json.dumps(plan))
    say("opening the screen, panning and zooming it, with and without cases")
    found = await _read_until(process, "ready")
    say(f"{rate:.0f} changes a second for {seconds:.0f} s")
    async with place.database() as conn:
        rows = await conn.fetch(
            "select id, place::text as place from cases where is_open(state) and not supervised"
            " order by id"
        )
    count = round(rate * seconds)
    chosen = random.Random(seed).sample(rows, min(count, len(rows)))
    await _write(process, "go")
    changing = asyncio.create_task(make_changes(place, token, chosen, rate))
    found += await _read_until(process, "wrong")
    changes, _, refused = await changing
    await process.wait()
    return _figure(found, cases, len(changes), refused, size)


def _account(place: Installation, duty: str, root: str) -> dict[str, Any]:
    for row in place.access["accounts"]:
        if row["duty"] == duty and row["place"] == root:
            found: dict[str, Any] = row
            return found
    raise Refusal("bench.no_account", duty=duty, place=root)


async def _write(process: Process, line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line.encode() + b"\n")
    await process.stdin.drain()


async def _read_until(process: Process, last: str) -> list[dict[str, Any]]:
    assert process.stdout is not None
    found = []
    while line := await process.stdout.readline():
        row = json.loads(line)
        found.append(row)
        if row["what"] == last:
            return found
    raise Refusal("bench.step_failed", status=await process.wait(), step=last, body="")


def frames_a_second(ms: Sequence[float]) -> float:
    """Frames a second over the whole time that so many milliseconds between frames took."""
    return 1000 * len(ms) / sum(ms) if ms else 0.0


def growth(samples: Sequence[tuple[float, float]]) -> float | None:
    """What a size gains in an hour, by least squares over (seconds, size) after the first quarter;
    None with fewer than four samples left."""
    rest = samples[len(samples) // 4 :]
    if len(rest) < 4:
        return None
    at, size = np.array(rest).T
    return round(float(np.polyfit(at, size, 1)[0]) * 3600, 3)


def _figure(
    found: Sequence[dict[str, Any]], cases: int, changes: int, refused: int, size: tuple[int, int]
) -> Figure:
    def rows(what: str) -> list[dict[str, Any]]:
        return [row for row in found if row["what"] == what]

    frames, empty, under = (
        rows(what)[0]["ms"] for what in ("frames", "empty_frames", "frames_under_changes")
    )
    opened, memory, wrong = rows("opened"), rows("memory"), rows("wrong")[0]["messages"]
    drawn = sorted(row["drawn_ms"] for row in opened)
    heap = [(row["at_s"], row["heap_mb"]) for row in memory]
    return make_figure(
        "wall",
        frames_a_second(frames),
        "frames/s while panned and zoomed, software rendering",
        frames_a_second(empty),
        np.array(frames, np.float32),
        refused + len(wrong),
        {
            "limit_is": "the same page with no case on its map",
            "open_cases": cases,
            "size": "x".join(map(str, size)),
            "drawn_ms": [round(ms) for ms in drawn],
            "drawn_promise_ms": _PAINT_MS,
            "first_paint_ms": [round(row["first_paint_ms"] or 0) for row in opened],
            "frame_ms_empty": summarise(np.array(empty, np.float32)),
            "frames_under_changes": round(frames_a_second(under), 1),
            "changes": changes,
            "changes_refused": refused,
            "watched_s": memory[-1]["at_s"] if memory else 0,
            "stream_frames": memory[-1]["chunks"] if memory else 0,
            "heap_mb": [heap[0][1], heap[-1][1]] if heap else [],
            "heap_growth_mb_per_hour": growth(heap),
            "resident_mb": [memory[0]["resident_mb"], memory[-1]["resident_mb"]] if memory else [],
            "wrong": wrong[:5],
            "load_average": [round(one, 1) for one in os.getloadavg()],
        },
    )

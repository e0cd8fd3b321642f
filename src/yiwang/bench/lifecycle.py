"""`bench lifecycle`: create, dispatch and accept, finish, search; on an empty and a full database.

A machine's speed changes within minutes. So the rate among N cases is set beside the rate without
any in turns: two installations, of which one runs at a time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from yiwang.bench import reference
from yiwang.bench.apart import Apart
from yiwang.bench.figure import Figure, Latencies, make_figure, summarise
from yiwang.bench.installation import HOST, Installation, install
from yiwang.bench.messages import make_bodies
from yiwang.bench.people import Team, sign_in_team
from yiwang.bench.settling import Say, settle_down
from yiwang.bench.steps import STEPS, LifecyclePlan, Lifecycles, carry_out
from yiwang.bulk import generate
from yiwang.kit.errors import Refusal

_BODIES = 2000
_WARMUP_S = 4.0


async def measure_lifecycle(
    place: Installation,
    cases: int,
    say: Say,
    *,
    pack: str = "",
    hands: int = 12,
    seconds: float = 30.0,
    turns: int = 3,
    seed: int = 1,
) -> Figure:
    """Lifecycles per second among `cases` cases, by people who signed in.

    Each of `turns` measures `seconds` without cases, in an installation of its own, and as long
    among them. Refused where the database is not our own ("bench.not_embedded"): a second one
    cannot be made there.
    """
    if not place.home.is_embedded:
        raise Refusal("bench.not_embedded")
    say(f"making {cases} cases")
    began = time.perf_counter()
    made = await fill_up(place, cases, seed)
    bulk = {"cases": made, "seconds": round(time.perf_counter() - began, 1)}
    began = time.perf_counter()
    await settle_down(place, say)
    bulk["settled_after_s"] = round(time.perf_counter() - began, 1)
    team = await sign_in_team(place)
    await place.stop()
    among, alone = [], []
    memory: dict[str, float] = {}
    async with install(None, pack) as beside:
        other = await sign_in_team(beside)
        await beside.stop()
        for turn in range(1, turns + 1):
            say(f"turn {turn} of {turns}: lifecycles without other cases")
            plan = _plan(beside, other, hands, seconds, seed + turn)
            alone.append((await _run(beside, plan))[0])
            say(f"turn {turn} of {turns}: lifecycles among {cases} cases")
            plan = _plan(place, team, hands, seconds, seed + turn)
            found, memory = await _run(place, plan)
            among.append(found)
    say("the limit")
    await place.start_database()
    limit = await reference.measure_lifecycles(place.owner_url, hands)
    empty, full = _put_together(alone), _put_together(among)
    rates = {name: run.done / run.seconds for name, run in (("empty", empty), ("full", full))}
    return make_figure(
        "lifecycle",
        rates["full"],
        "lifecycles/s",
        limit,
        full.whole,
        sum(empty.failures.values()) + sum(full.failures.values()),
        {
            "limit_is": "pgbench, the rows of one lifecycle in five transactions, prepared",
            "cases": cases,
            "concurrent": hands,
            "seconds": seconds,
            "rate_empty": round(rates["empty"], 2),
            "rate_full": round(rates["full"], 2),
            "full_of_empty": round(rates["full"] / rates["empty"], 3) if empty.done else None,
            "turns": [
                {"empty": round(a.done / a.seconds, 2), "full": round(b.done / b.seconds, 2)}
                for a, b in zip(alone, among, strict=True)
            ],
            "steps_full": {name: summarise(found) for name, found in full.steps.items()},
            "empty": summarise(empty.whole),
            "steps_empty": {name: summarise(found) for name, found in empty.steps.items()},
            "failures": _failures(empty, full),
            "bulk": bulk,
            "memory_mb": memory,
        },
    )


async def _run(place: Installation, plan: LifecyclePlan) -> tuple[Lifecycles, dict[str, float]]:
    """One measurement in an installation that stands still before and after, and its memory."""
    await place.start_database()
    await place.start()
    try:
        found = await Apart(carry_out, plan).result()
        return found, place.memory_mb()
    finally:
        await place.stop()


def _put_together(runs: Sequence[Lifecycles]) -> Lifecycles:
    failures: dict[str, int] = {}
    for run in runs:
        for name, count in run.failures.items():
            failures[name] = failures.get(name, 0) + count
    return Lifecycles(
        done=sum(run.done for run in runs),
        seconds=sum(run.seconds for run in runs),
        whole=_join([run.whole for run in runs]),
        steps={name: _join([run.steps[name] for run in runs]) for name in STEPS},
        failures=failures,
        first_failure=next((run.first_failure for run in runs if run.first_failure), ""),
    )


def _join(found: Sequence[Latencies]) -> Latencies:
    return np.concatenate(found)


async def fill_up(place: Installation, cases: int, seed: int) -> int:
    """Make as many cases as are missing to `cases`; how many were made."""
    async with place.database() as conn:
        there = int(await conn.fetchval("select count(*) from cases"))
    missing = cases - there
    return await generate(place.owner_url, place.city, missing, seed) if missing > 0 else 0


def _failures(*runs: Lifecycles) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for run in runs:
        for name, count in run.failures.items():
            found[name] = found.get(name, 0) + count
        if run.first_failure:
            found.setdefault("first", run.first_failure)
    return found


def _plan(place: Installation, team: Team, hands: int, seconds: float, seed: int) -> LifecyclePlan:
    now = datetime.now(UTC)
    kinds = [
        kind.key
        for kind in place.city.taxonomy.kinds(place.city.day(now))
        if not place.city.taxonomy.children(kind.key)
    ]
    bodies = make_bodies(place.city, _BODIES, now, seed)
    cases = tuple(
        {
            "kind": kinds[i % len(kinds)],
            "place": team.town.code,
            "title": body["title"],
            "text": body["text"],
            "address": body["address"],
            "source": "hotline",
            "synthetic": True,
            "dispatch": False,
        }
        for i, body in enumerate(bodies)
    )
    return LifecyclePlan(
        host=HOST,
        port=place.port,
        intake=team.intake,
        dispatcher=team.dispatcher,
        handler=team.handler,
        unit=team.unit,
        cases=cases,
        hands=hands,
        seconds=seconds,
        warmup_s=_WARMUP_S,
    )

"""`bench lifecycle`: create, dispatch and accept, finish, search; on an empty and a full database.

The rate with N cases is set beside the rate without any, both measured in the same run.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from yiwang.bench import reference
from yiwang.bench.apart import Apart
from yiwang.bench.figure import Figure, make_figure, summarise
from yiwang.bench.installation import HOST, Installation
from yiwang.bench.messages import make_bodies
from yiwang.bench.people import Team, sign_in_team
from yiwang.bench.settling import Say, settle_down
from yiwang.bench.steps import LifecyclePlan, Lifecycles, carry_out
from yiwang.bulk import generate

_BODIES = 2000
_WARMUP_S = 4.0


async def measure_lifecycle(
    place: Installation,
    cases: int,
    say: Say,
    hands: int = 12,
    seconds: float = 30.0,
    seed: int = 1,
) -> Figure:
    """Lifecycles per second among `cases` cases, by people who signed in."""
    team = await sign_in_team(place)
    plan = _plan(place, team, hands, seconds, seed)
    say("lifecycles without other cases")
    empty = await Apart(carry_out, plan).result()
    say(f"making {cases} cases")
    began = time.perf_counter()
    made = await fill_up(place, cases, seed)
    bulk_s = time.perf_counter() - began
    settling = time.perf_counter()
    await settle_down(place, say)
    settled_s = time.perf_counter() - settling
    say(f"lifecycles among {cases} cases")
    full = await Apart(carry_out, plan).result()
    memory = place.memory_mb()
    say("the limit")
    await place.stop_programs()
    limit = await reference.measure_lifecycles(place.owner_url, hands)
    rates = {"empty": empty.done / empty.seconds, "full": full.done / full.seconds}
    errors = sum(empty.failures.values()) + sum(full.failures.values())
    return make_figure(
        "lifecycle",
        rates["full"],
        "lifecycles/s",
        limit,
        full.whole,
        errors,
        {
            "limit_is": "pgbench, the rows of one lifecycle in five transactions, prepared",
            "cases": cases,
            "concurrent": hands,
            "seconds": seconds,
            "rate_empty": round(rates["empty"], 2),
            "rate_full": round(rates["full"], 2),
            "full_of_empty": round(rates["full"] / rates["empty"], 3) if empty.done else None,
            "steps_full": {name: summarise(found) for name, found in full.steps.items()},
            "empty": summarise(empty.whole),
            "steps_empty": {name: summarise(found) for name, found in empty.steps.items()},
            "failures": _failures(empty, full),
            "bulk": {
                "cases": made,
                "seconds": round(bulk_s, 1),
                "settled_after_s": round(settled_s, 1),
            },
            "memory_mb": memory,
        },
    )


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

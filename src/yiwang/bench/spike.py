"""`bench spike`: quiet, then a thousand reports a second; nothing refused, lost or left behind."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import UTC, datetime

from yiwang.bench.figure import Figure, make_figure
from yiwang.bench.installation import Installation
from yiwang.bench.keeping import Standing, count_kept, count_standing
from yiwang.bench.lifecycle import fill_up
from yiwang.bench.load import run_load
from yiwang.bench.messages import make_bodies, plan_reports
from yiwang.bench.settling import Say, settle_down

_BODIES = 20_000
_CONNECTIONS = 64
_PATIENCE_S = 600.0
_LOOK_S = 2.0


async def measure_spike(
    place: Installation,
    cases: int,
    say: Say,
    rate: float = 1000.0,
    seconds: float = 60.0,
    quiet_s: float = 10.0,
    seed: int = 1,
) -> Figure:
    """Reports dispatched per second from the spike's first moment to its last dispatching."""
    say(f"making {cases} cases")
    await fill_up(place, cases, seed)
    await settle_down(place, say)
    bodies = make_bodies(place.city, _BODIES, datetime.now(UTC), seed + 1)
    key = f"spike-{secrets.token_hex(4)}-"
    plan = plan_reports(place, bodies, key, _CONNECTIONS, seconds, rate=rate)
    say("quiet")
    await asyncio.sleep(quiet_s)
    say(f"{rate:.0f} reports a second for {seconds:.0f} s")
    load = await run_load(plan)
    memory = place.memory_mb()
    say("until all are dispatched")
    drain_s, standing = await _drain(place, key)
    async with place.database() as conn:
        kept = await count_kept(conn, key, load.acknowledged)
        parked = await conn.fetchval("select count(*) from todos where parked")
        cases_made = await conn.fetchval(
            "select count(distinct case_id) from reports where starts_with(idempotency_key, $1)",
            key,
        )
    errors = load.errors + kept.errors + standing.moving + standing.desk
    return make_figure(
        "spike",
        standing.dispatched / (load.seconds + drain_s),
        "reports dispatched/s",
        rate,
        load.latencies_ms,
        errors,
        {
            "limit_is": "the rate at which reports were sent",
            "cases": cases,
            "sent": load.sent,
            "statuses": dict(load.statuses),
            "refused_or_failed": load.errors,
            "stored": kept.stored,
            "lost": kept.lost,
            "doubled": kept.doubled,
            "dispatched": standing.dispatched,
            "on_the_desk": standing.desk,
            "not_dispatched": standing.moving,
            "cases_made": cases_made,
            "todos_parked": parked,
            "all_dispatched_after_s": round(drain_s, 1),
            "client_cpu_us": round(load.cpu_us, 1),
            "memory_mb": memory,
        },
    )


async def _drain(place: Installation, key: str) -> tuple[float, Standing]:
    """Seconds until no report is left to be dispatched, and how all stand then."""
    began = time.perf_counter()
    async with place.database() as conn:
        while True:
            standing = await count_standing(conn, key)
            spent = time.perf_counter() - began
            if not standing.moving or spent > _PATIENCE_S:
                return spent, standing
            await asyncio.sleep(_LOOK_S)

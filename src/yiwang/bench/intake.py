"""`bench intake`: single reports over HTTP, each durable before it is answered."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from yiwang.bench import reference
from yiwang.bench.figure import Figure, make_figure
from yiwang.bench.installation import Installation
from yiwang.bench.keeping import count_kept
from yiwang.bench.load import run_load
from yiwang.bench.messages import make_bodies, plan_reports

_BODIES = 4096
_WARMUP_S = 4.0


async def measure_intake(
    place: Installation, connections: int = 64, seconds: float = 15.0, seed: int = 1
) -> Figure:
    """Reports per second in closed loops, beside the raw INSERT rate of the same server."""
    now = datetime.now(UTC)
    bodies = make_bodies(place.city, _BODIES, now, seed)
    key = f"intake-{secrets.token_hex(4)}-"
    plan = plan_reports(place, bodies, key, connections, seconds, warmup_s=_WARMUP_S)
    load = await run_load(plan)
    memory = place.memory_mb()
    async with place.database() as conn:
        kept = await count_kept(conn, key, load.acknowledged)
        left = await conn.fetchval("select count(*) from todos")
    await place.stop_programs()  # the limit is what the server reaches when nothing else runs
    limit = await reference.measure_inserts(place.owner_url, connections)
    return make_figure(
        "intake",
        len(load.latencies_ms) / load.seconds,
        "reports/s",
        limit,
        load.latencies_ms,
        load.errors + kept.errors,
        {
            "limit_is": "pgbench, single INSERTs into a table like reports, prepared",
            "connections": connections,
            "seconds": round(load.seconds, 2),
            "sent": load.sent,
            "statuses": dict(load.statuses),
            "acknowledged": len(load.acknowledged),
            "stored": kept.stored,
            "lost": kept.lost,
            "doubled": kept.doubled,
            "client_cpu_us": round(load.cpu_us, 1),
            "todos_left_for_the_worker": left,
            "memory_mb": memory,
        },
    )

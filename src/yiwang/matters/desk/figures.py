"""Figures of what a scope may see, counted in the database."""

from __future__ import annotations

from typing import Any

from yiwang.ground.city import City
from yiwang.kit.db import Tx

# The four times of a case, in seconds: discovered -> reported -> filed -> dispatched -> handled.
_TIMES = {
    "discover": "reported_at - discovered_at",
    "file": "filed_at - reported_at",
    "dispatch": "dispatched_at - filed_at",
    "handle": "handled_at - dispatched_at",
}


async def figures_of(tx: Tx, city: City) -> dict[str, Any]:
    """Counts by state, punctuality and the four times (median and 90th percentile, seconds)."""
    reports = await tx.fetch("select state, count(*) as n from reports group by state")
    states = await tx.fetch(
        "select state, count(*) as n, sum(report_count) as reports,"
        " count(*) filter (where overdue <> '{}') as overdue,"
        " count(*) filter (where forced) as forced, sum(returned) as returned,"
        " count(*) filter (where dispatched_at is not null) as dispatched,"
        " count(*) filter (where synthetic) as synthetic from cases group by state"
    )
    times = {}
    for name, expression in _TIMES.items():
        seconds = f"extract(epoch from {expression})"
        row = await tx.one(
            f"select count(*) as n, percentile_cont(0.5) within group (order by {seconds}) as p50,"
            f" percentile_cont(0.9) within group (order by {seconds}) as p90"
            f" from cases where {expression} is not null"
        )
        times[name] = {
            "count": row["n"],
            "p50_s": _number(row["p50"]),
            "p90_s": _number(row["p90"]),
        }
    punctual = await tx.one(
        "select count(*) filter (where handled_at <= due_handle) as on_time,"
        " count(*) filter (where handled_at > due_handle) as late,"
        " count(*) filter (where due_handle is null and handled_at is not null) as unlimited"
        " from cases where handled_at is not null"
    )
    rows = {row["state"]: row for row in states}
    return {
        "reports": {row["state"]: row["n"] for row in reports},
        "repeats": sum(row["n"] for row in reports if row["state"] == "attached"),
        "cases": {state: row["n"] for state, row in rows.items()},
        "dispatched": sum(row["dispatched"] for row in states),
        "returned": int(sum(row["returned"] or 0 for row in states)),
        "forced": sum(row["forced"] for row in states),
        "overdue": sum(row["overdue"] for row in states),
        "synthetic": sum(row["synthetic"] for row in states),
        "handled": dict(punctual.items()),
        "times": times,
    }


def _number(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)


async def status_of(tx: Tx) -> dict[str, Any]:
    """What waits for the worker, what was parked, and how far the record is sealed."""
    row = await tx.one(
        "select count(*) filter (where not parked and due_at <= now()) as waiting,"
        " count(*) filter (where parked) as parked,"
        " extract(epoch from now() - min(due_at) filter (where not parked)) as oldest"
        " from todos"
    )
    sealed = await tx.fetchval("select max(size) from ledger_heads")
    return {
        "todos": {
            "waiting": row["waiting"],
            "parked": row["parked"],
            "oldest_s": _number(row["oldest"]),
        },
        "ledger": {"sealed": sealed or 0},
    }

"""A case's history for a reader: what was done, who held it, who used how much time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from yiwang.ground.city import City
from yiwang.kit.db import Tx
from yiwang.matters.cases import history
from yiwang.matters.cases.history import Dues, Hop, HopStage
from yiwang.matters.cases.model import Case


async def timeline_of(tx: Tx, city: City, case: Case) -> dict[str, Any]:
    """Entries and hops of a case as this scope sees them, in the order they were recorded."""
    events = await tx.fetch(
        "select at, actor, unit, action, matter, matter_id, case_id, before, after, facts,"
        " article, rule from events where case_id = $1 order by id",
        case.id,
    )
    dues = await _dues(tx, case)
    found = history.hops(events, city.calendar, case.centre, tx.now, dues)
    entries = [
        {
            "at": row["at"].isoformat(),
            "actor": row["actor"],
            "unit": row["unit"],
            "unit_name": _unit(city, row["unit"]),
            "action": row["action"],
            "matter": row["matter"],
            "id": row["matter_id"],
            "before": row["before"],
            "after": row["after"],
            "facts": row["facts"],
            "article": row["article"],
            "rule": row["rule"],
        }
        for row in events
    ]
    return {
        "case": case.id,
        "number": case.number,
        "entries": entries,
        "hops": [_hop(city, hop) for hop in found],
    }


async def _dues(tx: Tx, case: Case) -> Dues:
    dues: dict[tuple[HopStage, int], datetime] = {}
    for stage, due in (
        (HopStage.DISPATCH, case.due_dispatch),
        (HopStage.VERIFY, case.due_verify),
    ):
        if due is not None:
            dues[stage, case.id] = due
    orders = await tx.fetch("select id, role, due_handle from orders where case_id = $1", case.id)
    for row in orders:
        if row["due_handle"] is not None:
            stage = HopStage.HANDLE if row["role"] == "lead" else HopStage.ASSIST
            dues[stage, row["id"]] = row["due_handle"]
    checks = await tx.fetch("select id, sort, due_at from checks where case_id = $1", case.id)
    for row in checks:
        if row["due_at"] is not None:
            stage = HopStage.VERIFY if row["sort"] == "verify" else HopStage.CHECK
            dues[stage, row["id"]] = row["due_at"]
    return dues


def _unit(city: City, code: str | None) -> dict[str, str] | None:
    if not code:
        return None
    name = city.unit_name(code)
    return {"zh": name.zh, "en": name.en}


def _hop(city: City, hop: Hop) -> dict[str, Any]:
    return {
        "stage": hop.stage.value,
        "holder": hop.holder,
        "holder_name": _unit(city, hop.holder),
        "matter": hop.matter,
        "id": hop.matter_id,
        "started": hop.started.isoformat(),
        "ended": hop.ended.isoformat() if hop.ended else None,
        "how": hop.how,
        "elapsed_hours": round(hop.elapsed_hours, 4),
        "working_hours": round(hop.working_hours, 4),
        "due": hop.due.isoformat() if hop.due else None,
        "late": hop.late,
        "pauses": [
            {
                "since": pause.since.isoformat(),
                "until": pause.until.isoformat() if pause.until else None,
            }
            for pause in hop.pauses
        ],
    }

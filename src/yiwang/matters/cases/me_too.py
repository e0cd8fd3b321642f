"""Me too: a report whose sender names the open case it repeats (Article XIII).

The word of a sender is taken where nothing speaks against it: the case is open, and the report
does not lie elsewhere. Otherwise the report goes the ordinary way, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yiwang.ground.authority.rules import covers
from yiwang.ground.city import City
from yiwang.ground.judgement.matching import distance_m, is_placeholder
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.matters.cases import store
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import OPEN, Case
from yiwang.matters.sources.model import Report
from yiwang.matters.sources.rules import named_case


@dataclass(frozen=True, slots=True)
class Named:
    """What a named case comes to: the case that takes the report in, or None, and why."""

    case: Case | None
    reason: dict[str, Any]


def judge(report: Report, number: str, case: Case | None, city: City) -> Named:
    """Whether the case named by its number takes the report in.

    Refused (in the reason's `refused`): "unknown", "ended", "far" (beyond the setting
    `match.same_as_m`, metres), "elsewhere" (no position, and an address in another place).
    """
    told: dict[str, Any] = {"number": number}
    if case is None:
        return Named(None, told | {"refused": "unknown"})
    told["case"] = case.id
    if case.state not in OPEN:
        return Named(None, told | {"refused": "ended", "state": case.state})
    day = city.day(report.received_at)
    one, other = _point(report, city), _point(case, city)
    if one is not None and other is not None:
        limit = city.match_settings(case.place, day).same_as_m
        metres = round(distance_m(one, other), 1)
        told |= {"by": "distance", "metres": metres, "limit_m": limit}
        return Named(case, told) if metres <= limit else Named(None, told | {"refused": "far"})
    if report.place_reason.get("by") is None:
        return Named(case, told | {"by": "number"})  # it says nothing of where
    told |= {"by": "place", "place": report.place}
    near = covers(report.place, case.place) or covers(case.place, report.place)
    return Named(case, told) if near else Named(None, told | {"refused": "elsewhere"})


def _point(matter: Report | Case, city: City) -> tuple[float, float] | None:
    """Where it lies; None without a position, or at one that stands for "unknown"."""
    if matter.lon is None or matter.lat is None:
        return None
    point = (matter.lon, matter.lat)
    moment = matter.received_at if isinstance(matter, Report) else matter.reported_at
    settings = city.match_settings(matter.place, city.day(moment))
    return None if is_placeholder(point, settings) else point


async def named(tx: Tx, city: City, reports: Sequence[Report]) -> dict[int, Named]:
    """For each report that names a case what it comes to; the cases are held.

    A case that was merged stands for the one it was merged into.
    """
    numbers = {report.id: number for report in reports if (number := named_case(report))}
    if not numbers:
        return {}
    ids = await store.named(tx, set(numbers.values()))
    held = await procedure.lock(tx, CASES, ids.values())
    found: dict[int, Named] = {}
    for report in reports:
        number = numbers.get(report.id)
        if number is not None:
            case = held.get(ids[number]) if number in ids else None
            found[report.id] = judge(report, number, case, city)
    return found


def reason_of(one: Named) -> Mapping[str, Any]:
    """What a report keeps of a case that took it in by name."""
    return {"why": "same_as", "same_as": one.reason}

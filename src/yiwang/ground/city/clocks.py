"""The clocks of a matter: which run, since when, how long, and where their length comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.ground.city.model import City
from yiwang.ground.packs.model import ClockKind, Stage
from yiwang.ground.worktime import Pause, due


@dataclass(frozen=True, slots=True)
class StageClock:
    """One running clock: `at` is when it is due; `stored` is what the matter keeps of it."""

    stage: Stage
    milestone: str
    at: datetime | None
    stored: dict[str, Any]


def start_clocks(
    city: City, kind: str, path: str, stages: Iterable[Stage], start: datetime
) -> dict[Stage, list[StageClock]]:
    """Start the clocks of some stages of a kind at a place; the stage itself comes first.

    A stage without a limit has no entry. Each clock says its amount, origin, source and basis.
    """
    limits = city.taxonomy.stage_clocks(kind, path, city.day(start))
    found: dict[Stage, list[StageClock]] = {}
    for stage in stages:
        for limit in limits.get(stage, ()):
            stored = {
                "start": start.isoformat(),
                "amount": limit.amount,
                "clock": limit.clock.value,
                "milestone": limit.milestone,
                "origin": limit.origin.value,
                "source": limit.source,
                "basis": limit.basis,
                "place": limit.place,
                "pattern": limit.pattern,
            }
            found.setdefault(stage, []).append(clock_from(city, stage, stored))
    return found


def renew_clock(
    city: City, kind: str, path: str, stage: Stage, stored: Mapping[str, Any]
) -> StageClock | None:
    """A stored clock by the limit of another kind or place, from when it began; None without one.

    More time that was granted stays granted: on the same kind of clock it is added, a clock that
    was granted as a whole stays as it is.
    """
    if stored.get("source") == "extension":
        return clock_from(city, stage, stored)
    start = datetime.fromisoformat(stored["start"])
    clocks = start_clocks(city, kind, path, (stage,), start).get(stage)
    if not clocks or clocks[0].milestone:
        return None
    granted = stored.get("extensions")
    if not granted or clocks[0].stored["clock"] != stored["clock"]:
        return clocks[0]
    return clock_from(city, stage, {**clocks[0].stored, "extensions": list(granted)})


def clock_from(
    city: City, stage: Stage, stored: Mapping[str, Any], pauses: Iterable[Mapping[str, Any]] = ()
) -> StageClock:
    """A stored clock computed again: after a pause, an extension or a change of the calendar."""
    spans = [
        Pause(
            datetime.fromisoformat(row["since"]),
            datetime.fromisoformat(row["until"]) if row.get("until") else None,
        )
        for row in pauses
    ]
    start = datetime.fromisoformat(stored["start"])
    amount = float(stored["amount"]) + sum(float(e) for e in stored.get("extensions", ()))
    answer = due(start, amount, ClockKind(stored["clock"]), city.calendar, spans)
    kept = dict(stored)
    kept["due"] = None if answer.at is None else answer.at.isoformat()
    if answer.warnings:
        kept["warnings"] = [{"code": w.code, "years": list(w.years)} for w in answer.warnings]
    else:
        kept.pop("warnings", None)
    return StageClock(stage, str(stored.get("milestone", "")), answer.at, kept)

"""Arranging checks: which case is looked at, how, and by whom outside the handling units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.identity import service as identity
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Row, Tx
from yiwang.matters.cases.model import Case
from yiwang.matters.checking import rules, store
from yiwang.matters.checking.lifecycle import CHECKS
from yiwang.matters.checking.model import Check

_MODES = {"hotline": "callback"}


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of cases before they are checked."""

    units: Mapping[int, tuple[str, ...]]  # every unit that handled
    persons: Mapping[int, tuple[int, ...]]  # every person who handled, or found it on duty
    checks: Mapping[int, Sequence[Row]]
    reachable: frozenset[int]

    def failed(self, case_id: int) -> bool:
        """Whether the case ever failed a check."""
        return any(
            row["sort"] == "check" and row["state"] == "failed"
            for row in self.checks.get(case_id, ())
        )

    def has(self, case_id: int, sort: str, state: str, turn: int | None = None) -> int:
        """How many checks of this sort and state the case has (in one round)."""
        return sum(
            row["sort"] == sort and row["state"] == state and turn in (None, row["round"])
            for row in self.checks.get(case_id, ())
        )


async def recall_past(tx: Tx, city: City, held: Sequence[Case]) -> Past:
    """Gather it for some cases.

    A collector counts among the hands; of a case fixed by whoever found it, so do their units.
    """
    ids = [case.id for case in held]
    hands = await store.hands(tx, ids)
    collectors = await store.collectors(tx, ids)
    stations = await _units_of(tx, city, [p for persons in collectors.values() for p in persons])
    units: dict[int, tuple[str, ...]] = {}
    persons: dict[int, tuple[int, ...]] = {}
    for case in held:
        row = hands.get(case.id)
        found = collectors.get(case.id, [])
        own = [u for p in found for u in stations.get(p, ())] if case.on_the_spot else []
        units[case.id] = tuple(dict.fromkeys((*(row["units"] if row else ()), *own)))
        persons[case.id] = tuple(dict.fromkeys((*(row["persons"] if row else ()), *found)))
    return Past(
        units, persons, await store.checks_of(tx, ids), frozenset(await store.reachable(tx, ids))
    )


async def _units_of(tx: Tx, city: City, persons: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in await identity.appointments_of(tx, persons) if persons else ():
        if row.since <= tx.now and row.post in city.posts:
            found.setdefault(row.person, []).append(city.posts[row.post].unit)
    return found


def sampling(city: City, case: Case, past: Past, on: datetime) -> rules.Sampling:
    """Whether the case is checked, by the share that holds at its place on the day."""
    setting = city.setting("check.sample_percent", case.place, city.day(on), 100)
    percent = rules.share(setting, city.taxonomy.kind(case.kind).family)
    return rules.sample(case, percent, failed_before=past.failed(case.id))


def plan(
    city: City,
    case: Case,
    past: Past,
    sort: str,
    reason: Mapping[str, Any],
    at: datetime,
    order_id: int | None = None,
) -> Check:
    """The check of a case, by whom and how; its id is still 0."""
    handlers = past.units.get(case.id, ())
    unit, choice = rules.choose_checker(city, case.place, handlers, case.centre)
    mode = "onsite"
    if sort == "check":
        modes = city.setting("check.mode_by_source", case.place, city.day(at), _MODES)
        mode = rules.mode(modes, case.source, reachable=case.id in past.reachable)
    return Check(
        id=0,
        version=1,
        state="arranged",
        sort=sort,
        mode=mode,
        case_id=case.id,
        order_id=order_id,
        unit=unit,
        handlers=handlers,
        hands=past.persons.get(case.id, ()),
        place=case.place,
        parties=(unit,),
        round=case.rounds,
        synthetic=case.synthetic,
        reason={**reason, "chosen": choice},
        assignee=None,
        arranged_at=at,
        due_at=case.due_verify if sort == "verify" else case.due_check,
        done_at=None,
        done_by=None,
        result=None,
        evidence=(),
    )


async def arrange(tx: Tx, actor: Actor, plans: Sequence[Check]) -> list[Check]:
    """Record the checks and leave them with their units."""
    if not plans:
        return []
    ids = await procedure.new_ids(tx, CHECKS, len(plans))
    checks = [replace(check, id=number) for check, number in zip(plans, ids, strict=True)]
    facts = [
        {**check.reason, "unit": check.unit, "sort": check.sort, "mode": check.mode}
        for check in checks
    ]
    moments = [check.arranged_at for check in checks]
    await procedure.create(tx, actor, CHECKS, checks, "arrange", "V", facts, moments)
    return checks

"""Whose job it is: by kind, place and level from the responsibility list, exactly one leads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from yiwang.ground.city import City, clock_from, renew_clock, start_clocks
from yiwang.ground.packs.model import Level, Stage, Unit
from yiwang.kit.lifecycle import Facts, Rule
from yiwang.matters.cases.model import Case
from yiwang.matters.dispatch.model import Order

_DEEP_TO_TOP = (Level.COMMUNITY, Level.GRID, Level.TOWN, Level.DISTRICT, Level.CITY)
_DUE = {
    Stage.ACCEPT: "due_accept",
    Stage.CONTACT: "due_contact",
    Stage.HANDLE: "due_handle",
}
_FALLBACK = "territory"  # the function of the unit that catches what nobody owns


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who leads and who assists, and why; no lead where no unit could be found."""

    lead: str | None
    assist: tuple[str, ...]
    reason: dict[str, Any]


def resolve(
    city: City,
    kind: str,
    path: str,
    on: date,
    excluded: Collection[str] = (),
    *,
    exhausted: bool = False,
) -> Resolution:
    """The responsible unit for a kind at a place on a day.

    By the responsibility list the function leads at its level; where no such unit works for the
    place, the same function at the nearest other level; where nobody has the function, or every
    such unit is `excluded` (it returned the order, and rightly), or the case is `exhausted`
    (returned too often), the territorial unit of the deepest place (属地管理). The reason names the
    rule, its source and every unit considered.
    """
    whose = city.taxonomy.responsibility_for(kind, path, on)
    reason: dict[str, Any] = {"kind": kind, "place": path, "excluded": sorted(excluded)}
    if exhausted:
        reason["returned_too_often"] = True
    if whose is not None and not exhausted:
        reason |= {
            "function": whose.lead,
            "level": whose.level.value,
            "pattern": whose.pattern,
            "source": whose.source,
            "basis": whose.basis,
        }
        units = city.units_with(whose.lead, path)
        reason["considered"] = [unit.code for unit in units]
        lead = _choose(units, whose.level, excluded)
        if lead is not None:
            exact = lead.level == whose.level
            reason["by"] = "responsibility" if exact else "other_level"
            assist = _assistants(city, whose.assist, path, whose.level, {lead.code, *excluded})
            return Resolution(lead.code, assist, reason)
    lead = _territorial(city, path, excluded)
    reason["by"] = "territorial" if lead else "nobody"
    return Resolution(lead.code if lead else None, (), reason)


def _choose(units: list[Unit], level: Level, excluded: Collection[str]) -> Unit | None:
    """Of the units with the function the one at the level, else the nearest level to it."""
    free = [unit for unit in units if unit.code not in excluded]
    rank = {name: i for i, name in enumerate(_DEEP_TO_TOP)}
    wanted = rank[level]
    return min(
        free,
        key=lambda unit: (abs(rank[unit.level] - wanted), -rank[unit.level], unit.code),
        default=None,
    )


def _assistants(
    city: City, functions: tuple[str, ...], path: str, level: Level, taken: set[str]
) -> tuple[str, ...]:
    found = []
    for function in functions:
        unit = _choose(city.units_with(function, path), level, taken)
        if unit is not None:
            taken.add(unit.code)
            found.append(unit.code)
    return tuple(found)


def _territorial(city: City, path: str, excluded: Collection[str]) -> Unit | None:
    """The unit that answers for the place itself: of its town, else of whatever is above."""
    for unit in city.units_with(_FALLBACK, path):
        if unit.code not in excluded:
            return unit
    return None


def start_order(order: Order, city: City, now: datetime) -> Order:
    """The order with its clocks started: accept, first contact, handle and its milestones."""
    found = start_clocks(
        city, order.kind, order.place, (Stage.ACCEPT, Stage.CONTACT, Stage.HANDLE), now
    )
    limits: dict[str, Any] = {}
    due: dict[Stage, datetime | None] = {}
    for stage, clocks in found.items():
        if not clocks[0].milestone:
            limits[stage.value] = clocks[0].stored
            due[stage] = clocks[0].at
    milestones = tuple(
        {"name": clock.milestone, "due": _iso(clock.at), "limit": clock.stored}
        for clock in found.get(Stage.HANDLE, ())
        if clock.milestone
    )
    return replace(
        order,
        limits=limits,
        due_accept=due.get(Stage.ACCEPT),
        due_contact=due.get(Stage.CONTACT),
        due_handle=due.get(Stage.HANDLE),
        milestones=milestones,
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def recompute(order: Order, city: City) -> Order:
    """The order's due times computed again from its stored clocks, extensions and pauses.

    A pause never makes anything due earlier; a pause that still lasts leaves the old due time.
    """
    limits = dict(order.limits)
    values: dict[str, Any] = {}
    for stage, column in _DUE.items():
        stored = limits.get(stage.value)
        if stored is None:
            continue
        pauses = order.pauses if stage == Stage.HANDLE else ()
        clock = clock_from(city, stage, stored, pauses)
        if clock.at is not None:
            values[column] = clock.at
        limits[stage.value] = clock.stored
    milestones = []
    for row in order.milestones:
        fresh = dict(row)
        if not row.get("done_at"):
            clock = clock_from(city, Stage.HANDLE, row["limit"], order.pauses)
            if clock.at is not None:
                fresh["due"] = clock.at.isoformat()
        milestones.append(fresh)
    return replace(order, limits=limits, milestones=tuple(milestones), **values)


def align(order: Order, case: Case, city: City) -> Order:
    """An open order as its case is now: kind, place, centre, urgency, and the case's pauses.

    Another kind or place brings its own limits, counted from when the order was issued.
    """
    pauses = (*order.pauses, *_pauses_of(case, order))
    same = (order.kind, order.place) == (case.kind, case.place)
    after = replace(
        order,
        kind=case.kind,
        place=case.place,
        centre=case.centre,
        urgent=case.urgent,
        pauses=pauses,
    )
    if not same:
        after = _relimit(after, city)
    return after if same and pauses == order.pauses else recompute(after, city)


def _pauses_of(case: Case, order: Order) -> tuple[dict[str, Any], ...]:
    """The case's finished pauses that the order was in and does not count yet."""
    known = {(row["since"], row["until"]) for row in order.pauses}
    return tuple(
        row
        for row in case.limit_reason.get("pauses", ())
        if row["until"]
        and (row["since"], row["until"]) not in known
        and datetime.fromisoformat(row["until"]) > order.issued_at
    )


def paused_with(case: Case, paused_since: str | None) -> bool:
    """Whether an order's last pause began because its case was suspended, not before."""
    own = case.limit_reason.get("pauses", ())
    if not own or not paused_since:
        return False
    return datetime.fromisoformat(paused_since) >= datetime.fromisoformat(own[-1]["since"])


def _relimit(order: Order, city: City) -> Order:
    limits: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for stage, column in _DUE.items():
        stored = order.limits.get(stage.value)
        if stored is None:
            continue
        clock = renew_clock(city, order.kind, order.place, stage, stored)
        values[column] = clock.at if clock else None
        if clock:
            limits[stage.value] = clock.stored
    fresh = start_order(order, city, order.issued_at).milestones
    done = tuple(row for row in order.milestones if row.get("done_at"))
    reached = {row["name"] for row in done}
    milestones = (*done, *(row for row in fresh if row["name"] not in reached))
    return replace(order, limits=limits, milestones=milestones, **values)


def apply(order: Order, rule: Rule, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    """The order after an action that its rule permits; `by` is the actor."""
    after = replace(order, state=rule.end or order.state)
    effect = _EFFECTS.get(rule.action)
    return after if effect is None else effect(after, facts, now, city, by)


def _accept(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return replace(after, accepted_at=now, handler=by.person)


def _return(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return replace(after, returned_reason=facts["reason"], pending=None)


def _reissue(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    """Back to the unit: its clocks go on from where they began; a return wins no time."""
    return replace(after, accepted_at=None, handler=None, returned_reason=None)


def _recall(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    """Taken back: a return that nobody judged does not speak against the unit later."""
    return replace(after, returned_reason=None, pending=None)


def _move(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    """The ruling stands as an upheld return: never again to this unit for this thing."""
    return replace(after, returned_reason=facts["reason"])


def _contact(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return replace(after, contacted_at=now)


def _reach(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    rows = tuple(
        {
            **row,
            "done_at": now.isoformat(),
            "result": facts["result"],
            "evidence": list(facts.get("evidence", ())),
        }
        if row["name"] == facts["milestone"]
        else row
        for row in after.milestones
    )
    return replace(after, milestones=rows)


def _ask_extension(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return replace(after, pending="extension")


def _ask_suspension(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return replace(after, pending="suspension")


def _extend(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    """More time of the clock's own kind is added to it; of another kind, it starts at the due."""
    limits = dict(after.limits)
    stored = dict(limits.get("handle", {}))
    if stored and stored.get("clock") == facts["clock"]:
        stored["extensions"] = [*stored.get("extensions", ()), facts["amount"]]
    else:
        start = after.due_handle or now
        stored = {
            **stored,
            "start": start.isoformat(),
            "amount": facts["amount"],
            "clock": facts["clock"],
            "extensions": [],
            "source": "extension",
        }
    limits["handle"] = stored
    after = replace(after, limits=limits, extended=after.extended + 1, pending=None)
    return recompute(after, city)


def _deny(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return replace(after, pending=None)


def _suspend(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    pause = {"since": now.isoformat(), "until": None, "reason": facts["reason"]}
    return replace(after, pauses=(*after.pauses, pause), pending=None)


def _resume(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    pauses = [dict(row) for row in after.pauses]
    if pauses and not pauses[-1]["until"]:
        pauses[-1]["until"] = now.isoformat()
    return recompute(replace(after, pauses=tuple(pauses)), city)


def _finish(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return replace(
        after,
        finished_at=now,
        result=facts["result"],
        outcome=facts.get("outcome", "solved"),
        evidence=tuple(facts.get("evidence", ())),
        handler=after.handler if after.handler is not None else by.person,
    )


def _urge(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return replace(after, urged=after.urged + 1)


def _recompute(after: Order, facts: Facts, now: datetime, city: City, by: Any) -> Order:
    return recompute(after, city)


_EFFECTS = {
    "accept": _accept,
    "return": _return,
    "refuse_return": _reissue,
    "keep": _reissue,
    "move": _move,
    "recall": _recall,
    "contact": _contact,
    "reach": _reach,
    "ask_extension": _ask_extension,
    "ask_suspension": _ask_suspension,
    "extend": _extend,
    "deny": _deny,
    "suspend": _suspend,
    "resume": _resume,
    "finish": _finish,
    "urge": _urge,
    "recompute": _recompute,
}

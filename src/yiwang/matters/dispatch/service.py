"""Dispatch: a case goes once to the unit whose authority it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import asyncpg

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Tx, columns
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.service import Move
from yiwang.matters.dispatch import rules, store
from yiwang.matters.dispatch.lifecycle import DISPUTES, ORDERS
from yiwang.matters.dispatch.model import OPEN, Dispute, Order
from yiwang.matters.sources.service import keeper


@dataclass(frozen=True, slots=True)
class Step:
    """One action to one order."""

    order_id: int
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    at: datetime | None = None
    amend: Callable[[Order], Order] | None = None  # adds what only the calling room knows


async def propose(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """Dispatch filed cases by rule. What has no responsible unit, or is to be decided by hand,
    stays filed with its reason. Cases that are no longer filed are passed over.
    """
    held = await procedure.lock(tx, CASES, case_ids)
    waiting = [case for case in held.values() if case.state == "filed"]
    before = await store.orders_of(tx, [case.id for case in waiting])
    excluded: dict[int, set[str]] = {}
    for row in before:
        if row["state"] == "withdrawn" and row["returned_reason"]:
            excluded.setdefault(row["case_id"], set()).add(row["unit"])
    plans = []
    held_back = []
    for case in waiting:
        moment = tx.moment(_waiting_since(case))
        day = city.day(moment)
        if case.dispatch_reason.get("manual"):
            continue
        if not city.setting("dispatch.automatic", case.place, day, True):
            held_back.append((case, {"by": "setting", "key": "dispatch.automatic"}))
            continue
        found = rules.resolve(
            city,
            case.kind,
            case.place,
            day,
            excluded.get(case.id, ()),
            exhausted=case.returned >= city.setting("return.max", case.place, day, 2),
        )
        if found.lead is None:
            held_back.append((case, found.reason))
        else:
            plans.append(Plan(case, found.lead, found.assist, found.reason, moment))
    await _hold(tx, city, held_back)
    await issue(tx, city, keeper(city), plans)


def _returned_too_often(city: City, case: Case, at: datetime) -> bool:
    """Whether as many returns of the case were upheld as the city allows (`return.max`)."""
    most: int = city.setting("return.max", case.place, city.day(at), 2)
    return case.returned >= most


def _waiting_since(case: Case) -> datetime | None:
    """Since when the case waits to be dispatched: filed, or given back, or opened again."""
    start = case.limit_reason.get("dispatch", {}).get("start")
    if start:
        return datetime.fromisoformat(start)
    return None if case.rounds else case.filed_at


async def _hold(tx: Tx, city: City, rows: Sequence[tuple[Case, dict[str, Any]]]) -> None:
    """Record why cases stay with the dispatchers; once for the same reason."""
    moves = [
        Move(case.id, "hold", {"reason": reason["by"]}, amend=cases.with_reason(reason))
        for case, reason in rows
        if case.dispatch_reason != reason
    ]
    await cases.move(tx, city, keeper(city), moves)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is to handle a case, and why."""

    case: Case
    lead: str
    assist: tuple[str, ...]
    reason: dict[str, Any]
    at: datetime
    note: str = ""


async def issue(tx: Tx, city: City, actor: Actor, plans: Sequence[Plan]) -> list[Case]:
    """Move filed cases, held by the caller, to dispatched and give each its orders: one lead, any
    assistants."""
    if not plans:
        return []
    moves = []
    for plan in plans:
        facts: dict[str, Any] = {"unit": plan.lead}
        if plan.assist:
            facts["assist"] = list(plan.assist)
        if plan.note:
            facts["note"] = plan.note
        moves.append(
            Move(plan.case.id, "dispatch", facts, at=plan.at, amend=cases.with_reason(plan.reason))
        )
    done = await cases.move(tx, city, actor, moves, {plan.case.id: plan.case for plan in plans})
    orders = [
        (case, unit, role, plan)
        for case, plan in zip(done, plans, strict=True)
        for unit, role in ((plan.lead, "lead"), *((unit, "assist") for unit in plan.assist))
    ]
    await create_orders(tx, city, actor, orders)
    return done


async def create_orders(
    tx: Tx, city: City, actor: Actor, rows: Sequence[tuple[Case, str, str, Plan]]
) -> list[Order]:
    """Issue an order for each (case, unit, "lead" or "assist", plan), its clocks started.

    Refuses ("dispatch.order_open") while an order of the case's earlier place is still open.
    """
    ids = await procedure.new_ids(tx, ORDERS, len(rows))
    orders = [
        rules.start_order(
            Order(
                id=order_id,
                version=1,
                state="issued",
                case_id=case.id,
                unit=unit,
                role=role,
                centre=case.centre,
                place=case.place,
                parties=(unit,) if role == "lead" else (unit, plan.lead),
                kind=case.kind,
                round=case.rounds,
                urgent=case.urgent,
                synthetic=case.synthetic,
                reason=plan.reason,
                issued_by=actor.name,
                issued_at=plan.at,
                accepted_at=None,
                contacted_at=None,
                finished_at=None,
                due_accept=None,
                due_contact=None,
                due_handle=None,
                limits={},
                milestones=(),
                handler=None,
                returned_reason=None,
                result=None,
                outcome=None,
                evidence=(),
                pauses=(),
                extended=0,
                pending=None,
                urged=0,
            ),
            city,
            plan.at,
        )
        for order_id, (case, unit, role, plan) in zip(ids, rows, strict=True)
    ]
    facts = [{"unit": order.unit, "role": order.role} for order in orders]
    moments = [order.issued_at for order in orders]
    try:
        await procedure.create(tx, actor, ORDERS, orders, "issue", "V", facts, moments)
    except asyncpg.UniqueViolationError as error:
        # an order of where the case was before, which this actor does not see and the platform
        # is about to end
        raise Refusal("dispatch.order_open") from error
    return orders


async def dispatch_by_hand(
    tx: Tx,
    city: City,
    actor: Actor,
    case_id: int,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Case:
    """A dispatcher names the unit. Never twice to a unit that rightly returned this very case."""
    case = await procedure.lock_one(tx, CASES, case_id)
    procedure.permit(CASES, actor, case, "dispatch", facts, version)
    plan = await plan_by_hand(tx, city, actor, case, facts, at or tx.now)
    return (await issue(tx, city, actor, [plan]))[0]


async def plan_by_hand(
    tx: Tx, city: City, actor: Actor, case: Case, facts: Mapping[str, Any], at: datetime
) -> Plan:
    """The units a dispatcher names, with what the rule would have said; refuses wrong ones."""
    lead = city.unit(facts["unit"]).code
    assist = tuple(city.unit(code).code for code in facts.get("assist", ()))
    if lead in assist or len(set(assist)) != len(assist):
        raise Refusal("dispatch.twice_named", unit=lead)
    await _refuse_repeat(tx, case, {lead, *assist})
    by_rule = rules.resolve(city, case.kind, case.place, city.day(at))
    note = facts.get("note") or facts.get("reason") or ""
    reason = {
        "by": "hand",
        "actor": actor.name,
        "note": note,
        "rule": by_rule.reason | {"lead": by_rule.lead},
    }
    return Plan(case, lead, assist, reason, at, note)


async def _refuse_repeat(tx: Tx, case: Case, units: set[str]) -> None:
    for row in await store.orders_of(tx, [case.id]):
        returned = row["returned_reason"]
        if row["unit"] in units and row["state"] == "withdrawn" and returned:
            raise Refusal("dispatch.returned_before", unit=row["unit"], reason=returned)


async def move(
    tx: Tx, city: City, actor: Actor, steps: Sequence[Step]
) -> tuple[list[Order], list[Order]]:
    """Do one action to each of several orders; the orders before and after. All or none."""
    held = await procedure.lock(tx, ORDERS, [step.order_id for step in steps])
    changes = []
    for step in steps:
        order = held.get(step.order_id)
        if order is None:
            raise Refusal("procedure.not_found", matter="order", id=step.order_id)
        rule = procedure.permit(ORDERS, actor, order, step.action, step.facts, step.version)
        after = rules.apply(order, rule, step.facts, step.at or tx.now, city, actor)
        if step.amend is not None:
            after = step.amend(after)
        changes.append(Change(order, after, rule, step.facts, step.at))
    saved = await procedure.save(tx, actor, ORDERS, changes)
    return [change.before for change in changes], saved


async def judge_return(tx: Tx, city: City, actor: Actor, step: Step) -> Order:
    """The centre upholds a return: the order ends and the case is dispatched anew.

    With a unit named, to that one; without a name, by rule, the returning unit left out. After as
    many returns as `return.max` allows the rule names the territorial unit, and a name is refused
    ("dispatch.fallback_due").
    """
    unit = step.facts.get("unit")
    if unit is not None:
        city.unit(unit)
    _, saved = await move(tx, city, actor, [step])
    order = saved[0]
    if order.role == "lead":
        await _send_back(tx, city, order, order.returned_reason or "", unit, actor, step.at)
    return order


async def _send_back(
    tx: Tx,
    city: City,
    order: Order,
    reason: str,
    unit: str | None,
    actor: Actor,
    at: datetime | None,
) -> None:
    """The case goes back to filed and, where a unit is named, on to it at once."""
    amend = _manual if unit is not None else _automatic
    back = Move(order.case_id, "return", {"reason": reason}, at=at, amend=amend)
    case = (await cases.move(tx, city, keeper(city), [back]))[0]
    await recall_orders(tx, city, case.id, reason, at)
    by_hand = unit is not None and actor.name != keeper(city).name
    if by_hand and _returned_too_often(city, case, at or tx.now):
        raise Refusal("dispatch.fallback_due", number=case.number, returned=case.returned)
    if unit is not None:
        await dispatch_by_hand(tx, city, actor, case.id, {"unit": unit, "note": reason}, at=at)


def _manual(case: Case) -> Case:
    return replace(case, dispatch_reason={**case.dispatch_reason, "manual": True})


def _automatic(case: Case) -> Case:
    kept = {key: value for key, value in case.dispatch_reason.items() if key != "manual"}
    return replace(case, dispatch_reason=kept)


async def recall_orders(tx: Tx, city: City, case_id: int, reason: str, at: datetime | None) -> None:
    """End whatever orders of a case are open."""
    rows = [row for row in await store.orders_of(tx, [case_id]) if row["state"] in OPEN]
    steps = [Step(row["id"], "recall", {"reason": reason}, at=at) for row in rows]
    await move(tx, city, keeper(city), steps)


async def recall_case(
    tx: Tx,
    city: City,
    actor: Actor,
    case_id: int,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Case:
    """Take a dispatched case back: its open orders end, a dispatcher decides anew."""
    step = Move(case_id, "recall", facts, version, at, _manual)
    case = (await cases.move(tx, city, actor, [step]))[0]
    await recall_orders(tx, city, case_id, facts["reason"], at)
    return case


async def raise_dispute(tx: Tx, city: City, actor: Actor, step: Step) -> Order:
    """A unit says another is responsible: it goes to the centre of their lowest common place."""
    other = city.unit(step.facts["against"]) if "against" in step.facts else None
    _, saved = await move(tx, city, actor, [step])
    order = saved[0]
    if other is None:
        return order
    centre = city.common_centre(order.unit, other.code)
    dispute = Dispute(
        id=(await procedure.new_ids(tx, DISPUTES, 1))[0],
        version=1,
        state="raised",
        case_id=order.case_id,
        order_id=order.id,
        unit=order.unit,
        against=other.code,
        centre=centre.code,
        place=city.unit_paths[centre.code],
        parties=(order.unit, other.code, centre.code),
        reason=step.facts["reason"],
        raised_at=step.at or tx.now,
        decided_by=None,
        decided_at=None,
        ruling=None,
        decision=None,
    )
    facts = {"unit": order.unit, "against": other.code, "centre": centre.code}
    await add_parties(tx, [(order.case_id, other.code), (order.case_id, centre.code)])
    await procedure.create(tx, actor, DISPUTES, [dispute], "raise", "V", [facts])
    return order


async def add_parties(tx: Tx, pairs: Sequence[tuple[int, str]]) -> None:
    """Units that have a say in a case from now on, and so see it, as (case, unit).

    Called before the event that gave them their say is recorded: the picture learns of it there.
    """
    if pairs:
        await tx.execute(
            "update cases set parties ="
            " (select array_agg(distinct u) from unnest(parties || n.units) u)"
            " from (select case_id, array_agg(unit) as units"
            " from unnest($1::bigint[], $2::text[]) as t(case_id, unit) group by case_id) n"
            " where id = n.case_id and not parties @> n.units",
            *columns(pairs),
        )


async def decide_dispute(
    tx: Tx,
    city: City,
    actor: Actor,
    dispute_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Dispute:
    """The centre names the unit that leads: the same one keeps the order, another gets the case."""
    seen = await procedure.find(tx, DISPUTES, dispute_id)
    await procedure.lock_one(tx, CASES, seen.case_id)  # the case first, as everywhere
    dispute = await procedure.lock_one(tx, DISPUTES, dispute_id)
    rule = procedure.permit(DISPUTES, actor, dispute, action, facts, version)
    unit = city.unit(facts["unit"]).code
    after = replace(
        dispute,
        state="decided",
        decided_by=actor.name,
        decided_at=at or tx.now,
        ruling=unit,
        decision=facts["reason"],
    )
    saved = await procedure.save(tx, actor, DISPUTES, [Change(dispute, after, rule, facts, at=at)])
    told = {"reason": facts["reason"]}
    if unit == dispute.unit:
        await move(tx, city, keeper(city), [Step(dispute.order_id, "keep", told, at=at)])
    else:
        step = Step(dispute.order_id, "move", {"unit": unit, **told}, at=at)
        _, orders = await move(tx, city, keeper(city), [step])
        await _send_back(tx, city, orders[0], facts["reason"], unit, keeper(city), at)
    return saved[0]

"""Wishes of a handling unit (延期 挂账): asked, decided by the centre, dropped when moot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.service import Move
from yiwang.matters.dispatch import service as dispatch
from yiwang.matters.dispatch.lifecycle import ORDERS
from yiwang.matters.dispatch.model import Order
from yiwang.matters.dispatch.service import Step
from yiwang.matters.handling import rules
from yiwang.matters.handling.lifecycle import APPROVALS
from yiwang.matters.handling.model import Approval
from yiwang.matters.sources.service import keeper


async def ask(
    tx: Tx, city: City, actor: Actor, order: Order, facts: Mapping[str, Any], now: datetime
) -> Approval:
    """Lay an order's wish before the centre: `order.pending` says which.

    Refuses a pause that would be over already ("approval.until_past") and a wish nobody is above
    to decide ("approval.nobody").
    """
    until = datetime.fromisoformat(facts["until"]) if facts.get("until") else None
    if until is not None and until <= now:
        raise Refusal("approval.until_past", until=facts["until"])
    centre = rules.deciding_centre(city, order)
    if centre is None:
        raise Refusal("approval.nobody", unit=order.unit)
    approval = Approval(
        id=(await procedure.new_ids(tx, APPROVALS, 1))[0],
        version=1,
        state="requested",
        sort=order.pending or "",
        case_id=order.case_id,
        order_id=order.id,
        unit=order.unit,
        centre=centre,
        place=order.place,
        parties=(order.unit, centre),
        amount=facts.get("amount"),
        clock=facts.get("clock"),
        until=until,
        reason=facts["reason"],
        asked_by=actor.person,
        asked_at=now,
        decided_by=None,
        decided_at=None,
        decision=None,
    )
    told = {"sort": approval.sort, "unit": order.unit, "centre": centre, **facts}
    await procedure.create(tx, actor, APPROVALS, [approval], "ask", "V", [told], [now])
    return approval


async def decide(
    tx: Tx,
    city: City,
    actor: Actor,
    approval_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Approval:
    """Grant or refuse a wish; the order, and where it leads its case, follow at once.

    Refuses a wish its order no longer waits for ("approval.stale").
    """
    seen = await procedure.find(tx, APPROVALS, approval_id)
    case = await procedure.lock_one(tx, CASES, seen.case_id)
    order = await procedure.lock_one(tx, ORDERS, seen.order_id)
    approval = await procedure.lock_one(tx, APPROVALS, approval_id)
    rule = procedure.permit(APPROVALS, actor, approval, action, facts, version)
    if order.pending != approval.sort:
        raise Refusal("approval.stale", state=order.state)
    now = at or tx.now
    after = replace(
        approval,
        state=rule.end or approval.state,
        decided_by=actor.name,
        decided_at=now,
        decision=facts.get("reason"),
    )
    saved = await procedure.save(
        tx, actor, APPROVALS, [Change(approval, after, rule, facts, at=at)]
    )
    if action == "refuse":
        await _step(tx, city, Step(order.id, "deny", {"reason": facts["reason"]}, at=at))
    elif approval.sort == "extension":
        await _extend(tx, city, case, approval, at)
    else:
        await _pause(tx, city, case, approval, at)
    return saved[0]


async def _step(tx: Tx, city: City, step: Step) -> Order:
    return (await dispatch.move(tx, city, keeper(city), [step]))[1][0]


async def _extend(tx: Tx, city: City, case: Case, approval: Approval, at: datetime | None) -> None:
    """More time for the order; the case's clock belongs to the lead and moves along."""
    told = {"amount": approval.amount, "clock": approval.clock}
    order = await _step(tx, city, Step(approval.order_id, "extend", told, at=at))
    if order.role == "lead":
        now = at or tx.now
        move = Move(
            case.id,
            "recompute",
            {"reason": "extension"},
            at=at,
            amend=lambda after: rules.align(after, order, now),
        )
        await cases.move(tx, city, keeper(city), [move])


async def _pause(tx: Tx, city: City, case: Case, approval: Approval, at: datetime | None) -> None:
    """The order pauses; with its lead the whole case does, until the day asked for if any."""
    told = {"reason": approval.reason}
    order = await _step(tx, city, Step(approval.order_id, "suspend", told, at=at))
    if order.role == "lead":
        if approval.until is not None:
            told["until"] = approval.until.isoformat()
        await cases.move(tx, city, keeper(city), [Move(case.id, "suspend", told, at=at)])


async def drop(tx: Tx, city: City, approval_ids: Sequence[int]) -> None:
    """End wishes that no longer matter; those already decided are passed over."""
    held = await procedure.lock(tx, APPROVALS, approval_ids) if approval_ids else {}
    actor = keeper(city)
    facts = {"reason": "moot"}
    changes = []
    for approval in held.values():
        if approval.state == "requested":
            rule = procedure.permit(APPROVALS, actor, approval, "drop", facts)
            after = replace(approval, state="dropped", decided_at=tx.now, decision="moot")
            changes.append(Change(approval, after, rule, facts))
    await procedure.save(tx, actor, APPROVALS, changes)

"""Handling: what a unit does with its order, and what its centre decides about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.service import Move
from yiwang.matters.dispatch import service as dispatch
from yiwang.matters.dispatch.lifecycle import ORDERS
from yiwang.matters.dispatch.model import Order
from yiwang.matters.dispatch.service import Plan, Step
from yiwang.matters.handling import deciding, rules, store
from yiwang.matters.sources.service import keeper

_Pair: TypeAlias = tuple[Order, Mapping[str, Any]]
_WITH_PHOTOS = ("finish", "reach")


async def act(
    tx: Tx,
    city: City,
    actor: Actor,
    order_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Order:
    """Do one action to an order as a person or a system asks for it.

    Refuses as :func:`procedure.permit` does; what the action means for the case, for other orders
    and for wishes that are still open is done here too.
    """
    step = Step(order_id, action, facts, version, at)
    special = _SPECIAL.get(action)
    if special is None:
        return (await _plain(tx, city, actor, [step]))[0]
    seen = await procedure.find(tx, ORDERS, order_id)
    await procedure.lock_one(tx, CASES, seen.case_id)  # the case first, as everywhere
    return await special(tx, city, actor, step)


async def act_many(
    tx: Tx, city: City, actor: Actor, steps: Sequence[Step]
) -> list[Order | Refusal]:
    """Do many actions in their order; each succeeds or is refused alone.

    Plain actions on different orders are done together, so that hundreds cost little more than
    one. The answer holds, for each step, its order afterwards or why not.
    """
    answers: dict[int, Order | Refusal] = {}
    for run in rules.runs((step.order_id, step.action) for step in steps):
        if len(run) == 1 and steps[run[0]].action not in rules.PLAIN:
            answers[run[0]] = await _alone(tx, city, actor, steps[run[0]])
        else:
            answers |= await _together(tx, city, actor, {i: steps[i] for i in run})
    return [answers[i] for i in range(len(steps))]


async def _alone(tx: Tx, city: City, actor: Actor, step: Step) -> Order | Refusal:
    try:
        async with tx.savepoint():
            return await act(
                tx, city, actor, step.order_id, step.action, step.facts, step.version, step.at
            )
    except Refusal as refusal:
        return refusal


async def _together(
    tx: Tx, city: City, actor: Actor, steps: Mapping[int, Step]
) -> dict[int, Order | Refusal]:
    """Plain steps on different orders: the refused are sorted out first, the others go at once."""
    answers: dict[int, Order | Refusal] = {}
    held = await procedure.lock(tx, ORDERS, [step.order_id for step in steps.values()])
    fit: dict[int, Step] = {}
    for i, step in steps.items():
        order = held.get(step.order_id)
        try:
            if order is None:
                raise Refusal("procedure.not_found", matter="order", id=step.order_id)
            procedure.permit(ORDERS, actor, order, step.action, step.facts, step.version)
        except Refusal as refusal:
            answers[i] = refusal
        else:
            fit[i] = step
    shown = [
        (held[step.order_id], step.facts) for step in fit.values() if step.action in _WITH_PHOTOS
    ]
    unproven = await _evidence_faults(tx, city, shown)
    for i, step in list(fit.items()):
        if step.order_id in unproven:
            answers[i] = unproven[step.order_id]
            del fit[i]
    done = await _move(tx, city, actor, list(fit.values()))
    return answers | dict(zip(fit, done, strict=True))


async def _plain(tx: Tx, city: City, actor: Actor, steps: Sequence[Step]) -> list[Order]:
    saved = await _move(tx, city, actor, steps)
    proven = [
        (order, step.facts)
        for order, step in zip(saved, steps, strict=True)
        if step.action in _WITH_PHOTOS
    ]
    for refusal in (await _evidence_faults(tx, city, proven)).values():
        raise refusal
    return saved


async def _move(tx: Tx, city: City, actor: Actor, steps: Sequence[Step]) -> list[Order]:
    """Through dispatch; a wish that the order no longer waits for ends with it."""
    before, saved = await dispatch.move(tx, city, actor, steps)
    given_up = [
        old.id
        for old, new in zip(before, saved, strict=True)
        if old.pending is not None and new.pending is None
    ]
    await deciding.drop(tx, city, await store.requested(tx, given_up) if given_up else [])
    return saved


async def _evidence_faults(tx: Tx, city: City, rows: Sequence[_Pair]) -> dict[int, Refusal]:
    """For orders with what was said about them: which lack the photos they name or need."""
    wanted = {order.id: list(facts.get("evidence", ())) for order, facts in rows}
    roles = {order.id: _roles(tx, city, order) for order, _ in rows}
    asked = [photo for photos in wanted.values() for photo in photos]
    known = await store.photos(tx, asked) if asked else []
    faults = {}
    for order, facts in rows:
        needed = roles[order.id] if "milestone" not in facts else ()
        fault = rules.evidence_fault(wanted[order.id], known, order.case_id, needed)
        if fault is not None:
            faults[order.id] = Refusal(fault[0], **fault[1])
    return faults


def _roles(tx: Tx, city: City, order: Order) -> Sequence[str]:
    """The kinds of photo the lead must show (setting `handling.evidence`; none by default)."""
    if order.role != "lead":
        return ()
    found: Sequence[str] = city.setting("handling.evidence", order.place, city.day(tx.now), ())
    return found


async def require_photos(tx: Tx, case_id: int, photos: Sequence[int]) -> None:
    """Refuse evidence that is not a photo of this case ("handling.evidence_unknown")."""
    if photos:
        fault = rules.evidence_fault(photos, await store.photos(tx, photos), case_id)
        if fault is not None:
            raise Refusal(fault[0], **fault[1])


async def _call_assist(tx: Tx, city: City, actor: Actor, step: Step) -> Order:
    """The lead calls another unit to help: it gets an order of its own, with its own clocks."""
    order = (await _move(tx, city, actor, [step]))[0]
    unit = city.unit(step.facts["unit"]).code
    if unit == order.unit:
        raise Refusal("handling.assist_itself", unit=unit)
    if await store.has_open_order(tx, order.case_id, unit):
        raise Refusal("handling.assist_twice", unit=unit)
    case = await procedure.lock_one(tx, CASES, order.case_id)
    reason = {
        "by": "assist",
        "asked_by": order.unit,
        "order": order.id,
        "note": step.facts["reason"],
    }
    plan = Plan(case, order.unit, (unit,), reason, step.at or tx.now, step.facts["reason"])
    await dispatch.add_parties(tx, [(case.id, unit)])
    await dispatch.create_orders(tx, city, actor, [(case, unit, "assist", plan)])
    return order


async def _ask(tx: Tx, city: City, actor: Actor, step: Step) -> Order:
    """A wish for more time or for a pause: the order goes on, its centre decides."""
    order = (await _move(tx, city, actor, [step]))[0]
    await deciding.ask(tx, city, actor, order, step.facts, step.at or tx.now)
    return order


async def _recall(tx: Tx, city: City, actor: Actor, step: Step) -> Order:
    """Taking back the lead's order takes back the case: a dispatcher decides anew."""
    order = (await _move(tx, city, actor, [step]))[0]
    if order.role == "lead":
        facts = {"reason": step.facts["reason"]}
        await dispatch.recall_case(tx, city, actor, order.case_id, facts, at=step.at)
    return order


async def _resume(tx: Tx, city: City, actor: Actor, step: Step) -> Order:
    """The lead works again, so its case goes on too, and what paused with the case."""
    order = (await _move(tx, city, actor, [step]))[0]
    case = await procedure.lock_one(tx, CASES, order.case_id)
    if order.role == "lead" and case.state == "suspended":
        now = step.at or tx.now
        move = Move(
            case.id,
            "resume",
            {"reason": step.facts.get("note") or "the lead works again"},
            at=step.at,
            amend=lambda after: rules.align(after, order, now),
        )
        await cases.move(tx, city, keeper(city), [move])
    return order


_SPECIAL: Mapping[str, Callable[[Tx, City, Actor, Step], Awaitable[Order]]] = {
    "uphold_return": dispatch.judge_return,
    "dispute": dispatch.raise_dispute,
    "call_assist": _call_assist,
    "ask_extension": _ask,
    "ask_suspension": _ask,
    "recall": _recall,
    "resume": _resume,
}

decide = deciding.decide


async def follow(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """Drop wishes that nothing waits for any more: their case or order ended or was taken back.

    Running it twice changes nothing.
    """
    await deciding.drop(tx, city, await store.moot(tx, case_ids))


async def rework(
    tx: Tx, city: City, actor: Actor, case: Case, reason: str, at: datetime | None = None
) -> Case:
    """Not passed: the lead does it again, with a new order and new clocks.

    `case` has just failed its check and is dispatched again. Where nobody led (it was fixed by
    whoever found it) or the lead is no longer a unit of the city, it is dispatched by rule.
    """
    if case.lead is None or case.lead not in city.units:
        back = Move(case.id, "recall", {"reason": reason}, at=at)
        filed = (await cases.move(tx, city, keeper(city), [back]))[0]
        await dispatch.propose(tx, city, [filed.id])
        return await procedure.find(tx, CASES, case.id)
    why = {"by": "rework", "round": case.rounds, "note": reason}
    plan = Plan(case, case.lead, (), why, at or tx.now, reason)
    await dispatch.create_orders(tx, city, actor, [(case, case.lead, "lead", plan)])
    return case

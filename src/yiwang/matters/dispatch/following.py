"""Orders and disputes follow their case: what it went through, they go through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Row, Tx
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.service import Move
from yiwang.matters.dispatch import rules, store
from yiwang.matters.dispatch.lifecycle import DISPUTES, ORDERS
from yiwang.matters.dispatch.model import OPEN, Order
from yiwang.matters.dispatch.service import Step, move
from yiwang.matters.sources.service import keeper


async def follow(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """Bring the orders of cases in line after the case itself changed.

    Ended or withdrawn cases recall their open orders, suspended ones pause them, resumed ones go
    on, re-classed and moved ones compute their clocks anew; disputes over orders that are no
    longer disputed are dropped. Running it twice changes nothing.
    """
    held = await procedure.lock(tx, CASES, case_ids)
    rows = [row for row in await store.orders_of(tx, held) if row["state"] in OPEN]
    steps = [step for row in rows if (step := _following(held[row["case_id"]], row))]
    await move(tx, city, keeper(city), steps)
    orders = await procedure.lock(tx, ORDERS, [row["id"] for row in rows])
    running = [order for order in orders.values() if order.state in OPEN]
    await _renew(
        tx, city, running, lambda order: rules.align(order, held[order.case_id], city), "case"
    )
    await _drop_disputes(tx, keeper(city), list(held))


def _following(case: Case, row: Row) -> Step | None:
    if case.closed_at is not None or case.state in ("filed", "cancelled", "merged"):
        return Step(row["id"], "recall", {"reason": case.reason or case.state})
    if case.state == "suspended" and row["state"] == "accepted":
        return Step(row["id"], "suspend", {"reason": case.reason or "case"})
    goes_on = case.lead == row["unit"] or rules.paused_with(case, row["paused_since"])
    if case.state == "dispatched" and row["state"] == "suspended" and goes_on:
        return Step(row["id"], "resume", {})
    return None


async def _renew(
    tx: Tx, city: City, orders: Sequence[Order], by: Callable[[Order], Order], reason: str
) -> None:
    """Record the orders that `by` changes."""
    steps = [
        Step(order.id, "recompute", {"reason": reason}, amend=partial(_as, after))
        for order in orders
        if (after := by(order)) != order
    ]
    await move(tx, city, keeper(city), steps)


def _as(after: Order, _: Order) -> Order:
    return after


async def _drop_disputes(tx: Tx, actor: Actor, case_ids: Sequence[int]) -> None:
    held = await procedure.lock(tx, DISPUTES, await store.moot_disputes(tx, case_ids))
    facts = {"reason": "the order is no longer disputed"}
    changes = []
    for dispute in held.values():
        rule = procedure.permit(DISPUTES, actor, dispute, "drop", facts)
        after = replace(dispute, state="dropped", decided_at=tx.now)
        changes.append(Change(dispute, after, rule, facts))
    await procedure.save(tx, actor, DISPUTES, changes)


async def wake(tx: Tx, city: City, order_ids: Sequence[int]) -> None:
    """A lead that finished while its case was suspended ends the pause, so that it is checked."""
    moments = await store.finished_in_pause(tx, order_ids)
    held = await procedure.lock(tx, CASES, moments)
    moves = [
        Move(case.id, "resume", {"reason": "the lead finished"}, at=tx.moment(moments[case.id]))
        for case in held.values()
        if case.state == "suspended"
    ]
    await cases.move(tx, city, keeper(city), moves)


async def recompute_open(tx: Tx, city: City, after_id: int, most: int = 500) -> int | None:
    """Compute the due times of open orders anew; the last id done, or None when there are no more.

    Called again and again after a change of the calendar, each time from the last id on.
    """
    ids = await store.open_after(tx, after_id, most)
    orders = await procedure.lock(tx, ORDERS, ids)
    await _renew(
        tx, city, list(orders.values()), lambda order: rules.recompute(order, city), "calendar"
    )
    return ids[-1] if ids else None

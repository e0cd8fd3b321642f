"""The life of an order (派遣 接单 退单 处置 反馈) and of a dispute over it, one table each."""

from __future__ import annotations

from typing import Any

from yiwang.ground.procedure.model import Procedure
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Facts, Rule, Table
from yiwang.matters.dispatch.model import Dispute, Order

_OPEN = ("issued", "accepted", "suspended", "returned", "disputed")


def _not_contacted(order: Order, by: Any) -> None:
    if order.contacted_at is not None:
        raise Refusal("order.contacted", at=order.contacted_at.isoformat())


def _nothing_pending(order: Order, by: Any) -> None:
    if order.pending is not None:
        raise Refusal("order.pending", sort=order.pending)


def _milestone_open(order: Order, facts: Facts, by: Any) -> None:
    """The milestone is one of the order's and not reached yet."""
    open_ones = [row["name"] for row in order.milestones if not row.get("done_at")]
    if facts["milestone"] not in open_ones:
        raise Refusal("order.milestone", milestone=facts["milestone"], possible=open_ones)


def _lead(order: Order, by: Any) -> None:
    if order.role != "lead":
        raise Refusal("order.not_lead", unit=order.unit)


def _not_against_itself(order: Order, facts: Facts, by: Any) -> None:
    if facts["against"] == order.unit:
        raise Refusal("order.against_itself", unit=order.unit)


def _not_own_return(order: Order, by: Any) -> None:
    """Whoever returned an order does not judge the return: supervision is apart from handling."""
    if order.unit in by.units:
        raise Refusal("order.own_return", unit=order.unit)


def _may_go_back(order: Order, by: Any) -> None:
    """Whoever must take what was returned too often cannot pass it on."""
    _not_own_return(order, by)
    if order.reason.get("returned_too_often"):
        raise Refusal("order.must_take", unit=order.unit)


ORDER_TABLE = Table(
    name="order",
    states=("issued", "accepted", "suspended", "returned", "disputed", "done", "withdrawn"),
    initial=("issued",),
    final=("done", "withdrawn"),
    rules=(
        Rule("accept", ("issued",), "accepted", "handler", takes=("note",), waits=("issued",)),
        Rule("return", ("issued", "accepted"), "returned", "handler", ("reason",)),
        Rule(
            "uphold_return",
            ("returned",),
            "withdrawn",
            "dispatcher",
            takes=("reason", "unit"),
            bar=_may_go_back,
            waits=("returned",),
        ),
        Rule(
            "refuse_return",
            ("returned",),
            "issued",
            "dispatcher",
            ("reason",),
            bar=_not_own_return,
            waits=("returned",),
        ),
        Rule(
            "dispute",
            ("issued",),
            "disputed",
            "handler",
            ("against", "reason"),
            bar=_lead,
            guard=_not_against_itself,
        ),
        Rule("keep", ("disputed",), "issued", "dispatcher", ("reason",), system=True),
        Rule("move", ("disputed",), "withdrawn", "dispatcher", ("unit", "reason"), system=True),
        Rule("contact", ("issued", "accepted"), None, "handler", ("note",), bar=_not_contacted),
        Rule(
            "reach",
            ("accepted",),
            None,
            "handler",
            ("milestone", "result"),
            ("evidence",),
            guard=_milestone_open,
        ),
        Rule("call_assist", ("accepted",), None, "handler", ("unit", "reason"), bar=_lead),
        Rule(
            "ask_extension",
            ("accepted",),
            None,
            "handler",
            ("amount", "clock", "reason"),
            bar=_nothing_pending,
        ),
        Rule(
            "ask_suspension",
            ("accepted",),
            None,
            "handler",
            ("reason",),
            ("until",),
            bar=_nothing_pending,
        ),
        Rule("extend", ("accepted",), None, "dispatcher", ("amount", "clock"), system=True),
        Rule("deny", ("accepted",), None, "dispatcher", ("reason",), system=True),
        Rule("suspend", ("accepted",), "suspended", "dispatcher", ("reason",), system=True),
        Rule(
            "resume",
            ("suspended",),
            "accepted",
            "handler|dispatcher",
            takes=("note",),
            waits=("suspended",),
        ),
        Rule(
            "finish",
            ("accepted",),
            "done",
            "handler",
            ("result",),
            ("outcome", "evidence"),
            bar=_nothing_pending,
            waits=("accepted",),
        ),
        Rule(
            "recall",
            _OPEN,
            "withdrawn",
            "dispatcher",
            ("reason",),
        ),
        Rule("urge", ("issued", "accepted"), None, "dispatcher|duty_chief|leader", ("note",)),
        Rule("recompute", _OPEN, None, "dispatcher", takes=("reason",), system=True),
    ),
)

ORDERS: Procedure[Order] = Procedure(
    ORDER_TABLE, "orders", Order, lambda order: (order.unit,), lambda order: order.case_id
)


def _units_of_dispute(dispute: Dispute) -> tuple[str, ...]:
    return (dispute.centre,)


def _not_party(dispute: Dispute, by: Any) -> None:
    """A unit that is in the dispute does not decide it."""
    if {dispute.unit, dispute.against} & set(by.units):
        raise Refusal("dispute.own", centre=dispute.centre)


DISPUTE_TABLE = Table(
    name="dispute",
    states=("raised", "decided", "dropped"),
    initial=("raised",),
    final=("decided", "dropped"),
    rules=(
        Rule(
            "decide",
            ("raised",),
            "decided",
            "dispatcher",
            ("unit", "reason"),
            bar=_not_party,
            waits=("raised",),
        ),
        Rule("drop", ("raised",), "dropped", "dispatcher", ("reason",), system=True),
    ),
)

DISPUTES: Procedure[Dispute] = Procedure(
    DISPUTE_TABLE, "disputes", Dispute, _units_of_dispute, lambda dispute: dispute.case_id
)

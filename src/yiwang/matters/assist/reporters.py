"""Who reported what an order is about, for the unit's first contact with them (先行联系).

Shown to handlers of the unit that has the order in hand, for as long as it has it. Whoever asked
not to be named is not. Every look is recorded in the case's history: who looked, at whose reports,
never what was shown.
"""

from __future__ import annotations

from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.authority.rules import require
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.dispatch.lifecycle import ORDERS
from yiwang.matters.sources.receipts import number_of

IN_HAND = ("issued", "accepted", "suspended")
SHOWN = 20


async def look_up(tx: Tx, actor: Actor, order_id: int) -> dict[str, Any]:
    """The reporters of an order's case, the first 20 reports; leaves one event, found or not.

    Refuses an order that is another unit's ("authority.*"), and one that is no longer in hand
    ("reporters.not_in_hand").
    """
    order = await procedure.find(tx, ORDERS, order_id)
    require(actor, "handler", order.place, (order.unit,))
    if order.state not in IN_HAND:
        raise Refusal("reporters.not_in_hand", matter="order", state=order.state)
    rows = await tx.fetch("select * from reporters_of($1, $2)", order_id, SHOWN + 1)
    more, rows = len(rows) > SHOWN, rows[:SHOWN]
    named = [row for row in rows if row["name"] or row["phone"] or row["email"]]
    confidential = sum(row["confidential"] for row in rows)
    entry = Entry(
        action="reporter.look_up",
        matter="order",
        matter_id=order_id,
        place=order.place,
        article="XIV",
        rule="reporter.look_up",
        before=None,
        after=None,
        facts={"reports": [row["report_id"] for row in named], "found": len(named)},
        case_id=order.case_id,
        unit=order.unit,
    )
    await ledger.record(tx, actor, [entry])
    return {
        "items": [_reporter(row) for row in named],
        "confidential": confidential,
        "unnamed": len(rows) - len(named) - confidential,
        "more": more,
    }


def _reporter(row: Row) -> dict[str, Any]:
    return {
        "number": number_of(row["report_id"]),
        "source": row["source"],
        "received_at": row["received_at"].isoformat(),
        "name": row["name"],
        "phone": row["phone"],
        "email": row["email"],
    }

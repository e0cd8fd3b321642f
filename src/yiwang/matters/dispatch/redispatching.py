"""Another unit in one step: a dispatcher corrects whose job a dispatched case is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.judgement.model import corrected
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.service import Move
from yiwang.matters.dispatch import service as dispatch


async def redispatch(
    tx: Tx,
    city: City,
    actor: Actor,
    case_id: int,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Case:
    """A dispatched case goes to another unit in one step: the open orders end, new ones begin.

    The reason keeps the choice that was wrong beside the one by hand.
    """
    case = await procedure.lock_one(tx, CASES, case_id)
    procedure.permit(CASES, actor, case, "redispatch", facts, version)
    plan = await dispatch.plan_by_hand(tx, city, actor, case, facts, at or tx.now)
    was = corrected(case.dispatch_reason, case.lead, None).get("was")
    reason = plan.reason | ({"was": was} if was else {})
    await dispatch.recall_orders(tx, city, case_id, facts["reason"], at)
    step = Move(case_id, "redispatch", facts, version, at, cases.with_reason(reason))
    done = (await cases.move(tx, city, actor, [step]))[0]
    told = replace(plan, case=done, reason=reason)
    units = [(plan.lead, "lead"), *((unit, "assist") for unit in plan.assist)]
    await dispatch.create_orders(
        tx, city, actor, [(done, unit, role, told) for unit, role in units]
    )
    return done

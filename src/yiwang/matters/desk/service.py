"""Which room carries out which action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure.facts import parse_facts
from yiwang.ground.procedure.model import Procedure
from yiwang.ground.revision.lifecycle import REVISION_TABLE
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Table
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.checking import service as checking
from yiwang.matters.checking.lifecycle import CHECKS
from yiwang.matters.dispatch import redispatching
from yiwang.matters.dispatch import service as dispatch
from yiwang.matters.dispatch.lifecycle import DISPUTES, ORDERS
from yiwang.matters.handling import deciding
from yiwang.matters.handling import service as handling
from yiwang.matters.handling.lifecycle import APPROVALS
from yiwang.matters.media.lifecycle import PHOTO_TABLE
from yiwang.matters.sources.lifecycle import REPORTS

PROCEDURES: Mapping[str, Procedure[Any]] = {
    "report": REPORTS,
    "case": CASES,
    "order": ORDERS,
    "check": CHECKS,
    "approval": APPROVALS,
    "dispute": DISPUTES,
}

# Everything that moves through a procedure, with what has routes of its own.
TABLES: Mapping[str, Table] = {
    **{name: procedure.table for name, procedure in PROCEDURES.items()},
    "photo": PHOTO_TABLE,
    "revision": REVISION_TABLE,
}

Act = Callable[
    [Tx, City, Actor, int, str, Mapping[str, Any], int | None, datetime | None], Awaitable[Any]
]


async def _act_case(
    tx: Tx,
    city: City,
    actor: Actor,
    case_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None,
    at: datetime | None,
) -> Any:
    if action == "dispatch":
        return await dispatch.dispatch_by_hand(tx, city, actor, case_id, facts, version, at)
    if action == "redispatch":
        return await redispatching.redispatch(tx, city, actor, case_id, facts, version, at)
    if action == "recall":
        return await dispatch.recall_case(tx, city, actor, case_id, facts, version, at)
    return await cases.act(tx, city, actor, case_id, action, facts, version, at)


async def _act_approval(
    tx: Tx,
    city: City,
    actor: Actor,
    approval_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None,
    at: datetime | None,
) -> Any:
    return await deciding.decide(tx, city, actor, approval_id, action, facts, version, at)


async def _act_dispute(
    tx: Tx,
    city: City,
    actor: Actor,
    dispute_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None,
    at: datetime | None,
) -> Any:
    return await dispatch.decide_dispute(tx, city, actor, dispute_id, action, facts, version, at)


_ROOMS: Mapping[str, Act] = {
    "case": _act_case,
    "order": handling.act,
    "check": checking.act,
    "approval": _act_approval,
    "dispute": _act_dispute,
}


async def act(
    tx: Tx,
    city: City,
    actor: Actor,
    matter: str,
    matter_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Any:
    """Do one action to one matter; the matter as it is afterwards.

    Refuses an unknown matter ("desk.matter_unknown") and whatever its room refuses.
    """
    room = _ROOMS.get(matter)
    if room is None:
        raise Refusal("desk.matter_unknown", matter=matter, possible=sorted(_ROOMS))
    return await room(tx, city, actor, matter_id, action, parse_facts(facts), version, at)


async def find_lead_order(tx: Tx, system: str, external_id: str) -> int:
    """The lead order of the case of a report that another system knows by its own number.

    Refuses where there is no such report, or no order yet ("desk.no_order").
    """
    order_id = await tx.fetchval(
        "select o.id from reports r join orders o on o.case_id = r.case_id and o.role = 'lead'"
        " where r.system = $1 and r.external_id = $2 order by o.id desc limit 1",
        system,
        external_id,
    )
    if order_id is None:
        raise Refusal("desk.no_order", system=system, external_id=external_id)
    return int(order_id)


async def find_case(tx: Tx, system: str, external_id: str) -> int:
    """The case of a report that another system knows by its own number ("desk.no_case")."""
    case_id = await tx.fetchval(
        "select case_id from reports where system = $1 and external_id = $2",
        system,
        external_id,
    )
    if case_id is None:
        raise Refusal("desk.no_case", system=system, external_id=external_id)
    return int(case_id)

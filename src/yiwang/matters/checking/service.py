"""Checking: what follows from a finished order, and from what a checker found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import ENDED, Case
from yiwang.matters.cases.service import Move
from yiwang.matters.checking import arranging, assigning, rules, store
from yiwang.matters.checking.lifecycle import CHECKS
from yiwang.matters.checking.model import Check
from yiwang.matters.dispatch import service as dispatch
from yiwang.matters.dispatch.service import Step
from yiwang.matters.handling import service as handling
from yiwang.matters.sources.service import keeper

_WAITING = ("dispatched", "suspended")  # states in which the lead's work is what a case waits for


async def arrange(tx: Tx, city: City, order_ids: Sequence[int]) -> None:
    """Where the lead has finished, the case goes to checking: a check is arranged, or the lot
    spares it and it passes with that reason. Assistants' open orders end, and so does a pause of
    the case that its lead did not keep.

    Other finished orders, and leads of earlier rounds, change nothing; so does a second run.
    """
    rows = {row["case_id"]: row for row in await store.finished_leads(tx, order_ids)}
    held = await procedure.lock(tx, CASES, rows)
    ready = [
        case
        for case in held.values()
        if case.state in _WAITING and rows[case.id]["round"] == case.rounds
    ]
    if not ready:
        return
    past = await arranging.recall_past(tx, city, ready)
    moments = {case.id: tx.moment(rows[case.id]["finished_at"]) for case in ready}
    orders = {case.id: int(rows[case.id]["id"]) for case in ready}
    plans, spared = _draw_lots(city, ready, past, moments, orders)
    moves = [
        Move(case.id, "resume", {"reason": "lead finished"}, at=moments[case.id])
        for case in ready
        if case.state == "suspended"
    ]
    moves += [_handled(rows[case.id], moments[case.id], plans.get(case.id)) for case in ready]
    handled = {case.id: case for case in await cases.move(tx, city, keeper(city), moves, held)}
    await _recall_assistants(tx, city, moments)
    await handling.follow(tx, city, list(moments))
    checks = [replace(check, due_at=handled[case].due_check) for case, check in plans.items()]
    await arranging.arrange(tx, keeper(city), checks)
    await _pass(tx, city, [(handled[case.id], facts, moments[case.id]) for case, facts in spared])


def _handled(row: Row, at: datetime, check: Check | None) -> Move:
    """The case goes to checking; the unit that checks has a say from now on."""
    facts = {"result": row["result"]} if row["result"] else {}
    joining = (check.unit,) if check is not None else ()

    def amend(after: Case) -> Case:
        parties = tuple(dict.fromkeys((*after.parties, *joining)))
        return replace(after, handled_at=row["finished_at"], parties=parties)

    return Move(row["case_id"], "finish", facts, at=at, amend=amend)


async def _recall_assistants(tx: Tx, city: City, moments: Mapping[int, datetime]) -> None:
    steps = [
        Step(row["id"], "recall", {"reason": "lead finished"}, at=moments[row["case_id"]])
        for row in await store.open_orders(tx, moments)
    ]
    if steps:
        await dispatch.move(tx, city, keeper(city), steps)


def _draw_lots(
    city: City,
    waiting: Sequence[Case],
    past: arranging.Past,
    moments: Mapping[int, datetime],
    orders: Mapping[int, int],
) -> tuple[dict[int, Check], list[tuple[Case, dict[str, str]]]]:
    """The checks of cases that get one, and the cases that the lot spares with the reason."""
    plans = {}
    spared = []
    for case in waiting:
        at = moments[case.id]
        verdict = arranging.sampling(city, case, past, at)
        if verdict.checked:
            order = orders.get(case.id)
            plans[case.id] = arranging.plan(city, case, past, "check", verdict.reason, at, order)
        else:
            percent, lot = verdict.reason["percent"], verdict.reason["draw"]
            note = f"share {percent:g} %, lot {lot:.4f} = SHA-256({case.number})"
            spared.append((case, {"reason": "not_sampled", "note": note}))
    return plans, spared


async def _arrange(tx: Tx, city: City, plans: Sequence[Check]) -> None:
    """Leave checks with their units, which have a say in the case from now on."""
    await dispatch.add_parties(tx, [(check.case_id, check.unit) for check in plans])
    await arranging.arrange(tx, keeper(city), plans)


async def arrange_fix(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """A case fixed by whoever found it is checked by another unit, under the same rule of the lot.

    Cases that have had a check, or wait for nothing, are passed over.
    """
    held = await procedure.lock(tx, CASES, case_ids)
    fixed = [
        case
        for case in held.values()
        if case.state == "checking" and case.on_the_spot and not case.passed_check
    ]
    past = await arranging.recall_past(tx, city, fixed)
    fresh = [case for case in fixed if not past.checks.get(case.id)]
    moments = {case.id: tx.moment(case.handled_at) for case in fresh}
    plans, spared = _draw_lots(city, fresh, past, moments, {})
    await _arrange(tx, city, list(plans.values()))
    await _pass(tx, city, [(case, facts, moments[case.id]) for case, facts in spared])


async def arrange_verify(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """A reported thing nobody has seen is looked at by the unit nearest to it.

    Cases no longer verifying, or with that check arranged, are passed over.
    """
    held = await procedure.lock(tx, CASES, case_ids)
    doubted = [case for case in held.values() if case.state == "verifying"]
    past = await arranging.recall_past(tx, city, doubted)
    plans = [
        arranging.plan(city, case, past, "verify", {"why": "source"}, tx.moment(case.reported_at))
        for case in doubted
        if not past.has(case.id, "verify", "arranged")
    ]
    await _arrange(tx, city, plans)


async def act(
    tx: Tx,
    city: City,
    actor: Actor,
    check_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Check:
    """Do one action to a check; what it means for the case happens at once.

    Refuses as :func:`procedure.permit` does, and a check whose case went on without it
    ("check.case_moved_on").
    """
    seen = await procedure.find(tx, CHECKS, check_id)
    case = await procedure.lock_one(tx, CASES, seen.case_id)
    check = await procedure.lock_one(tx, CHECKS, check_id)
    rule = procedure.permit(CHECKS, actor, check, action, facts, version)
    if rules.has_ended(case, check.sort):
        raise Refusal("check.case_moved_on", number=case.number, state=case.state)
    if action == "assign":
        await assigning.require_fit(tx, city, check, facts["person"])
    await handling.require_photos(tx, case.id, facts.get("evidence", ()))
    after = rules.apply(check, rule, facts, at or tx.now, actor)
    saved = (await procedure.save(tx, actor, CHECKS, [Change(check, after, rule, facts, at=at)]))[0]
    follows = _FOLLOWS.get((check.sort, action))
    if follows is not None:
        await follows(tx, city, case, saved, at or tx.now)
    return saved


async def _passed(tx: Tx, city: City, case: Case, check: Check, at: datetime) -> None:
    facts = {"note": check.result} if check.result else {}
    await _pass(tx, city, [(case, facts, at)])


async def _pass(
    tx: Tx, city: City, rows: Sequence[tuple[Case, Mapping[str, str], datetime]]
) -> None:
    """Close cases that need no more checking; a parent with open children waits for them."""
    moves = []
    for case, facts, at in rows:
        if case.open_children:
            reason = facts.get("reason")
            waits = {"reason": "children_open"}
            moves.append(Move(case.id, "recompute", waits, at=at, amend=_mark(reason)))
        else:
            moves.append(Move(case.id, "pass", facts, at=at, amend=_mark(None)))
    if moves:
        await _count(tx, city, await cases.move(tx, city, keeper(city), moves))


def _mark(reason: str | None) -> Callable[[Case], Case]:
    """The case passed; a reason to close without a check is kept until it can close."""
    return lambda case: replace(case, passed_check=True, reason=reason or case.reason)


async def _count(tx: Tx, city: City, done: Sequence[Case]) -> None:
    for case in done:
        if case.parent_id is not None and case.state in ENDED:
            await cases.count_child(tx, city, case, -1)


async def _failed(tx: Tx, city: City, case: Case, check: Check, at: datetime) -> None:
    """Not passed: the lead does it again."""
    reason = check.result or "failed"
    move = Move(case.id, "fail", {"reason": reason}, at=at)
    again = (await cases.move(tx, city, keeper(city), [move]))[0]
    await handling.rework(tx, city, keeper(city), again, reason, at)


async def _undecided(tx: Tx, city: City, case: Case, check: Check, at: datetime) -> None:
    """Could not be checked: the centre asks the reporter once; then the duty chief decides."""
    past = await arranging.recall_past(tx, city, [case])
    if past.has(case.id, "check", "unable", case.rounds) > 1:
        facts = {"number": case.number, "reason": check.result}
        await store.tell_unit(tx, case.centre, case.id, "check.undecided", facts)
        return
    why = {"why": "unable", "check": check.id}
    again = arranging.plan(city, case, past, "check", why, at, check.order_id)
    again = replace(again, mode="callback")
    if case.centre not in again.handlers:
        reason = {**why, "chosen": "centre"}
        again = replace(again, unit=case.centre, parties=(case.centre,), reason=reason)
    await _arrange(tx, city, [again])


async def _exists(tx: Tx, city: City, case: Case, check: Check, at: datetime) -> None:
    facts: dict[str, Any] = {"note": check.result} if check.result else {}
    if check.evidence:
        facts["evidence"] = list(check.evidence)
    await cases.move(tx, city, keeper(city), [Move(case.id, "exist", facts, at=at)])


async def _missing(tx: Tx, city: City, case: Case, check: Check, at: datetime) -> None:
    move = Move(case.id, "not_exist", {"reason": check.result}, at=at)
    await _count(tx, city, await cases.move(tx, city, keeper(city), [move]))


async def _unverified(tx: Tx, city: City, case: Case, check: Check, at: datetime) -> None:
    move = Move(case.id, "not_verified", {"reason": check.result}, at=at)
    await cases.move(tx, city, keeper(city), [move])


_FOLLOWS: Mapping[tuple[str, str], Callable[[Tx, City, Case, Check, datetime], Awaitable[None]]] = {
    ("check", "pass"): _passed,
    ("check", "fail"): _failed,
    ("check", "unable"): _undecided,
    ("verify", "pass"): _exists,
    ("verify", "fail"): _missing,
    ("verify", "unable"): _unverified,
}


async def conclude(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """Cases ended: a parent that passed and waited for its last child closes now.

    Counts the children anew, so that a count that went astray mends itself.
    """
    held = await procedure.lock(tx, CASES, await store.parents(tx, case_ids))
    counted = await store.count_children(tx, held)
    astray = {
        case.id: counted.get(case.id, 0)
        for case in held.values()
        if case.open_children != counted.get(case.id, 0)
    }
    if astray:
        await cases.set_children(tx, city, astray)
    await close_waiting(tx, city, list(held))


async def close_waiting(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """Parents that passed their check and have no open child any more close now."""
    held = await procedure.lock(tx, CASES, case_ids)
    ready = [
        (case, {"reason": case.reason} if case.reason else {}, tx.now)
        for case in held.values()
        if case.state == "checking" and case.passed_check and not case.open_children
    ]
    await _pass(tx, city, ready)


async def follow(tx: Tx, city: City, case_ids: Sequence[int]) -> None:
    """Drop arranged checks whose case no longer waits for them. Twice changes nothing."""
    held = await procedure.lock(tx, CHECKS, await store.lapsed(tx, case_ids))
    facts = {"reason": "the case went on"}
    actor = keeper(city)
    changes = []
    for check in held.values():
        rule = procedure.permit(CHECKS, actor, check, "drop", facts)
        changes.append(Change(check, rules.apply(check, rule, facts, tx.now, actor), rule, facts))
    await procedure.save(tx, actor, CHECKS, changes)

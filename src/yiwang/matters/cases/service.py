"""Cases: everything that changes one goes through :func:`move`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import rules, store
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.opening import Draft, open_cases
from yiwang.matters.sources import service as sources
from yiwang.matters.sources.lifecycle import REPORTS


@dataclass(frozen=True, slots=True)
class Move:
    """One action to one case; `amend` adds what only the calling room knows (e.g. a reason)."""

    case_id: int
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    at: datetime | None = None
    amend: Callable[[Case], Case] | None = None


async def move(
    tx: Tx,
    city: City,
    actor: Actor,
    moves: Sequence[Move],
    known: Mapping[int, Case] | None = None,
) -> list[Case]:
    """Do one action to each of several cases: allow, change, record. All or none.

    Refuses as :func:`procedure.permit` does. Several moves of one case apply in their order.
    `known` are the cases as the caller holds them locked; else they are locked here.
    """
    held = dict(known or await procedure.lock(tx, CASES, [row.case_id for row in moves]))
    done: list[Case] = []
    for wave in _waves(moves):
        changes = []
        for row in wave:
            case = held.get(row.case_id)
            if case is None:
                raise Refusal("procedure.not_found", matter="case", id=row.case_id)
            rule = procedure.permit(CASES, actor, case, row.action, row.facts, row.version)
            after = rules.apply(case, rule, row.facts, row.at or tx.now, city)
            if row.amend is not None:
                after = row.amend(after)
            changes.append(Change(case, after, rule, row.facts, row.at))
        for case in await procedure.save(tx, actor, CASES, changes):
            held[case.id] = case
            done.append(case)
    return done


def _waves(moves: Sequence[Move]) -> list[list[Move]]:
    """The moves in rounds that hold each case once."""
    waves: list[list[Move]] = []
    seen: dict[int, int] = {}
    for row in moves:
        wave = seen.get(row.case_id, 0)
        seen[row.case_id] = wave + 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(row)
    return waves


async def act(
    tx: Tx,
    city: City,
    actor: Actor,
    case_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Case:
    """Do one action to a case as a person or a system asks for it.

    Actions that touch other cases or reports (merge, split, adopt, release) do that here too.
    """
    special = _SPECIAL.get(action)
    step = Move(case_id, action, facts, version, at)
    if special is not None:
        return await special(tx, city, actor, step)
    if facts.get("kind"):
        city.taxonomy.current(facts["kind"], city.day(at or tx.now))
    if action in ("file", "relocate"):
        step = replace(step, amend=_moved_by(city, actor))
    after = (await move(tx, city, actor, [step]))[0]
    if after.state in ("closed", "cancelled"):
        await count_child(tx, city, after, -1)
    elif action == "reopen":
        await count_child(tx, city, after, +1)
    return after


def _moved_by(city: City, actor: Actor) -> Callable[[Case], Case]:
    """Whoever sends a case to another place keeps it in sight; its new place's centre commands."""

    def amend(case: Case) -> Case:
        whose = city.taxonomy.responsibility_for(case.kind, case.place, city.day(case.reported_at))
        centre = city.centre(case.place, whose.level if whose else None).code
        parties = tuple(dict.fromkeys((*case.parties, case.centre, centre, *actor.units)))
        return replace(case, centre=centre, parties=parties)

    return amend


async def count_child(
    tx: Tx, city: City, child: Case, step: int, at: datetime | None = None
) -> None:
    """A child ended or began again: its parent waits for one less or one more.

    A parent that this scope does not see is counted by the worker (`checking.conclude`).
    """
    if child.parent_id is not None:
        held = await procedure.lock(tx, CASES, [child.parent_id])
        await set_children(
            tx, city, {p.id: max(0, p.open_children + step) for p in held.values()}, at
        )


async def set_children(
    tx: Tx, city: City, counts: Mapping[int, int], at: datetime | None = None
) -> None:
    """Set how many open children parents wait for, by the parents' ids."""

    def amend(count: int) -> Callable[[Case], Case]:
        return lambda case: replace(case, open_children=count)

    moves = [Move(number, "count", at=at, amend=amend(count)) for number, count in counts.items()]
    await move(tx, city, sources.keeper(city), moves)


def _require(held: Mapping[int, Case], actor: Actor, step: Move) -> None:
    """Whether the actor may at all, before a word is said about any other case."""
    case = held.get(step.case_id)
    if case is None:
        raise Refusal("procedure.not_found", matter="case", id=step.case_id)
    procedure.permit(CASES, actor, case, step.action, step.facts, step.version)


async def _merge(tx: Tx, city: City, actor: Actor, step: Move) -> Case:
    """The case's reports go over to the other, which stays; this one ends as merged."""
    target = int(step.facts["case"]) if "case" in step.facts else 0
    held = await procedure.lock(tx, CASES, [step.case_id, target])
    _require(held, actor, step)
    if target and target not in held:
        raise Refusal("procedure.not_found", matter="case", id=target)
    if target and held[target].state in ("closed", "cancelled", "merged"):
        raise Refusal("case.target_ended", number=held[target].number, state=held[target].state)
    after = (await move(tx, city, actor, [step]))[0]
    moved = [row["id"] for row in await store.reports_of(tx, step.case_id)]
    await _hand_over(tx, city, moved, target, step.at)
    await count_child(tx, city, after, -1)
    return after


async def _hand_over(
    tx: Tx, city: City, report_ids: Sequence[int], target: int, at: datetime | None
) -> None:
    """Reports go over to another case; their reporters learn its number."""
    if not report_ids:
        return
    keeper = sources.keeper(city)
    await sources.assign(tx, keeper, dict.fromkeys(report_ids, target), "move", {}, at=at)
    step = Move(target, "attach", {"reports": list(report_ids)}, at=at)
    joined = (await move(tx, city, keeper, [step]))[0]
    news = {"number": joined.number, "count": joined.report_count}
    await store.tell(tx, [(report, target, "report.attached", news) for report in report_ids])


async def _split(tx: Tx, city: City, actor: Actor, step: Move) -> Case:
    """Some of a case's reports are another thing: they become a case of their own."""
    before = await procedure.lock_one(tx, CASES, step.case_id)
    procedure.permit(CASES, actor, before, step.action, step.facts, step.version)
    chosen = list(dict.fromkeys(step.facts.get("reports", ())))
    if chosen:
        step = replace(step, facts={**step.facts, "reports": chosen})
    known = {row["id"] for row in await store.reports_of(tx, step.case_id)}
    if not set(chosen) <= known or len(known) <= len(chosen):
        raise Refusal("case.split", known=len(known), chosen=len(chosen))
    after = (await move(tx, city, actor, [step]))[0]
    reports = await procedure.lock(tx, REPORTS, chosen)
    first = min(reports.values(), key=lambda report: (report.received_at, report.id))
    kind = step.facts.get("kind") or before.kind
    draft = Draft(
        kind=city.taxonomy.current(kind, city.day(tx.now)).key,
        kind_reason={"by": "split", "from": before.number},
        place=first.place if first.lon is not None else before.place,
        place_reason=first.place_reason or before.place_reason,
        title=step.facts.get("title") or first.title,
        text=first.text,
        address=first.address,
        lon=first.lon,
        lat=first.lat,
        source=first.source,
        synthetic=first.synthetic,
        urgent=first.urgent,
        discovered_at=first.happened_at,
        reported_at=first.received_at,
        report_count=len(chosen),
    )
    fresh = (await open_cases(tx, city, sources.keeper(city), [draft]))[0]
    await sources.assign(
        tx, sources.keeper(city), dict.fromkeys(chosen, fresh.id), "move", {}, at=step.at
    )
    return after


async def _adopt(tx: Tx, city: City, actor: Actor, step: Move) -> Case:
    parent_id = int(step.facts["parent"]) if "parent" in step.facts else 0
    held = await procedure.lock(tx, CASES, [step.case_id, parent_id])
    _require(held, actor, step)
    parent = held.get(parent_id)
    if parent_id and parent is None:
        raise Refusal("procedure.not_found", matter="case", id=parent_id)
    if parent is not None and parent.parent_id is not None:
        raise Refusal("case.grandchild", number=parent.number)
    if parent is not None and parent.state in ("closed", "cancelled", "merged"):
        raise Refusal("case.target_ended", number=parent.number, state=parent.state)
    after = (await move(tx, city, actor, [step]))[0]
    await count_child(tx, city, after, +1)
    return after


async def _release(tx: Tx, city: City, actor: Actor, step: Move) -> Case:
    """A child goes its own way; its parent waits for one less."""
    before = await procedure.lock_one(tx, CASES, step.case_id)
    after = (await move(tx, city, actor, [step]))[0]
    await count_child(tx, city, before, -1)
    return after


_SPECIAL = {"merge": _merge, "split": _split, "adopt": _adopt, "release": _release}


async def raise_late(tx: Tx, city: City, most: int = 500) -> int:
    """Record every stage that ran over its limit by now, and wake what was suspended until now."""
    ids = await store.late(tx, tx.now, most)
    held = await procedure.lock(tx, CASES, ids)
    moves = []
    for case in held.values():
        if case.state == "suspended":
            moves.append(Move(case.id, "resume", {"reason": "until"}))
            continue
        stage = rules.late_stage(case, tx.now)
        if stage is not None:
            moves.append(Move(case.id, "overdue", {"reason": stage}))
        else:
            quiet = rules.watch(case)
            await tx.execute(
                "update cases set alarm_at = $2 where id = $1", case.id, quiet.alarm_at
            )
    await move(tx, city, sources.keeper(city), moves)
    return len(ids)


async def recompute_open(tx: Tx, city: City, after_id: int, most: int = 500) -> int | None:
    """Compute the due times of open cases anew; the last id done, or None when there are no more.

    Called again and again after a change of the calendar, each time from the last id on.
    """
    rows = await tx.fetch(
        f"select id from cases where id > $1 and state in {store.OPEN_SQL} order by id limit $2",
        after_id,
        most,
    )
    ids = [row["id"] for row in rows]
    held = await procedure.lock(tx, CASES, ids)
    moves = [
        Move(case.id, "recompute", {"reason": "calendar"})
        for case in held.values()
        if rules.recompute(case, city) != case
    ]
    await move(tx, city, sources.keeper(city), moves)
    return ids[-1] if ids else None


def with_reason(reason: dict[str, Any]) -> Callable[[Case], Case]:
    """An amendment that stores why a case was dispatched as it was."""
    return lambda case: replace(case, dispatch_reason=reason)

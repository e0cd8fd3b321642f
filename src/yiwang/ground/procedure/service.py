"""The one way a matter moves: lock it, permit it, save it, record it.

Nothing else writes `state`. A room describes its matter once as a :class:`Procedure` and composes
these steps; all of them work on many matters at once, because reactions come in batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from yiwang.ground.authority import rules as authority
from yiwang.ground.authority.model import Actor, Duty
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.ground.procedure.model import Change, M, Procedure
from yiwang.kit import lifecycle
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Facts, Rule


async def lock(tx: Tx, procedure: Procedure[M], ids: Iterable[int]) -> dict[int, M]:
    """The matters, held until the transaction ends: of two hands on one, the second waits.

    Locked in the order of their ids, so that two batches never wait for each other.
    """
    wanted = sorted(set(ids))
    # PostgreSQL plans a statement with an array anew each time, one with a single value once.
    which = "= $1" if len(wanted) == 1 else "= any($1)"
    rows = await tx.fetch(
        f"select {', '.join(procedure.names())} from {procedure.relation}"
        f" where id {which} order by id for update",
        wanted[0] if len(wanted) == 1 else wanted,
    )
    return {row["id"]: procedure.read(row) for row in rows}


async def lock_one(tx: Tx, procedure: Procedure[M], matter_id: int) -> M:
    """One matter, held; refuses one that is not there or not to be seen ("not_found")."""
    found = await lock(tx, procedure, [matter_id])
    if matter_id not in found:
        raise Refusal("procedure.not_found", matter=procedure.table.name, id=matter_id)
    return found[matter_id]


async def find(tx: Tx, procedure: Procedure[M], matter_id: int) -> M:
    """One matter, not held; refuses one that is not there or not to be seen ("not_found")."""
    row = await tx.fetchrow(
        f"select {', '.join(procedure.names())} from {procedure.relation} where id = $1", matter_id
    )
    if row is None:
        raise Refusal("procedure.not_found", matter=procedure.table.name, id=matter_id)
    return procedure.read(row)


def permit(
    procedure: Procedure[M],
    actor: Actor,
    matter: M,
    action: str,
    facts: Facts,
    version: int | None = None,
) -> Rule:
    """The rule under which `actor` may do `action` now; refuses with what is possible instead."""
    if version is not None and version != matter.version:
        raise Refusal(
            "procedure.version",
            matter=procedure.table.name,
            seen=version,
            current=matter.version,
            possible=[rule.action for rule in possible(procedure, actor, matter)],
        )
    rule = procedure.table.rule(action, matter.state)
    if rule is not None:
        _authorise(procedure, actor, matter, rule)
    elif action in procedure.table.actions():
        raise Refusal(
            "procedure.not_possible",
            matter=procedure.table.name,
            action=action,
            state=matter.state,
            possible=[row.action for row in possible(procedure, actor, matter)],
        )
    return lifecycle.permit(procedure.table, matter, action, facts, actor)


def _authorise(procedure: Procedure[M], actor: Actor, matter: M, rule: Rule) -> None:
    if rule.system and not any(row.duty == Duty.PLATFORM for row in actor.holdings):
        raise Refusal("authority.platform_only", matter=procedure.table.name, action=rule.action)
    authority.require(actor, rule.duty, matter.place, procedure.units(matter))


def possible(procedure: Procedure[M], actor: Actor, matter: M) -> list[Rule]:
    """What this actor may do to the matter now; the faces draw their buttons from it."""
    found = []
    units = tuple(procedure.units(matter))
    is_platform = any(row.duty == Duty.PLATFORM for row in actor.holdings)
    allowed: dict[str, bool] = {}
    for rule in procedure.table.possible(matter.state):
        if rule.system and not is_platform:
            continue
        if rule.duty not in allowed:
            allowed[rule.duty] = authority.judge(actor, rule.duty, matter.place, units).allowed
        if not allowed[rule.duty]:
            continue
        try:
            if rule.bar is not None:
                rule.bar(matter, actor)
        except Refusal:
            continue
        found.append(rule)
    return found


async def save(
    tx: Tx,
    actor: Actor,
    procedure: Procedure[M],
    changes: Sequence[Change[M]],
) -> list[M]:
    """Write the matters as they are after their actions, and the record of each.

    Every matter's version grows by one; the list holds them as saved, in the given order.
    """
    if not changes:
        return []
    names = [name for name in procedure.names() if name not in ("id", "version")]
    changed = [
        name
        for name in names
        if any(getattr(c.before, name) != getattr(c.after, name) for c in changes)
    ]
    assignments = ", ".join(f"{name} = ${i}" for i, name in enumerate(changed, 3))
    sql = (
        f"update {procedure.relation} set version = $2{', ' if changed else ''}{assignments}"
        " where id = $1"
    )
    rows = [
        (c.after.id, c.before.version + 1, *(_plain(getattr(c.after, name)) for name in changed))
        for c in changes
    ]
    await _write(tx, actor, sql, rows, [_entry(procedure, actor, change) for change in changes])
    return [_with_version(c.after, c.before.version + 1) for c in changes]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _with_version(matter: M, version: int) -> M:
    return replace(matter, version=version)  # type: ignore[type-var]


def _entry(procedure: Procedure[M], actor: Actor, change: Change[M]) -> Entry:
    name = procedure.table.name
    return Entry(
        action=f"{name}.{change.rule.action}",
        matter=name,
        matter_id=change.after.id,
        place=change.after.place,
        article=change.rule.article,
        rule=f"{name}.{change.rule.action}",
        before=change.before.state,
        after=change.after.state,
        facts=change.facts,
        case_id=procedure.case_id(change.after),
        at=change.at,
    )


async def create(
    tx: Tx,
    actor: Actor,
    procedure: Procedure[M],
    matters: Sequence[M],
    action: str,
    article: str,
    facts: Sequence[Mapping[str, Any]] | None = None,
    moments: Sequence[datetime] | None = None,
) -> None:
    """Insert new matters (their ids taken with :func:`new_ids`) and record how they began."""
    if not matters:
        return
    names = procedure.names()
    marks = ", ".join(f"${i}" for i in range(1, len(names) + 1))
    sql = (
        f"insert into {procedure.relation} ({', '.join(names)})"
        f" overriding system value values ({marks})"
    )
    rows = [tuple(_plain(getattr(matter, name)) for name in names) for matter in matters]
    name = procedure.table.name
    entries = [
        Entry(
            action=f"{name}.{action}",
            matter=name,
            matter_id=matter.id,
            place=matter.place,
            article=article,
            rule=f"{name}.{action}",
            before=None,
            after=matter.state,
            facts=facts[i] if facts else {},
            case_id=procedure.case_id(matter),
            at=moments[i] if moments else None,
        )
        for i, matter in enumerate(matters)
    ]
    await _write(tx, actor, sql, rows, entries)


async def _write(
    tx: Tx, actor: Actor, sql: str, rows: Sequence[tuple[Any, ...]], entries: Sequence[Entry]
) -> None:
    """Write a row of each matter and the record of all; of one matter in a single round trip."""
    if len(rows) == 1:
        await ledger.record_change(tx, actor, entries[0], f"changed as ({sql})", rows[0])
    else:
        await tx.conn.executemany(sql, rows)
        await ledger.record(tx, actor, entries)


async def new_ids(tx: Tx, procedure: Procedure[M], count: int) -> list[int]:
    """`count` fresh ids of the relation, in order."""
    return await tx.numbers.take_ids(procedure.relation, count)

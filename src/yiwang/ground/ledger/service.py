"""Writing the record: every change of state leaves one event, and starts what it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.ledger import canonical
from yiwang.kit.db import Tx, columns


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded: which matter, which action under which article and rule."""

    action: str  # "case.file"
    matter: str  # "case"
    matter_id: int
    place: str
    article: str
    rule: str
    before: str | None
    after: str | None
    facts: Mapping[str, Any]
    case_id: int | None = None
    unit: str | None = None
    at: datetime | None = None  # the transaction's moment where none is given


@dataclass(frozen=True, slots=True)
class Timer:
    """A reaction to be started at `due_at`; one of each `key`."""

    reaction: str
    subject: int
    due_at: datetime
    key: str


_COLUMNS = """
at, unit, action, matter, matter_id, case_id, place, article, rule, before, after, facts
"""
_TYPES = (
    *("timestamptz", "text", "text", "text", "bigint", "bigint"),  # at ... case_id
    *("text", "text", "text", "text", "text", "jsonb"),  # place ... facts
    *("text", "bigint", "timestamptz"),  # of a todo
)


def _statement(first: int, change: str = "") -> str:
    """The statement that records events and leaves todos, beside the statements of a change, each
    "name as (insert ...)"; its own arguments begin with number `first`."""
    actor, *arrays = (f"${i}" for i in range(first, first + 1 + len(_TYPES)))
    marks = [f"{mark}::{kind}[]" for mark, kind in zip(arrays, _TYPES, strict=True)]
    return f"""
    with {change + "," if change else ""} recorded as (
      insert into events (actor, {_COLUMNS})
      select {actor}, e.at, e.unit, e.action, e.matter, e.matter_id, e.case_id, e.place::ltree,
             e.article, e.rule, e.before, e.after, e.facts
      from unnest({", ".join(marks[:-3])}) with ordinality as e({_COLUMNS}, n)
      order by n
    )
    insert into todos (reaction, subject, at, due_at)
    select t.reaction, t.subject, t.at, t.at
    from unnest({", ".join(marks[-3:])}) with ordinality as t(reaction, subject, at, n) order by n
    """


_RECORD = _statement(1)


async def record(
    tx: Tx,
    actor: Actor,
    entries: Sequence[Entry],
    change: tuple[str, Sequence[Any]] | None = None,
) -> None:
    """Append the entries to the record and leave a todo for every reaction they start.

    The caller's transaction holds both the change and its record, so neither is without the other;
    a `change` (statements as in a WITH list, and their arguments) is made in the same round trip.
    Refuses facts that could not be sealed ("ledger.value_*").
    """
    if not entries:
        return
    for entry in entries:
        canonical.check_facts(entry.facts)
    rows = [
        (
            entry.at or tx.now,
            entry.unit if entry.unit is not None else actor.unit,
            entry.action,
            entry.matter,
            entry.matter_id,
            entry.case_id,
            entry.place,
            entry.article,
            entry.rule,
            entry.before,
            entry.after,
            dict(entry.facts),
        )
        for entry in entries
    ]
    started = [
        (reaction, entry.matter_id, entry.at or tx.now)
        for entry in entries
        for reaction in tx.routing.get(entry.action, ())
    ]
    todos = columns(started) if started else [[], [], []]
    own = (actor.name, *columns(rows), *todos)
    if change is None:
        await tx.execute(_RECORD, *own)
    else:
        sql, args = change
        await tx.execute(_statement(len(args) + 1, sql), *args, *own)


async def set_timers(tx: Tx, timers: Sequence[Timer]) -> None:
    """Start reactions later; one that is already set under the same key stays."""
    if not timers:
        return
    rows = [(t.reaction, t.subject, t.due_at, t.key) for t in {t.key: t for t in timers}.values()]
    await tx.execute(
        """
        insert into todos (reaction, subject, at, due_at, key)
        select reaction, subject, due_at, due_at, key
        from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[])
             as t(reaction, subject, due_at, key)
        on conflict (key) do nothing
        """,
        *columns(rows),
    )

"""Writing the record: every change of state leaves one event, and starts what it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
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


_MARKS = [f"${i}::{kind}[]" for i, kind in enumerate(_TYPES, 2)]
_RECORD = f"""
with recorded as (
  insert into events (actor, {_COLUMNS})
  select $1, e.at, e.unit, e.action, e.matter, e.matter_id, e.case_id, e.place::ltree,
         e.article, e.rule, e.before, e.after, e.facts
  from unnest({", ".join(_MARKS[:-3])}) with ordinality as e({_COLUMNS}, n)
  order by n
)
insert into todos (reaction, subject, at, due_at)
select t.reaction, t.subject, t.at, t.at
from unnest({", ".join(_MARKS[-3:])}) with ordinality as t(reaction, subject, at, n) order by n
"""


@cache
def _change_statement(change: str, first: int, todos: int) -> str:
    """A change and the record of it. The arguments from number `first` on are the actor, the
    event's columns and, where it starts todos, their subject, moment and reactions."""
    own = [f"${i}" for i in range(first, first + len(_TYPES) - 2)]
    event = f"insert into events (actor, {_COLUMNS}) values ({', '.join(own)})"
    if todos == 0:
        return f"with {change} {event}"
    after = first + len(own)
    subject, moment = f"${after}::bigint", f"${after + 1}::timestamptz"
    rows = [f"(${after + 2 + i}, {subject}, {moment}, {moment})" for i in range(todos)]
    return (
        f"with {change}, recorded as ({event})"
        f" insert into todos (reaction, subject, at, due_at) values {', '.join(rows)}"
    )


async def record(tx: Tx, actor: Actor, entries: Sequence[Entry]) -> None:
    """Append the entries to the record and leave a todo for every reaction they start.

    The caller's transaction holds both the change and its record, so neither is without the other.
    Refuses facts that could not be sealed ("ledger.value_*").
    """
    if not entries:
        return
    rows = [_row(entry, actor, tx.now) for entry in entries]
    started = [
        (reaction, entry.matter_id, entry.at or tx.now)
        for entry in entries
        for reaction in tx.routing.get(entry.action, ())
    ]
    todos = columns(started) if started else [[], [], []]
    await tx.execute(_RECORD, actor.name, *columns(rows), *todos)


async def record_change(
    tx: Tx, actor: Actor, entry: Entry, change: str, args: Sequence[Any]
) -> None:
    """Make one change and record it as :func:`record` does, in a single round trip.

    `change` are the statements that write it, as in a WITH list, `args` their arguments.
    """
    row = _row(entry, actor, tx.now)
    reactions = tx.routing.get(entry.action, ())
    sql = _change_statement(change, len(args) + 1, len(reactions))
    todos = (entry.matter_id, row[0], *reactions) if reactions else ()
    await tx.execute(sql, *args, actor.name, *row, *todos)


def _row(entry: Entry, actor: Actor, now: datetime) -> tuple[Any, ...]:
    canonical.check_facts(entry.facts)
    return (
        entry.at or now,
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

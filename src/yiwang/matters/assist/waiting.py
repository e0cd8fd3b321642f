"""Which matters wait for whom, read from the procedure tables as SQL.

A rule's `waits` names the states in which a matter waits for its action, its `duty` whose task that
is. Both become conditions over the partial indexes of open matters, so that a work list reads what
waits and nothing else. The bars of the rules stand beside them as `barred`; whether the two say the
same is tested matter by matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.authority.rules import duties_for
from yiwang.ground.procedure.model import Procedure
from yiwang.kit.lifecycle import Table
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.checking.lifecycle import CHECKS
from yiwang.matters.dispatch.lifecycle import DISPUTES, ORDERS
from yiwang.matters.handling.lifecycle import APPROVALS
from yiwang.matters.sources.lifecycle import REPORTS

_CASE = " left join cases c on c.id = m.case_id"
_ORDER = _CASE + " left join orders o on o.id = m.order_id"
_TITLE = "coalesce(nullif({0}.title, ''), left({0}.text, 60))"


@dataclass(frozen=True, slots=True)
class Sort:
    """How one kind of matter stands in the list: SQL over `m`, its case `c` and its order `o`.

    `units` says whether the matter is one of {units}'; `barred` holds, by state, what the bars of
    the rules refuse; {units} and {person} are the asker's.
    """

    number: int  # makes ids of different matters different
    procedure: Procedure[Any]
    units: str
    due: str
    since: str
    joins: str = ""
    case: str = "c"  # whose words and place on the map these are
    case_id: str = "m.case_id"
    unit: str = "m.unit"
    kind: str = "c.kind"
    urgent: str = "c.urgent"
    mine: str = "false"
    barred: Mapping[str, str] = field(default_factory=dict)

    @property
    def matter(self) -> str:
        """Its name."""
        return self.procedure.table.name


SORTS = (
    Sort(
        0,
        REPORTS,
        units="m.parties && {units}",
        due="null::timestamptz",
        since="m.received_at",
        case="m",
        unit="null::text",
        kind="m.kind",
        urgent="m.urgent",
    ),
    Sort(
        1,
        CASES,
        units="m.parties && {units}",
        due="m.due_next",
        since="coalesce(m.filed_at, m.reported_at)",
        case="m",
        case_id="m.id",
        unit="m.centre",
        kind="m.kind",
        urgent="m.urgent",
    ),
    Sort(
        2,
        ORDERS,
        units="m.unit = any({units})",
        due="case m.state when 'issued' then coalesce(m.due_accept, m.due_handle)"
        " when 'accepted' then"
        " least(m.due_handle, case when m.contacted_at is null then m.due_contact end)"
        " when 'returned' then m.due_handle end",
        since="m.issued_at",
        joins=_CASE,
        kind="m.kind",
        urgent="m.urgent",
        mine="coalesce(m.handler = {person}, false)",
        barred={
            "accepted": "m.pending is not null",
            "returned": "m.unit = any({units})",
        },
    ),
    Sort(
        3,
        CHECKS,
        units="m.unit = any({units})",
        due="m.due_at",
        since="m.arranged_at",
        joins=_CASE,
        mine="coalesce(m.assignee = {person}, false)",
        barred={
            "arranged": "m.handlers && {units} or coalesce({person} = any(m.hands), false)",
        },
    ),
    Sort(
        4,
        APPROVALS,
        units="m.centre = any({units})",
        due="o.due_handle",
        since="m.asked_at",
        joins=_ORDER,
        barred={
            "requested": "m.unit = any({units}) or coalesce(m.asked_by = {person}, false)",
        },
    ),
    Sort(
        5,
        DISPUTES,
        units="m.centre = any({units})",
        due="o.due_handle",
        since="m.raised_at",
        joins=_ORDER,
        barred={"raised": "m.unit = any({units}) or m.against = any({units})"},
    ),
)
BY_MATTER = {sort.matter: sort for sort in SORTS}


def waiting(table: Table) -> dict[str, tuple[str, ...]]:
    """Duty -> the states in which a matter waits for something that this duty may do."""
    found: dict[str, dict[str, None]] = {}
    for rule in table.rules:
        if rule.waits and not rule.system:
            found.setdefault(rule.duty, {}).update(dict.fromkeys(rule.waits))
    return {duty: tuple(states) for duty, states in found.items()}


@dataclass(slots=True)
class Marks:
    """Parameters after those a query already has; the asker's own are taken once, where needed."""

    args: list[Any]
    _own: dict[str, str] = field(default_factory=dict)

    def take(self, value: Any, sort: str) -> str:
        """The mark of a new parameter of an SQL type."""
        self.args.append(value)
        return f"${len(self.args)}::{sort}"

    def fill(self, sql: str, actor: Actor) -> str:
        """The SQL with the asker's {units} and {person} in it."""
        for name, value, sort in (
            ("{units}", list(actor.units), "text[]"),
            ("{person}", actor.person, "bigint"),
        ):
            if name in sql:
                if name not in self._own:
                    self._own[name] = self.take(value, sort)
                sql = sql.replace(name, self._own[name])
        return sql


def branches(actor: Actor, marks: Marks) -> Iterator[tuple[str, str]]:
    """(matter, select) of every kind of matter of which something may wait for this actor."""
    for sort in SORTS:
        states, where = _reach(actor, sort, marks)
        if where:
            yield sort.matter, marks.fill(_select(sort, states, where), actor)


def _reach(actor: Actor, sort: Sort, marks: Marks) -> tuple[tuple[str, ...], str]:
    """The states in which matters wait for this actor, and each where their duty reaches."""
    parts = []
    waits: dict[str, None] = {}
    for duty, states in waiting(sort.procedure.table).items():
        wanted = duties_for(duty)
        held = [row for row in actor.holdings if row.duty in wanted]
        if not held:
            continue
        reach = []
        own = [row.unit for row in held if row.unit]
        if own:
            mark = marks.take(list(dict.fromkeys(own)), "text[]")
            reach.append("(" + sort.units.replace("{units}", mark) + ")")
        places = [row.place for row in held if row.over_place]
        if places:
            mark = marks.take(list(dict.fromkeys(places)), "ltree[]")
            reach.append(f"m.place <@ any({mark})")
        if reach:
            parts.append(f"({_in(states)} and ({' or '.join(reach)}))")
            waits |= dict.fromkeys(states)
    return tuple(waits), " or ".join(parts)


def _in(states: tuple[str, ...]) -> str:
    return "m.state in (" + ", ".join(f"'{state}'" for state in states) + ")"


def _select(sort: Sort, states: tuple[str, ...], where: str) -> str:
    """Every column of the list, the same for each kind of matter."""
    barred = "".join(
        f" and not (m.state = '{state}' and ({sql}))" for state, sql in sort.barred.items()
    )
    case = sort.case
    number = "null::text" if sort.matter == "report" else f"{case}.number"
    supervised = "false" if sort.matter == "report" else f"{case}.supervised"
    # All states are said once more, so that a partial index is seen to hold what is looked for.
    return (
        f"select m.id * 8 + {sort.number} as id, '{sort.matter}'::text as matter,"
        f" m.id as matter_id, m.state, m.place, {sort.kind} as kind, {sort.due} as due,"
        f" {sort.since} as since, {sort.urgent} as urgent, {supervised} as supervised,"
        f" {sort.unit} as unit, {sort.case_id} as case_id, {number} as number,"
        f" {_TITLE.format(case)} as title, {case}.address, {case}.lon, {case}.lat,"
        f" case when {sort.mine} then 'mine'"
        f" when {sort.units} then 'units' else 'others' end as whose"
        f" from {sort.procedure.relation} m{sort.joins}"
        f" where {_in(states)} and ({where}){barred}"
    )

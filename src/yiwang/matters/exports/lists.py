"""The lists there are: their filters, orders and, for files, their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.ground.city import City
from yiwang.ground.procedure.model import Procedure
from yiwang.kit.db import Scope
from yiwang.kit.errors import Refusal
from yiwang.kit.filters import (
    Equals,
    Filter,
    Flag,
    Meaning,
    Number,
    OneOf,
    Range,
    Search,
    Within,
)
from yiwang.kit.listing import Listing, Question, Sort
from yiwang.matters.cases import model as cases
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.checking.lifecycle import CHECKS
from yiwang.matters.dispatch import model as orders
from yiwang.matters.dispatch.lifecycle import DISPUTES, ORDERS
from yiwang.matters.handling.lifecycle import APPROVALS
from yiwang.matters.sources.lifecycle import REPORTS
from yiwang.matters.sources.model import Source

_FOUND = 200  # what a search finds at the most


@dataclass(frozen=True, slots=True)
class MatterList:
    """One list of matters.

    `own` narrows it for whoever reaches no place, only their units' matters, to the rows their
    `{units}` work on: such a list is read by unit instead of being sought in the whole city's.
    """

    listing: Listing
    procedure: Procedure[Any]
    own: str

    @property
    def name(self) -> str:
        """How it is called in addresses and exports."""
        return self.listing.name

    def ask(
        self,
        city: City,
        scope: Scope,
        given: Mapping[str, str],
        sort: str | None,
        now: datetime,
    ) -> Question:
        """Check a query of somebody with `scope`; refuses as :meth:`Listing.ask` does."""
        question = self.listing.ask(given, sort, now, meanings_of(city))
        if scope.places or not scope.units or {"unit", "case", "number"} & given.keys():
            return question
        units = scope.units
        if len(units) == 1:  # by one unit, an index gives the rows in their order
            return question.narrowed(self.own.replace("{units}", "= {value}"), units[0])
        return question.narrowed(self.own.replace("{units}", "= any({value}::text[])"), list(units))


def meanings_of(city: City) -> Mapping[str, Meaning]:
    """What the codes of places, units and kinds in a query stand for in this city."""

    def path(code: str) -> str:
        place = city.tree.find(code)
        if place is None:
            raise ValueError(code)
        return place.path

    def unit(code: str) -> str:
        if code not in city.units:
            raise ValueError(code)
        return code

    def kinds(key: str) -> list[str]:
        """The kind and all below it."""
        found = [city.taxonomy.kind(key).key]
        for parent in found:
            found.extend(kind.key for kind in city.taxonomy.children(parent))
        return found

    return {"place": path, "unit": unit, "kind": kinds}


def _open(states: tuple[str, ...]) -> str:
    return "state in (" + ", ".join(f"'{state}'" for state in states) + ")"


def _flag(name: str) -> Flag:
    return Flag(name, name, f"not {name}")


def _overdue(column: str) -> Flag:
    return Flag("overdue", f"{column} < {{now}}", f"({column} is null or {column} >= {{now}})")


def _state(procedure: Procedure[Any], open_states: tuple[str, ...]) -> OneOf:
    states = procedure.table.states
    ended = tuple(state for state in states if state not in open_states)
    return OneOf("state", "state", states, {"open": open_states, "closed": ended})


_PLACE = Within("place", "place", "place")
_UNIT = Equals("unit", "unit", "unit")
_CASE = Number("case", "case_id")
_NEWEST: Mapping[str, Any] = {"column": "id", "sort": int, "descending": True}


def _parts(
    procedure: Procedure[Any], open_states: tuple[str, ...], *more: Filter
) -> tuple[Filter, ...]:
    return (_state(procedure, open_states), _PLACE, _UNIT, _CASE, *more)


CASE_LIST = MatterList(
    Listing(
        "cases",
        "cases",
        (
            _state(CASES, cases.OPEN),
            Equals("kind", "kind", "kind"),
            _PLACE,
            Equals("unit", "lead", "unit"),
            Equals("centre", "centre", "unit"),
            Equals("number", "number"),
            Search("q", "search_cases", _FOUND),
            OneOf("source", "source", tuple(Source)),
            _overdue("due_next"),
            *map(_flag, ("urgent", "supervised", "typical", "forced", "synthetic")),
            Range("reported", "reported_at"),
            Range("closed", "closed_at"),
            Range("due", "due_next"),
            Number("parent", "parent_id"),
        ),
        (
            Sort("-reported", "reported_at", datetime, descending=True),
            Sort("reported", "reported_at", datetime),
            Sort("due", "due_next", datetime, nullable=True, only=_open(cases.OPEN)),
        ),
    ),
    CASES,
    "id = any(array(select case_id from orders where unit {units}))",
)
ORDER_LIST = MatterList(
    Listing(
        "orders",
        "orders",
        _parts(
            ORDERS,
            orders.OPEN,
            Equals("kind", "kind", "kind"),
            Equals("centre", "centre", "unit"),
            OneOf("role", "role", ("lead", "assist")),
            _overdue("due_handle"),
            _flag("urgent"),
            _flag("synthetic"),
            Range("issued", "issued_at"),
            Range("due", "due_handle"),
        ),
        (
            Sort("-issued", **_NEWEST),
            Sort("due", "due_handle", datetime, nullable=True, only=_open(orders.OPEN)),
        ),
    ),
    ORDERS,
    "unit {units}",
)
CHECK_LIST = MatterList(
    Listing(
        "checks",
        "checks",
        _parts(
            CHECKS,
            ("arranged",),
            Number("order", "order_id"),
            OneOf("sort_of_check", "sort", ("verify", "check")),
            OneOf("mode", "mode", ("onsite", "callback")),
            Number("assignee", "assignee"),
            _overdue("due_at"),
            _flag("synthetic"),
            Range("arranged", "arranged_at"),
        ),
        (
            Sort("-arranged", **_NEWEST),
            Sort("due", "due_at", datetime, nullable=True, only=_open(("arranged",))),
        ),
    ),
    CHECKS,
    "unit {units}",
)
APPROVAL_LIST = MatterList(
    Listing(
        "approvals",
        "approvals",
        _parts(
            APPROVALS,
            ("requested",),
            Equals("centre", "centre", "unit"),
            OneOf("sort_of_approval", "sort", ("extension", "suspension")),
            Range("asked", "asked_at"),
        ),
        (Sort("-asked", **_NEWEST), Sort("asked", "id", int)),
    ),
    APPROVALS,
    "unit {units}",
)
DISPUTE_LIST = MatterList(
    Listing(
        "disputes",
        "disputes",
        _parts(
            DISPUTES,
            ("raised",),
            Equals("against", "against", "unit"),
            Equals("centre", "centre", "unit"),
            Range("raised", "raised_at"),
        ),
        (Sort("-raised", **_NEWEST), Sort("raised", "id", int)),
    ),
    DISPUTES,
    "(unit {units} or against {units})",
)
REPORT_LIST = MatterList(
    Listing(
        "reports",
        "reports",
        (
            _state(REPORTS, ("received", "queued")),
            Equals("kind", "kind", "kind"),
            _PLACE,
            OneOf("source", "source", tuple(Source)),
            Equals("system", "system"),
            Equals("external_id", "external_id"),
            _CASE,
            _flag("urgent"),
            _flag("synthetic"),
            Range("received", "received_at"),
        ),
        (
            Sort("-received", "received_at", datetime, descending=True),
            Sort("received", "received_at", datetime),
        ),
    ),
    REPORTS,
    "case_id = any(array(select case_id from orders where unit {units}))",
)

LISTS: Mapping[str, MatterList] = {
    row.name: row
    for row in (CASE_LIST, ORDER_LIST, CHECK_LIST, APPROVAL_LIST, DISPUTE_LIST, REPORT_LIST)
}


def list_named(name: str) -> MatterList:
    """The list of this name; refuses an unknown one ("exports.list_unknown")."""
    found = LISTS.get(name)
    if found is None:
        raise Refusal("exports.list_unknown", list=name, possible=tuple(LISTS))
    return found

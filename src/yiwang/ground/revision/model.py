"""A revision: changes of the city's data as one matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from yiwang.ground.packs.model import Pack

Body = Mapping[str, Any]  # an item of a pack as JSON


class Sort(StrEnum):
    """What a revision may change. Places and their boundaries are the pack's alone."""

    UNITS = "units"
    POSTS = "posts"
    KINDS = "kinds"
    LIMITS = "limits"
    RESPONSIBILITIES = "responsibilities"
    CALENDAR = "calendar"
    SETTINGS = "settings"
    WORDS = "words"
    APPOINTMENTS = "appointments"  # who holds which post: people, not of the pack


@dataclass(frozen=True, slots=True)
class Appointed:
    """A person, by their login, holds a post: for good, or until a day (exclusive)."""

    login: str
    post: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Staffed(Pack):
    """A city with all appointments of some of its people (`logins`, the active ones), so that who
    holds a post is revised as everything else is."""

    appointments: tuple[Appointed, ...] = ()
    logins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """One item before and after; None where it is not there."""

    sort: Sort
    item: str
    before: Body | None
    after: Body | None

    def stored(self) -> dict[str, Any]:
        """The change as it lies in the database and in answers."""
        return {
            "sort": self.sort.value,
            "item": self.item,
            "before": self.before,
            "after": self.after,
        }

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Change:
        """A stored change."""
        return cls(Sort(row["sort"]), row["item"], row["before"], row["after"])


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision as it is stored; `changes` as :meth:`Change.stored` writes them."""

    id: int
    version: int
    state: str  # draft, submitted, approved, in_force, rejected, withdrawn
    place: str
    title: str
    reason: str
    effective_on: date
    changes: tuple[Mapping[str, Any], ...]
    author: int
    restores: int | None
    created_at: datetime
    submitted_at: datetime | None
    decided_by: int | None
    decided_at: datetime | None
    decision: str | None
    in_force_at: datetime | None
    number: int | None

    @property
    def parts(self) -> tuple[Change, ...]:
        """The changes as values."""
        return tuple(map(Change.read, self.changes))


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an item that differs."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change does to one item: "added", "changed" or "removed", field by field."""

    sort: str
    item: str
    what: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Touches:
    """What a revision would touch of what runs now, as far as whoever asks may see it.

    `due` are open cases with a day in their clocks that starts or stops counting: they are due
    anew the day it takes effect. `limits` are open cases whose next clocks would be others,
    `routes` those that would go to other units were they dispatched anew; clocks and orders that
    run stay as they are.
    """

    open_cases: int
    due: int
    limits: int
    routes: int
    orders: int  # open orders of units it removes
    appointments: int  # of posts it removes or whose duties it changes

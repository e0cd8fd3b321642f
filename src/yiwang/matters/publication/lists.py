"""The public list of cases: what one may filter and sort by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from yiwang.ground.city import City
from yiwang.kit.filters import Asking, Equals, Flag, Meaning, OneOf, Within
from yiwang.kit.listing import Listing, Sort
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import OPEN
from yiwang.matters.exports.lists import meanings_of

_LEVELS = 3  # a city, its districts and towns: nothing deeper is published
LONGEST_DAYS = 92  # farther back a sparse filter would look through too much
DAYS = 30  # where neither days nor open cases are asked for


@dataclass(frozen=True, slots=True)
class Days:
    """Reported within so many days."""

    name: str
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column >= moment`."""
        if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= LONGEST_DAYS:
            raise ValueError(text)
        return f"{self.column} >= {asking.take(asking.now - timedelta(days=int(text)))}"

    def schema(self, name: str) -> dict[str, Any]:
        """A whole number of days."""
        return {"type": "integer", "minimum": 1, "maximum": LONGEST_DAYS}

    def expected(self, name: str) -> tuple[str, str]:
        """A whole number of days."""
        return f"1 至 {LONGEST_DAYS} 的天数", f"a number of days from 1 to {LONGEST_DAYS}"


@dataclass(frozen=True, slots=True)
class Box:
    """Published position within west, south, east, north (RFC 7946, 5)."""

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """Both coordinates between two."""
        west, south, east, north = (float(part) for part in text.split(","))
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise ValueError(text)
        take = asking.take
        return f"lon between {take(west)} and {take(east)} and lat between {take(south)} and " + (
            take(north)
        )

    def schema(self, name: str) -> dict[str, Any]:
        """Four numbers."""
        number = r"-?\d{1,3}(\.\d{1,9})?"
        return {"type": "string", "pattern": f"^{number}(,{number}){{3}}$"}

    def expected(self, name: str) -> tuple[str, str]:
        """Four numbers."""
        return "西,南,东,北（度）", "west,south,east,north in degrees"


_STATES = CASES.table.states
_OPEN = ", ".join(f"'{state}'" for state in OPEN)
CASE_LIST = Listing(
    "public cases",
    "published_cases",
    (
        OneOf(
            "state",
            "state",
            _STATES,
            {"open": OPEN, "ended": tuple(state for state in _STATES if state not in OPEN)},
        ),
        Equals("kind", "kind", "kind"),
        Within("place", "place", "place"),
        Flag(
            "overdue",
            f"state in ({_OPEN}) and due < {{now}}",
            f"not (state in ({_OPEN}) and coalesce(due < {{now}}, false))",
        ),
        Days("days", "reported_at"),
        Box("bbox"),
    ),
    (
        Sort("-reported", "reported_at", datetime, descending=True),
        Sort("reported", "reported_at", datetime),
        Sort("due", "due", datetime, nullable=True, only=f"state in ({_OPEN})"),
    ),
)


def public_meanings(city: City) -> Mapping[str, Meaning]:
    """What codes in a public query stand for; places deeper than a town are none of it."""
    staff = meanings_of(city)

    def path(code: str) -> str:
        found = str(staff["place"](code))
        if found.count(".") >= _LEVELS:
            raise ValueError(code)
        return found

    return {**staff, "place": path}


def published(path: str) -> bool:
    """Whether a place's figures are published."""
    return path.count(".") < _LEVELS

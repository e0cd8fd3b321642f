"""What holds at a place on a day: the pilot of a district over the rule of the city.

One order for everything: of the rows whose place contains the place asked for and whose dates
contain the day, the deepest place wins, then the latest start, then the row that comes later
(overlays follow the pack's own rows, in the order of their file names).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

from yiwang.ground.packs.model import Pack


class InForce(Protocol):
    """A row that holds at one place between two dates (`valid_to` exclusive)."""

    @property
    def place(self) -> str: ...

    @property
    def valid_from(self) -> date | None: ...

    @property
    def valid_to(self) -> date | None: ...


R = TypeVar("R", bound=InForce)


@dataclass(frozen=True, slots=True)
class Effective:
    """One value that holds, and why: its file or overlay, its basis, its place and dates."""

    value: Any
    source: str
    basis: str
    place: str
    valid_from: date | None
    valid_to: date | None


def holds(row: InForce, on: date) -> bool:
    """Whether the dates of `row` contain the day `on`."""
    return (row.valid_from is None or row.valid_from <= on) and (
        row.valid_to is None or on < row.valid_to
    )


def ranked(rows: Iterable[R], place_path: str, on: date) -> list[R]:
    """The rows that hold at `place_path` on the day, the strongest first."""
    depth = {code: index for index, code in enumerate(place_path.split("."))}
    found = [
        (depth[row.place], row.valid_from or date.min, index, row)
        for index, row in enumerate(rows)
        if row.place in depth and holds(row, on)
    ]
    found.sort(key=lambda item: item[:3], reverse=True)
    return [row for *_, row in found]


def select(rows: Iterable[R], place_path: str, on: date) -> R | None:
    """The one row that holds at `place_path` on the day, or None."""
    found = ranked(rows, place_path, on)
    return found[0] if found else None


def effective_setting(pack: Pack, key: str, place_path: str, on: date) -> Effective | None:
    """The value of the city's rule `key` at a place on a day; None where nobody set it."""
    row = select((row for row in pack.settings if row.key == key), place_path, on)
    if row is None:
        return None
    return Effective(row.value, row.source, row.basis, row.place, row.valid_from, row.valid_to)

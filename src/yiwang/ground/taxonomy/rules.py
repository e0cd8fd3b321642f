"""Which of several rows of a pack is in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol, TypeVar


class Row(Protocol):
    """A row that holds for kinds by a pattern, at a place and between two dates."""

    @property
    def kind(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def valid_from(self) -> date | None: ...
    @property
    def valid_to(self) -> date | None: ...


R = TypeVar("R", bound=Row)


def holds(valid_from: date | None, valid_to: date | None, on: date) -> bool:
    """Whether `on` lies between two dates, the first included, the last not."""
    return (valid_from is None or valid_from <= on) and (valid_to is None or on < valid_to)


def choose(
    rows: Iterable[R], patterns: Mapping[str, int], depths: Mapping[str, int], on: date
) -> R | None:
    """The row in force on a day, or None.

    The deepest place wins, then the most particular pattern, then the latest `valid_from`, then
    the row that stands later in the pack. `patterns` ranks the patterns that fit the kind, 0 the
    most particular; `depths` gives the place codes on the path, deeper is higher.
    """
    best: R | None = None
    best_rank: tuple[int, int, date] | None = None
    for row in rows:
        pattern, depth = patterns.get(row.kind), depths.get(row.place)
        if pattern is None or depth is None or not holds(row.valid_from, row.valid_to, on):
            continue
        rank = (depth, -pattern, row.valid_from or date.min)
        if best_rank is None or rank >= best_rank:
            best, best_rank = row, rank
    return best

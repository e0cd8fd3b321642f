"""What a regulation of air quality says, and what follows from it for one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Rounding(StrEnum):
    """How an index becomes a whole number."""

    NEAREST = "nearest"  # halves go up
    UP = "up"


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of the line from concentration to index: from (`low`, `index_low`) to (`high`,
    `index_high`), concentrations in the pollutant's unit.
    """

    low: Decimal
    high: Decimal
    index_low: int
    index_high: int


@dataclass(frozen=True, slots=True)
class Level:
    """The words for every index up to `upto` (inclusive) that no level below it takes."""

    key: str
    upto: int
    name: Mapping[str, str]
    colour: str  # #rrggbb


@dataclass(frozen=True, slots=True)
class Pollutant:
    """One row of the table: a substance with the hours its concentration is a mean of.

    `decimals` says to how many decimals a concentration is cut off (never rounded) before it is
    looked up; None takes it as it comes. `otherwise` is the row to look in where a concentration
    lies beyond the last step of this one, for the same place and time.
    """

    key: str
    substance: str
    name: Mapping[str, str]
    unit: str
    hours: int
    decimals: int | None
    steps: tuple[Step, ...]
    otherwise: str | None


@dataclass(frozen=True, slots=True)
class Scale:
    """The whole table: source, days on which it is in force, rounding, levels, pollutants.

    `named_from` is the index above which the air has a primary pollutant, `exceeds_from` the one
    above which a pollutant counts as exceeding its limit.
    """

    key: str
    name: Mapping[str, str]
    source: str
    first_day: date
    last_day: date | None
    rounding: Rounding
    named_from: int
    exceeds_from: int
    levels: tuple[Level, ...]
    pollutants: Mapping[str, Pollutant]

    @property
    def ceiling(self) -> int:
        """The highest index there is."""
        return self.levels[-1].upto


@dataclass(frozen=True, slots=True)
class Index:
    """The index of one pollutant. `beyond`: its concentration lies above the table's last step,
    and the value is the table's ceiling.
    """

    pollutant: str
    concentration: Decimal
    value: int
    level: Level
    beyond: bool


@dataclass(frozen=True, slots=True)
class Air:
    """The air's index: the highest of its pollutants'.

    `primary` names the pollutants that make it (several where they are equal, none in good air),
    `exceeding` all above their limit.
    """

    value: int
    level: Level
    primary: tuple[str, ...]
    exceeding: tuple[str, ...]
    parts: Mapping[str, Index]

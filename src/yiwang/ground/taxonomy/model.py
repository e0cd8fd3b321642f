"""What is in force for one kind at one place on one day, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from yiwang.ground.packs.model import ClockKind, Level, Origin, Stage


@dataclass(frozen=True, slots=True)
class EffectiveLimit:
    """One limit in force. `milestone` is empty for the stage itself.

    `pattern`, `place` and `valid_from` tell which row of the pack was chosen; `origin`, `source`
    and `basis` where that row comes from.
    """

    kind: str
    stage: Stage
    milestone: str
    amount: float
    clock: ClockKind
    pattern: str
    place: str
    valid_from: date | None
    origin: Origin
    source: str
    basis: str


@dataclass(frozen=True, slots=True)
class EffectiveResponsibility:
    """Whose job a kind is: the leading function at `level`, and those that assist."""

    kind: str
    level: Level
    lead: str
    assist: tuple[str, ...]
    pattern: str
    place: str
    valid_from: date | None
    source: str
    basis: str

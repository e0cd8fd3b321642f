"""Values of worktime: pauses, due times and what is doubtful about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

YEAR_MISSING = "worktime.year_missing"


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch of time that does not count. `until` is None while the pause still lasts.

    Both ends carry a zone. ValueError where they do not, or where the end lies before the start.
    """

    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or (self.until is not None and self.until.tzinfo is None):
            raise ValueError("a pause needs times with a zone")
        if self.until is not None and self.until < self.since:
            raise ValueError(f"a pause ends before it begins: {self.since} .. {self.until}")


@dataclass(frozen=True, slots=True)
class CalendarWarning:
    """A doubt about a due time. `code` names its sentence in `words/problems/worktime.yaml`."""

    code: str
    years: tuple[int, ...]

    @property
    def facts(self) -> dict[str, str]:
        """What fills the sentence."""
        return {"years": ", ".join(map(str, self.years))}


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, in UTC. `at` is None while a pause that still lasts holds it up."""

    at: datetime | None
    warnings: tuple[CalendarWarning, ...] = ()

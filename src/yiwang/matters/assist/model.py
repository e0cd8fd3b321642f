"""A shift: one person on duty in one operation centre for some hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What somebody on duty is there for."""

    DUTY_CHIEF = "duty_chief"  # 值班长
    DEPUTY = "deputy"  # 副班
    OPERATOR = "operator"  # 坐席


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """From `since` until `until` (exclusive) `person` is on duty as `role`."""

    since: datetime
    until: datetime
    role: Role
    person: int

    @property
    def stored(self) -> dict[str, Any]:
        """As it stands in the record."""
        return {
            "role": self.role.value,
            "person": self.person,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All shifts of a centre that shall begin from `start` until `end` (exclusive); `seen` are
    the digests of what its planner had before them, None where they do not say."""

    unit: str
    start: datetime
    end: datetime
    shifts: tuple[Shift, ...]
    seen: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A post that a person holds: its unit, its duties, from when until when."""

    unit: str
    duties: tuple[str, ...]
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A shift that is already planned, in another centre or outside the window."""

    unit: str
    shift: Shift

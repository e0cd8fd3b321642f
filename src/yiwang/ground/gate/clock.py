"""The moment a thing happens: the real one, or in a replay the recorded one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from yiwang.kit.errors import Refusal


class Clock(Protocol):
    """Tells the moment."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that stands where it was last set, and never goes back."""

    def __init__(self, start: datetime | None = None) -> None:
        self._moment = start

    def now(self) -> datetime:
        """The latest moment it was set to; the real one before that."""
        return self._moment if self._moment is not None else datetime.now(UTC)

    def set(self, moment: datetime) -> None:
        """Move on to `moment`; an earlier one changes nothing."""
        if self._moment is None or moment > self._moment:
            self._moment = moment


def parse_moment(text: str) -> datetime:
    """A moment with its offset as in RFC 3339; refuses anything else ("gate.time_bad")."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal("gate.time_bad") from error
    if moment.tzinfo is None:
        raise Refusal("gate.time_bad")
    return moment.astimezone(UTC)

"""What the detector says of a reading, and what it can see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from yiwang.kit import words


class Sight(StrEnum):
    """What of a series is looked at."""

    VALUE = "value"
    RATE = "rate"  # change from the reading before
    LEVEL = "level"  # mean of the last readings


@dataclass(frozen=True, slots=True)
class Reason:
    """What is most unusual about a reading.

    `value` is what was seen, in the unit of the reading; `low` to `high` what is usual (the middle
    nine tenths of what is remembered); `distance` how far the nearest thing remembered lies.
    """

    sight: Sight
    value: float
    low: float
    high: float
    distance: float

    def say(self, language: str) -> str:
        """The sentence in `language` ("zh" or "en")."""
        text = words.label("unusual", self.sight)[language]
        return text.format(
            value=f"{self.value:.6g}",
            low=f"{self.low:.6g}",
            high=f"{self.high:.6g}",
            distance=f"{self.distance:.3g}",
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """How unusual a reading is: 0 (not at all, or already told) to 1; with the reason above 0."""

    score: float
    reason: Reason | None

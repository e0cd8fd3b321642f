"""What is asked of a judge and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Guess:
    """One answer, 0 < `confidence` <= 1, and what led to it (plain JSON, to be stored)."""

    value: str
    confidence: float
    reason: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known besides the text.

    `among` limits the answers to some kinds' keys, `on` to kinds that may be filed on that day.
    """

    title: str = ""
    among: frozenset[str] | None = None
    on: date | None = None


def corrected(before: Mapping[str, Any], value: str | None, why: str | None) -> dict[str, Any]:
    """The reason of a choice made by hand, beside the automatic one it replaces.

    `value` was chosen before, for the reason `before`; of several corrections the first keeps the
    machine's choice (the others stand in the record). What nobody had chosen has no "was".
    """
    reason: dict[str, Any] = {"by": "hand"}
    if why:
        reason["reason"] = why
    if "was" in before:
        reason["was"] = before["was"]
    elif before and before.get("by") != "hand":
        reason["was"] = {"value": value, "reason": dict(before)}
    return reason


class Question(NamedTuple):
    """One text to classify. `language` is "zh", "en", or None where nobody said."""

    text: str
    language: str | None = None
    hints: Hints = Hints()


class Classifier(Protocol):
    """Says what kind of matter a text is about."""

    def classify(
        self, text: str, language: str | None = None, hints: Hints = Hints()
    ) -> tuple[Guess, ...]:
        """Keys of kinds, the best first; empty where nothing is sure enough."""
        ...

    def rank(
        self, text: str, language: str | None = None, hints: Hints = Hints()
    ) -> tuple[Guess, ...]:
        """The same, however unsure: what somebody who is still writing may choose from."""
        ...

    def classify_many(self, questions: Sequence[Question]) -> list[tuple[Guess, ...]]:
        """The same for many texts at once, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A new report as matching sees it. Longitude and latitude in degrees, WGS-84.

    `kind` and `parent` are keys (`parent` the major kind), empty where unknown; `point` is
    (longitude, latitude) or None.
    """

    kind: str
    parent: str
    at: datetime
    point: tuple[float, float] | None
    text: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case near a report; fields as in :class:`ReportFacts`, `at` its first report."""

    case_id: int
    kind: str
    parent: str
    at: datetime
    point: tuple[float, float]
    text: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class KindRule:
    """How reports of one kind repeat each other.

    `likelihood` (0..1): how likely a second report from the same spot, at once and in the same
    words, means the same thing; 0 for what each household asks for itself. Beyond `radius_m`
    metres or `hours` nothing is a repeat; at `half_m` metres or `half_hours` the score has halved.
    """

    likelihood: float
    radius_m: float
    hours: float
    half_m: float
    half_hours: float


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """The rules of a city for repeats.

    `kinds` holds the rules of single kinds or major kinds by key, `default` that of all others.
    A score below `threshold` is no repeat. Kinds that differ but share their major kind are
    compared only from a text likeness of `kin_text` on. `text_weight` is how much of the score
    hangs on the words. `placeholders` are points that stand for "unknown place" in a source:
    longitude, latitude and how near, in degrees, a point must be to be taken for it. Whoever names
    the case they mean ("me too") may stand `same_as_m` metres off.
    """

    default: KindRule
    kinds: Mapping[str, KindRule] = field(default_factory=dict)
    threshold: float = 0.35
    kin_text: float = 0.5
    text_weight: float = 0.3
    placeholders: tuple[tuple[float, float, float], ...] = ()
    same_as_m: float = 300.0

    def rule(self, kind: str, parent: str) -> KindRule:
        """The rule for a kind: its own, else its major kind's, else the default."""
        return self.kinds.get(kind) or self.kinds.get(parent) or self.default


@dataclass(frozen=True, slots=True)
class MatchVerdict:
    """The case a report repeats, or None, with the best score and all that was considered."""

    case_id: int | None
    score: float
    reason: dict[str, Any]


class Matcher(Protocol):
    """Says whether a report repeats an open case."""

    def match(self, report: ReportFacts, nearby: Sequence[OpenCase]) -> MatchVerdict:
        """The verdict on one report among the open cases around it."""
        ...

"""Values of tallies and panels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

Counts: TypeAlias = Mapping[str, int]  # measure -> how many
Key: TypeAlias = tuple[int, int]  # (xid, id): where an event stands in the record


class Grain(StrEnum):
    """The lengths of time that are counted."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Status(StrEnum):
    """How a figure stands against its threshold, from good to bad."""

    OK = "ok"
    WATCH = "watch"
    WARN = "warn"
    ALARM = "alarm"


class Lookback(StrEnum):
    """How far back a trend goes: by hours or by days."""

    DAY = "24h"
    MONTH = "30d"


@dataclass(frozen=True, slots=True)
class Occurred:
    """An event of the record as the fold needs it, with what never changes of its matter.

    `from_place` is where the case stood before an event that may have moved it. `due` is the
    handling (or contact) clock of the order the event is about, `lead` whether that order leads.
    """

    at: datetime
    action: str
    matter: str
    case_id: int | None
    place: str
    before: str | None
    after: str | None
    kind: str | None = None
    reason: str | None = None
    system: str | None = None
    source: str | None = None
    satisfied: bool | None = None
    from_place: str | None = None
    discovered_at: datetime | None = None
    reported_at: datetime | None = None
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    due: datetime | None = None
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """A system that reports: since when, when last, how many reports."""

    system: str
    source: str
    first_at: datetime
    last_at: datetime
    reports: int


@dataclass(slots=True)
class Fold:
    """What a batch of events adds: counts, the overrun cases as they are after it, senders.

    `overruns` holds those of the batch's cases that were overrun before it and changes with it.
    """

    overruns: dict[int, str]
    counts: dict[tuple[str, Grain, datetime], dict[str, int]] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)

    def add(self, row: tuple[str, Grain, datetime], measure: str, n: int) -> None:
        """Add to one number."""
        counts = self.counts.get(row)
        if counts is None:
            counts = self.counts[row] = defaultdict(int)
        counts[measure] += n


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A sentence in both languages."""

    zh: str
    en: str

    @property
    def shown(self) -> dict[str, str]:
        """As an answer has it."""
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a figure is to be watched, is bad, is alarming; `above` or below these numbers.

    `source` is the rule or document behind them, in both languages.
    """

    above: bool
    watch: float | None
    warn: float | None
    alarm: float | None
    source: Bilingual


@dataclass(frozen=True, slots=True)
class Found:
    """What a panel found. `trend` are (epoch seconds, value), `items` rows of the panel's kind.

    `reason` says how the value came about; `link` names an operation that has the rest.
    """

    value: float | None = None
    trend: tuple[tuple[int, float | None], ...] = ()
    items: tuple[dict[str, Any], ...] = ()
    reason: Bilingual | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a panel is asked about, in the city's time.

    `now` is the moment of asking, `as_of` until when was counted: now, or the last whole hour
    before a past moment, or the whole past day where its hours are forgotten. `day` is when the
    day of `as_of` began.
    """

    now: datetime
    as_of: datetime
    day: datetime
    past: bool
    by_hours: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """How a figure stands, and why."""

    status: Status
    reason: Bilingual

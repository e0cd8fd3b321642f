"""A report: what somebody said happened, before it is known whether it is one thing or many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

# The attribute in which a report keeps the number of the case its sender says it repeats.
SAME_AS = "same_as"
# The attribute that says that its sender is not to be named to whoever handles it.
CONFIDENTIAL = "reporter_confidential"


class Source(StrEnum):
    """The ways a report comes in."""

    HOTLINE = "hotline"
    CITIZEN = "citizen"
    PATROL = "patrol"
    SYSTEM = "system"
    IMPORT = "import"
    OPEN311 = "open311"
    SENSOR = "sensor"


@dataclass(frozen=True, slots=True)
class Report:
    """One report as it is stored; `place` is the whole city until it is located."""

    id: int
    version: int
    state: str
    source: str
    system: str
    external_id: str | None
    received_at: datetime
    happened_at: datetime
    title: str
    text: str
    address: str
    lon: float | None
    lat: float | None
    spot: Any
    kind: str | None
    kind_reason: dict[str, Any]
    place: str
    place_reason: dict[str, Any]
    match_reason: dict[str, Any]
    attributes: dict[str, Any]
    language: str
    synthetic: bool
    urgent: bool
    case_id: int | None
    parties: tuple[str, ...]
    collector: int | None
    reason: str | None

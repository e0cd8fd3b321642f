"""The order: one unit's part of a case; and the dispute over whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

OPEN = ("issued", "accepted", "suspended", "returned", "disputed")


@dataclass(frozen=True, slots=True)
class Order:
    """One order to one unit. `limits` keeps each clock's start, amount, kind and origin, so that
    due times can be computed again; `pauses` are the spans that do not count."""

    id: int
    version: int
    state: str
    case_id: int
    unit: str
    role: str
    centre: str
    place: str
    parties: tuple[str, ...]
    kind: str
    round: int
    urgent: bool
    synthetic: bool
    reason: dict[str, Any]
    issued_by: str
    issued_at: datetime
    accepted_at: datetime | None
    contacted_at: datetime | None
    finished_at: datetime | None
    due_accept: datetime | None
    due_contact: datetime | None
    due_handle: datetime | None
    limits: dict[str, Any]
    milestones: tuple[dict[str, Any], ...]
    handler: int | None
    returned_reason: str | None
    result: str | None
    outcome: str | None
    evidence: tuple[int, ...]
    pauses: tuple[dict[str, Any], ...]
    extended: int
    pending: str | None
    urged: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two units, one thing: decided by the centre of their lowest common place."""

    id: int
    version: int
    state: str
    case_id: int
    order_id: int
    unit: str
    against: str
    centre: str
    place: str
    parties: tuple[str, ...]
    reason: str
    raised_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    ruling: str | None
    decision: str | None

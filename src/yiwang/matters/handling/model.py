"""What a handling unit asks of its centre: more time, or a pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """A handler's wish for more time or for a pause, decided by the centre."""

    id: int
    version: int
    state: str
    sort: str
    case_id: int
    order_id: int
    unit: str
    centre: str
    place: str
    parties: tuple[str, ...]
    amount: float | None
    clock: str | None
    until: datetime | None
    reason: str
    asked_by: int | None
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None

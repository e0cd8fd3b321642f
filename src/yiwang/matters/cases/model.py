"""The case: one thing that happens in the city, whoever reported it and however often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

OPEN = ("reported", "verifying", "filed", "dispatched", "checking", "suspended")
ENDED = ("closed", "cancelled", "merged")


@dataclass(frozen=True, slots=True)
class Case:
    """One case as it is stored. All times are UTC; `place` is an ltree path.

    `lead` is the unit of the lead order, `centre` the operation centre that commands the case,
    `parties` every unit that ever had a say. `due_next` is the clock that runs now, `alarm_at` the
    moment the platform looks at the case next.
    """

    id: int
    version: int
    state: str
    number: str
    source: str
    kind: str
    kind_reason: dict[str, Any]
    place: str
    place_reason: dict[str, Any]
    parties: tuple[str, ...]
    title: str
    text: str
    address: str
    lon: float | None
    lat: float | None
    spot: Any
    synthetic: bool
    urgent: bool
    supervised: bool
    typical: bool
    forced: bool
    on_the_spot: bool
    discovered_at: datetime
    reported_at: datetime
    filed_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    due_verify: datetime | None
    due_dispatch: datetime | None
    due_handle: datetime | None
    due_check: datetime | None
    due_total: datetime | None
    due_next: datetime | None
    limit_reason: dict[str, Any]
    lead: str | None
    centre: str
    dispatch_reason: dict[str, Any]
    parent_id: int | None
    merged_into: int | None
    open_children: int
    report_count: int
    rounds: int
    reopened: int
    returned: int
    passed_check: bool
    reason: str | None
    overdue: tuple[str, ...]
    alarm_at: datetime | None

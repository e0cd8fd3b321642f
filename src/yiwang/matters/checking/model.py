"""A check: somebody outside the handling unit looks whether it is so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `sort` is "verify" (is it there at all?) or "check" (is it fixed?).

    `unit` checks; `handlers` are the units and `hands` the persons that handled: none of them may.
    """

    id: int
    version: int
    state: str
    sort: str
    mode: str
    case_id: int
    order_id: int | None
    unit: str
    handlers: tuple[str, ...]
    hands: tuple[int, ...]
    place: str
    parties: tuple[str, ...]
    round: int
    synthetic: bool
    reason: dict[str, Any]
    assignee: int | None
    arranged_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    done_by: str | None
    result: str | None
    evidence: tuple[int, ...]

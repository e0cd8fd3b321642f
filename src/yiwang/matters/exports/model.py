"""An export: a list asked for as a file, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where an export stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"  # by whoever asked for it
    EXPIRED = "expired"  # the file was kept for its time and is gone


OPEN = (State.WAITING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: which list, by which filters, in which order, form and language."""

    list: str
    filters: Mapping[str, str]
    sort: str | None
    format: str  # "csv" or "xlsx"
    language: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export. `cursor` and `size` (bytes of the part file) say where the next chunk goes on;
    `read` says that every row is in the part file."""

    id: int
    state: State
    actor: str
    person: int | None
    wish: Wish
    scope: Mapping[str, Any]
    file: str
    done: int
    total: int | None
    cursor: str | None
    size: int
    read: bool
    error: str | None
    created_at: datetime
    finished_at: datetime | None

"""Rows as lines of PostgreSQL's text COPY."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from yiwang.bulk.course import NEVER
from yiwang.bulk.deadlines import Seconds

NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(slots=True)
class Sheet:
    """The rows of one table: its columns, and one line per row."""

    table: str
    columns: tuple[str, ...]
    lines: list[str] = field(default_factory=list)

    def data(self) -> bytes:
        """All rows as the bytes COPY reads."""
        return ("\n".join(self.lines) + "\n").encode() if self.lines else b""


def columns(listed: str) -> tuple[str, ...]:
    """Column names written one after the other."""
    return tuple(listed.split())


def text(value: str) -> str:
    """A text as COPY wants it."""
    return value.translate(_ESCAPES)


def document(value: Mapping[str, Any]) -> str:
    """A JSON document as COPY wants it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def names(values: Iterable[str]) -> str:
    """An array of plain names as COPY wants it."""
    return "{" + ",".join(f'"{value}"' for value in values) + "}"


def moment(seconds: int) -> str:
    """A moment in UTC, given in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def moments(at: Seconds) -> list[str]:
    """Moments in UTC; NULL where there is none."""
    never = at == NEVER
    written = np.datetime_as_string(np.where(never, 0, at).astype("datetime64[s]"), timezone="UTC")
    found: list[str] = written.tolist()
    for i in np.flatnonzero(never).tolist():
        found[i] = NULL
    return found

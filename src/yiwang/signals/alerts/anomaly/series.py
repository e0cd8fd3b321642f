"""A series as a file: `timestamp,value` in, `timestamp,value,anomaly_score` out."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from yiwang.kit.errors import Refusal

COLUMNS = ("timestamp", "value")
SCORED = (*COLUMNS, "anomaly_score")
_MOST_TOLD = 5  # wrong rows named one by one


@dataclass(frozen=True, slots=True)
class Reading:
    """One row. `time` and `text` are as written; `value` is None where none was measured."""

    time: str
    text: str
    moment: datetime
    value: float | None


def read_series(lines: Iterable[str], name: str) -> list[Reading]:
    """The readings of a file in its order, which is the order in which they arrived.

    An empty value or NaN is a reading that is missing. A time earlier than the one before is let
    pass: clocks are put back. Refused with file and line: `anomaly.header_wrong`,
    `anomaly.rows_wrong` (no time, no number, another count of fields), `anomaly.series_empty`.
    """
    rows = csv.reader(lines)
    header = next(rows, None)
    if header is None:
        raise Refusal("anomaly.series_empty", file=name)
    if tuple(cell.strip().lstrip("\ufeff").lower() for cell in header) != COLUMNS:
        raise Refusal("anomaly.header_wrong", file=name, found=",".join(header)[:80])
    readings: list[Reading] = []
    faults: list[str] = []
    for row in rows:
        if not row:
            continue
        found = _read(row)
        if isinstance(found, str):
            faults.append(f"{rows.line_num}: {found}")
            continue
        readings.append(found)
    if faults:
        told = "; ".join(faults[:_MOST_TOLD]) + (" …" if len(faults) > _MOST_TOLD else "")
        raise Refusal("anomaly.rows_wrong", file=name, count=len(faults), rows=told)
    if not readings:
        raise Refusal("anomaly.series_empty", file=name)
    return readings


def _read(row: list[str]) -> Reading | str:
    """The reading, or what is wrong with the row."""
    if len(row) != len(COLUMNS):
        return f"{len(row)} fields instead of {len(COLUMNS)}"
    time, text = row
    try:
        moment = datetime.fromisoformat(time.strip())
    except ValueError:
        return f"“{time[:40]}” is no time"
    try:
        value = float(text) if text.strip() else math.nan
    except ValueError:
        return f"“{text[:40]}” is no number"
    if math.isinf(value):
        return f"“{text[:40]}” is not finite"
    return Reading(time, text, moment, None if math.isnan(value) else value)


def write_scores(
    readings: Iterable[Reading], score: Callable[[Reading], float], write: Callable[[str], object]
) -> Iterator[int]:
    """Write the scored file, row by row in order; yields how many are written."""
    write(",".join(SCORED) + "\n")
    for count, reading in enumerate(readings, 1):
        write(f"{reading.time},{reading.text},{score(reading):.6f}\n")
        yield count

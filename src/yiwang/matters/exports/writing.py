"""The files of exports: a part that grows chunk by chunk, then the finished file.

A chunk is appended at the size that the last recorded chunk left, so whatever a killed worker
wrote beyond it is cut off, and the file holds every row once.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from yiwang.kit.sheets_out import Cell, csv_head, csv_lines, write_xlsx

XLSX_MOST = 100_000  # rows; a larger sheet takes minutes to make and to open

Rows = Sequence[Sequence[Cell]]


def part_file(folder: Path, export_id: int) -> Path:
    """What grows while the export runs."""
    return folder / f"{export_id}.part"


def finished_file(folder: Path, export_id: int, form: str) -> Path:
    """The finished file."""
    return folder / f"{export_id}.{form}"


def append(
    path: Path, size: int, form: str, header: Sequence[str], rows: Rows, zone: ZoneInfo
) -> int:
    """Append a chunk after the first `size` bytes; the new size."""
    if form == "csv":
        data = (csv_head(header) if size == 0 else b"") + csv_lines(rows, zone)
    else:
        data = b"".join(
            msgspec.json.encode([_stored(cell) for cell in row]) + b"\n" for row in rows
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as out:
        out.truncate(size)
        out.seek(size)
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    return size + len(data)


def _stored(cell: Cell) -> object:
    """A moment as a list of its text, so that it is told from a text."""
    return [cell.isoformat()] if isinstance(cell, datetime) else cell


def _stored_rows(path: Path) -> Iterator[list[Cell]]:
    with path.open("rb") as lines:
        for line in lines:
            yield [
                datetime.fromisoformat(cell[0]) if isinstance(cell, list) else cell
                for cell in msgspec.json.decode(line)
            ]


def complete(part: Path, target: Path, header: Sequence[str], zone: ZoneInfo) -> int:
    """Make the finished file of a whole part file; its size in bytes. Twice gives the same."""
    if target.suffix == ".csv":
        if part.exists():
            part.replace(target)
        return target.stat().st_size
    made = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        write_xlsx(made, header, _stored_rows(part), zone)
        made.chmod(0o600)
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)
    return target.stat().st_size


def remove(folder: Path, export_id: int) -> None:
    """Take away all files of an export."""
    part_file(folder, export_id).unlink(missing_ok=True)
    for form in ("csv", "xlsx"):
        finished_file(folder, export_id, form).unlink(missing_ok=True)

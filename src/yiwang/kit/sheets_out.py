"""Tables out: CSV and XLSX that a spreadsheet program shows and never runs.

A text that a spreadsheet would take for a formula gets an apostrophe in front, as a person would
type it; numbers, also negative ones, stay numbers. Source of the danger: OWASP, CSV injection.
Moments are written in the city's zone, without an offset, because spreadsheets know none.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

Cell = str | int | float | Decimal | bool | datetime | date | time | Enum | None

_FORMULA_START = "[\\s\ufeff\u200b]*[\t\r\n=+\\-@＝＋－＠]"
_FORMULA = re.compile(_FORMULA_START)
_GUARDED = re.compile(f"^'(?={_FORMULA_START})")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_NOT_IN_XLSX = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_ROWS_PER_SHEET = 1_048_576  # limits of the XLSX format
_LONGEST_CELL = 32_767
_EXACT_DIGITS = 15  # a spreadsheet rounds longer whole numbers
_CHUNK_ROWS = 500


def guarded(text: str) -> str:
    """`text`, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return "'" + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """The text behind :func:`guarded`, for tables that come back."""
    return _GUARDED.sub("", text)


def csv_head(header: Sequence[str]) -> bytes:
    """The byte order mark (without it Excel misreads Chinese) and the first row."""
    return b"\xef\xbb\xbf" + csv_lines([header], None)


def csv_lines(rows: Iterable[Sequence[Cell]], zone: tzinfo | None) -> bytes:
    """Rows of a CSV in UTF-8, texts quoted, lines ended by CR LF (RFC 4180).

    For tables read from the database in batches: `csv_head` once, then this for each batch.
    A moment without an offset, or without a `zone` to show it in, raises ValueError.
    """
    out = io.StringIO()
    # every text is quoted, so that a reader that splits at semicolons finds no formula either
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    for row in rows:
        writer.writerow([_csv_cell(cell, zone) for cell in row])
    return out.getvalue().encode("utf-8", "replace")


def csv_chunks(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], zone: tzinfo
) -> Iterator[bytes]:
    """A whole CSV in pieces of some hundred rows; memory does not grow with the table."""
    yield csv_head(header)
    batch: list[Sequence[Cell]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _CHUNK_ROWS:
            yield csv_lines(batch, zone)
            batch.clear()
    if batch:
        yield csv_lines(batch, zone)


def write_xlsx(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    zone: tzinfo,
    *,
    rows_per_sheet: int = _ROWS_PER_SHEET,
) -> int:
    """Write a table to `path` as XLSX and return how many rows it has.

    Rows beyond what one sheet can hold go on in further sheets under the same header. Whole
    numbers longer than 15 digits are written as text, so that none is rounded; texts longer
    than a cell can hold end in "…".
    """
    book = Workbook(write_only=True)
    count, room = 0, 0
    sheet = book.create_sheet()
    sheet.append([_text_cell(sheet, text) for text in header])
    room = rows_per_sheet - 1
    for row in rows:
        if room == 0:
            sheet = book.create_sheet()
            sheet.append([_text_cell(sheet, text) for text in header])
            room = rows_per_sheet - 1
        sheet.append([_xlsx_cell(sheet, cell, zone) for cell in row])
        count, room = count + 1, room - 1
    book.save(path)
    return count


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, Enum):
        return str(cell.value)
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if isinstance(cell, Decimal) and not cell.is_finite():
        return None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return cell


def _local(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is None or zone is None:
        raise ValueError("a moment needs an offset, and a zone to be shown in")
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _csv_cell(cell: Cell, zone: tzinfo | None) -> str | int | float | Decimal:
    cell = _plain(cell)
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return _local(cell, zone).isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, int | float | Decimal):
        return cell
    return guarded(str(cell).replace("\0", ""))


def _xlsx_cell(sheet: object, cell: Cell, zone: tzinfo) -> object:
    cell = _plain(cell)
    if isinstance(cell, datetime):
        return _dated(sheet, _local(cell, zone), "yyyy-mm-dd hh:mm:ss")
    if isinstance(cell, date):
        return _dated(sheet, cell, "yyyy-mm-dd")
    if isinstance(cell, int) and len(str(abs(cell))) > _EXACT_DIGITS:
        return _text_cell(sheet, str(cell))
    if isinstance(cell, str):
        return _text_cell(sheet, cell)
    return cell


def _dated(sheet: object, value: datetime | date, shape: str) -> object:
    if value.year < 1900:  # spreadsheets count days from 1900
        return value.isoformat()
    cell = WriteOnlyCell(sheet, value=value)  # type: ignore[arg-type]
    cell.number_format = shape
    return cell


def _text_cell(sheet: object, text: str) -> object:
    text = guarded(_NOT_IN_XLSX.sub("", text))
    if len(text) > _LONGEST_CELL:
        text = text[: _LONGEST_CELL - 1] + "…"
    cell = WriteOnlyCell(sheet, value=text)  # type: ignore[arg-type]
    cell.data_type = "s"  # "#N/A" and the like are texts here, not errors
    return cell

"""Reads the rows out of a table file from outside: CSV in its usual encodings, and XLSX.

What the file is, its bytes say, not its name. Every size is bounded before it is believed.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from openpyxl import load_workbook

from yiwang.kit.errors import Refusal
from yiwang.kit.sheets_out import unguarded
from yiwang.matters.sources.drafts import clean_text

_DELIMITERS = (",", "\t", ";", "|", "；", "，")
_SAMPLE_ROWS = 50
_LAST_SHEET_ROW = 1_048_576
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"\x1f\x8b", "application/gzip"),
    (b"<", "text/html"),
    (b"{", "application/json"),
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx under a password


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a person sees it: `number` counts from 1 and includes the header."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a table file may hold: bytes as sent, bytes unpacked, rows, columns, and
    characters of one cell."""

    max_bytes: int = 50 * 1024 * 1024
    max_unpacked: int = 400 * 1024 * 1024
    max_rows: int = 100_000
    max_columns: int = 200
    max_cell: int = 100_000


def read_rows(data: bytes, filename: str, bounds: Bounds | None = None) -> Sequence[Row]:
    """The rows of a CSV or XLSX file, its header first, without empty ones.

    Cells are cleaned texts: dates of a workbook as `2020-01-06 12:09:38`, whole numbers without
    a point. Of a workbook the first visible sheet is read, formulas by the value they last had.
    `filename` only names the file in refusals: `sources.sheet_too_large`, `sheet_type`,
    `sheet_old_xls`, `sheet_encoding`, `sheet_broken`, `sheet_too_many_rows`,
    `sheet_too_many_columns`, `sheet_empty`.
    """
    bounds = bounds or Bounds()
    name = clean_text(filename)[-100:] or "–"
    if len(data) > bounds.max_bytes:
        raise Refusal("sources.sheet_too_large", name=name, limit=bounds.max_bytes // 1024 // 1024)
    if data.startswith(_OLD_OFFICE):
        raise Refusal("sources.sheet_old_xls", name=name)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        found = _workbook_rows(data, name, bounds)
    else:
        found = _csv_rows(_decoded(data, name), name, bounds)
    rows = tuple(_bounded(found, name, bounds))
    if not rows:
        raise Refusal("sources.sheet_empty", name=name)
    return rows


def _bounded(rows: Iterable[Row], name: str, bounds: Bounds) -> Iterator[Row]:
    count = 0
    for row in rows:
        cells = tuple(unguarded(clean_text(cell)) for cell in row.cells)
        while cells and not cells[-1]:
            cells = cells[:-1]
        if not cells:
            continue
        count += 1
        if count > bounds.max_rows + 1:  # and the header
            raise Refusal("sources.sheet_too_many_rows", name=name, limit=bounds.max_rows)
        if len(cells) > bounds.max_columns:
            raise Refusal(
                "sources.sheet_too_many_columns",
                name=name,
                row=row.number,
                limit=bounds.max_columns,
            )
        if any(len(cell) > bounds.max_cell for cell in cells):
            raise Refusal("sources.sheet_broken", name=name, row=row.number)
        yield Row(row.number, cells)


def _decoded(data: bytes, name: str) -> str:
    """The text of a CSV: by its mark, else strictly UTF-8, else GB18030 (which holds GBK)."""
    encodings: tuple[str, ...]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    else:
        head = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
        for mark, found in _FOREIGN:
            if head.startswith(mark):
                raise Refusal("sources.sheet_type", name=name, found=found)
        if b"\0" in data:
            raise Refusal("sources.sheet_type", name=name, found="application/octet-stream")
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal("sources.sheet_encoding", name=name)


def _csv_rows(text: str, name: str, bounds: Bounds) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    try:
        for cells in reader:
            number += 1
            yield Row(number, tuple(cells))
    except csv.Error as error:
        # strict: an open quote would otherwise swallow the rest of the file in silence
        raise Refusal("sources.sheet_broken", name=name, row=number + 1) from error


def _delimiter(text: str) -> str:
    """The separator under which most of the first rows have the same number (> 1) of cells."""

    def score(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = Counter(len(row) for row in islice(reader, _SAMPLE_ROWS) if len(row) > 1)
        except csv.Error:
            return 0, 0
        width, agreeing = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        return agreeing, width

    return max(_DELIMITERS, key=score)  # the first of equals, so a comma where none fits


def _workbook_rows(data: bytes, name: str, bounds: Bounds) -> Iterator[Row]:
    _check_package(data, name, bounds)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        for sheet in visible[:1]:
            sheet.reset_dimensions()  # what a file says of its own size may be wrong
            width = bounds.max_columns + 1
            for number, cells in enumerate(sheet.iter_rows(max_col=width, values_only=True), 1):
                if number > _LAST_SHEET_ROW:
                    raise Refusal("sources.sheet_broken", name=name, row=number)
                if cells.count(None) < len(cells):  # a sheet may begin a million rows down
                    yield Row(number, tuple(_written(cell) for cell in cells))
    except Refusal:
        raise
    except Exception as error:
        # a damaged workbook makes the reader fail in a dozen ways, all of them the sender's
        raise Refusal("sources.sheet_broken", name=name, row="–") from error


def _check_package(data: bytes, name: str, bounds: Bounds) -> None:
    """Refuse a ZIP that is no workbook or would unpack to more than `bounds` allow.

    The sizes in the directory can be believed: the reader stops at them.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise Refusal("sources.sheet_broken", name=name, row="–") from error
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise Refusal("sources.sheet_type", name=name, found="application/zip")
    if len(parts) > 5000 or sum(part.file_size for part in parts) > bounds.max_unpacked:
        raise Refusal(
            "sources.sheet_too_large", name=name, limit=bounds.max_unpacked // 1024 // 1024
        )


def _written(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime():
            return cell.replace(microsecond=0).isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return str(cell)

"""CSV files of a pack, read with their line numbers and cells that explain what is wrong."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from yiwang.ground.packs.findings import Findings, Spot
from yiwang.ground.packs.model import Text

E = TypeVar("E", bound=StrEnum)

_SEPARATOR = re.compile(r"[;；]")
_TRUE, _FALSE = {"true", "yes", "1"}, {"", "false", "no", "0"}


def read_text(path: Path, label: str, findings: Findings) -> str | None:
    """The text of a file, or None with the reason noted. `label` is its path in the pack."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        findings.add(Spot(label, 0), "file_missing", file=label)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        findings.add(Spot(label, line), "not_utf8", file=label)
    return None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; a cell that does not fit is noted and replaced by its default."""

    spot: Spot
    cells: Mapping[str, str]
    findings: Findings

    def text(self, column: str, default: str = "") -> str:
        """The cell, or `default` where it is empty or the column is absent."""
        return self.cells.get(column) or default

    def required(self, column: str) -> str:
        """The cell; noted where it is empty."""
        value = self.text(column)
        if not value:
            self.findings.add(self.spot, "value_missing", field=column)
        return value

    def both(self, column: str) -> Text:
        """The columns `<column>_zh` and `<column>_en`."""
        return Text(self.text(f"{column}_zh"), self.text(f"{column}_en"))

    def many(self, column: str) -> tuple[str, ...]:
        """The parts of a cell, between semicolons."""
        return tuple(part for raw in _SEPARATOR.split(self.text(column)) if (part := raw.strip()))

    def choice(self, column: str, kind: type[E], default: E) -> E:
        """A word of the enumeration `kind`; `default` where the cell is empty."""
        value = self.text(column)
        if not value:
            return default
        try:
            return kind(value)
        except ValueError:
            self._wrong(column, value, ", ".join(kind))
            return default

    def day(self, column: str) -> date | None:
        """An ISO date, or None where the cell is empty."""
        value = self.text(column)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self._wrong(column, value, "YYYY-MM-DD")
            return None

    def number(self, column: str) -> float:
        """A number above zero."""
        value = self.text(column)
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not 0.0 < number < 1e9:
            self._wrong(column, value, "a number > 0")
            return 1.0
        return number

    def flag(self, column: str) -> bool:
        """true or false; an empty cell is false."""
        value = self.text(column).lower()
        if value not in _TRUE | _FALSE:
            self._wrong(column, value, "true, false")
        return value in _TRUE

    def _wrong(self, column: str, value: str, expected: str) -> None:
        self.findings.add(self.spot, "value_wrong", field=column, value=value, expected=expected)


def _split(text: str, label: str, findings: Findings) -> Iterator[tuple[Spot, list[str]]]:
    """The rows of a CSV text with the line each begins on; noted where it is none."""
    reader = csv.reader(io.StringIO(text, newline=""))
    before = 0
    try:
        for cells in reader:
            yield Spot(label, before + 1), cells
            before = reader.line_num
    except csv.Error as error:
        findings.add(Spot(label, before + 1), "csv_syntax", reason=error)


def read_table(
    folder: Path,
    label: str,
    columns: Collection[str],
    findings: Findings,
    *,
    optional: bool = False,
) -> Iterator[Row]:
    """The rows of the CSV file `label`, which must have at least `columns`.

    A missing file is noted unless `optional`. Empty lines and lines starting with # are passed
    over; a row with more or fewer cells than the header is noted and left out.
    """
    path = folder / label
    if optional and not path.exists():
        return
    text = read_text(path, label, findings)
    if text is None:
        return
    header: list[str] | None = None
    for spot, cells in _split(text, label, findings):
        if not any(cells) or cells[0].startswith("#"):
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
            lacking = sorted(set(columns) - set(header))
            if lacking:
                findings.add(spot, "column_missing", columns=", ".join(lacking))
                return
            continue
        if len(cells) != len(header):
            findings.add(spot, "row_length", found=len(cells), expected=len(header))
            continue
        stripped = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        yield Row(spot, stripped, findings)
    if header is None:
        findings.add(Spot(label, 0), "column_missing", columns=", ".join(sorted(columns)))


def keep(
    rows: dict[str, Row], row: Row, code: str, table: str, where: dict[tuple[str, str | int], Spot]
) -> None:
    """Put `row` under `code` and remember where it stands; a code met before is noted."""
    if not code:
        return
    if code in rows:
        first = rows[code].spot
        at = f"{first.file}:{first.line}"
        row.findings.add(row.spot, "duplicate", what=code, first=at)
        return
    rows[code] = row
    where[table, code] = row.spot

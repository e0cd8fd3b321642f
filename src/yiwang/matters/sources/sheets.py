"""Reports from a table: columns recognised, rows typed, faults by row, and a file to mend them.

`preview` shows what an import would do; the import itself runs `parse_rows` over the same file
with the same columns and keeps the good rows, while `error_file` gives the others back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from yiwang.ground.packs.coordinates import Crs
from yiwang.kit.errors import Fault
from yiwang.kit.sheets_out import Cell, csv_head, csv_lines
from yiwang.matters.sources.drafts import ReportDraft
from yiwang.matters.sources.sheet_bytes import Bounds, Row, read_rows
from yiwang.matters.sources.sheet_columns import (
    PROBLEM_HEADINGS,
    ROW_HEADINGS,
    Columns,
    Field,
    suggest_columns,
)
from yiwang.matters.sources.sheet_values import is_nothing, read_datum, read_degrees, read_time

_CLOCK_AHEAD = timedelta(minutes=10)
_LONGEST: Mapping[Field, int] = {
    Field.EXTERNAL_ID: 200,
    Field.TITLE: 500,
    Field.TEXT: 20_000,
    Field.ADDRESS: 500,
    Field.KIND: 200,
    Field.REPORTER_NAME: 100,
    Field.REPORTER_PHONE: 40,
    Field.REPORTER_EMAIL: 254,
    Field.LANGUAGE: 20,
    Field.SOURCE: 100,
}
# What a spreadsheet makes of a long number: 1.01E+11; the digits are lost.
_ROUNDED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every row that does not say otherwise: the source, the city's `zone`, the
    datum of coordinates, the language; `now` is the moment later than which nothing happened."""

    source: str
    zone: tzinfo
    now: datetime
    crs: Crs = Crs.WGS84
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: the columns, the first rows, how many rows are good, and the
    faults of the others by row number."""

    columns: Columns
    first_rows: tuple[Row, ...]
    total: int
    valid: int
    faults: Mapping[int, tuple[Fault, ...]]


def parse_row(row: Row, columns: Columns, defaults: Defaults) -> ReportDraft | list[Fault]:
    """One row as a report, or everything that is wrong with it.

    A report needs a text or a title; place, time and reporter may be missing. Coordinates are
    only checked to be a pair of degrees: `places` finds swapped and foreign ones.
    """
    faults: list[Fault] = []
    cells = {
        field: row.cells[place] if place < len(row.cells) else ""
        for field, place in columns.fields.items()
    }

    def blame(field: Field, code: str, **facts: Any) -> None:
        place = columns.fields.get(field)
        name = columns.header[place] if place is not None else field.value
        faults.append(
            Fault(
                f"/rows/{row.number}/{field.value}",
                f"sources.{code}",
                {"row": row.number, "field": name, **facts},
            )
        )

    def text(field: Field) -> str | None:
        cell = cells.get(field, "")
        if len(cell) > _LONGEST[field]:
            blame(field, "field_too_long", limit=_LONGEST[field])
        return cell or None

    title, body = text(Field.TITLE), text(Field.TEXT)
    if title is None and body is None:
        blame(Field.TEXT, "text_missing")
    external_id = text(Field.EXTERNAL_ID)
    if external_id and _ROUNDED.fullmatch(external_id):
        blame(Field.EXTERNAL_ID, "id_rounded", value=external_id)
    lon, lat = (_degrees(cells, field, blame) for field in (Field.LON, Field.LAT))
    given = [field for field in (Field.LON, Field.LAT) if not is_nothing(cells.get(field, ""))]
    if len(given) == 1:
        missing = Field.LAT if given[0] is Field.LON else Field.LON
        blame(missing, "coordinate_incomplete")
    draft = ReportDraft(
        source=text(Field.SOURCE) or defaults.source,
        text=body or title or "",
        external_id=external_id,
        title=title,
        address=text(Field.ADDRESS),
        lon=lon,
        lat=lat,
        crs=_datum(cells, defaults, blame) if given else None,
        kind=text(Field.KIND),
        happened_at=_moment(cells, defaults, blame),
        reporter_name=text(Field.REPORTER_NAME),
        reporter_phone=text(Field.REPORTER_PHONE),
        reporter_email=text(Field.REPORTER_EMAIL),
        language=text(Field.LANGUAGE) or defaults.language,
        attributes={
            heading: row.cells[place]
            for heading, place in columns.attribute_columns()
            if place < len(row.cells) and row.cells[place]
        },
    )
    extra = row.cells[len(columns.header) :]
    if any(extra):
        faults.append(
            Fault(
                f"/rows/{row.number}",
                "sources.row_too_wide",
                {"row": row.number, "cells": len(row.cells), "columns": len(columns.header)},
            )
        )
    return faults or draft


def parse_rows(
    rows: Iterable[Row], columns: Columns, defaults: Defaults
) -> Iterator[tuple[Row, ReportDraft | list[Fault]]]:
    """Every row (without the header) with its report or its faults.

    A second row with the same source and external id is a fault: which one is meant?
    """
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        result = parse_row(row, columns, defaults)
        if isinstance(result, ReportDraft) and result.external_id:
            first = seen.setdefault((result.source, result.external_id), row.number)
            if first != row.number:
                facts = {"row": row.number, "value": result.external_id, "first": first}
                pointer = f"/rows/{row.number}/{Field.EXTERNAL_ID.value}"
                result = [Fault(pointer, "sources.row_repeated", facts)]
        yield row, result


def preview(
    data: bytes,
    filename: str,
    defaults: Defaults,
    columns: Columns | None = None,
    *,
    bounds: Bounds | None = None,
    show: int = 20,
) -> Preview:
    """What importing this file would do; nothing is stored. Without `columns` they are
    suggested from the first row. Refuses what `read_rows` refuses."""
    header, *rows = read_rows(data, filename, bounds)
    columns = columns or suggest_columns(header.cells)
    faults = {
        row.number: tuple(result)
        for row, result in parse_rows(rows, columns, defaults)
        if not isinstance(result, ReportDraft)
    }
    return Preview(columns, tuple(rows[:show]), len(rows), len(rows) - len(faults), faults)


def error_file(
    header: Sequence[str],
    rows: Iterable[Row],
    faults: Mapping[int, Sequence[Fault]],
    language: str,
) -> bytes:
    """The rows that have faults, as CSV: the row's number, the cells as they came, and what is
    wrong in a sentence for each fault. Mended, the file can be imported again as it is."""
    width = len(header)
    head = [ROW_HEADINGS[language], *header, PROBLEM_HEADINGS[language]]
    lines: Iterable[Sequence[Cell]] = (
        [
            row.number,
            *row.cells[:width],
            *[""] * (width - len(row.cells)),
            " ".join(fault.say(language) for fault in faults[row.number]),
            *row.cells[width:],
        ]
        for row in rows
        if faults.get(row.number)
    )
    return csv_head(head) + csv_lines(lines, None)


def _degrees(cells: Mapping[Field, str], field: Field, blame: Callable[..., None]) -> float | None:
    cell = cells.get(field, "")
    if is_nothing(cell):
        return None
    value = read_degrees(cell)
    if value is None:
        blame(field, "degrees_refused", value=cell[:60])
    return value


def _datum(cells: Mapping[Field, str], defaults: Defaults, blame: Callable[..., None]) -> Crs:
    cell = cells.get(Field.CRS, "")
    if is_nothing(cell):
        return defaults.crs
    datum = read_datum(cell)
    if datum is None:
        blame(Field.CRS, "datum_unknown", value=cell[:60])
    return datum or defaults.crs


def _moment(
    cells: Mapping[Field, str], defaults: Defaults, blame: Callable[..., None]
) -> datetime | None:
    cell = cells.get(Field.HAPPENED_AT, "")
    if is_nothing(cell):
        return None
    moment = read_time(cell, defaults.zone)
    if moment is None:
        blame(Field.HAPPENED_AT, "time_refused", value=cell[:60])
    elif moment > defaults.now + _CLOCK_AHEAD:
        blame(Field.HAPPENED_AT, "time_future", value=cell[:60])
    return moment

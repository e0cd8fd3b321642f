"""Tables out: nothing in them runs, numbers stay numbers, times are the city's."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from yiwang.kit.sheets_out import Cell, csv_chunks, csv_lines, guarded, unguarded, write_xlsx

CITY = timezone(timedelta(hours=8))
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@settings(deadline=None)
@given(st.sampled_from(DANGEROUS), st.text(max_size=20), st.sampled_from(["", " ", "\ufeff"]))
def test_no_text_is_a_formula(mark: str, rest: str, blank: str) -> None:
    text = blank + mark + rest
    safe = guarded(text)
    assert safe == "'" + text or Decimal(text).is_finite()
    assert unguarded(safe) == text


@settings(deadline=None)
@given(st.text().filter(lambda text: not text.startswith("'")))
def test_a_guarded_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@settings(deadline=None)
@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_stay_numbers(number: float) -> None:
    assert guarded(str(number)) == str(number)
    line = csv_lines([[number]], CITY).decode().strip()
    assert float(line) == float(number)


@settings(deadline=None)
@given(st.lists(st.lists(st.text(), min_size=1), min_size=1))
def test_every_text_comes_back_from_csv(rows: list[list[str]]) -> None:
    written = csv_lines(rows, CITY).decode()
    read = list(csv.reader(io.StringIO(written, newline="")))
    expected = [
        [guarded(cell.replace("\0", "")).encode("utf-8", "replace").decode() for cell in row]
        for row in rows
    ]
    assert read == expected
    for row in read:
        for cell in row:
            assert not cell.lstrip().startswith(("=", "@"))


def test_cells_of_every_type_in_csv() -> None:
    moment = datetime(2026, 3, 1, 20, 0, 5, 999, tzinfo=UTC)
    rows: list[list[Cell]] = [
        ["-5", -5, 1.5, Decimal("2.50"), True, None, moment, date(2026, 3, 1), float("nan")]
    ]
    assert csv_lines(rows, CITY) == (
        b'"-5",-5,1.5,2.50,"TRUE","","2026-03-02 04:00:05","2026-03-01",""\r\n'
    )
    for zone, cell in ((CITY, moment.replace(tzinfo=None)), (None, moment)):
        with pytest.raises(ValueError, match="offset"):
            csv_lines([[cell]], zone)


def test_csv_comes_in_pieces() -> None:
    pieces = list(csv_chunks(["编号", "=h"], ([number, "x"] for number in range(1200)), CITY))
    assert pieces[0] == b"\xef\xbb\xbf" + '"编号","\'=h"\r\n'.encode()
    assert [piece.count(b"\r\n") for piece in pieces] == [1, 500, 500, 200]


def test_a_workbook_is_written(tmp_path: Path) -> None:
    moment = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    path = tmp_path / "out.xlsx"
    rows: list[list[Cell]] = [
        ["=1+1", "#N/A", -5, 1234567890123456789, moment, date(2026, 3, 1), None],
        ["a\x00b", "x" * 40_000, 1.5, True, float("inf"), date(1850, 1, 1)],
    ]
    count = write_xlsx(path, ["=a", "b"], rows, ZoneInfo("America/New_York"))
    sheet = load_workbook(path).worksheets[0]
    got = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert count == 2
    assert got[0][:2] == ["'=a", "b"]
    assert got[1][:4] == ["'=1+1", "#N/A", -5, "1234567890123456789"]
    assert got[1][4] == datetime(2026, 7, 1, 8, 0)  # noqa: DTZ001  summer in that zone
    assert got[2][0] == "ab"
    assert len(str(got[2][1])) == 32_767
    assert got[2][2:6] == [1.5, "TRUE", None, "1850-01-01"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}


def test_long_tables_go_on_in_further_sheets(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    assert write_xlsx(path, ["n"], ([n] for n in range(10)), CITY, rows_per_sheet=5) == 10
    sheets = load_workbook(path).worksheets
    assert [[row[0].value for row in sheet.iter_rows()] for sheet in sheets] == [
        ["n", 0, 1, 2, 3],
        ["n", 4, 5, 6, 7],
        ["n", 8, 9],
    ]

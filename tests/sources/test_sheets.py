"""Tables in and out: read by content, typed row by row, given back with what is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from yiwang.ground.packs.coordinates import Crs
from yiwang.kit.errors import Fault, Refusal
from yiwang.kit.words import problems
from yiwang.matters.sources.drafts import ReportDraft
from yiwang.matters.sources.sheet_bytes import Bounds, Row, read_rows
from yiwang.matters.sources.sheet_columns import Columns, Field, choose_columns, suggest_columns
from yiwang.matters.sources.sheet_values import read_datum, read_degrees, read_time
from yiwang.matters.sources.sheets import Defaults, error_file, parse_row, parse_rows, preview

CITY = timezone(timedelta(hours=8))
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
DEFAULTS = Defaults(source="import", zone=CITY, now=NOW, language="zh")
DATA = Path(os.environ.get("YIWANG_DATA") or Path(__file__).parents[3] / "shared" / "data")

HEADER = "工单编号,诉求时间,标题,诉求内容,事发地址,经度,纬度,坐标系,类别,联系人,联系电话,来源,备注"
GOOD = (
    "1001,2020/1/6 12:09:38,井盖,井盖破损,人民大道200号,121.47,31.23,GCJ-02,0101,王伟,138,12345,急"
)


def workbook(rows: list[list[Any]], **sheets: Any) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for name, state in sheets.items():
        book.create_sheet(name, 0).sheet_state = state
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(data: bytes, changes: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return out.getvalue()


def refused(data: bytes, bounds: Bounds | None = None) -> str:
    with pytest.raises(Refusal) as caught:
        read_rows(data, "table.csv", bounds)
    check_words(caught.value.code, caught.value.facts)
    return caught.value.code.removeprefix("sources.sheet_")


def check_words(code: str, facts: Any) -> None:
    for language in ("zh", "en"):
        needed = {name for _, name, _, _ in Formatter().parse(problems()[code][language])}
        assert needed - {None} <= set(facts), code


def codes(faults: ReportDraft | list[Fault]) -> list[tuple[str, str]]:
    assert isinstance(faults, list)
    for fault in faults:
        check_words(fault.code, fault.facts)
    return [(fault.pointer.split("/")[-1], fault.code.split(".")[1]) for fault in faults]


def parse(**cells: str) -> ReportDraft | list[Fault]:
    columns = Columns(tuple(cells), {Field(name): at for at, name in enumerate(cells)})
    return parse_row(Row(2, tuple(cells.values())), columns, DEFAULTS)


# Reading files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_separators_are_found(encoding: str, delimiter: str) -> None:
    text = "编号,内容,时间\r\n1,井盖破损，请修,2020/1/6 12:09:38\r\n\r\n2,路灯不亮,2020/1/7\r\n"
    rows = read_rows(text.replace(",", delimiter).encode(encoding), "a.csv")
    assert rows[0] == Row(1, ("编号", "内容", "时间"))
    assert rows[1].cells == ("1", "井盖破损，请修", "2020/1/6 12:09:38")
    assert [row.number for row in rows] == [1, 2, 4]  # the empty row is counted, not kept


def test_quotes_hold_separators_and_line_ends() -> None:
    rows = read_rows(b'id,text\n1,"a, ""b""\r\nc"\n', "a.csv")
    assert rows[1].cells == ("1", 'a, "b"\nc')


def test_one_column_is_a_table() -> None:
    assert [row.cells for row in read_rows("内容\n路灯坏\n".encode(), "a.csv")] == [
        ("内容",),
        ("路灯坏",),
    ]


def test_an_open_quote_is_an_error_not_a_loss() -> None:
    assert refused(b'id,text\n1,"open\n2,b\n') == "broken"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\r\n , ,\r\n", "empty"),
        (b"%PDF-1.7", "type"),
        (b"\xff\xd8\xff\xe0", "type"),
        (b"\xef\xbb\xbf <html><table>", "type"),
        (b"a,b\n\0\0", "type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_xls"),
        (b"\xffabc\xff\n", "encoding"),
        (b"PK\x03\x04 not a zip", "broken"),
        (gzip.compress(b"a,b", mtime=0), "type"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_a_table_stays_within_its_bounds() -> None:
    table = b"a,b\n" + b"1,2\n" * 10
    assert refused(table, Bounds(max_rows=9)) == "too_many_rows"
    assert len(read_rows(table, "a.csv", Bounds(max_rows=10))) == 11
    assert refused(table, Bounds(max_columns=1)) == "too_many_columns"
    assert refused(table, Bounds(max_bytes=20)) == "too_large"
    assert refused(b"a\n" + b"x" * 50, Bounds(max_cell=49)) == "broken"


def test_a_workbook_is_read_as_it_looks() -> None:
    moment = datetime(2020, 1, 6, 12, 9, 38)  # noqa: DTZ001  a cell knows no zone
    data = workbook(
        [
            ["编号", "时间", "内容", "数", "日", None],
            [101000295613, moment, " 井盖\r\n破损 ", 1.5, date(2020, 1, 6), True],
            [None, None],
            ["00012", "", "路灯", 3.0, None, "=1+1"],
        ],
        hidden="hidden",
    )
    rows = read_rows(data, "a.xlsx")
    assert rows[1].cells == (
        "101000295613",
        "2020-01-06 12:09:38",
        "井盖\n破损",
        "1.5",
        "2020-01-06 00:00:00",
        "TRUE",
    )
    assert rows[2] == Row(4, ("00012", "", "路灯", "3"))  # a formula nobody has calculated


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("a.txt", "hello")
    assert refused(out.getvalue()) == "type"


def test_a_zip_bomb_is_refused_unopened() -> None:
    bomb = repacked(workbook([["a"], ["b"]]), {"xl/worksheets/sheet1.xml": b" " * 3_000_000})
    assert len(bomb) < 20_000
    assert refused(bomb, Bounds(max_unpacked=2_000_000)) == "too_large"


def test_entities_in_a_workbook_are_refused() -> None:
    sheet = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
    )
    data = repacked(workbook([["a"]]), {"xl/worksheets/sheet1.xml": sheet})
    assert refused(data) == "broken"


@pytest.mark.parametrize(
    "row",
    [b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>', b'<row r="x"/>', b"<row"],
)
def test_a_workbook_that_lies_about_its_rows_is_refused(row: bytes) -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + row
        + b"</sheetData></worksheet>"
    )
    data = repacked(workbook([["a"]]), {"xl/worksheets/sheet1.xml": sheet})
    assert refused(data) == "broken"


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"a,b\n", b"\xff\xfe"]))
def test_any_bytes_are_read_or_refused(rest: bytes, mark: bytes) -> None:
    try:
        rows = read_rows(mark + rest, "a.csv")
    except Refusal as refusal:
        check_words(refusal.code, refusal.facts)
    else:
        assert all(row.cells and row.cells[-1] for row in rows)


# Recognising columns


def test_chinese_headings_are_recognised() -> None:
    columns = suggest_columns(HEADER.split(","))
    assert [field.value for field in sorted(columns.fields, key=columns.fields.__getitem__)] == [
        "external_id",
        "happened_at",
        "title",
        "text",
        "address",
        "lon",
        "lat",
        "crs",
        "kind",
        "reporter_name",
        "reporter_phone",
        "source",
    ]
    assert columns.attribute_columns() == (("备注", 12),)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("经度(WGS84),纬度（度）", {"lon": 0, "lat": 1}),
        ("Report ID, Created-At ,Full_Address", {"external_id": 0, "happened_at": 1, "address": 2}),
        ("id,title,time,text,label", {"external_id": 0, "title": 1, "happened_at": 2, "text": 3}),
        ("编号,工单编号", {"external_id": 1}),  # the better heading wins
        ("foo,bar", {}),
    ],
)
def test_headings(header: str, expected: dict[str, int]) -> None:
    assert suggest_columns(header.split(",")).fields == expected


def test_a_person_may_choose_otherwise() -> None:
    header = ["a", "b", "b"]
    columns = choose_columns(header, {"text": "b", "title": 0})
    assert columns.fields == {Field.TEXT: 1, Field.TITLE: 0}
    assert columns.attribute_columns() == (("b (3)", 2),)
    for chosen, code in (({"text": "c"}, "column"), ({"text": 3}, "column"), ({"x": 0}, "field")):
        with pytest.raises(Refusal) as caught:
            choose_columns(header, chosen)
        assert caught.value.code == f"sources.{code}_unknown"
        check_words(caught.value.code, caught.value.facts)


# Typing rows


def test_a_full_row_becomes_a_report() -> None:
    draft = parse_row(Row(2, tuple(GOOD.split(","))), suggest_columns(HEADER.split(",")), DEFAULTS)
    assert draft == ReportDraft(
        source="12345",
        external_id="1001",
        text="井盖破损",
        title="井盖",
        address="人民大道200号",
        lon=121.47,
        lat=31.23,
        crs=Crs.GCJ02,
        kind="0101",
        happened_at=datetime(2020, 1, 6, 12, 9, 38, tzinfo=CITY),
        reporter_name="王伟",
        reporter_phone="138",
        language="zh",
        attributes={"备注": "急"},
    )


def test_a_title_alone_is_enough() -> None:
    draft = parse(title="路灯坏了", lon="-", lat="无", happened_at="NULL")
    assert isinstance(draft, ReportDraft)
    assert (draft.text, draft.lon, draft.crs, draft.happened_at) == ("路灯坏了", None, None, None)


def test_swapped_coordinates_are_left_to_places() -> None:
    draft = parse(text="x", lon="31.23", lat="121.47")
    assert isinstance(draft, ReportDraft)
    assert (draft.lon, draft.lat, draft.crs) == (31.23, 121.47, Crs.WGS84)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"text": "", "title": ""}, [("text", "text_missing")]),
        ({"text": "x", "lon": "121"}, [("lat", "coordinate_incomplete")]),
        ({"text": "x", "lon": "121.4", "lat": "-"}, [("lat", "coordinate_incomplete")]),
        ({"text": "x", "lon": "east", "lat": "31"}, [("lon", "degrees_refused")]),
        ({"text": "x", "lon": "1", "lat": "1", "crs": "mars"}, [("crs", "datum_unknown")]),
        ({"text": "x", "happened_at": "1/6/2020"}, [("happened_at", "time_refused")]),
        ({"text": "x", "happened_at": "2026/3/2 12:11"}, [("happened_at", "time_future")]),
        ({"text": "x", "external_id": "1.01E+11"}, [("external_id", "id_rounded")]),
        ({"text": "x", "reporter_phone": "1" * 41}, [("reporter_phone", "field_too_long")]),
        (
            {"text": "", "happened_at": "soon", "lon": "a", "lat": "b"},
            [
                ("text", "text_missing"),
                ("lon", "degrees_refused"),
                ("lat", "degrees_refused"),
                ("happened_at", "time_refused"),
            ],
        ),
    ],
)
def test_all_faults_of_a_row_are_told(
    cells: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert codes(parse(**cells)) == expected


def test_more_cells_than_headings_are_a_fault() -> None:
    columns = suggest_columns(["text"])
    assert codes(parse_row(Row(2, ("a", "b")), columns, DEFAULTS)) == [("2", "row_too_wide")]


def test_a_number_used_twice_is_a_fault() -> None:
    columns = suggest_columns(["id", "text"])
    rows = [Row(2, ("1", "a")), Row(3, ("2", "b")), Row(4, ("1", "c")), Row(5, ("", "d"))]
    results = [result for _, result in parse_rows(rows, columns, DEFAULTS)]
    assert codes(results[2]) == [("external_id", "row_repeated")]
    assert all(isinstance(result, ReportDraft) for result in (*results[:2], results[3]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020/1/6 12:09:38", "2020-01-06T12:09:38+08:00"),
        ("2020-01-06T12:09", "2020-01-06T12:09:00+08:00"),
        ("2020-01-06 12:09:38.123+00:00", "2020-01-06T12:09:38+00:00"),
        ("2020-01-06T12:09:38Z", "2020-01-06T12:09:38+00:00"),
        ("2020.1.6", "2020-01-06T00:00:00+08:00"),
        ("2020年1月6日", "2020-01-06T00:00:00+08:00"),
        ("2020年1月6日 12时09分38秒", "2020-01-06T12:09:38+08:00"),
        ("2020年1月6日 星期一 下午3点5分", "2020-01-06T15:05:00+08:00"),
        ("2020/1/6 上午 12:09:38", "2020-01-06T00:09:38+08:00"),
        ("2020/1/6 3:09 PM", "2020-01-06T15:09:00+08:00"),
        ("2020/1/6 中午12:30", "2020-01-06T12:30:00+08:00"),
        ("20200106120938", "2020-01-06T12:09:38+08:00"),
        ("20200106", "2020-01-06T00:00:00+08:00"),
        ("43836.50668981482", "2020-01-06T12:09:38+08:00"),
        ("43836", "2020-01-06T00:00:00+08:00"),
        ("2020/2/30", None),
        ("2020/1/6 25:00", None),
        ("6.1.2020", None),
        ("0001-01-01", None),
        ("٢٠٢٠-٠١-٠٦", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times(text: str, expected: str | None) -> None:
    moment = read_time(text, CITY)
    assert (moment.isoformat() if moment else None) == expected


@settings(deadline=None)
@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_every_moment_is_read_as_it_is_written(wall: datetime) -> None:
    wall = wall.replace(microsecond=0)
    for shape in (
        "%Y/%m/%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y%m%d%H%M%S",
        "%Y年%m月%d日%H时%M分%S秒",
    ):
        assert read_time(wall.strftime(shape), CITY) == wall.replace(tzinfo=CITY)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_cell_is_read_or_refused(text: str) -> None:
    read_time(text, CITY)
    read_datum(text)
    value = read_degrees(text)
    assert value is None or abs(value) <= 180


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WGS-84", Crs.WGS84),
        ("epsg:4490", Crs.CGCS2000),
        ("火星坐标系", Crs.GCJ02),
        ("高德坐标", Crs.GCJ02),
        ("bd09", Crs.BD09),
        ("mars", None),
    ],
)
def test_names_of_coordinate_systems(text: str, expected: Crs | None) -> None:
    assert read_datum(text) is expected


def test_degrees_are_plain_decimals() -> None:
    assert [read_degrees(text) for text in ("121.47°", "-71.05", ".5", "180")] == [
        121.47,
        -71.05,
        0.5,
        180.0,
    ]
    assert {read_degrees(text) for text in ("nan", "1e2", "1_0", "181", "31,2", "")} == {None}


# Preview and the file of errors


def table() -> bytes:
    bad = "1002,明天,,,=cmd|' /C calc'!A0,121.47,,火星,0101,+86 138,,12345,急"
    return "\n".join((HEADER, GOOD, bad, GOOD)).encode("gb18030")


def test_a_preview_tells_what_would_happen() -> None:
    found = preview(table(), "a.csv", DEFAULTS)
    assert (found.total, found.valid, sorted(found.faults)) == (3, 1, [3, 4])
    assert found.first_rows[0].cells[3] == "井盖破损"
    assert [fault.code.split(".")[1] for fault in found.faults[3]] == [
        "text_missing",
        "coordinate_incomplete",
        "time_refused",
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_error_file_can_be_mended_and_sent_again(language: str) -> None:
    found = preview(table(), "a.csv", DEFAULTS)
    rows = read_rows(table(), "a.csv")
    data = error_file(rows[0].cells, rows, found.faults, language)
    assert data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [line[0] for line in lines[1:]] == ["3", "4"]
    assert lines[1][5] == "'=cmd|' /C calc'!A0"
    assert found.faults[3][0].say(language) in lines[1][-1]
    again = read_rows(data, "errors.csv")
    assert again[1].cells[1:14] == (*rows[2].cells,)
    columns = suggest_columns(again[0].cells)
    assert columns.attribute_columns() == (("备注", 13),)
    mended = preview(data.replace("明天".encode(), b"2020/1/6"), "errors.csv", DEFAULTS)
    assert [fault.code.split(".")[1] for fault in mended.faults[2]] == [
        "text_missing",
        "coordinate_incomplete",
    ]


# Real tables


@pytest.mark.skipif(not (DATA / "messages-zh").exists(), reason="the shared data is not here")
def test_real_chinese_messages_are_taken_whole() -> None:
    found = preview((DATA / "messages-zh" / "labelled.csv").read_bytes(), "labelled.csv", DEFAULTS)
    assert set(found.columns.fields) == {
        Field.EXTERNAL_ID,
        Field.TITLE,
        Field.HAPPENED_AT,
        Field.TEXT,
    }
    assert found.total == 935
    assert {fault.code for faults in found.faults.values() for fault in faults} <= {
        "sources.row_repeated"
    }


@pytest.mark.skipif(not (DATA / "boston311").exists(), reason="the shared data is not here")
def test_real_boston_requests_are_taken_whole() -> None:
    data = gzip.decompress((DATA / "boston311" / "requests-2011-q3.csv.gz").read_bytes())
    boston = Defaults(source="boston311", zone=ZoneInfo("America/New_York"), now=NOW)
    found = preview(data, "boston.csv", boston)
    assert (found.total, found.valid) == (31_828, 31_828)
    assert found.columns.fields[Field.LAT] == 26
    assert found.columns.fields[Field.KIND] == 10

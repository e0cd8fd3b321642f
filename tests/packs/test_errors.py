"""Every error a pack can have: spoiled once, found with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from yiwang.ground.packs.findings import PackErrors
from yiwang.ground.packs.reading import read_pack
from yiwang.kit import words

_CODE_LIST = {
    name
    for name in words.problems()
    if name.startswith("packs.") and f"{name}.remedy" in words.problems()
}


@dataclass(frozen=True, slots=True)
class Spoil:
    """One way to break the small city, and where the error must be reported."""

    code: str
    file: str
    line: int
    do: Callable[[Path], None]


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return do


def append(file: str, line: str) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as opened:
            opened.write(line + "\n")

    return do


def write(file: str, content: str | bytes) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return do


def box(code: str, west: float, south: float, east: float, north: float) -> str:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return (
        f'{{"type":"Feature","properties":{{"code":"{code}"}},'
        f'"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}'
    )


def areas(*features: str) -> Callable[[Path], None]:
    lines = ",\n".join(features)
    text = f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}'
    return write("areas/a.geojson", text)


def both(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        for step in steps:
            step(folder)

    return do


OVERLAY = 'name = "pilot"\nplace = "d1"\nbasis = "XIX"\n'
CITY, DISTRICT, TOWN = (
    box("city", 0, 0, 4, 4),
    box("d1", 0, 0, 4, 4),
    box("t1", 1, 1, 2, 2),
)
BOWTIE = CITY.replace("[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]", "[[0,0],[4,4],[4,0],[0,4],[0,0]]")

SPOILS = (
    Spoil("file_missing", "units.csv", 0, lambda folder: (folder / "units.csv").unlink()),
    Spoil("not_utf8", "words.csv", 2, write("words.csv", b"key,zh,en\na,\xff,b\n")),
    Spoil("toml_syntax", "pack.toml", 3, replace("pack.toml", 'version = "1"', "version = 1 2")),
    Spoil("yaml_syntax", "screen.yaml", 3, replace("screen.yaml", "fresh_s: 15", "fresh_s: [15")),
    Spoil("json_syntax", "areas/a.geojson", 2, write("areas/a.geojson", '{"features":[\n}')),
    Spoil("csv_syntax", "words.csv", 4, append("words.csv", '"' + "x" * 140_000)),
    Spoil("geojson_shape", "areas/a.geojson", 1, write("areas/a.geojson", "[1]")),
    Spoil("column_missing", "limits.csv", 1, replace("limits.csv", "kind,stage", "sort,stage")),
    Spoil("row_length", "calendar.csv", 3, append("calendar.csv", "2026-01-02,off")),
    Spoil("value_missing", "pack.toml", 2, replace("pack.toml", 'name = "small"', 'name = ""')),
    Spoil("value_wrong", "limits.csv", 3, replace("limits.csv", "handle,,5,", "handle,,-5,")),
    Spoil("duplicate", "places.csv", 5, append("places.csv", "t1,d1,town,乙,B,,sample,,,")),
    Spoil("area_code_missing", "areas/a.geojson", 1, areas(CITY.replace('"code"', '"id"'))),
    Spoil("area_unreadable", "areas/a.geojson", 2, areas(CITY.replace("Polygon", "Point"))),
    Spoil("area_invalid", "areas/a.geojson", 2, areas(BOWTIE)),
    Spoil(
        "area_missing",
        "places.csv",
        5,
        both(
            areas(CITY, DISTRICT, TOWN),
            append("places.csv", "t2,d1,town,第二街道,Second,,sample,,,"),
        ),
    ),
    Spoil("area_outside", "areas/a.geojson", 3, areas(DISTRICT, box("t1", 3, 3, 5, 5))),
    Spoil(
        "area_overlap",
        "areas/a.geojson",
        3,
        both(
            areas(TOWN, box("t2", 1.5, 1.5, 3, 3)),
            append("places.csv", "t2,d1,town,第二街道,Second,,sample,,,"),
        ),
    ),
    Spoil("place_unknown", "units.csv", 3, replace("units.csv", "centre,d1,", "centre,d9,")),
    Spoil("parent_missing", "places.csv", 4, replace("places.csv", "t1,d1,", "t1,,")),
    Spoil(
        "parent_unknown", "units.csv", 5, replace("units.csv", "sanitation,t1_", "sanitation,x_")
    ),
    Spoil(
        "parent_cycle", "units.csv", 5, replace("units.csv", "tion,t1_centre", "tion,t1_sanitation")
    ),
    Spoil("level_order", "places.csv", 4, replace("places.csv", "d1,town", "d1,district")),
    Spoil("code_illegal", "units.csv", 5, replace("units.csv", "t1_sanitation", "t1.sanitation")),
    Spoil(
        "dates_reversed",
        "places.csv",
        5,
        append("places.csv", "t2,d1,town,乙,B,,sample,,2026-01-02,2026-01-02"),
    ),
    Spoil("timezone_unknown", "pack.toml", 4, replace("pack.toml", "UTC", "Asia/Moon")),
    Spoil("post_without_unit", "posts.csv", 11, append("posts.csv", "nobody,,,x,甲,A,handler")),
    Spoil("duty_unknown", "posts.csv", 7, replace("posts.csv", ",handler\n", ",juggler\n")),
    Spoil("kind_unmatched", "limits.csv", 4, replace("limits.csv", "event/1/0102", "event/2/*")),
    Spoil("limit_overlap", "limits.csv", 5, append("limits.csv", "*,handle,,9,working_day,,,,,")),
    Spoil(
        "responsibility_overlap",
        "responsibility.csv",
        3,
        append("responsibility.csv", "event/1/01,city,territory,,,,,"),
    ),
    Spoil(
        "function_unknown",
        "responsibility.csv",
        2,
        replace("responsibility.csv", "town,sanitation", "city,sanitation"),
    ),
    Spoil(
        "assist_unknown",
        "responsibility.csv",
        2,
        replace("responsibility.csv", "territory", "magic"),
    ),
    Spoil(
        "setting_unknown",
        "overlays/pilot.toml",
        5,
        write("overlays/pilot.toml", OVERLAY + '[settings]\n"match.radius" = 1\n'),
    ),
    Spoil(
        "calendar_gap", "calendar.csv", 0, append("calendar.csv", "2028-01-01,off,元旦,New Year")
    ),
    Spoil("language_missing", "words.csv", 3, replace("words.csv", "Sanitation", "")),
)


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.code)
def test_each_error_is_found_where_it_stands(spoil: Spoil, folder: Path) -> None:
    spoil.do(folder)
    with pytest.raises(PackErrors) as caught:
        read_pack(folder)
    found = [error for error in caught.value.errors if error.code == f"packs.{spoil.code}"]
    assert [(error.file, error.line) for error in found] == [(spoil.file, spoil.line)]
    for text in (found[0].message_en, found[0].message_zh, found[0].remedy_en, found[0].remedy_zh):
        assert text
        assert "{" not in text
    assert found[0].say("en") != found[0].say("zh")


def test_every_code_is_tried() -> None:
    assert {f"packs.{spoil.code}" for spoil in SPOILS} == _CODE_LIST


def test_all_errors_are_told_at_once(folder: Path) -> None:
    replace("limits.csv", "handle,,5,", "handle,,-5,")(folder)
    replace("words.csv", "Sanitation", "")(folder)
    write("areas/a.geojson", "[1]")(folder)
    with pytest.raises(PackErrors) as caught:
        read_pack(folder)
    errors = caught.value.errors
    assert {error.file for error in errors} == {"limits.csv", "words.csv", "areas/a.geojson"}
    assert list(errors) == sorted(errors)
    assert str(caught.value).count("\n") == len(errors) - 1


MANIFEST_SPOILS = (
    ('weekdays = ["mon", "tue"', 'weekdays = ["monday", "tue"', 14),
    ('"09:00-12:00"', '"12:00-09:00"', 15),
    ('languages = ["zh", "en"]', 'languages = ["zh", "fr"]', 5),
    ('languages = ["zh", "en"]', 'languages = "zh"', 5),
    ("day_starts_next = true", 'day_starts_next = "yes"', 16),
)


@pytest.mark.parametrize(("old", "new", "line"), MANIFEST_SPOILS)
def test_values_of_the_manifest(folder: Path, old: str, new: str, line: int) -> None:
    replace("pack.toml", old, new)(folder)
    with pytest.raises(PackErrors) as caught:
        read_pack(folder)
    wrong = [error for error in caught.value.errors if error.code == "packs.value_wrong"]
    assert [(error.file, error.line) for error in wrong] == [("pack.toml", line)]


def test_a_quoted_cell_over_two_lines_keeps_the_count(folder: Path) -> None:
    append("words.csv", '"a","甲\n乙","A\nB"')(folder)
    append("words.csv", "b,丙,")(folder)
    with pytest.raises(PackErrors) as caught:
        read_pack(folder)
    assert [(error.file, error.line) for error in caught.value.errors] == [("words.csv", 7)]


def test_a_folder_without_a_pack(tmp_path: Path) -> None:
    with pytest.raises(PackErrors) as caught:
        read_pack(tmp_path)
    assert [error.code for error in caught.value.errors] == ["packs.file_missing"]

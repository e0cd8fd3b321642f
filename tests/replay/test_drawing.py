"""Tables and boundaries drawn from a small made-up city."""

from __future__ import annotations

import csv
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest
import shapely
from tests.replay import sample

from yiwang.ground.packs.model import ClockKind, Level
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.taxonomy import Taxonomy
from yiwang.kit.errors import Refusal
from yiwang.replay.dataset import read_adapter, read_duplicates, read_records
from yiwang.replay.drawing import draw_from_records
from yiwang.replay.tables import draw_tables


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return sample.write_pack(tmp_path / "sample")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return sample.write_records(tmp_path / "records", sample.rows(), {"1002": "1001"})


def test_drawn_tables_make_a_pack_without_areas(pack: Path, data: Path) -> None:
    drawn = draw_tables(data, pack)
    city = read_pack(pack)
    assert not city.areas
    paths = {place.code: place.path for place in city.places}
    assert paths["p0101"] == "sample.old_town.w01.p0101"
    # A ward in two neighbourhoods is one town in each, so that places stay a tree.
    assert paths["p0201"] == "sample.old_town.w02_old_town.p0201"
    assert paths["p0202"] == "sample.new_town.w02_new_town.p0202"
    lamp = [limit for limit in city.limits if limit.kind == "sample/1/lamp-out"]
    assert [(limit.clock, round(limit.amount)) for limit in lamp] == [(ClockKind.WORKING_HOUR, 16)]
    assert not [limit for limit in city.limits if limit.kind == "sample/1/pothole"]
    assert drawn.due_within_minute == 1.0
    assert {unit.code for unit in city.units if unit.kind == "queue"} == {
        "pw_lamps",
        "pw_roads",
        "pw_roads_east",
    }


def test_a_place_has_its_own_queue_where_the_records_show_it(pack: Path, data: Path) -> None:
    drawn = draw_tables(data, pack)
    city = read_pack(pack)
    kinds = Taxonomy.build(city)
    leads = {}
    for place in city.places:
        found = kinds.responsibility_for("sample/1/pothole", place.path, date(2011, 3, 7))
        assert found is not None
        leads[place.code] = found.lead
    assert leads["p0101"] == leads["p0201"] == "pw_roads"
    assert leads["p0102"] == leads["p0202"] == "pw_roads_east"
    assert drawn.queue_share == 1.0


def test_areas_hold_their_points_and_do_not_overlap(pack: Path, data: Path) -> None:
    draw_tables(data, pack)
    drawn = draw_from_records(data, pack)
    assert drawn.points == 144  # the one at the placeholder says nothing
    assert drawn.ward_share == drawn.precinct_share == drawn.neighbourhood_share == 1.0
    assert any("ward 100" in line for line in drawn.lines())
    city = read_pack(pack)
    assert len(city.areas) == len(city.places)
    shapes = {code: shapely.from_wkb(area) for code, area in city.areas.items()}
    for level in Level:
        same = [shapes[place.code] for place in city.places if place.level == level]
        for one, other in combinations(same, 2):
            assert shapely.intersection(one, other).area < 1e-9
    grids = [shapes[place.code] for place in city.places if place.level == Level.GRID]
    assert shapely.symmetric_difference(
        shapely.union_all(grids),
        shapely.union_all([shapes["old_town"], shapes["new_town"]]),
    ).area == pytest.approx(0, abs=1e-9)


def test_drawing_twice_gives_the_same_files(pack: Path, data: Path) -> None:
    draw_tables(data, pack)
    draw_from_records(data, pack)
    first = {path.name: path.read_bytes() for path in (pack / "areas").iterdir()}
    (pack / "areas" / "stale.geojson").write_text("{}")
    draw_from_records(data, pack)
    assert {path.name: path.read_bytes() for path in (pack / "areas").iterdir()} == first


def test_records_are_read_by_the_packs_own_words(pack: Path, data: Path) -> None:
    adapter = read_adapter(pack)
    records = read_records(data, adapter)
    assert [record.opened for record in records] == sorted(record.opened for record in records)
    by_id = {record.id: record for record in records}
    assert by_id["1000"].neighbourhood == "Old Town"  # the older name counts for the present one
    assert by_id["1000"].ward == "1"
    assert by_id["2000"].placeholder
    assert not by_id["1000"].placeholder
    assert read_duplicates(data, adapter) == {"1002": "1001"}


def test_missing_records_are_named(pack: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(Refusal, match=r"replay\.data_missing"):
            draw_from_records(folder, pack)


def test_a_pack_that_cannot_read_records_says_so(data: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"replay\.mapping_missing"):
        draw_tables(data, tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("opened", "yesterday", "replay.record_wrong"),
        ("opened", "", "replay.record_wrong"),
        ("lon", "west", "replay.record_wrong"),
        ("type", "Unheard of", "replay.names_missing"),
    ],
)
def test_what_cannot_be_read_is_refused(
    pack: Path, tmp_path: Path, column: str, value: str, code: str
) -> None:
    table = sample.rows()
    table[3][column] = value
    data = sample.write_records(tmp_path / "wrong", table, {})
    with pytest.raises(Refusal) as caught:
        draw_tables(data, pack)
    assert caught.value.code == code


def test_a_missing_column_is_named(pack: Path, data: Path) -> None:
    path = data / "requests-1.csv"
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    table[0][table[0].index("queue")] = "line"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)
    with pytest.raises(Refusal) as caught:
        draw_tables(data, pack)
    assert caught.value.facts["column"] == "queue"


def test_records_outside_every_precinct_draw_nothing(pack: Path, data: Path) -> None:
    draw_tables(data, pack)
    table = [row | {"precinct": ""} for row in sample.rows()]
    nowhere = sample.write_records(data.parent / "nowhere", table, {})
    with pytest.raises(Refusal, match=r"replay\.nothing_to_draw"):
        draw_from_records(nowhere, pack)

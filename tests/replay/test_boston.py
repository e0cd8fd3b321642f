"""The shipped pack of a real city, and what its records say about it."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import Counter
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tests.replay.fake import FakeCity, serving

from yiwang.ground.city import City
from yiwang.ground.packs.model import Level, UnitKind
from yiwang.ground.packs.reading import read_pack
from yiwang.kit.errors import Refusal
from yiwang.replay.dataset import read_adapter, read_duplicates, read_records
from yiwang.replay.drawing import draw_from_records
from yiwang.replay.naming import grid_code, kind_key, unit_code
from yiwang.replay.plan import Known, make_plan
from yiwang.replay.running import repeatable_kinds, replay_records
from yiwang.replay.tables import draw_tables

SHIPPED = Path(__file__).resolve().parents[2] / "packs" / "boston"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The pack as it is shipped: without areas."""
    shutil.copytree(SHIPPED, tmp_path / "boston", ignore=shutil.ignore_patterns("areas"))
    return tmp_path / "boston"


@pytest.fixture
def data(data_folder: Path) -> Path:
    folder = data_folder / "boston311"
    if not folder.is_dir():
        pytest.skip(f"the real records are not at {folder}")
    return folder


def test_the_pack_stands_without_its_areas(pack: Path) -> None:
    city = read_pack(pack)
    assert not city.areas
    levels = Counter(place.level for place in city.places)
    assert (levels[Level.CITY], levels[Level.DISTRICT]) == (1, 17)
    wards = {place.code[:3] for place in city.places if place.level == Level.TOWN}
    assert len(wards) == 22
    assert levels[Level.GRID] == 254
    assert sum(unit.kind == UnitKind.QUEUE for unit in city.units) == 97
    parents = {kind.parent for kind in city.kinds}
    assert sum(kind.key not in parents for kind in city.kinds) == 129
    handlers = {post.unit for post in city.posts if "handler" in post.duties}
    assert {unit.code for unit in city.units if unit.kind == UnitKind.QUEUE} == handlers
    assert {day.day.year for day in city.calendar} == {2011, 2012}


def test_every_kind_has_one_unit_that_leads(pack: Path) -> None:
    city = City.build(read_pack(pack))
    parents = {kind.parent for kind in city.pack.kinds}
    for kind in city.pack.kinds:
        if kind.key in parents:
            continue
        for place in city.pack.places:
            found = city.taxonomy.responsibility_for(kind.key, place.path, date(2011, 7, 1))
            assert found is not None
            assert len(city.units_with(found.lead, place.path)) == 1


def test_the_shipped_tables_are_what_the_records_say(pack: Path, data: Path) -> None:
    drawn = draw_tables(data, pack)
    for label in drawn.rows:
        assert (pack / label).read_bytes() == (SHIPPED / label).read_bytes(), label
    assert drawn.due_within_minute > 0.75
    assert drawn.due_within_day > 0.95
    assert drawn.queue_share > 0.85


def test_the_drawn_wards_are_the_recorded_ones(pack: Path, data: Path) -> None:
    drawn = draw_from_records(data, pack)
    assert drawn.ward_share > 0.95
    assert drawn.neighbourhood_share > 0.9
    city = City.build(read_pack(pack))
    assert len(city.pack.areas) == len(city.pack.places)


def test_areas_drawn_from_some_records_hold_for_the_others(pack: Path, data: Path) -> None:
    """Every seventh record is kept back from the drawing and then located."""
    adapter = read_adapter(pack)
    source = next(data.glob(adapter.records))
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    most = pack.parent / "most"
    most.mkdir()
    with gzip.open(most / source.name, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [header, *(line for number, line in enumerate(lines) if number % 7)]
        )
    draw_from_records(most, pack)
    drawn = {record.id for record in read_records(most, adapter)}
    kept = [
        record
        for record in read_records(data, adapter)
        if record.id not in drawn and not record.placeholder and grid_code(adapter, record)
    ]
    locator = City.build(read_pack(pack)).locator
    found = locator.locate_many(
        np.array([record.lon for record in kept]), np.array([record.lat for record in kept])
    )
    right = sum(
        index >= 0 and locator.places[index].code[1:3] == record.precinct[:2]
        for index, record in zip(found, kept, strict=True)
    )
    assert len(kept) > 4000
    assert right / len(kept) > 0.95


def test_the_plan_holds_every_record(pack: Path, data: Path) -> None:
    adapter = read_adapter(pack)
    records = read_records(data, adapter)
    city = read_pack(pack)
    known = Known(
        kinds={kind.key for kind in city.kinds},
        repeatable=repeatable_kinds(city),
        places={place.code for place in city.places},
        units={unit.code for unit in city.units},
    )
    assert {kind_key(adapter, record.type) for record in records} <= set(known.kinds)
    assert {unit_code(record.queue) for record in records} <= set(known.units)
    plan = make_plan(records, adapter, known)
    assert plan.reports == len(records)
    assert plan.closings == sum(record.closed is not None for record in records)
    marks = read_duplicates(data, adapter)
    assert marks
    assert set(marks) <= {record.id for record in records}


@pytest.fixture
def few(pack: Path, data: Path, tmp_path: Path) -> Path:
    """The first 300 records."""
    folder = tmp_path / "few"
    folder.mkdir()
    _cut(next(data.glob(read_adapter(pack).records)), folder / "requests-cut.csv.gz", 300)
    return folder


async def test_the_whole_replay_against_a_stand_in(pack: Path, few: Path, tmp_path: Path) -> None:
    """The first records only: the real service has its own tests."""
    assert draw_from_records(few, pack).areas["grid"] == 254  # also where these have no point
    city = FakeCity()
    home = tmp_path / "home"
    screen = Console(record=True, width=120, quiet=True)
    async with serving(city.handle) as url:
        found = await replay_records(pack, few, url, "key", "desk", home, console=screen)
        again = await replay_records(
            pack, few, url, "key", "desk", home, as_json=True, console=screen
        )
    assert found["reports"] == len(city.reports) == 300
    assert found["cases"] == len(city.cases)
    assert found["attached"] + found["cases"] == 300
    assert not found["refused"]
    assert again["reports"] == 300
    assert again["verdicts"] == found["verdicts"]


def _cut(source: Path, target: Path, count: int) -> None:
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows = list(islice(csv.reader(file), count + 1))
    with gzip.open(target, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


async def test_missing_records_stop_a_replay_at_once(pack: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"replay\.data_missing"):
        await replay_records(
            pack, tmp_path / "nowhere", "http://localhost:1", "key", "desk", tmp_path
        )

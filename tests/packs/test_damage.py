"""A damaged pack is told about, never crashed upon."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.ground.authority.model import Duty
from yiwang.ground.packs.findings import PackErrors
from yiwang.ground.packs.model import DUTIES, Pack
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.packs.skeleton import write_skeleton

OVERLAY = """name = "pilot"
place = "d1"
valid_from = 2026-01-01
basis = "XIX"
[settings]
"match.hours" = 2
[[limits]]
kind = "*"
stage = "handle"
amount = 3
clock = "working_day"
[[responsibility]]
kind = "event/1/01"
level = "town"
lead = "sanitation"
assist = ["territory"]
"""
AREAS = """{"type":"FeatureCollection","crs":"GCJ-02","features":[
{"type":"Feature","properties":{"code":"t1"},"geometry":{"type":"Polygon","coordinates":
[[[121.0,31.0],[121.1,31.0],[121.1,31.1],[121.0,31.0]]]}}
]}
"""
BITS = st.sampled_from(
    (
        '"',
        ",",
        "\n",
        "[",
        "]",
        "{",
        "}",
        "=",
        "0",
        "-1",
        "1e999",
        "null",
        "nan",
        "é",
        "\x00",
        "\u2028",
    )
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "small"
    write_skeleton(folder, "small")
    (folder / "overlays").mkdir()
    (folder / "overlays" / "pilot.toml").write_text(OVERLAY, encoding="utf-8")
    (folder / "areas").mkdir()
    (folder / "areas" / "town.geojson").write_text(AREAS, encoding="utf-8")
    read_pack(folder)
    return folder


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_damage_is_a_crash(whole: Path, data: st.DataObject) -> None:
    names = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    name = data.draw(st.sampled_from(names))
    text = (whole / name).read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 12))
    bits = "".join(data.draw(st.lists(BITS, max_size=3)))
    damaged = whole.parent / "damaged"
    shutil.rmtree(damaged, ignore_errors=True)
    shutil.copytree(whole, damaged)
    spoiled = text[:start] + bits + text[start + length :]
    (damaged / name).write_text(spoiled, encoding="utf-8", newline="")
    with suppress(PackErrors):
        assert isinstance(read_pack(damaged), Pack)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "pack.toml",
            "name = 1\nversion = []\ntitle = 3\nsettings = 4\nworktime = 5\nlanguages = [6]",
        ),
        ("overlays/pilot.toml", "name = 1\nplace = []\nlimits = 3\nvalid_from = 'x'\nbasis = {}"),
        ("overlays/pilot.toml", OVERLAY.replace("[[limits]]", "[limits]")),
        ("areas/town.geojson", '{"features":[1, null, {"properties":[]}]}'),
        ("areas/town.geojson", AREAS.replace("121.1", '"x"')),
        ("areas/town.geojson", AREAS.replace("121.1", "1e999")),
        ("areas/town.geojson", AREAS.replace("Polygon", "MultiPolygon")),
        ("areas/town.geojson", AREAS.replace("[[[121.0,31.0]", "[[[121.0]")),
        ("areas/town.geojson", "[" * 100_000),
        ("places.csv", ""),
        ("units.csv", "\ufeffcode\n"),
    ],
)
def test_wrong_shapes_are_errors(whole: Path, tmp_path: Path, file: str, text: str) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(whole, damaged)
    (damaged / file).write_text(text, encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        read_pack(damaged)
    assert file in {error.file for error in caught.value.errors}


def test_the_duties_a_post_may_list_are_those_of_the_authority() -> None:
    assert set(Duty) - {Duty.SYSTEM, Duty.PLATFORM} == DUTIES  # those two are never a person's

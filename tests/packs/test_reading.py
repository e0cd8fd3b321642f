"""What a pack holds once it is read."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest
import shapely

from yiwang.ground.packs.coordinates import Crs, convert
from yiwang.ground.packs.effective import effective_setting
from yiwang.ground.packs.model import ClockKind, Level, Origin, Stage, UnitKind
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.packs.skeleton import write_skeleton
from yiwang.ground.packs.summary import summary
from yiwang.kit.errors import Refusal

SQUARE = [[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.1], [121.0, 31.0]]


def test_the_skeleton_passes_and_is_whole(folder: Path) -> None:
    pack = read_pack(folder)
    assert (pack.name, pack.root, pack.timezone) == ("small", "city", "UTC")
    assert [place.path for place in pack.places] == ["city", "city.d1", "city.d1.t1"]
    assert pack.worktime.weekdays == (0, 1, 2, 3, 4)
    assert pack.worktime.spans == ((time(9), time(12)), (time(13), time(17)))
    assert pack.kinds[1].key == "event/1/0102"
    assert pack.kinds[1].parent == "event/1/01"
    assert pack.limits[0].place == "city"
    assert (pack.limits[0].stage, pack.limits[0].clock) == (Stage.DISPATCH, ClockKind.URGENT_HOUR)
    posts = {post.code: post for post in pack.posts}
    assert posts["d1_centre.dispatcher"].duties == ("dispatcher",)
    assert posts["city_centre.auditor"].unit == "city_centre"
    assert "d1_centre.auditor" not in posts
    counts = summary(pack)
    assert (counts["places"], counts["places.town"], counts["units.centre"]) == (3, 1, 3)
    assert counts["posts"] == len(pack.posts) == 3 * 4 + 2 + 3


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "a b", "../x"])
def test_a_skeleton_refuses_odd_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refusal, match=r"packs\.name_illegal"):
        write_skeleton(tmp_path / "new", name)


def test_a_skeleton_never_overwrites(folder: Path) -> None:
    with pytest.raises(Refusal, match=r"packs\.folder_not_empty"):
        write_skeleton(folder, "small")


@pytest.mark.parametrize("crs", list(Crs))
def test_areas_come_in_any_coordinate_system(folder: Path, crs: Crs) -> None:
    ring = [[float(v) for v in convert(lon, lat, Crs.WGS84, crs)] for lon, lat in SQUARE]
    (folder / "areas").mkdir()
    (folder / "areas" / "town.geojson").write_text(
        f'{{"type":"FeatureCollection","crs":"{crs}","features":[{{"type":"Feature",'
        f'"properties":{{"code":"t1"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}'
    )
    pack = read_pack(folder)
    area = shapely.from_wkb(pack.areas["t1"])
    assert area.geom_type == "MultiPolygon"
    assert shapely.hausdorff_distance(area, shapely.Polygon(SQUARE)) < 1e-8


def test_parents_without_a_boundary_get_the_sum_of_their_children(folder: Path) -> None:
    (folder / "areas").mkdir()
    (folder / "areas" / "town.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"t1"},'
        f'"geometry":{{"type":"Polygon","coordinates":[{SQUARE}]}}}}]}}'
    )
    pack = read_pack(folder)
    assert set(pack.areas) == {"t1", "d1", "city"}
    assert shapely.equals(shapely.from_wkb(pack.areas["city"]), shapely.Polygon(SQUARE))


def test_an_overlay_fills_its_rows(folder: Path) -> None:
    (folder / "overlays").mkdir()
    (folder / "overlays" / "pilot.toml").write_text(
        'name = "pilot"\nplace = "d1"\nvalid_from = 2026-01-01\nvalid_to = 2027-01-01\n'
        'basis = "Article XIX"\norigin = "sample"\n[settings]\nmatch.radius_m = 20\n'
        '[[limits]]\nkind = "*"\nstage = "handle"\namount = 3\nclock = "working_day"\n'
        '[[responsibility]]\nkind = "event/1/0102"\nlevel = "district"\nlead = "territory"\n'
    )
    pack = read_pack(folder)
    limit, duty = pack.limits[-1], pack.responsibilities[-1]
    assert (limit.place, limit.valid_from, limit.valid_to) == (
        "d1",
        date(2026, 1, 1),
        date(2027, 1, 1),
    )
    assert (limit.source, limit.basis, limit.origin) == ("pilot", "Article XIX", Origin.SAMPLE)
    assert (duty.place, duty.lead, duty.source) == ("d1", "territory", "pilot")
    found = effective_setting(pack, "match.radius_m", "city.d1.t1", date(2026, 6, 1))
    assert found is not None
    assert (found.value, found.source, found.basis) == (20, "pilot", "Article XIX")
    before = effective_setting(pack, "match.radius_m", "city.d1.t1", date(2025, 12, 31))
    assert before is not None
    assert (before.value, before.source) == (50, "pack.toml")


def test_a_quoted_setting_holds_a_whole_table(folder: Path) -> None:
    text = (folder / "pack.toml").read_text()
    (folder / "pack.toml").write_text(text + '"check.modes" = { a = "x" }\nreturn.max = 2\n')
    settings = {setting.key: setting.value for setting in read_pack(folder).settings}
    assert settings["check.modes"] == {"a": "x"}
    assert settings["return.max"] == 2


def test_levels_are_those_of_the_article() -> None:
    assert list(Level) == ["city", "district", "town", "grid", "community"]
    assert UnitKind("team") is UnitKind.TEAM

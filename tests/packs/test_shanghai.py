"""The shipped city: whole, labelled where it is not official, and usable."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import shapely

from yiwang.ground.packs.effective import effective_setting
from yiwang.ground.packs.model import Level, Origin, Pack, Stage, UnitKind
from yiwang.ground.packs.summary import summary

SHANGHAI = Path(__file__).resolve().parents[2] / "packs" / "shanghai"


def test_every_setting_is_explained_beside_it(shanghai: Pack) -> None:
    text = (SHANGHAI / "pack.toml").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#   ([a-z_]+\.[a-z_]+) ", text, re.MULTILINE))
    base = [setting for setting in shanghai.settings if setting.source == "pack.toml"]
    assert {setting.key for setting in base} == explained


def test_its_size(shanghai: Pack) -> None:
    counts = summary(shanghai)
    assert counts["places.district"] == 16
    assert counts["places.town"] == 234
    assert counts["places.grid"] == 1829
    assert 5000 <= counts["places.community"] <= 6500
    assert counts["areas"] == counts["places"]
    assert counts["units.centre"] == 1 + 16 + 234
    assert counts["units.workstation"] == 1829
    assert (counts["kinds.event/2007"], counts["kinds.component/2007"]) == (59, 89)
    assert counts["kinds.demand/2020"] >= 25
    assert counts["calendar.years"] == 5
    size = sum(path.stat().st_size for path in SHANGHAI.rglob("*") if path.is_file())
    assert size < 4_000_000


def test_what_is_generated_says_so(shanghai: Pack) -> None:
    for place in shanghai.places:
        made = place.level in (Level.GRID, Level.COMMUNITY)
        assert (place.origin is Origin.GENERATED) == made
        assert ("（生成）" in place.name.zh) == ("(generated)" in place.name.en) == made
        drawn = place.level in (Level.CITY, Level.DISTRICT)
        assert place.area_origin is (Origin.OFFICIAL if drawn else Origin.GENERATED)
    assert any("Apache-2.0" in notice for notice in shanghai.notices)
    assert any("2027" in notice for notice in shanghai.notices)
    assert {limit.origin for limit in shanghai.limits} == {Origin.SAMPLE}


def test_codes_follow_the_division_rules(shanghai: Pack) -> None:
    patterns = {
        Level.CITY: r"310000",
        Level.DISTRICT: r"310[1]\d\d",
        Level.TOWN: r"310[1]\d\d(0\d\d|1\d\d|2\d\d|4\d\d|5\d\d)",
        Level.GRID: r"\d{9}G\d\d",
        Level.COMMUNITY: r"\d{9}(0\d[1-9]|0[1-9]0|1\d\d)",
    }
    for place in shanghai.places:
        assert re.fullmatch(patterns[place.level], place.code), place.code
        if place.level is Level.COMMUNITY:
            assert place.parent is not None
            assert place.parent.startswith(place.code[:9])


def test_every_kind_is_led_timed_and_findable(shanghai: Pack) -> None:
    led = {row.kind for row in shanghai.responsibilities if row.place == shanghai.root}
    timed = {
        limit.kind
        for limit in shanghai.limits
        if limit.stage is Stage.HANDLE and not limit.milestone
    }
    for kind in shanghai.kinds:
        if kind.parent is None:
            continue
        assert kind.key in led
        assert kind.key in timed
        assert all((kind.filing.zh, kind.filing.en, kind.closing.zh, kind.closing.en))
        assert any(re.search(r"[\u4e00-\u9fff]", word) for word in kind.keywords)
        assert any(re.fullmatch(r"[a-z0-9 ,'()/-]+", word) for word in kind.keywords)
        assert kind.standard == ("" if kind.scheme == "demand" else "CJ/T 214-2007")


def test_every_stage_has_a_limit_for_everything(shanghai: Pack) -> None:
    general = {limit.stage for limit in shanghai.limits if limit.kind == "*"}
    assert general == set(Stage)


def test_staged_deadlines_do_not_outlast_handling(shanghai: Pack) -> None:
    hours = {"urgent_hour": 1.0, "working_hour": 3.0, "working_day": 24.0, "natural_day": 24.0}
    handle = {
        limit.kind: limit.amount * hours[limit.clock]
        for limit in shanghai.limits
        if limit.stage is Stage.HANDLE and not limit.milestone and limit.place == shanghai.root
    }
    staged = [limit for limit in shanghai.limits if limit.milestone]
    illegal = [limit for limit in staged if limit.kind == "event/2007/0101"]
    assert [(one.milestone, one.amount, one.clock) for one in illegal] == [
        ("stop", 4, "working_hour"),
        ("penalise", 7, "working_day"),
        ("demolish", 20, "working_day"),
    ]
    for limit in staged:
        if limit.kind != "event/2007/0103":  # a heap may take longer than scattered rubble
            assert limit.amount * hours[limit.clock] <= handle[limit.kind]
        assert f"milestone.{limit.milestone}" in shanghai.words


def test_the_organisation_is_complete(shanghai: Pack) -> None:
    duties: dict[str, set[str]] = {}
    for post in shanghai.posts:
        duties.setdefault(post.unit, set()).update(post.duties)
    for unit in shanghai.units:
        if unit.kind is UnitKind.CENTRE:
            needed = {"intake", "dispatcher", "duty_chief", "checker", "evaluator"}
            assert needed <= duties[unit.code]
        elif unit.kind is UnitKind.WORKSTATION:
            assert duties[unit.code] == {"collector", "checker", "handler"}
        elif unit.kind in (UnitKind.DEPARTMENT, UnitKind.TEAM, UnitKind.ENTERPRISE):
            assert {"handler", "leader"} <= duties[unit.code]
        for function in unit.functions:
            assert f"function.{function}" in shanghai.words
    for apart in ("sysadmin", "secadmin", "auditor"):
        holders = [post for post in shanghai.posts if apart in post.duties]
        assert [post.duties for post in holders] == [(apart,)]


def test_the_pudong_pilot_holds_there_and_then_only(shanghai: Pack) -> None:
    town = next(place for place in shanghai.places if place.code == "310115005")
    bund = next(place for place in shanghai.places if place.code == "310101013")
    key = "match.radius_m"
    pilot = effective_setting(shanghai, key, town.path, date(2026, 5, 1))
    assert pilot is not None
    assert (pilot.value, pilot.source, pilot.place) == (30, "pudong-pilot", "310115")
    for path, on in ((bund.path, date(2026, 5, 1)), (town.path, date(2022, 12, 31))):
        usual = effective_setting(shanghai, key, path, on)
        assert usual is not None
        assert (usual.value, usual.source) == (50, "pack.toml")
    assert shanghai.overlays[0].origin is Origin.SAMPLE


@pytest.mark.parametrize("level", [Level.DISTRICT, Level.TOWN, Level.GRID, Level.COMMUNITY])
def test_areas_of_a_level_cover_the_city_without_overlap(shanghai: Pack, level: Level) -> None:
    codes = [place.code for place in shanghai.places if place.level is level]
    areas = shapely.from_wkb([shanghai.areas[code] for code in codes])
    city = shapely.from_wkb(shanghai.areas[shanghai.root])
    assert shapely.is_valid(areas).all()
    assert shapely.coverage_is_valid(areas)
    assert float(shapely.area(areas).sum()) == pytest.approx(float(city.area), rel=1e-12)

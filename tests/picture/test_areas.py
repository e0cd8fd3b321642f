"""The areas to draw: neighbours share one border, a place is the sum of the places below it."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
import shapely
from tests.picture.scene import Scene

from yiwang.ground.city import City
from yiwang.ground.packs.model import Level
from yiwang.matters.picture import areas
from yiwang.matters.picture.areas import Areas

DISTRICT = "310101"


@pytest.fixture(scope="module")
def drawn(city: City) -> Areas:
    """The areas of the city."""
    return Areas(city)


def _read(drawn: Areas, parent: str | None, level: Level | None) -> tuple[list[Any], Any]:
    told = msgspec.json.decode(gzip.decompress(drawn.sheet(parent, level).body))
    shapes = [
        shapely.from_geojson(msgspec.json.encode(row["geometry"]).decode())
        for row in told["features"]
    ]
    return [row["properties"] for row in told["features"]], np.array(shapes)


@pytest.mark.parametrize("level", [*Level])
def test_no_gap_and_no_overlap_at_any_level(drawn: Areas, city: City, level: Level) -> None:
    about, shapes = _read(drawn, None, level)
    assert [row["code"] for row in about] == [
        place.code
        for place in (city.tree.root, *city.tree.descendants(city.pack.root))
        if place.level == level
    ]
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    inside = [
        shapely.contains_xy(s, row["lon"], row["lat"]) for s, row in zip(shapes, about, strict=True)
    ]
    assert all(inside)


@pytest.mark.parametrize(("parent", "level"), [(None, "district"), (DISTRICT, "town")])
def test_what_lies_below_covers_the_place_to_the_point(
    drawn: Areas, city: City, parent: str | None, level: str
) -> None:
    about, shapes = _read(drawn, parent, None)
    assert {row["level"] for row in about} == {level}
    root = city.tree.get(parent or city.pack.root)
    rows, (*_,) = _read(drawn, root.code, root.level)
    assert [row["code"] for row in rows] == [root.code]
    _, whole = _read(drawn, root.code, root.level)
    rest = shapely.area(shapely.symmetric_difference(whole[0], shapely.union_all(shapes)))
    assert rest < 1e-12


def test_simplified_shapes_stay_near_the_exact_ones(city: City) -> None:
    shapes = areas.simplify(city)
    assert set(shapes) == set(city.pack.areas)
    codes = list(shapes)
    exact = shapely.from_wkb([city.pack.areas[code] for code in codes])
    apart = shapely.hausdorff_distance(np.array([shapes[code] for code in codes]), exact)
    assert float(apart.max()) * 111_320 < 40


def test_a_place_that_is_not_the_sum_of_its_parts_keeps_its_own_shape(city: City) -> None:
    """Where part of a district lies in none of its towns, the district is drawn whole."""
    towns = {place.code for place in city.tree.children(DISTRICT)}
    gone = next(iter(sorted(towns)))
    lost = {gone, *(place.code for place in city.tree.descendants(gone))}
    kept = {code: blob for code, blob in city.pack.areas.items() if code not in lost}
    shapes = areas.simplify(replace(city, pack=replace(city.pack, areas=kept)))
    whole = shapely.from_wkb(city.pack.areas[DISTRICT])
    assert float(shapely.area(shapely.symmetric_difference(shapes[DISTRICT], whole))) < 1e-6
    assert gone not in shapes


async def test_the_answer_is_kept_by_its_tag(scene: Scene) -> None:
    async with scene.client() as client:
        first = await client.get("/areas")
        assert first.status_code == 200
        tag = first.headers["etag"]
        assert len(first.json()["features"]) == 16
        again = await client.get("/areas", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        plain = await client.get("/areas", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.json() == first.json()
        other = await client.get("/areas", params={"parent": DISTRICT})
        assert other.headers["etag"] != tag


async def test_a_new_pack_draws_new_areas(scene: Scene) -> None:
    async with scene.client() as client:
        before = (await client.get("/areas")).headers["etag"]
        city = scene.gate.city
        less = {
            code: blob for code, blob in city.pack.areas.items() if not code.startswith("310151")
        }
        scene.gate.city = replace(city, pack=replace(city.pack, areas=less))
        after = await client.get("/areas")
    assert after.headers["etag"] != before
    assert len(after.json()["features"]) == 15


async def test_what_is_wrong_is_refused(scene: Scene) -> None:
    leaf = next(p.code for p in scene.world.city.tree.at_level(Level.COMMUNITY))
    wrong = {
        "parent=nowhere": (404, "places.unknown"),
        "level=street": (422, "web.request_invalid"),
        f"parent={leaf}": (422, "picture.no_areas_below"),
    }
    async with scene.client() as client:
        for query, expected in wrong.items():
            answer = await client.get(f"/areas?{query}")
            assert (answer.status_code, answer.json()["code"]) == expected, query

"""The deepest area of a point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from yiwang.ground.packs.model import Level, Pack
from yiwang.ground.places.locating import Located, Locator, Reason
from yiwang.ground.places.tree import PlaceTree

POINTS = np.random.default_rng(20260101).uniform((120.8, 30.6), (122.1, 31.95), (4000, 2))


def test_every_community_finds_a_point_of_its_own(
    shanghai: Pack, locator: Locator, tree: PlaceTree
) -> None:
    codes = [place.code for place in tree.at_level(Level.COMMUNITY)]
    inner = shapely.point_on_surface(shapely.from_wkb([shanghai.areas[code] for code in codes]))
    found = locator.locate_many(shapely.get_x(inner), shapely.get_y(inner))
    assert [locator.places[index].code for index in found] == codes


def test_a_point_lies_in_all_ancestors_of_its_place(
    shanghai: Pack, locator: Locator, tree: PlaceTree
) -> None:
    shapes = {code: shapely.from_wkb(blob) for code, blob in shanghai.areas.items()}
    found = locator.locate_many(POINTS[:, 0], POINTS[:, 1])
    inside = np.flatnonzero(found >= 0)
    assert 1000 < len(inside) < 3000
    for index in inside[:600]:
        point = shapely.Point(POINTS[index])
        place = locator.places[found[index]]
        assert place.level is Level.COMMUNITY
        for one in (*tree.ancestors(place.code), place):
            assert shapely.dwithin(shapes[one.code], point, 1e-9), one.code


def test_outside_means_outside(shanghai: Pack, locator: Locator) -> None:
    city = shapely.from_wkb(shanghai.areas[shanghai.root])
    found = locator.locate_many(POINTS[:, 0], POINTS[:, 1])
    expected = shapely.intersects_xy(city, POINTS[:, 0], POINTS[:, 1])
    assert ((found >= 0) == expected).all()


def test_one_and_many_agree(locator: Locator) -> None:
    found = locator.locate_many(POINTS[:, 0], POINTS[:, 1])
    for (lon, lat), index in zip(POINTS[:500], found[:500], strict=True):
        one = locator.locate(float(lon), float(lat))
        assert one.place_code == (locator.places[index].code if index >= 0 else None)


def test_a_point_on_a_line_has_one_answer(
    shanghai: Pack, locator: Locator, tree: PlaceTree
) -> None:
    some = tree.at_level(Level.COMMUNITY)[:300]
    shapes = shapely.from_wkb([shanghai.areas[place.code] for place in some])
    corners = shapely.get_coordinates(shapes)
    found = locator.locate_many(corners[:, 0], corners[:, 1])
    assert (found >= 0).all()
    again = locator.locate_many(corners[::-1, 0], corners[::-1, 1])[::-1]
    assert (found == again).all()
    for (lon, lat), index in zip(corners[:200], found[:200], strict=True):
        assert locator.locate(lon, lat).place_code == locator.places[index].code


@pytest.mark.parametrize(
    ("lon", "lat", "reason"),
    [
        (121.4737, 31.2304, Reason.AREA),
        (31.2304, 121.4737, Reason.SWAPPED),
        (116.4, 39.9, Reason.OUTSIDE),
        (122.0, 30.7, Reason.OUTSIDE),
        (0.0, 0.0, Reason.OUTSIDE),
        (400.0, 0.0, Reason.IMPOSSIBLE),
        (121.0, 95.0, Reason.IMPOSSIBLE),
        (float("nan"), 31.0, Reason.IMPOSSIBLE),
        (float("inf"), 31.0, Reason.IMPOSSIBLE),
    ],
)
def test_every_answer_has_its_reason(
    locator: Locator, lon: float, lat: float, reason: Reason
) -> None:
    found = locator.locate(lon, lat)
    assert found.reason is reason
    assert (found.place_code is None) == (reason is not Reason.AREA)
    assert (locator.locate_many([lon], [lat])[0] < 0) == (reason is not Reason.AREA)


@given(st.floats() | st.integers(-400, 400), st.floats() | st.integers(-400, 400))
def test_no_pair_of_numbers_breaks_it(locator: Locator, lon: float, lat: float) -> None:
    found = locator.locate(lon, lat)
    assert (found.place_code is None) == (found.reason not in (Reason.AREA, Reason.UPPER_AREA))


def test_ground_that_no_child_covers_belongs_to_the_upper_place(shanghai: Pack) -> None:
    gone = "310101"
    kept = {
        code: blob
        for code, blob in shanghai.areas.items()
        if code == gone or not code.startswith(gone)
    }
    holed = Locator.build(replace(shanghai, areas=kept))
    found = holed.locate(121.4737, 31.2304)
    assert (found.place_code, found.level) == (gone, Level.DISTRICT)
    assert found.reason is Reason.AREA  # the deepest drawn there
    some = {shanghai.root: shanghai.areas[shanghai.root], "310115": shanghai.areas["310115"]}
    partly = Locator.build(replace(shanghai, areas=some))
    assert partly.locate(121.4737, 31.2304) == Located(
        "310000", "310000", Level.CITY, Reason.UPPER_AREA
    )
    assert partly.locate(121.6, 31.2).place_code == "310115"
    index = partly.locate_many([121.4737, 121.6, 0.0], [31.2304, 31.2, 0.0])
    assert [partly.places[i].code if i >= 0 else None for i in index] == ["310000", "310115", None]


def test_a_city_without_boundaries_says_so(shanghai: Pack) -> None:
    blank = Locator.build(replace(shanghai, areas={}))
    assert blank.locate(121.47, 31.23).reason is Reason.NO_AREAS
    assert blank.locate_many([121.47], [31.23]).tolist() == [-1]

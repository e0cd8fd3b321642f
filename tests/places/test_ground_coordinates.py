"""Plausible points and metres on the ground."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.ground.packs.model import Pack
from yiwang.ground.places.coordinates import LocalFrame, Plausibility, bounds_of, plausible
from yiwang.kit.errors import Refusal

CITY = (120.8, 30.6, 122.1, 31.9)


def near(found: tuple[float, float], expected: tuple[float, float], within: float) -> bool:
    return all(abs(a - b) <= within for a, b in zip(found, expected, strict=True))


@given(lon=st.floats(120.8, 122.1), lat=st.floats(30.6, 31.9))
def test_a_point_and_its_swap(lon: float, lat: float) -> None:
    assert plausible(lon, lat, CITY) is Plausibility.INSIDE
    assert plausible(lat, lon, CITY) is Plausibility.SWAPPED


def test_other_points() -> None:
    assert plausible(116.4, 39.9, CITY) is Plausibility.OUTSIDE
    assert plausible(200, 10, CITY) is Plausibility.IMPOSSIBLE
    assert plausible(math.nan, 10, CITY) is Plausibility.IMPOSSIBLE


@given(lon=st.floats(120.8, 122.1), lat=st.floats(30.6, 31.9))
def test_metres_there_and_back(lon: float, lat: float) -> None:
    frame = LocalFrame.at(121.4737, 31.2304)
    back = frame.to_degrees(*frame.to_local(lon, lat))
    assert near(back, (lon, lat), 1e-9)


def test_metres_are_metres() -> None:
    frame = LocalFrame.at(121.4737, 31.2304)
    assert frame.to_local(121.4737, 31.2304) == (0.0, 0.0)
    # the degree lengths of the WGS-84 ellipsoid at 31.23 degrees north
    assert near(frame.to_local(121.4837, 31.2404), (952.9, 1108.7), 1.0)
    equator = LocalFrame.at(0, 0)
    assert near(equator.to_local(1, 1), (111_319.5, 110_574.3), 0.1)


def test_many_are_as_one() -> None:
    frame = LocalFrame.at(121.4737, 31.2304)
    lons, lats = np.linspace(121, 122, 5), np.linspace(30.7, 31.8, 5)
    x, y = frame.to_local_many(lons, lats)
    for index in range(5):
        assert frame.to_local(lons[index], lats[index]) == (x[index], y[index])


def test_the_frame_of_a_city(shanghai: Pack) -> None:
    assert LocalFrame.of(shanghai).to_local(121.4737, 31.2304) == (0.0, 0.0)
    unset = replace(shanghai, settings=())
    bounds = bounds_of(unset)
    assert bounds is not None
    middle = LocalFrame.of(unset)
    assert middle.lon == pytest.approx((bounds[0] + bounds[2]) / 2)
    with pytest.raises(Refusal, match=r"places\.no_centre"):
        LocalFrame.of(replace(unset, areas={}))

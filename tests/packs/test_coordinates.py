"""Conversions against published check points, and there and back again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.ground.packs.coordinates import (
    Crs,
    Pair,
    convert,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_gcj02,
)

PEOPLES_SQUARE = (121.4737, 31.2304)


def near(found: Pair, expected: tuple[float, float], within: float) -> bool:
    return all(abs(float(a) - b) <= within for a, b in zip(found, expected, strict=True))


def test_the_check_vector_of_peoples_square() -> None:
    gcj = wgs84_to_gcj02(*PEOPLES_SQUARE)
    assert near(gcj, (121.478223, 31.228458), 1e-6)
    bd = gcj02_to_bd09(*gcj)
    assert near(bd, (121.484781, 31.234311), 1e-6)
    east = (float(gcj[0]) - 121.4737) * 111_320 * math.cos(math.radians(31.23))
    north = (float(gcj[1]) - 31.2304) * 110_950
    assert math.hypot(east, north) == pytest.approx(481, abs=2)


@pytest.mark.parametrize("source", list(Crs))
@pytest.mark.parametrize("target", list(Crs))
@given(lon=st.floats(73.5, 134.5), lat=st.floats(3.5, 53.5))
def test_there_and_back(source: Crs, target: Crs, lon: float, lat: float) -> None:
    there = convert(lon, lat, source, target)
    assert near(convert(*there, target, source), (lon, lat), 1e-7)


@given(lon=st.floats(-180, 70) | st.floats(140, 180), lat=st.floats(-89, 89))
def test_outside_china_nothing_is_shifted(lon: float, lat: float) -> None:
    assert near(wgs84_to_gcj02(lon, lat), (lon, lat), 0.0)
    assert near(gcj02_to_wgs84(lon, lat), (lon, lat), 0.0)


def test_arrays_give_what_scalars_give() -> None:
    lons, lats = np.linspace(120.8, 122.0, 50), np.linspace(30.7, 31.9, 50)
    many = convert(lons, lats, Crs.BD09, Crs.WGS84)
    for index in range(50):
        one = convert(lons[index], lats[index], Crs.BD09, Crs.WGS84)
        assert abs(float(one[0]) - many[0][index]) < 1e-9
        assert abs(float(one[1]) - many[1][index]) < 1e-9


def test_cgcs2000_is_wgs84() -> None:
    assert near(convert(*PEOPLES_SQUARE, Crs.CGCS2000, Crs.WGS84), PEOPLES_SQUARE, 0.0)

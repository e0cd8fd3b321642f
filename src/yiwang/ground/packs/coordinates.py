"""Coordinate systems met in Chinese cities, converted at the edge.

Everything inside is WGS-84 in degrees (EPSG 4326); CGCS2000 (EPSG 4490) differs from it by
centimetres and is taken as equal. GCJ-02 is the state's shifted system, BD-09 a map maker's
shift upon it. Their forward formulas are public knowledge (series in longitude and latitude on
the Krasovsky ellipsoid); the inverses are found by iteration to below 1e-9 degrees, since a
one-step inverse errs by metres.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Degrees = NDArray[np.float64]
Pair = tuple[Degrees, Degrees]


class Crs(StrEnum):
    """Coordinate reference systems that may be handed in."""

    WGS84 = "WGS-84"
    CGCS2000 = "CGCS2000"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"


_KRASOVSKY_AXIS = 6378245.0  # metres
_KRASOVSKY_ECCENTRICITY = 0.00669342162296594323  # squared
_BD_TURN = np.pi * 3000.0 / 180.0
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)  # outside it GCJ-02 is WGS-84
_STEPS = 30
_CLOSE_ENOUGH = 1e-10  # degrees


def convert(lon: ArrayLike, lat: ArrayLike, source: Crs, target: Crs) -> Pair:
    """Coordinates in `source` as coordinates in `target`, degrees; scalars or arrays alike."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if source == target:
        return x, y
    return _FROM_WGS84[target](*_TO_WGS84[source](x, y))


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS-84 to GCJ-02; unchanged outside China's bounding box."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    east, north = _shift(x, y)
    west, south, east_end, north_end = _CHINA
    inside = (x >= west) & (x <= east_end) & (y >= south) & (y <= north_end)
    return np.where(inside, x + east, x), np.where(inside, y + north, y)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 to WGS-84, by iteration."""
    return _invert(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 to BD-09."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    radius = np.hypot(x, y) + 2e-5 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """BD-09 to GCJ-02, by iteration."""
    return _invert(gcj02_to_bd09, lon, lat)


def _same(lon: ArrayLike, lat: ArrayLike) -> Pair:
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


_TO_WGS84: Mapping[Crs, Callable[[ArrayLike, ArrayLike], Pair]] = {
    Crs.WGS84: _same,
    Crs.CGCS2000: _same,
    Crs.GCJ02: gcj02_to_wgs84,
    Crs.BD09: _bd09_to_wgs84,
}
_FROM_WGS84: Mapping[Crs, Callable[[ArrayLike, ArrayLike], Pair]] = {
    Crs.WGS84: _same,
    Crs.CGCS2000: _same,
    Crs.GCJ02: wgs84_to_gcj02,
    Crs.BD09: _wgs84_to_bd09,
}


def _invert(forward: Callable[[Degrees, Degrees], Pair], lon: ArrayLike, lat: ArrayLike) -> Pair:
    """The point that `forward` sends to (lon, lat): correct the guess by its miss until it fits."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    guess_x, guess_y = x, y
    for _ in range(_STEPS):
        reached_x, reached_y = forward(guess_x, guess_y)
        miss_x, miss_y = reached_x - x, reached_y - y
        guess_x, guess_y = guess_x - miss_x, guess_y - miss_y
        worst = np.maximum(np.abs(miss_x), np.abs(miss_y))
        if not np.any(worst > _CLOSE_ENOUGH):
            break
    return guess_x, guess_y


def _waves(value: Degrees, amounts: tuple[tuple[float, float], ...]) -> Degrees:
    total = np.zeros_like(value)
    for amplitude, divisor in amounts:
        total = total + amplitude * np.sin(value * np.pi / divisor)
    return total * 2.0 / 3.0


def _shift(lon: Degrees, lat: Degrees) -> Pair:
    """The GCJ-02 offset in degrees at a WGS-84 point."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = _waves(x, ((20.0, 1 / 6.0), (20.0, 0.5)))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north = north + _waves(y, ((20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0)))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east = east + _waves(x, ((20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0)))
    radians = lat * np.pi / 180.0
    bend = 1.0 - _KRASOVSKY_ECCENTRICITY * np.sin(radians) ** 2
    along = _KRASOVSKY_AXIS * (1.0 - _KRASOVSKY_ECCENTRICITY) / (bend * np.sqrt(bend))
    across = _KRASOVSKY_AXIS / np.sqrt(bend) * np.cos(radians)
    return np.degrees(east / across), np.degrees(north / along)

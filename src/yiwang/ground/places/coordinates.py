"""Coordinates at the edge of the city: systems, plausibility, and metres on the ground.

The conversions themselves lie with the packs, which need them to read boundaries; they are named
here again so that rooms that take points from outside find everything in one module.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
import shapely
from numpy.typing import ArrayLike

from yiwang.ground.packs.coordinates import (
    Crs,
    Degrees,
    Pair,
    bd09_to_gcj02,
    convert,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_gcj02,
)
from yiwang.ground.packs.model import Pack
from yiwang.kit.errors import Refusal

__all__ = [
    "Crs",
    "Degrees",
    "LocalFrame",
    "Pair",
    "Plausibility",
    "bd09_to_gcj02",
    "bounds_of",
    "convert",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "plausible",
    "wgs84_to_gcj02",
]

Bounds = tuple[float, float, float, float]  # west, south, east, north in degrees

_WGS84_AXIS = 6378137.0  # metres
_WGS84_ECCENTRICITY = 0.00669437999014  # squared


class Plausibility(StrEnum):
    """What a pair of numbers can be in a city."""

    INSIDE = "inside"
    SWAPPED = "swapped"  # latitude came first
    OUTSIDE = "outside"
    IMPOSSIBLE = "impossible"  # no position on earth


def plausible(lon: float, lat: float, bounds: Bounds) -> Plausibility:
    """Whether a point can lie in the box, and if not, whether it would with its numbers swapped."""
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return Plausibility.IMPOSSIBLE
    if _within(lon, lat, bounds):
        return Plausibility.INSIDE
    if _within(lat, lon, bounds):
        return Plausibility.SWAPPED
    if abs(lon) > 180.0 or abs(lat) > 90.0:
        return Plausibility.IMPOSSIBLE
    return Plausibility.OUTSIDE


def bounds_of(pack: Pack) -> Bounds | None:
    """The box around all boundaries of the city, None where it has none."""
    if not pack.areas:
        return None
    blobs = [pack.areas[pack.root]] if pack.root in pack.areas else list(pack.areas.values())
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(blobs))
    return float(west), float(south), float(east), float(north)


def _within(lon: float, lat: float, bounds: Bounds) -> bool:
    west, south, east, north = bounds
    return west <= lon <= east and south <= lat <= north


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """Metres east and north of one origin (equirectangular on WGS-84, good to 0.3 % in a city).

    Points stored in these metres depend on the origin, so a city fixes it in `place.centre`.
    """

    lon: float
    lat: float
    east: float  # metres per degree of longitude at the origin
    north: float  # metres per degree of latitude at the origin

    @classmethod
    def at(cls, lon: float, lat: float) -> Self:
        """A frame with its origin at (lon, lat)."""
        radians = math.radians(lat)
        bend = 1.0 - _WGS84_ECCENTRICITY * math.sin(radians) ** 2
        degree = math.pi / 180.0
        return cls(
            lon,
            lat,
            degree * _WGS84_AXIS * math.cos(radians) / math.sqrt(bend),
            degree * _WGS84_AXIS * (1.0 - _WGS84_ECCENTRICITY) / bend**1.5,
        )

    @classmethod
    def of(cls, pack: Pack) -> Self:
        """The frame of a city: at its setting `place.centre`, else in the middle of its areas."""
        for setting in pack.settings:
            if setting.key == "place.centre" and setting.place == pack.root:
                lon, lat = setting.value
                return cls.at(float(lon), float(lat))
        bounds = bounds_of(pack)
        if bounds is None:
            raise Refusal("places.no_centre")
        west, south, east, north = bounds
        return cls.at((west + east) / 2.0, (south + north) / 2.0)

    def to_local(self, lon: float, lat: float) -> tuple[float, float]:
        """Metres east and north of the origin."""
        return (lon - self.lon) * self.east, (lat - self.lat) * self.north

    def to_degrees(self, x: float, y: float) -> tuple[float, float]:
        """Longitude and latitude of a point in metres."""
        return self.lon + x / self.east, self.lat + y / self.north

    def to_local_many(self, lons: ArrayLike, lats: ArrayLike) -> Pair:
        """Arrays of metres for arrays of degrees."""
        x, y = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        return (x - self.lon) * self.east, (y - self.lat) * self.north

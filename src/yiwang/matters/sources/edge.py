"""The edge of the city: is a position ours, and in whose coordinates was it given?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import shapely

from yiwang.ground.packs.model import Pack
from yiwang.ground.places.coordinates import (
    Bounds,
    Crs,
    Plausibility,
    bounds_of,
    convert,
    plausible,
)
from yiwang.kit.errors import Fault

_MARGIN = 0.01  # degrees, about 1 km: receivers drift, and the border's line is coarse
_SIMPLE = 0.001
_CELLS = 128


@dataclass(frozen=True, slots=True)
class Edge:
    """The box and the shape around a city, both a little wider than it; None without boundaries."""

    bounds: Bounds | None
    shape: Any
    inner: bytes = b""  # the box in _CELLS x _CELLS cells, row by row: 1 where a cell lies inside

    @classmethod
    def of(cls, pack: Pack) -> Self:
        """The edge of a pack: its root's boundary, or that of all its areas together."""
        bounds = bounds_of(pack)
        if bounds is None:
            return cls(None, None)
        blobs = [pack.areas[pack.root]] if pack.root in pack.areas else list(pack.areas.values())
        areas = shapely.make_valid(shapely.from_wkb(blobs))
        shape = shapely.buffer(shapely.simplify(shapely.union_all(areas), _SIMPLE), _MARGIN)
        shapely.prepare(shape)
        west, south, east, north = bounds
        wide = (west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN)
        return cls(wide, shape, _raster(wide, shape))

    def judge(self, lon: float, lat: float) -> Plausibility:
        """What a WGS-84 position is to this city."""
        if self.bounds is None:
            possible = math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180
            inside = possible and abs(lat) <= 90
            return Plausibility.INSIDE if inside else Plausibility.IMPOSSIBLE
        west, south, east, north = self.bounds
        if west < lon < east and south < lat < north:
            column = int((lon - west) / (east - west) * _CELLS)
            row = int((lat - south) / (north - south) * _CELLS)
            if self.inner[row * _CELLS + column]:
                return Plausibility.INSIDE
        found = plausible(lon, lat, self.bounds)
        if found is Plausibility.INSIDE and not shapely.contains_xy(self.shape, lon, lat):
            return Plausibility.OUTSIDE
        return found

    def fault(self, lon: float, lat: float) -> Fault | None:
        """What is wrong with a WGS-84 position, with what is possible; None for one of ours."""
        found = self.judge(lon, lat)
        if found is Plausibility.INSIDE:
            return None
        west, south, east, north = self.bounds or (-180.0, -90.0, 180.0, 90.0)
        facts = {
            "lon": round(lon, 6) if math.isfinite(lon) else str(lon),
            "lat": round(lat, 6) if math.isfinite(lat) else str(lat),
            "west": round(west, 3),
            "south": round(south, 3),
            "east": round(east, 3),
            "north": round(north, 3),
        }
        return Fault("/lon", f"sources.position_{found.value}", facts)


def _raster(bounds: Bounds, shape: Any) -> bytes:
    """Which cells of the box lie wholly inside the shape: there a position needs no geometry."""
    west, south, east, north = bounds
    xs = np.linspace(west, east, _CELLS + 1)
    ys = np.linspace(south, north, _CELLS + 1)
    left, low = np.meshgrid(xs[:-1], ys[:-1])
    right, high = np.meshgrid(xs[1:], ys[1:])
    inside = shapely.contains(shape, shapely.box(left, low, right, high))
    return bytes(np.asarray(inside, dtype=np.uint8).tobytes())


def to_wgs84(lon: float, lat: float, crs: Crs) -> tuple[float, float]:
    """Degrees in `crs` as degrees in WGS-84."""
    if crs is Crs.WGS84 or crs is Crs.CGCS2000:
        return lon, lat
    x, y = convert(lon, lat, crs, Crs.WGS84)
    return float(x), float(y)

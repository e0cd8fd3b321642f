"""The areas of the city as a screen draws them: simplified together, so that neighbours keep one
border and an area is exactly the sum of the areas below it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import shapely

from yiwang.ground.city import City
from yiwang.ground.packs.model import Level, Place
from yiwang.kit.errors import Refusal

_DEGREE_M = 111_320.0
# Half a pixel where a screen shows some thirty areas below a town.
_TOLERANCE_M = 6.0
_DECIMALS = 5  # about 1 m
_SLACK = (
    1e-7  # square degrees, about 1 000 m²: drawing errors below it pass, as in the pack's check
)
_LABEL_SHARE = 0.02  # how exact a label's point is, as a share of its area's width


@dataclass(frozen=True, slots=True)
class Sheet:
    """One answer, gzipped, and its ETag."""

    body: bytes
    tag: str


@dataclass
class Areas:
    """The areas of one city, simplified once; each answer is written once.

    For one thread at a time.
    """

    city: City
    _shapes: Mapping[str, Any] | None = None
    _sheets: dict[tuple[str, str], Sheet] = field(default_factory=dict)

    def sheet(self, parent: str | None, level: Level | None) -> Sheet:
        """The areas of a level within a place; by default the level below the place."""
        root = self.city.tree.get(parent or self.city.pack.root)
        found = _level_below(self.city, root) if level is None else level
        key = (root.code, found)
        if key not in self._sheets:
            if self._shapes is None:
                self._shapes = simplify(self.city)
            self._sheets[key] = self._write(root, found, self._shapes)
        return self._sheets[key]

    def _write(self, root: Place, level: Level, shapes: Mapping[str, Any]) -> Sheet:
        within = [root, *self.city.tree.descendants(root.code)]
        drawn = [place for place in within if place.level == level and place.code in shapes]
        body = msgspec.json.encode(
            {
                "type": "FeatureCollection",
                "parent": root.code,
                "level": level,
                "features": [_feature(place, shapes[place.code]) for place in drawn],
            }
        )
        packed = gzip.compress(body, 9, mtime=0)
        return Sheet(packed, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _level_below(city: City, root: Place) -> Level:
    below = city.tree.children(root.code)
    if not below:
        raise Refusal("picture.no_areas_below", place=root.code)
    return below[0].level


def simplify(city: City) -> dict[str, Any]:
    """The shapes of all drawn places, the deepest simplified, all above made of these.

    A place that is not the sum of what lies below it is simplified with its level instead.
    """
    tolerance = _TOLERANCE_M / _DEGREE_M
    exact = dict(
        zip(city.pack.areas, shapely.from_wkb(list(city.pack.areas.values())), strict=True)
    )
    shapes: dict[str, Any] = {}
    for level in reversed(Level):
        alone = []
        for place in city.tree.at_level(level):
            if place.code not in exact:
                continue
            whole = _join(exact, city.tree.children(place.code), shapes)
            if whole is not None and _same(exact, place, city.tree.children(place.code)):
                shapes[place.code] = whole
            else:
                alone.append(place.code)
        if alone:
            found = shapely.coverage_simplify(np.array([exact[c] for c in alone]), tolerance)
            shapes |= zip(alone, found, strict=True)
    return shapes


def _join(exact: Mapping[str, Any], below: Sequence[Place], shapes: Mapping[str, Any]) -> Any:
    if not below or any(place.code not in exact for place in below):
        return None
    return shapely.union_all([shapes[place.code] for place in below])


def _same(exact: Mapping[str, Any], place: Place, below: Iterable[Place]) -> bool:
    size = sum(float(shapely.area(exact[one.code])) for one in below)
    return abs(float(shapely.area(exact[place.code])) - size) < _SLACK


def _feature(place: Place, shape: Any) -> dict[str, Any]:
    lon, lat = _label_point(shape)
    return {
        "type": "Feature",
        "properties": {
            "code": place.code,
            "parent": place.parent,
            "level": place.level,
            "name": {"zh": place.name.zh, "en": place.name.en},
            "origin": place.area_origin or place.origin,
            "lon": lon,
            "lat": lat,
        },
        "geometry": {"type": "MultiPolygon", "coordinates": _coordinates(shape)},
    }


def _label_point(shape: Any) -> tuple[float, float]:
    """The middle of the widest place of the largest part."""
    parts = shapely.get_parts(shape)
    largest = parts[int(np.argmax(shapely.area(parts)))]
    west, south, east, north = shapely.bounds(largest)
    exact = max(east - west, north - south) * _LABEL_SHARE
    line = shapely.maximum_inscribed_circle(largest, tolerance=exact)
    lon, lat = shapely.get_coordinates(line)[0]
    return round(float(lon), _DECIMALS), round(float(lat), _DECIMALS)


def _coordinates(shape: Any) -> list[Any]:
    """Rounded alike everywhere, so that shared borders stay shared; runs of one point are one."""
    polygons = []
    for part in shapely.get_parts(shape):
        rings = []
        for ring in (part.exterior, *part.interiors):
            points = np.round(shapely.get_coordinates(ring), _DECIMALS)
            keep = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
            points = points[keep]
            if len(points) >= 4:
                rings.append(points.tolist())
        if rings:
            polygons.append(rings)
    return polygons

"""Boundaries of a pack: GeoJSON files, turned into WGS-84 multipolygons."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from yiwang.ground.packs.coordinates import Crs, convert
from yiwang.ground.packs.findings import Findings, Spot
from yiwang.ground.packs.model import Level, Place
from yiwang.ground.packs.tables import read_text

_CODE = re.compile(r'"code"\s*:\s*"([^"]*)"')


@dataclass(slots=True)
class Areas:
    """Boundaries by place code with the spot each was read from."""

    shapes: dict[str, Any] = field(default_factory=dict)
    spots: dict[str, Spot] = field(default_factory=dict)

    def wkb(self) -> Mapping[str, bytes]:
        """The boundaries as WKB, MultiPolygons in WGS-84."""
        blobs = shapely.to_wkb(np.asarray(list(self.shapes.values())))
        return dict(zip(self.shapes, blobs, strict=True))


def read_areas(folder: Path, findings: Findings) -> Areas:
    """All of `areas/*.geojson`, in the order of file names; a pack without areas has none."""
    areas = Areas()
    for path in sorted((folder / "areas").glob("*.geojson")):
        _read_file(path, f"areas/{path.name}", areas, findings)
    return areas


def complete(areas: Areas, places: Iterable[Place]) -> None:
    """Give a place without a boundary the sum of its children's, where all of them have one."""
    children: dict[str, list[Place]] = {}
    everything = tuple(places)
    for place in everything:
        if place.parent is not None:
            children.setdefault(place.parent, []).append(place)
    for level in reversed(Level):
        for place in everything:
            below = children.get(place.code, ())
            if place.level != level or place.code in areas.shapes or not below:
                continue
            shapes = [areas.shapes[child.code] for child in below if child.code in areas.shapes]
            if len(shapes) == len(below) and all(shapely.is_valid(shapes)):
                whole = shapely.union_all(shapes)
                areas.shapes[place.code] = shapely.multipolygons(shapely.get_parts(whole))
                areas.spots[place.code] = areas.spots[below[0].code]


def _read_file(path: Path, label: str, areas: Areas, findings: Findings) -> None:
    text = read_text(path, label, findings)
    if text is None:
        return
    try:
        collection = json.loads(text)
    except json.JSONDecodeError as error:
        findings.add(Spot(label, error.lineno), "json_syntax", reason=error.msg)
        return
    except RecursionError:
        findings.add(Spot(label, 1), "json_syntax", reason="nested too deeply")
        return
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        findings.add(Spot(label, 1), "geojson_shape", file=label)
        return
    crs = _crs(collection.get("crs"), Spot(label, 1), findings)
    lines = _lines(text)
    for feature in features:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        code = str(properties.get("code") or "") if isinstance(properties, dict) else ""
        spot = Spot(label, lines.get(code, 1))
        if not code:
            findings.add(spot, "area_code_missing", file=label)
        elif code in areas.shapes:
            findings.add(spot, "duplicate", what=code, first=_say(areas.spots[code]))
        else:
            shape = _shape(feature.get("geometry"), crs)
            if shape is None:
                findings.add(spot, "area_unreadable", place=code)
                continue
            areas.shapes[code], areas.spots[code] = shape, spot
            if not shapely.is_valid(shape) or shapely.is_empty(shape):
                reason = shapely.is_valid_reason(shape)
                findings.add(spot, "area_invalid", place=code, reason=reason)


def _crs(value: object, spot: Spot, findings: Findings) -> Crs:
    if value is None:
        return Crs.WGS84
    try:
        return Crs(str(value))
    except ValueError:
        findings.add(spot, "value_wrong", field="crs", value=value, expected=", ".join(Crs))
        return Crs.WGS84


def _lines(text: str) -> Mapping[str, int]:
    """The line on which each feature's code stands."""
    ends = [found.start() for found in re.finditer("\n", text)]
    return {
        found.group(1): bisect.bisect_left(ends, found.start()) + 1
        for found in _CODE.finditer(text)
    }


def _shape(geometry: object, crs: Crs) -> Any | None:
    """A MultiPolygon in WGS-84, or None where `geometry` is no polygon."""
    if not isinstance(geometry, dict):
        return None
    kind, parts = geometry.get("type"), geometry.get("coordinates")
    try:
        if kind == "Polygon":
            parts = [parts]
        elif kind != "MultiPolygon":
            return None
        return shapely.multipolygons([_polygon(rings, crs) for rings in parts or ()])
    except (TypeError, ValueError, shapely.errors.GEOSException):
        return None


def _polygon(rings: list[list[list[float]]], crs: Crs) -> Any:
    closed = [_ring(np.asarray(ring, dtype=np.float64), crs) for ring in rings]
    return shapely.polygons(closed[0], holes=closed[1:] or None)


def _ring(points: Any, crs: Crs) -> Any:
    if points.ndim != 2 or points.shape[1] < 2 or not np.isfinite(points).all():
        raise ValueError("a ring is a list of [longitude, latitude]")
    points = points[:, :2]
    if crs not in (Crs.WGS84, Crs.CGCS2000):
        points = np.column_stack(convert(points[:, 0], points[:, 1], crs, Crs.WGS84))
    return shapely.linearrings(points)


def _say(spot: Spot) -> str:
    return f"{spot.file}:{spot.line}"

"""Whether the boundaries of a pack lie as they should: present, inside the parent, not crossing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from yiwang.ground.packs.findings import Findings, Spot
from yiwang.ground.packs.model import Level, Place

SLACK = 1e-7  # square degrees, about 1 000 m²: drawing errors below it pass


def check_areas(
    places: Sequence[Place],
    shapes: Mapping[str, Any],
    spot: Callable[[str, str], Spot],
    findings: Findings,
) -> None:
    """Note areas of unknown places, areas missing in a level that has some, areas that lie outside
    their parent and areas of one level that overlap, each by more than `SLACK`."""
    known = {place.code: place for place in places}
    for code in shapes:
        if code not in known:
            findings.add(spot("area", code), "place_unknown", place=code)
    drawn = {place.level for place in places if place.code in shapes}
    for place in places:
        if place.level in drawn and place.code not in shapes:
            findings.add(spot("place", place.code), "area_missing", place=place.code)
    valid = {code: shape for code, shape in shapes.items() if shapely.is_valid(shape)}
    _check_inside(known, valid, spot, findings)
    for level in Level:
        codes = [place.code for place in places if place.level == level and place.code in valid]
        _check_apart(codes, valid, spot, findings)


def _check_inside(
    known: Mapping[str, Place],
    shapes: Mapping[str, Any],
    spot: Callable[[str, str], Spot],
    findings: Findings,
) -> None:
    pairs = [
        (code, place.parent)
        for code, place in known.items()
        if code in shapes and place.parent is not None and place.parent in shapes
    ]
    if not pairs:
        return
    inner = np.asarray([shapes[code] for code, _ in pairs])
    outer = np.asarray([shapes[parent] for _, parent in pairs])
    shapely.prepare(outer)
    for index in np.flatnonzero(~shapely.covers(outer, inner)):
        outside = float(shapely.area(shapely.difference(inner[index], outer[index])))
        if outside > SLACK:
            code, parent = pairs[index]
            findings.add(spot("area", code), "area_outside", place=code, parent=parent)


def _check_apart(
    codes: Sequence[str],
    shapes: Mapping[str, Any],
    spot: Callable[[str, str], Spot],
    findings: Findings,
) -> None:
    if len(codes) < 2:
        return
    areas = np.asarray([shapes[code] for code in codes])
    if shapely.coverage_is_valid(areas):
        return
    first, second = shapely.STRtree(areas).query(areas, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    shared = shapely.area(shapely.intersection(areas[first], areas[second]))
    for index in np.flatnonzero(shared > SLACK):
        one, other = codes[second[index]], codes[first[index]]
        findings.add(spot("area", one), "area_overlap", place=one, other=other)

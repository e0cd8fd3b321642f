"""Boundaries below the districts, made by rule because nobody publishes them openly.

Districts are real (coarse) and only made to fit each other; towns are the parts of a district
nearest to a rough centre; communities are even parts of a town; grids are groups of neighbouring
communities. One noded line work on a 1e-5 degree lattice makes all levels share their lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

LATTICE = 1e-5  # degrees
KINK = 5e-5  # degrees: smaller bends are straightened, on both sides of a line alike
STRETCH = 0.855  # metres per degree of longitude over metres per degree of latitude
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """One community to be: its town, its grid within the town and its number, both from 1."""

    town: str
    grid: int
    number: int


def fit_districts(shapes: Mapping[str, Any]) -> dict[str, Any]:
    """The districts as a coverage: overlaps go to the first, holes between them to a neighbour."""
    lines = shapely.unary_union([shapely.boundary(shape) for shape in shapes.values()], LATTICE)
    faces = _faces(lines)
    codes = sorted(shapes)
    found: dict[str, list[Any]] = {code: [] for code in codes}
    spare = []
    for face in faces:
        inside = shapely.point_on_surface(face)
        owner = next((code for code in codes if shapely.contains(shapes[code], inside)), None)
        if owner:
            found[owner].append(face)
        elif face.area < 2e-4:
            spare.append(face)
    whole = {code: shapely.unary_union(parts) for code, parts in found.items()}
    for face in spare:
        border = {
            code: shapely.length(shapely.intersection(face, shape)) for code, shape in whole.items()
        }
        owner = max(border, key=lambda code: border[code])
        whole[owner] = shapely.unary_union([whole[owner], face])
    return whole


def polygonal(shape: Any) -> Any:
    """The surface of a shape that may cross itself, without stray points and lines."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape)))
    return shapely.union_all([part for part in parts if part.geom_type.endswith("Polygon")])


def split(shape: Any, centres: Points) -> list[Any]:
    """The part of `shape` nearest to each centre (a Voronoi split in local proportions)."""
    flat = shapely.transform(shape, lambda xy: xy * (STRETCH, 1.0))
    seeds = centres * (STRETCH, 1.0)
    if len(seeds) == 1:
        return [shape]
    cells = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.multipoints(seeds), extend_to=shapely.box(*shapely.bounds(flat)), ordered=True
        )
    )
    parts = [shapely.intersection(cell, flat) for cell in cells]
    return [shapely.transform(part, lambda xy: xy / (STRETCH, 1.0)) for part in parts]


def even_seeds(shape: Any, count: int, seed: int) -> Points:
    """`count` points that cut `shape` into parts of like size (k-means over random points)."""
    cloud = _sample(shape, max(60 * count, 400), seed)
    return _cluster(cloud, count)


def group(seeds: Points, count: int) -> NDArray[np.int64]:
    """A group 0..count-1 for each seed, neighbours together, none empty."""
    centres = _cluster(seeds, count)
    scale = np.array((STRETCH, 1.0))
    distance = np.linalg.norm((seeds[:, None] - centres[None]) * scale, axis=2)
    labels = np.asarray(distance.argmin(axis=1), dtype=np.int64)
    for empty in sorted(set(range(count)) - set(labels.tolist())):
        crowded = np.bincount(labels, minlength=count)
        movable = np.flatnonzero(crowded[labels] > 1)
        labels[movable[distance[movable, empty].argmin()]] = empty
    return labels


def seam(districts: Mapping[str, Any], cells: Sequence[tuple[Cell, Any]]) -> dict[Cell, Any]:
    """Cells redrawn on one lattice with shared lines, so that none overlap and none leave gaps."""
    lines = [shapely.boundary(shape) for shape in districts.values()]
    lines += [shapely.boundary(shape) for _, shape in cells]
    faces = _faces(shapely.unary_union(lines, LATTICE))
    tree = shapely.STRtree([shape for _, shape in cells])
    city = shapely.union_all(list(districts.values()))
    shapely.prepare(city)
    found: dict[Cell, list[Any]] = {}
    for face in faces:
        inside = shapely.point_on_surface(face)
        if shapely.contains(city, inside):
            nearest = int(tree.nearest(inside))
            found.setdefault(cells[nearest][0], []).append(face)
    whole = [shapely.coverage_union_all(parts) for parts in found.values()]
    return dict(zip(found, shapely.coverage_simplify(whole, KINK), strict=True))


def _faces(lines: Any) -> list[Any]:
    return list(shapely.get_parts(shapely.polygonize(list(shapely.get_parts(lines)))))


def _sample(shape: Any, count: int, seed: int) -> Points:
    """`count` points evenly at random in `shape`, the same for the same seed."""
    generator = np.random.default_rng(seed)
    west, south, east, north = shapely.bounds(shape)
    shapely.prepare(shape)
    found = np.empty((0, 2))
    while len(found) < count:
        tries = generator.uniform((west, south), (east, north), (4 * count, 2))
        found = np.vstack((found, tries[shapely.contains_xy(shape, tries)]))
    return found[:count]


def _cluster(points: Points, count: int, rounds: int = 25) -> Points:
    """k-means centres in local proportions, started from the farthest points."""
    scale = np.array((STRETCH, 1.0))
    flat = points * scale
    chosen = [int(np.linalg.norm(flat - flat.mean(axis=0), axis=1).argmax())]
    nearest = np.linalg.norm(flat - flat[chosen[0]], axis=1)
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(flat - flat[chosen[-1]], axis=1))
    centres = flat[chosen]
    for _ in range(rounds):
        labels = np.linalg.norm(flat[:, None] - centres[None], axis=2).argmin(axis=1)
        for index in range(count):
            members = flat[labels == index]
            if len(members):
                centres[index] = members.mean(axis=0)
    return np.asarray(centres / scale, dtype=np.float64)

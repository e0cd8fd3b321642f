"""Areas that cover a city without overlap, drawn from points whose area is known.

Every distinct point claims the ground nearer to it than to any other (Voronoi's diagram); the
cells of one label together are its area. Leaving out points whose neighbours carry other labels
was measured and made held-out points worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

_METRES_PER_DEGREE = 111_195.0  # on a sphere of IUGG's mean radius
_REACH_M = 500.0  # ground around a point that still belongs to the city
_CLOSE_M = 300.0  # gaps of twice this width are filled
_DETAIL_M = 6.0  # finer bends of the outline are straightened
_JITTER_M = 0.3  # rounded points stand on a lattice, whose diagram has corners without an extent
_DECIMALS = 6  # of a degree in the files, about 0.1 m

Points = NDArray[np.float64]
Labels = NDArray[np.intp]


class Plane:
    """A flat map of a city in metres around its centre; good to 0.1 % over 50 km."""

    def __init__(self, lon: float, lat: float) -> None:
        self._origin = np.array([lon, lat])
        width = float(np.cos(np.radians(lat)))
        self._scale = np.array([_METRES_PER_DEGREE * width, _METRES_PER_DEGREE])

    def to_metres(self, degrees: Points) -> Points:
        """(longitude, latitude) rows as metres east and north of the centre."""
        return np.asarray((degrees - self._origin) * self._scale, dtype=np.float64)

    def to_degrees(self, metres: Points) -> Points:
        """The reverse, rounded as the files hold it."""
        return np.asarray(np.round(metres / self._scale + self._origin, _DECIMALS))


def draw_areas(degrees: Points, labels: Sequence[str]) -> dict[str, Any]:
    """A MultiPolygon in WGS-84 for every label that occurs among the points.

    The areas touch but do not overlap and cover everything within half a kilometre of a point.
    `degrees` holds longitude and latitude; a point given more than once counts for its most
    frequent label.
    """
    names, coded = np.unique(np.asarray(labels), return_inverse=True)
    spots, codes = _distinct(degrees, coded, len(names))
    centre = spots.mean(axis=0)
    plane = Plane(float(centre[0]), float(centre[1]))
    metres = plane.to_metres(spots)
    metres += np.random.default_rng(0).uniform(-_JITTER_M, _JITTER_M, metres.shape)
    outline = _outline(metres)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(metres), extend_to=outline, ordered=True)
    )
    joined = [shapely.union_all(cells[codes == code]) for code in range(len(names))]
    clipped = shapely.intersection(np.asarray(joined), outline)
    return {
        str(name): _polygons(shapely.transform(area, plane.to_degrees))
        for name, area in zip(names, clipped, strict=True)
    }


def join(areas: Mapping[str, Any], members: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """For each name the union of its members' areas."""
    return {
        name: _polygons(shapely.union_all([areas[code] for code in codes], grid_size=1e-7))
        for name, codes in members.items()
    }


def _distinct(degrees: Points, codes: Labels, count: int) -> tuple[Points, Labels]:
    """Each point once, with its most frequent label."""
    spots, where = np.unique(degrees, axis=0, return_inverse=True)
    votes = np.zeros((len(spots), count), dtype=np.int32)
    np.add.at(votes, (where.ravel(), codes), 1)
    return spots, np.argmax(votes, axis=1)


def _outline(metres: Points) -> Any:
    """The ground of the city: everything near a point, without holes or narrow bays."""
    near = shapely.union_all(shapely.buffer(shapely.points(metres), _REACH_M, quad_segs=3))
    closed = shapely.buffer(shapely.buffer(near, _CLOSE_M, quad_segs=3), -_CLOSE_M, quad_segs=3)
    parts = [shapely.polygons(part.exterior.coords) for part in shapely.get_parts(closed)]
    return shapely.simplify(shapely.union_all(parts), _DETAIL_M)


def _polygons(area: Any) -> Any:
    """A valid MultiPolygon; lines and points that cutting left over are dropped."""
    parts = [
        part
        for part in shapely.get_parts(shapely.make_valid(area)).tolist()
        for part in shapely.get_parts(part).tolist()
        if part.geom_type == "Polygon" and part.area > 0
    ]
    return shapely.multipolygons(parts)

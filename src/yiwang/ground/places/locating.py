"""The deepest area of a point, singly and in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from yiwang.ground.packs.model import Level, Pack, Place
from yiwang.ground.places.coordinates import Bounds, Plausibility, bounds_of, plausible

Indexes = NDArray[np.int32]


class Reason(StrEnum):
    """Why a point got its place, or none."""

    AREA = "area"  # in the deepest drawn area there is
    UPPER_AREA = "upper_area"  # in an upper area only; nothing deeper is drawn there
    OUTSIDE = "outside"
    SWAPPED = "swapped"  # outside, but inside with latitude and longitude exchanged
    IMPOSSIBLE = "impossible"  # no position on earth
    NO_AREAS = "no_areas"  # the city has no boundaries


_GAP = 1e-10  # square degrees, about 1 m²
_REASONS = {
    Plausibility.INSIDE: Reason.OUTSIDE,  # in the box around the city, not in the city
    Plausibility.OUTSIDE: Reason.OUTSIDE,
    Plausibility.SWAPPED: Reason.SWAPPED,
    Plausibility.IMPOSSIBLE: Reason.IMPOSSIBLE,
}


@dataclass(frozen=True, slots=True)
class Located:
    """Where a point lies; `place_code`, `path` and `level` are None where it lies nowhere."""

    place_code: str | None
    path: str | None
    level: Level | None
    reason: Reason


class Locator:
    """Boundaries of a city, searchable. A point on a line belongs to the first area by order of
    the pack, so that every answer is the same in every run."""

    def __init__(self, places: Sequence[Place], shapes: Any, bounds: Bounds | None) -> None:
        """Use :meth:`build`. `places` go from the deepest to the city, with `shapes` beside."""
        self.places: tuple[Place, ...] = tuple(places)
        self._bounds = bounds
        parents = {place.parent for place in self.places}
        leaf = np.fromiter((one.code not in parents for one in self.places), np.bool_)
        open_uppers = ~leaf & _has_gaps(self.places, shapes)
        self._trees = tuple(
            (chosen, shapely.STRtree(shapes[chosen]))
            for chosen in (np.flatnonzero(leaf), np.flatnonzero(open_uppers))
            if len(chosen)
        )
        self._located = tuple(
            Located(
                place.code,
                place.path,
                place.level,
                Reason.AREA if leaf[index] else Reason.UPPER_AREA,
            )
            for index, place in enumerate(self.places)
        )

    @classmethod
    def build(cls, pack: Pack) -> Self:
        """The locator of a pack; a pack without areas locates nothing and says so."""
        depth = {level: index for index, level in enumerate(Level)}
        drawn = [place for place in pack.places if place.code in pack.areas]
        drawn.sort(key=lambda place: -depth[place.level])
        shapes = shapely.from_wkb(np.asarray([pack.areas[place.code] for place in drawn], object))
        return cls(drawn, shapes, bounds_of(pack))

    def locate(self, lon: float, lat: float) -> Located:
        """The deepest place at a WGS-84 point; outside the city, none and the reason."""
        if self._bounds is None:
            return Located(None, None, None, Reason.NO_AREAS)
        guess = plausible(lon, lat, self._bounds)
        if guess is Plausibility.INSIDE:
            point = shapely.Point(lon, lat)
            for chosen, tree in self._trees:
                hits = tree.query(point, predicate="intersects")
                if len(hits):
                    return self._located[int(chosen[min(hits)])]
        return Located(None, None, None, _REASONS[guess])

    def locate_many(self, lons: ArrayLike, lats: ArrayLike) -> Indexes:
        """For each point the index of its deepest place in `places`, -1 outside the city."""
        x, y = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        found = np.full(len(x), -1, dtype=np.int32)
        rest = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        for chosen, tree in self._trees:
            if not len(rest):
                break
            asked, hits = tree.query(shapely.points(x[rest], y[rest]), predicate="intersects")
            order = np.lexsort((-hits, asked))  # the first of several comes last and stays
            found[rest[asked[order]]] = chosen[hits[order]]
            rest = rest[found[rest] < 0]
        return found


def _has_gaps(places: Sequence[Place], shapes: Any) -> NDArray[np.bool_]:
    """Which areas hold ground that none of their children's areas cover."""
    sizes = shapely.area(shapes)
    covered = {place.code: 0.0 for place in places}
    for place, size in zip(places, sizes, strict=True):
        if place.parent in covered:
            covered[place.parent] += float(size)
    below = np.fromiter((covered[place.code] for place in places), np.float64, len(places))
    return np.asarray(sizes - below > _GAP, dtype=np.bool_)

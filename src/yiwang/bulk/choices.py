"""What made-up cases are made of: the city's kinds, its smallest places and points inside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from yiwang.ground.city import City
from yiwang.ground.packs.model import Kind, Level, Place
from yiwang.kit.errors import Refusal

_FAMILY_WEIGHT = {"event": 0.55, "demand": 0.3, "component": 0.15}
_TRIES = 96  # points thrown at the box around each area; about half of them fall inside
_TAIL = 0.9  # how fast frequencies fall from one kind to the next


@dataclass(frozen=True, slots=True)
class Choices:
    """Kinds and places with their weights, and a pool of points in each place.

    `points` holds longitude and latitude (WGS-84 degrees); those of place i stand from
    `first[i]` to `first[i] + count[i]`. A place without a boundary has none. `districts[i]` is the
    code that opens the case number of a place, `towns[i]` its town as a place.
    """

    kinds: tuple[Kind, ...]
    kind_weights: NDArray[np.float64]
    places: tuple[Place, ...]
    place_weights: NDArray[np.float64]
    points: NDArray[np.float64]
    first: NDArray[np.int64]
    count: NDArray[np.int64]
    districts: tuple[str, ...]
    towns: tuple[Place, ...]


def choose_from(city: City, on: date, rng: np.random.Generator) -> Choices:
    """Everything a case can be about in `city` on the day `on`; refuses a pack without kinds."""
    kinds = _kinds(city, on)
    places = _leaves(city)
    points, first, count = _points(city, places, rng)
    by_code = {place.code: place for place in city.pack.places}
    above = [_above(place, by_code) for place in places]
    return Choices(
        kinds=kinds,
        kind_weights=_kind_weights(kinds),
        places=places,
        place_weights=_shares(rng.lognormal(0.0, 0.6, len(places))),
        points=points,
        first=first,
        count=count,
        districts=tuple(
            next((p.code for p in line if p.level is Level.DISTRICT), line[-1].code)
            for line in above
        ),
        towns=tuple(next((p for p in line if p.level is Level.TOWN), line[0]) for line in above),
    )


def _kinds(city: City, on: date) -> tuple[Kind, ...]:
    found = tuple(kind for kind in city.taxonomy.kinds(on) if not city.taxonomy.children(kind.key))
    if not found:
        raise Refusal("bench.no_kinds", pack=city.pack.name)
    return found


def _kind_weights(kinds: tuple[Kind, ...]) -> NDArray[np.float64]:
    """A few kinds make most of the work, as in every city's published figures."""
    rank: dict[str, int] = {}
    weights = []
    for kind in kinds:
        rank[kind.family] = rank.get(kind.family, 0) + 1
        weights.append(_FAMILY_WEIGHT.get(kind.family, 0.1) / rank[kind.family] ** _TAIL)
    return _shares(np.array(weights))


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _leaves(city: City) -> tuple[Place, ...]:
    parents = {place.parent for place in city.pack.places}
    return tuple(
        place for place in city.pack.places if place.code not in parents and place.valid_to is None
    )


def _above(place: Place, by_code: dict[str, Place]) -> list[Place]:
    line = [place]
    while line[-1].parent is not None:
        line.append(by_code[line[-1].parent])
    return line


def _points(
    city: City, places: tuple[Place, ...], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    count = np.zeros(len(places), dtype=np.int64)
    bounded = [i for i, place in enumerate(places) if place.code in city.pack.areas]
    if not bounded:
        return np.empty((0, 2)), count.copy(), count
    blobs = [city.pack.areas[places[i].code] for i in bounded]
    areas = shapely.from_wkb(np.array(blobs, dtype=object))
    shapely.prepare(areas)
    west, south, east, north = shapely.bounds(areas).T
    throws = rng.random((2, _TRIES, len(areas)))
    x = (west + throws[0] * (east - west)).T.ravel()
    y = (south + throws[1] * (north - south)).T.ravel()
    owner = np.repeat(np.arange(len(areas)), _TRIES)
    inside = shapely.contains_xy(areas[owner], x, y)
    centre = shapely.point_on_surface(areas)
    owner = np.concatenate([np.arange(len(areas)), owner[inside]])
    x = np.concatenate([shapely.get_x(centre), x[inside]])
    y = np.concatenate([shapely.get_y(centre), y[inside]])
    order = np.argsort(owner, kind="stable")
    each = np.bincount(owner, minlength=len(areas))
    count[bounded] = each
    first = np.zeros(len(places), dtype=np.int64)
    first[bounded] = np.cumsum(each) - each
    return np.column_stack([x, y])[order].round(6), first, count

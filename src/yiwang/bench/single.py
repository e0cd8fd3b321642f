"""Benches of one part alone: `bench places` and `bench bulk`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from yiwang.bench import reference
from yiwang.bench.figure import Figure, make_figure
from yiwang.bench.installation import Installation
from yiwang.bulk import generate
from yiwang.ground.city import City
from yiwang.kit.errors import Refusal

_POINTS = 200_000
_BATCH = 10_000
_TABLES = ("reports", "cases", "orders", "checks", "events")


def measure_places(city: City, seed: int = 1) -> Figure:
    """Points per second to their deepest place, in batches; the limit is the bare index."""
    blobs = [city.pack.areas[p.code] for p in city.pack.places if p.code in city.pack.areas]
    if not blobs:
        raise Refusal("bench.no_areas", pack=city.pack.name)
    areas = shapely.from_wkb(np.array(blobs, dtype=object))
    west, south, east, north = shapely.total_bounds(areas)
    throws = np.random.default_rng(seed).random((2, _POINTS))
    lons, lats = west + throws[0] * (east - west), south + throws[1] * (north - south)
    parents = {place.parent for place in city.pack.places}
    leaf = [p.code not in parents for p in city.pack.places if p.code in city.pack.areas]
    leaves = areas[np.array(leaf)]
    shapely.prepare(leaves)
    tree = shapely.STRtree(leaves)

    def bare(x: NDArray[np.float64], y: NDArray[np.float64]) -> object:
        return tree.query(shapely.points(x, y), predicate="intersects")

    found = sum(
        sum(index is not None and index != -1 for index in city.locator.locate_many(x, y))
        for x, y in _batches(lons, lats)
    )
    ours = _time(city.locator.locate_many, lons, lats)
    limit = _time(bare, lons, lats)
    return make_figure(
        "places",
        _POINTS / (ours.sum() / 1000),
        "points/s",
        _POINTS / (limit.sum() / 1000),
        ours,
        0,
        {
            "limit_is": "shapely.STRtree over the deepest areas alone",
            "points": _POINTS,
            "batch": _BATCH,
            "areas": len(areas),
            "deepest_areas": len(leaves),
            "found": int(found),
        },
    )


def _batches(
    lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    starts = range(0, len(lons), _BATCH)
    return [(lons[at : at + _BATCH], lats[at : at + _BATCH]) for at in starts]


def _time(
    locate: Callable[[NDArray[np.float64], NDArray[np.float64]], object],
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Milliseconds of each batch."""
    spent = []
    for x, y in _batches(lons, lats):
        began = time.perf_counter()
        locate(x, y)
        spent.append((time.perf_counter() - began) * 1000)
    return np.array(spent, dtype=np.float32)


async def measure_bulk(place: Installation, cases: int, seed: int = 1) -> Figure:
    """Rows per second of the bulk generator; the limit is COPY into a table without indexes."""
    limit = await reference.measure_copy(place.owner_url)
    before = await _count(place)
    began = time.perf_counter()
    made = await generate(place.owner_url, place.city, cases, seed)
    seconds = time.perf_counter() - began
    after = await _count(place)
    rows = {table: after[table] - before[table] for table in _TABLES}
    return make_figure(
        "bulk",
        sum(rows.values()) / seconds,
        "rows/s",
        limit,
        np.empty(0, dtype=np.float32),
        int(made != rows["cases"]),
        {
            "limit_is": "COPY of events into a table without indexes, one connection",
            "cases": made,
            "seconds": round(seconds, 1),
            "cases_per_s": round(made / seconds),
            "million_cases_in_s": round(seconds / max(made, 1) * 1e6),
            "rows": rows,
        },
    )


async def _count(place: Installation) -> dict[str, int]:
    async with place.database() as conn:
        return {table: await conn.fetchval(f"select count(*) from {table}") for table in _TABLES}

"""Draws the boundaries of a pack from the points of its city's own records."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from yiwang.ground.packs.model import Level
from yiwang.kit.errors import Refusal
from yiwang.replay.dataset import Adapter, Record, read_adapter, read_records
from yiwang.replay.geometry import Points, draw_areas, join
from yiwang.replay.naming import SEEDS, grid_code

_MARGIN = 0.0005  # degrees, about 50 m: the city holds its districts with room to spare
_UPWARDS = (Level.TOWN, Level.DISTRICT)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn, and how well it fits the records it was drawn from.

    Shares are of the records with a real point whose ward, precinct or neighbourhood is recorded.
    """

    areas: Mapping[str, int]  # by level
    records: int
    points: int
    ward_share: float
    precinct_share: float
    neighbourhood_share: float
    seconds: float

    def lines(self) -> list[str]:
        """What to tell the person who asked for it."""
        areas = ", ".join(f"{level} {count}" for level, count in self.areas.items())
        return [
            f"{self.records} records, {self.points} with a point in a known precinct",
            f"areas: {areas}",
            f"the drawn place is the recorded one: ward {self.ward_share:.1%}, precinct "
            f"{self.precinct_share:.1%}, neighbourhood {self.neighbourhood_share:.1%}",
            f"{self.seconds} s",
        ]


def draw_from_records(data: Path, pack: Path) -> Drawn:
    """Write `areas/*.geojson` into `pack` from the records in the folder `data`.

    Precincts are drawn from the points, everything above is the union of what lies in it; one
    without any point in these records is drawn around its seed (`seeds.csv`). Refuses
    where there are no records ("replay.data_missing"), the pack does not say how they are read
    ("replay.mapping_missing") or no record lies in a place of the pack ("replay.nothing_to_draw").
    """
    began = time.monotonic()
    adapter = read_adapter(pack)
    records = read_records(data, adapter)
    tree = _read_tree(pack)
    pointed = [
        (record, code)
        for record in records
        if not record.placeholder and (code := grid_code(adapter, record)) in tree
    ]
    if not pointed:
        raise Refusal("replay.nothing_to_draw", count=len(records))
    points = np.array([(record.lon, record.lat) for record, _ in pointed])
    codes = [code for _, code in pointed]
    seeds = {code: at for code, at in _read_seeds(pack).items() if code not in set(codes)}
    levels = _draw_levels(
        np.concatenate([points, np.array([*seeds.values()]).reshape(-1, 2)]),
        [*codes, *seeds],
        tree,
        adapter.root,
    )
    folder = pack / "areas"
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*.geojson"):
        stale.unlink()
    for level, areas in levels.items():
        _write(folder / f"{level}.geojson", areas)
    found = _locate(levels[Level.GRID], points)
    real = [record for record, _ in pointed]
    districts = {place.name for place in tree.values() if place.level == Level.DISTRICT}
    return Drawn(
        areas={level.value: len(areas) for level, areas in levels.items()},
        records=len(records),
        points=len(points),
        ward_share=_share(real, [_ward(adapter, code) for code in found], "ward"),
        precinct_share=_share(real, [code[1:].upper() for code in found], "precinct"),
        neighbourhood_share=_share(
            [record for record in real if record.neighbourhood in districts],
            [
                tree[tree[tree[code].parent].parent].name if code else ""
                for record, code in zip(real, found, strict=True)
                if record.neighbourhood in districts
            ],
            "neighbourhood",
        ),
        seconds=round(time.monotonic() - began, 1),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    parent: str
    level: str
    name: str


def _read_tree(pack: Path) -> dict[str, _Place]:
    """The places by code, from the table alone: the pack need not have boundaries yet."""
    with (pack / "places.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: _Place(row["parent"], row["level"], row["name_en"])
            for row in csv.DictReader(file)
        }


def _read_seeds(pack: Path) -> dict[str, tuple[float, float]]:
    """A point in each precinct, longitude and latitude."""
    with (pack / SEEDS).open(encoding="utf-8", newline="") as file:
        return {row["code"]: (float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)}


def _draw_levels(
    points: Points, codes: list[str], tree: Mapping[str, _Place], root: str
) -> dict[Level, dict[str, Any]]:
    levels = {Level.GRID: draw_areas(points, codes)}
    below = levels[Level.GRID]
    for level in _UPWARDS:
        members: dict[str, list[str]] = {}
        for code in below:
            members.setdefault(tree[code].parent, []).append(code)
        below = levels[level] = join(below, members)
    city = join(below, {root: list(below)})[root]
    parts = shapely.get_parts(shapely.buffer(city, _MARGIN, quad_segs=2))
    levels[Level.CITY] = {root: shapely.multipolygons(parts)}
    return levels


def _write(path: Path, areas: Mapping[str, Any]) -> None:
    features = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {"code": code, "origin": "records"},
                "geometry": json.loads(shapely.to_geojson(area)),
            }
        )
        for code, area in areas.items()
    ]
    text = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}\n"
    path.write_text(text, encoding="utf-8")


def _locate(areas: Mapping[str, Any], points: Points) -> list[str]:
    """The area of each point, "" where it lies in none."""
    codes = np.array([*areas, ""], dtype=object)
    asked, hits = shapely.STRtree(list(areas.values())).query(
        shapely.points(points), predicate="intersects"
    )
    found = np.full(len(points), len(areas))
    found[asked] = hits
    return [str(code) for code in codes[found]]


def _ward(adapter: Adapter, code: str) -> str:
    fits = adapter.precinct.match(code[1:].upper())
    return fits.group(1).lstrip("0") if fits else ""


def _share(records: list[Record], drawn: list[str], name: str) -> float:
    pairs = [
        (getattr(record, name), there)
        for record, there in zip(records, drawn, strict=True)
        if getattr(record, name)
    ]
    return sum(recorded == there for recorded, there in pairs) / len(pairs) if pairs else 0.0

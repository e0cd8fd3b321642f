"""A synthetic day of Chinese reports, for a demonstration; every one is labelled as synthetic."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import shapely

from yiwang.bulk.wording import Speech, speech
from yiwang.ground.city import City
from yiwang.ground.packs.model import Kind, Level, Place

_REPEATS = 0.18  # share of reports that say again what another one said
_NO_POINT = 0.10  # share that only give an address
_VAGUE = 0.02  # share that give nothing to go by, and end on the desk


@dataclass(frozen=True, slots=True)
class Sample:
    """One report of the day, as the API takes it."""

    text: str
    title: str
    address: str
    lon: float | None
    lat: float | None
    happened_at: datetime
    external_id: str

    def body(self) -> dict[str, Any]:
        """The JSON of POST /api/v1/reports."""
        body: dict[str, Any] = {
            "text": self.text,
            "title": self.title,
            "address": self.address,
            "happened_at": self.happened_at.isoformat(),
            "external_id": self.external_id,
            "language": "zh",
            "synthetic": True,
        }
        if self.lon is not None and self.lat is not None:
            body |= {"lon": self.lon, "lat": self.lat}
        return body


def make_day(city: City, count: int, now: datetime, seed: int) -> list[Sample]:
    """`count` reports of the 24 hours before `now`, the earliest first; the same for a seed."""
    chance = random.Random(seed)
    kinds = [
        kind
        for kind in city.taxonomy.kinds(city.day(now))
        if kind.keywords and kind.parent is not None
    ]
    towns = _towns(city)
    turns = speech("zh")
    samples: list[Sample] = []
    for number in range(count):
        moment = now - timedelta(days=1) * (1 - number / count)
        name = f"day-{now:%Y%m%d%H%M}-{seed:x}-{number}"
        if samples and chance.random() < _REPEATS:
            samples.append(_again(chance.choice(samples[-60:]), chance, moment, name))
        else:
            samples.append(_fresh(city, chance, kinds, towns, turns, moment, name))
    return samples


def _towns(city: City) -> list[tuple[Place, Any]]:
    """Towns with their areas; most of the day happens in the first district's towns."""
    found = []
    for place in city.tree.at_level(Level.TOWN):
        area = city.pack.areas.get(place.code)
        if area is not None:
            found.append((place, shapely.from_wkb(area)))
    return found


def _fresh(
    city: City,
    chance: random.Random,
    kinds: Sequence[Kind],
    towns: Sequence[tuple[Place, Any]],
    turns: Speech,
    moment: datetime,
    name: str,
) -> Sample:
    near = chance.random() < 0.6
    town, area = chance.choice(towns[:12] if near else towns)
    kind = chance.choice(kinds)
    what = chance.choice(kind.keywords)
    district = city.tree.ancestor_at(town.code, Level.DISTRICT)
    road = chance.choice(turns.roads)
    address = (
        f"{district.name.zh if district else ''}{town.name.zh}{road}{chance.randint(1, 900)}号"
    )
    if chance.random() < _VAGUE:
        return Sample("您好，请尽快处理一下。", "", "", None, None, moment, name)
    more = chance.choice(turns.additions)
    text = chance.choice(turns.texts).format(at=address, what=what, more=more)
    lon, lat = _point(area, chance)
    if chance.random() < _NO_POINT:
        return Sample(text, "", address, None, None, moment, name)
    return Sample(text, "", address, lon, lat, moment, name)


def _point(area: Any, chance: random.Random) -> tuple[float, float]:
    west, south, east, north = area.bounds
    for _ in range(40):
        lon, lat = chance.uniform(west, east), chance.uniform(south, north)
        if area.contains(shapely.Point(lon, lat)):
            return round(lon, 6), round(lat, 6)
    inside = area.representative_point()
    return round(inside.x, 6), round(inside.y, 6)


def _again(other: Sample, chance: random.Random, moment: datetime, name: str) -> Sample:
    """Another person about the same thing, a few metres away."""
    if other.lon is None or other.lat is None:
        return Sample(other.text, other.title, other.address, None, None, moment, name)
    return Sample(
        text=f"再次反映：{other.text}",
        title="",
        address=other.address,
        lon=round(other.lon + chance.uniform(-1.5e-4, 1.5e-4), 6),
        lat=round(other.lat + chance.uniform(-1e-4, 1e-4), 6),
        happened_at=moment,
        external_id=name,
    )

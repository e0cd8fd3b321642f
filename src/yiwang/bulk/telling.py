"""The words, points and sources of the cases of one part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yiwang.bulk import lines
from yiwang.bulk.choices import Choices
from yiwang.bulk.drawing import Draw, Numbers
from yiwang.bulk.wording import Speech, speech
from yiwang.ground.city import City

_SOURCES = {
    "demand": ("hotline",) * 8 + ("citizen",) * 2,
    "event": ("patrol",) * 5 + ("hotline",) * 2 + ("citizen",) * 2 + ("system",),
    "component": ("patrol",) * 6 + ("system",) * 3 + ("hotline",),
}
_ANY_SOURCE = ("hotline", "citizen", "patrol", "system")


@dataclass(frozen=True, slots=True)
class Told:
    """What each case says, ready for COPY: one entry per case."""

    speech: Speech
    language: str
    kinds: list[str]
    places: list[str]  # ltree paths
    titles: list[str]
    texts: list[str]
    addresses: list[str]
    positions: list[str]  # longitude, latitude and spot, tab between; NULLs where unknown
    sources: list[str]
    urgent: list[str]
    words: list[int]  # free choices of further words


class Teller:
    """Composes what is said about cases of one city."""

    def __init__(self, city: City, choices: Choices) -> None:
        self._choices = choices
        self._language = "zh" if "zh" in city.pack.languages else "en"
        self._speech = speech(self._language)
        self._frame = city.frame if len(choices.points) else None
        self._what = [lines.text(kind.name.say(self._language)) for kind in choices.kinds]
        self._towns = [lines.text(place.name.say(self._language)) for place in choices.towns]

    def tell(self, part: Draw) -> Told:
        """The words of a part."""
        said, choices = self._speech, self._choices
        kinds, places = part.kind.tolist(), part.place.tolist()
        titles, texts, addresses = [], [], []
        for kind, place, die in zip(kinds, places, (part.dice >> 8).tolist(), strict=True):
            what = self._what[kind]
            address = said.address.format(
                town=self._towns[place],
                road=said.roads[die % len(said.roads)],
                number=die // 64 % 1800 + 1,
            )
            pattern = said.texts[(die >> 18) % len(said.texts)]
            more = said.additions[(die >> 22) % len(said.additions)]
            addresses.append(address)
            titles.append(said.title.format(address=address, what=what))
            texts.append(pattern.format(at=address, what=what, more=more))
        families = [_SOURCES.get(kind.family, _ANY_SOURCE) for kind in choices.kinds]
        sources = [
            families[kind][die % len(families[kind])]
            for kind, die in zip(kinds, (part.dice >> 30).tolist(), strict=True)
        ]
        return Told(
            speech=said,
            language=self._language,
            kinds=[choices.kinds[kind].key for kind in kinds],
            places=[choices.places[place].path for place in places],
            titles=titles,
            texts=texts,
            addresses=addresses,
            positions=self._positions(part.place, part.dice),
            sources=sources,
            urgent=["t" if choices.kinds[kind].urgent else "f" for kind in kinds],
            words=(part.dice >> 36).tolist(),
        )

    def _positions(self, place: Numbers, dice: Numbers) -> list[str]:
        nowhere = "\t".join([lines.NULL] * 3)
        if self._frame is None:
            return [nowhere] * len(place)
        count = self._choices.count[place]
        index = self._choices.first[place] + dice % np.maximum(count, 1)
        points = self._choices.points[np.where(count > 0, index, 0)]
        x, y = self._frame.to_local_many(points[:, 0], points[:, 1])
        rows = zip(
            count.tolist(),
            points.tolist(),
            np.round(x, 2).tolist(),
            np.round(y, 2).tolist(),
            strict=True,
        )
        return [f"{p[0]}\t{p[1]}\t({x},{y})" if n else nowhere for n, p, x, y in rows]

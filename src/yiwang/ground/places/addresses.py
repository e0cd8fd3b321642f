"""From an address or a free text to a place, by the names it contains, with a confidence.

There is no gazetteer of roads: a road is read and kept, the place comes from names of districts,
towns and communities. A name that people also use for a road ("人民路") counts little unless
the text says 街道 or names the district as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from yiwang.ground.packs.model import Level, Pack, Place
from yiwang.ground.places.tree import path_contains
from yiwang.ground.places.wording import AddressParts, plain, read_parts

_CERTAINTY = {
    Level.CITY: 0.2,
    Level.DISTRICT: 0.5,
    Level.TOWN: 0.8,
    Level.GRID: 0.85,
    Level.COMMUNITY: 0.92,
}
_FULL, _ALIAS, _ROAD_LIKE = 1.0, 0.85, 0.45
_AGREEING, _CONTRADICTED = 0.08, 0.4
_ROAD_ENDS = ("路", "街", "道")
_ROAD_GOES_ON = re.compile(r"\d|[东西南北中]?[一二三四]?(?:路|街(?!道)|弄|大道|公路|支路)")
_LABEL_NOTE = re.compile(r"[（(](?:生成|generated)[)）]\s*$")
_WORD = re.compile(r"[a-z0-9]")


class MatchReason(StrEnum):
    """How the place of an address was found."""

    NAME = "name"  # one name, or several that agree
    ROAD_LIKE = "road_like"  # a name that is also a road's
    AMBIGUOUS = "ambiguous"  # several places bear the name: their lowest common place
    CONTRADICTION = "contradiction"  # names that exclude each other: the deepest was taken
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class AddressMatch:
    """The place an address names, how sure that is (0 to 1), and its parts below the place."""

    place_code: str | None
    path: str | None
    confidence: float
    parts: AddressParts
    reason: MatchReason


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    weight: float
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All names of a city's places, searchable in any text."""

    names: Mapping[str, tuple[tuple[Place, float], ...]] = field(repr=False)
    lengths: Mapping[str, tuple[int, ...]] = field(
        repr=False
    )  # by first two characters, long first
    by_code: Mapping[str, Place] = field(repr=False)

    @classmethod
    def build(cls, pack: Pack) -> Self:
        """The names and aliases of all places, in both languages."""
        names: dict[str, list[tuple[Place, float]]] = {}
        for place in pack.places:
            full = {_key(_LABEL_NOTE.sub("", place.name.say(tongue))) for tongue in ("zh", "en")}
            for name in sorted(full - {""}):
                names.setdefault(name, []).append((place, _FULL))
            for alias in sorted({_key(alias) for alias in place.aliases} - full - {""}):
                weight = _ROAD_LIKE if alias.endswith((*_ROAD_ENDS, " road")) else _ALIAS
                names.setdefault(alias, []).append((place, weight))
        lengths: dict[str, set[int]] = {}
        for name in names:
            lengths.setdefault(name[:2], set()).add(len(name))
        return cls(
            {name: tuple(found) for name, found in names.items()},
            {head: tuple(sorted(found, reverse=True)) for head, found in lengths.items()},
            {place.code: place for place in pack.places},
        )

    def match(self, text: str) -> AddressMatch:
        """The deepest place that `text` names. Confidence falls where the name is also a road's,
        where several places bear it, or where names exclude each other, and rises with every
        place above that is named too."""
        tidy = plain(text)
        hits = self._hits(tidy)
        parts = read_parts(_without(tidy, [hit for hit in hits if hit.weight > _ROAD_LIKE]))
        if not hits:
            return AddressMatch(None, None, 0.0, parts, MatchReason.NOTHING)
        return self._choose(hits, parts)

    def _hits(self, tidy: str) -> list[_Hit]:
        """The names in the text, the longest at each spot, none inside another."""
        text = tidy.casefold()
        hits: list[_Hit] = []
        at = 0
        while at < len(text):
            hit = self._hit_at(text, at)
            if hit is None:
                at += 1
            else:
                hits.append(hit)
                at = hit.end
        return hits

    def _hit_at(self, text: str, at: int) -> _Hit | None:
        for length in self.lengths.get(text[at : at + 2], ()):
            name = text[at : at + length]
            found = self.names.get(name)
            if found is None or not _stands_alone(text, at, at + length):
                continue
            best = max(weight for _, weight in found)
            if best < _FULL and _ROAD_GOES_ON.match(text, at + length):
                best = min(best, _ROAD_LIKE)
            places = tuple(place for place, weight in found if weight >= min(best, _ALIAS))
            return _Hit(at, at + length, best, places or tuple(place for place, _ in found))
        return None

    def _choose(self, hits: Sequence[_Hit], parts: AddressParts) -> AddressMatch:
        best: tuple[float, int, AddressMatch] | None = None
        for hit in hits:
            others = [other for other in hits if other is not hit]
            candidates = _agreeing(hit.places, others)
            place = candidates[0] if len(candidates) == 1 else self._common(candidates)
            reason = MatchReason.NAME
            if len(candidates) > 1:
                reason = MatchReason.AMBIGUOUS
            elif hit.weight <= _ROAD_LIKE:
                reason = MatchReason.ROAD_LIKE
            confidence = _CERTAINTY[place.level] * hit.weight
            above = sum(1 for other in others if _above(other.places, place))
            against = [other for other in others if _excludes(other, place)]
            confidence = min(0.99, confidence + _AGREEING * above)
            if hit.weight <= _ROAD_LIKE and above:
                confidence = max(confidence, _CERTAINTY[place.level] * 0.7)
            if against:
                confidence *= _CONTRADICTED
                reason = MatchReason.CONTRADICTION
            depth = place.path.count(".")
            match = AddressMatch(place.code, place.path, round(confidence, 3), parts, reason)
            if best is None or (confidence, depth) > best[:2]:
                best = (confidence, depth, match)
        if best is None:
            raise ValueError("an address without a name in it has nothing to choose from")
        return best[2]

    def _common(self, places: Iterable[Place]) -> Place:
        """The lowest place above all of `places` (they share at least the city)."""
        steps = [place.path.split(".") for place in places]
        common = [step[0] for step in zip(*steps, strict=False) if len(set(step)) == 1]
        return self.by_code[common[-1]]


def _key(name: str) -> str:
    return plain(name).casefold()


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Latin names must not begin or end inside a word."""
    inside_before = start > 0 and _WORD.match(text[start]) and _WORD.match(text[start - 1])
    inside_after = end < len(text) and _WORD.match(text[end - 1]) and _WORD.match(text[end])
    return not (inside_before or inside_after)


def _agreeing(places: tuple[Place, ...], others: Sequence[_Hit]) -> tuple[Place, ...]:
    """Those of the places of one name that the other names of the text agree with best."""
    if len(places) == 1:
        return places
    votes = [sum(1 for other in others if _above(other.places, place)) for place in places]
    most = max(votes)
    return tuple(place for place, vote in zip(places, votes, strict=True) if vote == most)


def _above(upper: tuple[Place, ...], place: Place) -> bool:
    """Whether one of `upper` lies above `place`."""
    return any(one.code != place.code and path_contains(one.path, place.path) for one in upper)


def _excludes(other: _Hit, place: Place) -> bool:
    """Whether a plain name says that the matter lies elsewhere."""
    return other.weight > _ROAD_LIKE and not any(
        path_contains(one.path, place.path) or path_contains(place.path, one.path)
        for one in other.places
    )


def _without(text: str, hits: Sequence[_Hit]) -> str:
    """The text with the hits cut out, so that a road does not start with its district."""
    kept, at = [], 0
    for hit in hits:
        kept.append(text[at : hit.start])
        at = hit.end
    return " ".join((*kept, text[at:]))

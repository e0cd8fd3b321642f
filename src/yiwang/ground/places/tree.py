"""The tree of places: who lies in whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from yiwang.ground.packs.model import Level, Pack, Place
from yiwang.kit.errors import Refusal


def path_contains(outer: str, inner: str) -> bool:
    """Whether the place of path `outer` is or contains the place of path `inner`."""
    return inner == outer or inner.startswith(f"{outer}.")


@dataclass(frozen=True, slots=True)
class PlaceTree:
    """All places of a city by code, with parents and children."""

    root: Place
    by_code: Mapping[str, Place]
    by_parent: Mapping[str, tuple[Place, ...]]

    @classmethod
    def build(cls, pack: Pack) -> Self:
        """The tree of a pack that passed its check."""
        by_code = {place.code: place for place in pack.places}
        children: dict[str, list[Place]] = {}
        for place in pack.places:
            if place.parent is not None:
                children.setdefault(place.parent, []).append(place)
        return cls(
            by_code[pack.root],
            by_code,
            {parent: tuple(below) for parent, below in children.items()},
        )

    def find(self, code: str) -> Place | None:
        """The place of a code, or None."""
        return self.by_code.get(code)

    def get(self, code: str) -> Place:
        """The place of a code; refuses an unknown one (`places.unknown`)."""
        place = self.by_code.get(code)
        if place is None:
            raise Refusal("places.unknown", place=code)
        return place

    def path(self, code: str) -> str:
        """The path of a place, from the city down."""
        return self.get(code).path

    def ancestors(self, code: str) -> tuple[Place, ...]:
        """The places above, the city first; empty for the city."""
        return tuple(self.by_code[step] for step in self.get(code).path.split(".")[:-1])

    def ancestor_at(self, code: str, level: Level) -> Place | None:
        """The place itself or the one above it at `level`, None where the path has none."""
        for step in self.get(code).path.split("."):
            if self.by_code[step].level == level:
                return self.by_code[step]
        return None

    def children(self, code: str) -> tuple[Place, ...]:
        """The places one step below."""
        return self.by_parent.get(code, ())

    def descendants(self, code: str) -> Iterator[Place]:
        """All places below, parents before their children, without the place itself."""
        waiting = list(reversed(self.children(self.get(code).code)))
        while waiting:
            place = waiting.pop()
            yield place
            waiting.extend(reversed(self.children(place.code)))

    def at_level(self, level: Level) -> tuple[Place, ...]:
        """All places of one level, in the order of the pack."""
        return tuple(place for place in self.by_code.values() if place.level == level)

    def lowest_common(self, paths: Iterable[str]) -> Place:
        """The deepest place that contains all of `paths`; refuses none or foreign paths."""
        asked = tuple(paths)
        common: list[str] = []
        for steps in zip(*(path.split(".") for path in asked), strict=False):
            if len(set(steps)) > 1:
                break
            common.append(steps[0])
        if not common or common[-1] not in self.by_code:
            raise Refusal("places.no_common", paths=", ".join(asked))
        return self.by_code[common[-1]]

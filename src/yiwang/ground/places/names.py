"""Places by what somebody types of their names: whole paths, parts of names, codes.

For choosing one place out of thousands; what a free text means is read in
:mod:`yiwang.ground.places.addresses`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from yiwang.ground.packs.model import Level, Place
from yiwang.ground.places.tree import PlaceTree, path_contains

_PARTED = re.compile(r"[\s,，、;；/]+")


def _key(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'").casefold()


def _own(place: Place) -> tuple[str, ...]:
    names = (place.name.zh, place.name.en, place.code, *place.aliases)
    return tuple(dict.fromkeys(_key(name) for name in names if name))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A place with its own names and those along its path, as they are compared."""

    place: Place
    own: tuple[str, ...]
    whole: str
    above: str

    def fits(self, parts: tuple[str, ...]) -> bool:
        """Whether it is meant by itself: a place whose parent is meant already is not."""
        if not all(part in self.whole for part in parts):
            return False
        if any(part in name for part in parts for name in self.own):
            return True
        return not all(part in self.above for part in parts)

    def distance(self, parts: tuple[str, ...]) -> tuple[bool, bool, int]:
        """How far it is from what was typed: its very name, how a name begins, how deep it lies."""
        return (
            not any(part in self.own for part in parts),
            not any(name.startswith(part) for part in parts for name in self.own),
            self.place.path.count("."),
        )


@dataclass(frozen=True, slots=True)
class PlaceNames:
    """The names of all places of a city, in both languages, with aliases and codes."""

    _entries: tuple[_Entry, ...]

    @classmethod
    def build(cls, tree: PlaceTree) -> Self:
        """The names of a tree's places."""
        known: dict[str, str] = {}
        entries = []
        for place in (tree.root, *tree.descendants(tree.root.code)):
            path = (*tree.ancestors(place.code), place)
            own = _own(place)
            # the path is also typed as one word, the way addresses begin
            chinese = "".join(one.name.zh for one in path)
            parts = (_key(chinese), *(name for one in path for name in _own(one)))
            known[place.code] = "\n".join(dict.fromkeys(parts))
            above = known[place.parent] if place.parent else ""
            entries.append(_Entry(place, own, known[place.code], above))
        return cls(tuple(entries))

    def find(
        self, text: str, most: int, level: Level | None = None, within: str = ""
    ) -> list[Place]:
        """The places somebody may mean, the likeliest first: all that was typed, parted by spaces
        or commas, stands in the names along the place's path.

        At most `most`; of one `level`, in the place of path `within` where these are given.
        """
        parts = tuple(part for part in _PARTED.split(_key(text)) if part)
        if not parts:
            return []
        found = [
            entry
            for entry in self._entries
            if (level is None or entry.place.level is level)
            and (not within or path_contains(within, entry.place.path))
            and entry.fits(parts)
        ]
        found.sort(key=lambda entry: entry.distance(parts))
        return [entry.place for entry in found[:most]]

"""A photo as a matter: what was found in it, and what the public sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Sort(StrEnum):
    """What a region hides."""

    FACE = "face"
    PLATE = "plate"
    HAND = "hand"  # drawn by a person


class Variant(StrEnum):
    """The forms a photo is kept in."""

    ORIGINAL = "original"  # as it was sent, without EXIF
    PUBLISHED = "published"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the original in pixels from its upper left corner, and who found it.

    `by` is a detector ("frontalface_alt2", "colour.blue") or an actor ("person:12").
    """

    sort: Sort
    x: int
    y: int
    width: int
    height: int
    by: str

    def stored(self) -> dict[str, Any]:
        """The region as it lies in the database and in answers."""
        return {
            "sort": self.sort.value,
            "x": self.x,
            "y": self.y,
            "width": self.width,
            "height": self.height,
            "by": self.by,
        }

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Region:
        """A stored region."""
        x, y, width, height = (int(row[name]) for name in ("x", "y", "width", "height"))
        return cls(Sort(row["sort"]), x, y, width, height, str(row["by"]))


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of a report, order or check. `published` says where its variants lie.

    `place` is that of its case or report today. `regions` and `published` are as stored;
    `regions` holds what was found at the last publication and everything drawn by hand.
    """

    id: int
    version: int
    state: str  # kept, published, withheld
    place: str
    report_id: int | None
    case_id: int | None
    role: str
    media_type: str
    sha256: str
    width: int
    height: int
    regions: tuple[Mapping[str, Any], ...]
    published: Mapping[str, Any] | None
    published_at: datetime | None
    reason: str | None

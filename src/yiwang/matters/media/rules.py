"""Regions as values: inside the picture, grown a little, each thing once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil

from yiwang.kit.errors import Refusal
from yiwang.matters.media.model import Photo, Region, Sort

# Beyond what a detector frames lie hair, chin and ears, or the frame of a plate.
_MARGIN = {Sort.FACE: 0.25, Sort.PLATE: 0.15, Sort.HAND: 0.0}
_SAME = 0.5  # so much of the smaller one inside the larger: one thing


def grow(region: Region, width: int, height: int) -> Region:
    """The region with its margin, cut off at the picture's edge."""
    margin = _MARGIN[region.sort]
    dx, dy = ceil(region.width * margin), ceil(region.height * margin)
    return clip(
        replace(
            region,
            x=region.x - dx,
            y=region.y - dy,
            width=region.width + 2 * dx,
            height=region.height + 2 * dy,
        ),
        width,
        height,
    )


def clip(region: Region, width: int, height: int) -> Region:
    """The part of a region inside a picture of this size; sides of 0 where none is."""
    left, top = min(max(region.x, 0), width), min(max(region.y, 0), height)
    right = min(max(region.x + region.width, left), width)
    bottom = min(max(region.y + region.height, top), height)
    return replace(region, x=left, y=top, width=right - left, height=bottom - top)


def distinct(regions: Iterable[Region]) -> list[Region]:
    """Every thing once: of two that mostly share their area one remains, around both."""
    found: list[Region] = []
    for region in sorted(regions, key=lambda row: -row.width * row.height):
        for index, known in enumerate(found):
            if known.sort == region.sort and _shared(known, region) >= _SAME:
                found[index] = _around(known, region)
                break
        else:
            found.append(region)
    return sorted(found, key=lambda row: (row.y, row.x, row.sort))


def _shared(one: Region, other: Region) -> float:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(across, 0) * max(down, 0) / smaller if smaller else 0.0


def _around(one: Region, other: Region) -> Region:
    x, y = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    by = "+".join(dict.fromkeys([*one.by.split("+"), *other.by.split("+")]))
    return replace(one, x=x, y=y, width=right - x, height=bottom - y, by=by)


def drawn(photo: Photo, given: Sequence[Mapping[str, int]], by: str) -> list[Region]:
    """Regions drawn by hand; refuses one that touches nothing of the picture."""
    found = []
    for row in given:
        whole = Region(Sort.HAND, row["x"], row["y"], row["width"], row["height"], by)
        region = clip(whole, photo.width, photo.height)
        if not region.width or not region.height:
            raise Refusal("photo.region_outside", width=photo.width, height=photo.height)
        found.append(region)
    return found


def by_hand(photo: Photo) -> list[Region]:
    """The regions people drew; they stay when the photo is looked through again."""
    return [row for row in map(Region.read, photo.regions) if row.sort is Sort.HAND]

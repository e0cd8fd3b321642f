"""Reads the few EXIF facts a report needs: orientation, time of the shot, position.

A small reader of its own, because the block comes from strangers: every offset is checked, at
most three directories are visited, and nothing in it can raise. Source: CIPA DC-008 (Exif 2.32),
TIFF 6.0.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}  # bytes of one value, by TIFF type
_MOST_ENTRIES = 512
_MOST_BYTES = 1024  # no fact read here is longer

_ORIENTATION, _EXIF_DIRECTORY, _GPS_DIRECTORY = 0x0112, 0x8769, 0x8825
_TAKEN, _TAKEN_OFFSET = 0x9003, 0x9011
_LAT_REF, _LAT, _LON_REF, _LON = 1, 2, 3, 4

_Raw = Mapping[int, tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """What a photo says of itself; texts as written, nothing judged yet.

    `orientation` is 1 to 8. `position_given` is true where any coordinate was written, even one
    that cannot be read; `lat` and `lon` are degrees, north and east positive.
    """

    orientation: int = 1
    taken: str = ""
    offset: str = ""
    position_given: bool = False
    lat: float | None = None
    lon: float | None = None


def read_exif(block: bytes) -> ExifFacts:
    """The facts in a TIFF-shaped EXIF block; what is missing or broken is left out."""
    mark = block[:4]
    if mark not in (b"II*\0", b"MM\0*") or len(block) < 8:
        return ExifFacts()
    order = "<" if mark[:2] == b"II" else ">"
    main = _directory(block, order, _number(order, block[4:8]))
    exif = _directory(block, order, _pointer(order, main, _EXIF_DIRECTORY))
    gps = _directory(block, order, _pointer(order, main, _GPS_DIRECTORY))
    orientation = _pointer(order, main, _ORIENTATION)
    return ExifFacts(
        orientation=orientation if 1 <= orientation <= 8 else 1,
        taken=_text(exif, _TAKEN),
        offset=_text(exif, _TAKEN_OFFSET),
        position_given=_LAT in gps or _LON in gps,
        lat=_degrees(order, gps, _LAT, _text(gps, _LAT_REF), "NS"),
        lon=_degrees(order, gps, _LON, _text(gps, _LON_REF), "EW"),
    )


def _number(order: str, raw: bytes) -> int:
    return int.from_bytes(raw, "little" if order == "<" else "big")


def _directory(block: bytes, order: str, start: int) -> _Raw:
    if not 8 <= start <= len(block) - 2:
        return {}
    entries: dict[int, tuple[int, bytes]] = {}
    for index in range(min(_number(order, block[start : start + 2]), _MOST_ENTRIES)):
        entry = block[start + 2 + 12 * index : start + 14 + 12 * index]
        if len(entry) < 12:
            break
        tag, kind, count = struct.unpack(order + "HHI", entry[:8])
        size = _SIZES.get(kind, 0) * count
        if not 0 < size <= _MOST_BYTES:
            continue
        place = _number(order, entry[8:12])
        value = entry[8 : 8 + size] if size <= 4 else block[place : place + size]
        if len(value) == size:
            entries.setdefault(tag, (kind, value))
    return entries


def _pointer(order: str, directory: _Raw, tag: int) -> int:
    kind, value = directory.get(tag, (0, b""))
    return _number(order, value[: _SIZES[kind]]) if kind in (3, 4) else 0


def _text(directory: _Raw, tag: int) -> str:
    kind, value = directory.get(tag, (0, b""))
    return value.split(b"\0")[0].decode("ascii", "replace").strip() if kind == 2 else ""


def _degrees(order: str, directory: _Raw, tag: int, reference: str, signs: str) -> float | None:
    kind, value = directory.get(tag, (0, b""))
    if kind != 5 or not reference or reference.upper() not in signs:
        return None
    parts = struct.unpack(f"{order}{len(value) // 4}I", value)
    total = 0.0
    for place, (above, below) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        if below == 0 or place > 2:
            return None
        total += above / below / 60**place
    return -total if reference.upper() == signs[1] else total

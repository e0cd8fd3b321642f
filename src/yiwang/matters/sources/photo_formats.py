"""Takes a picture file apart without decoding it, and puts it together without its metadata.

Only parts on a list survive: what draws the picture, and on wish its colour profile. EXIF, XMP,
IPTC, comments, thumbnails, vendor blocks and whatever follows the end of the picture do not.
Sources: ITU-T T.81 and JFIF 1.02 (JPEG), W3C PNG third edition, RFC 9649 (WebP).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from yiwang.kit.errors import Refusal

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"

_MOST_PARTS = 20_000  # real files have dozens to some thousands; more only costs time
_MOST_SCANS = 100  # a progressive JPEG has about ten

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOS, _EOI, _DRAWING = 0xDA, 0xD9, frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_PNG_MARK = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"))
_PNG_COLOUR = frozenset((b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"sBIT"))
_PNG_MOVING = frozenset((b"acTL", b"fcTL", b"fdAT"))

_WEBP_KEPT = frozenset((b"VP8X", b"ALPH", b"VP8 ", b"VP8L"))
_WEBP_PROFILE, _WEBP_ALPHA = 0x20, 0x10  # flags of VP8X


@dataclass(frozen=True, slots=True)
class Stripped:
    """A picture without its metadata.

    `width` and `height` are pixels as stored, before any orientation; `exif` is the TIFF block
    that was taken out (empty where there was none); `trailing` is what followed the picture.
    """

    media_type: str
    width: int
    height: int
    body: bytes
    exif: bytes
    trailing: bytes


def strip(media_type: str, data: bytes, *, keep_profile: bool) -> Stripped:
    """Take the metadata off `data`, a file that begins like `media_type`.

    Refuses `photos.broken` where the structure is cut off or contradicts itself and
    `photos.type_refused` where the picture moves. Nothing is decompressed.
    """
    return _STRIPPERS[media_type](data, keep_profile)


def _broken() -> Refusal:
    return Refusal("photos.broken")


def _strip_jpeg(data: bytes, keep_profile: bool) -> Stripped:
    kept = [data[:2]]
    size: tuple[int, int] | None = None
    exif, scans, position = b"", 0, 2
    for _ in range(_MOST_PARTS):
        if data[position : position + 1] != b"\xff":
            raise _broken()
        while data[position : position + 1] == b"\xff":
            position += 1
        marker = data[position] if position < len(data) else 0
        position += 1
        if marker == _EOI:
            break
        length = int.from_bytes(data[position : position + 2], "big")
        payload = data[position + 2 : position + length]
        if marker < 0xC0 or 0xD0 <= marker <= 0xD8 or length < 2 or len(payload) != length - 2:
            raise _broken()
        part = b"\xff" + bytes((marker,)) + data[position : position + length]
        position += length
        if marker in _SOF:
            if size is not None or len(payload) < 6:
                raise _broken()
            size = int.from_bytes(payload[3:5], "big"), int.from_bytes(payload[1:3], "big")
            kept.append(part)
        elif marker == _SOS:
            scans += 1
            end = _AFTER_SCAN.search(data, position)
            if end is None or size is None or scans > _MOST_SCANS:
                raise _broken()
            kept += (part, data[position : end.start()])
            position = end.start()
        elif marker in _DRAWING:
            kept.append(part)
        elif marker == 0xE0 and payload[:5] == b"JFIF\0" and len(payload) >= 14:
            # tells how colours are coded; its thumbnail goes
            kept.append(b"\xff\xe0\0\x10" + payload[:12] + b"\0\0")
        elif marker == 0xEE and payload[:5] == b"Adobe":
            kept.append(part)  # without it colours come out inverted
        elif marker == 0xE2 and keep_profile and payload[:12] == b"ICC_PROFILE\0":
            kept.append(part)
        elif marker == 0xE1 and not exif and payload[:6] == b"Exif\0\0":
            exif = payload[6:]
    else:
        raise _broken()
    if size is None or scans == 0:
        raise _broken()
    return Stripped(JPEG, *size, b"".join((*kept, b"\xff\xd9")), exif, data[position:])


def _strip_png(data: bytes, keep_profile: bool) -> Stripped:
    wanted = _PNG_KEPT | _PNG_COLOUR if keep_profile else _PNG_KEPT
    kept = [_PNG_MARK]
    size: tuple[int, int] | None = None
    exif, position = b"", len(_PNG_MARK)
    for _ in range(_MOST_PARTS):
        length = int.from_bytes(data[position : position + 4], "big")
        end = position + 12 + length
        part = data[position:end]
        name, payload = part[4:8], part[8:-4]
        if len(part) != 12 + length or zlib.crc32(part[4:-4]) != int.from_bytes(part[-4:], "big"):
            raise _broken()
        if (name == b"IHDR") != (size is None):
            raise _broken()  # the header comes first and once
        if name == b"IHDR":
            size = int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big")
        if name in _PNG_MOVING:
            raise Refusal("photos.type_refused", found="image/apng")
        if name in wanted:
            kept.append(part)
        if name == b"eXIf" and not exif:
            exif = payload
        position = end
        if name == b"IEND":
            break
    else:
        raise _broken()
    if size is None:
        raise _broken()
    return Stripped(PNG, *size, b"".join(kept), exif, data[position:])


def _strip_webp(data: bytes, keep_profile: bool) -> Stripped:
    wanted = _WEBP_KEPT | {b"ICCP"} if keep_profile else _WEBP_KEPT
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise _broken()
    kept: list[tuple[bytes, bytes]] = []
    exif, position = b"", 12
    for _ in range(_MOST_PARTS):
        if position >= end:
            break
        name, length = data[position : position + 4], data[position + 4 : position + 8]
        payload = data[position + 8 : position + 8 + int.from_bytes(length, "little")]
        if len(payload) != int.from_bytes(length, "little"):
            raise _broken()
        if name in (b"ANIM", b"ANMF"):
            raise Refusal("photos.type_refused", found="image/webp (animated)")
        if name in wanted:
            kept.append((name, payload))
        if name == b"EXIF" and not exif:
            exif = payload.removeprefix(b"Exif\0\0")
        position += 8 + len(payload) + len(payload) % 2
    else:
        raise _broken()
    size = _webp_size(kept)
    chunks = dict(kept)
    if b"VP8X" in chunks:
        flags = chunks[b"VP8X"][0] & (_WEBP_ALPHA | (_WEBP_PROFILE if b"ICCP" in chunks else 0))
        chunks[b"VP8X"] = bytes((flags,)) + chunks[b"VP8X"][1:]
    body = b"".join(
        name + len(payload).to_bytes(4, "little") + payload + b"\0" * (len(payload) % 2)
        for name, payload in chunks.items()
    )
    head = b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP"
    return Stripped(WEBP, *size, head + body, exif, data[end:])


def _webp_size(chunks: list[tuple[bytes, bytes]]) -> tuple[int, int]:
    """Width and height of the one picture inside; the canvas, where given, must agree."""
    names = [name for name, _ in chunks]
    if len(set(names)) != len(names):
        raise _broken()
    found = dict(chunks)
    if b"VP8 " in found and found[b"VP8 "][3:6] == b"\x9d\x01\x2a":
        head = found[b"VP8 "][6:10]
        width = int.from_bytes(head[:2], "little") & 0x3FFF
        height = int.from_bytes(head[2:], "little") & 0x3FFF
    elif b"VP8L" in found and found[b"VP8L"][:1] == b"\x2f" and len(found[b"VP8L"]) >= 5:
        bits = int.from_bytes(found[b"VP8L"][1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        raise _broken()
    if b"VP8X" in found:
        canvas = found[b"VP8X"]
        across = int.from_bytes(canvas[4:7], "little") + 1
        down = int.from_bytes(canvas[7:10], "little") + 1
        if len(canvas) != 10 or (across, down) != (width, height):
            raise _broken()
    return width, height


_STRIPPERS: Mapping[str, Callable[[bytes, bool], Stripped]] = {
    JPEG: _strip_jpeg,
    PNG: _strip_png,
    WEBP: _strip_webp,
}

"""Photos that come with a report: checked by content, read for place and time, then stripped.

What leaves here is a still JPEG, PNG or WebP picture that stands upright and says nothing about
the phone or the person who took it. The work is pure and takes up to a second for a very large
picture, so a service calls it in a thread.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from PIL import Image, JpegImagePlugin

from yiwang.kit.errors import Refusal
from yiwang.matters.sources.photo_exif import ExifFacts, read_exif
from yiwang.matters.sources.photo_formats import JPEG, PNG, WEBP, Stripped, strip

_PILLOW_CEILING = Image.MAX_IMAGE_PIXELS or 0

_NOT_PHOTOS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
)
_OTHER_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\0\x0cjP  ", "image/jp2"),
    (b"\xff\x0a", "image/jxl"),
)
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"crx ": "image/x-canon-cr3"}
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|script|svg|iframe|\?php)", re.IGNORECASE)

_UPRIGHT: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PILLOW_NAMES = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}
_TAKEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)
_EARLIEST_YEAR = 1995  # before phones and digital cameras: a clock that was never set


class Note(StrEnum):
    """What was noticed about an accepted photo and may matter to whoever looks at it."""

    POSITION_UNREADABLE = "position.unreadable"
    POSITION_ZERO = "position.zero"
    POSITION_OUT_OF_RANGE = "position.out_of_range"
    TIME_UNREADABLE = "time.unreadable"
    TIME_FUTURE = "time.future"
    TIME_TOO_EARLY = "time.too_early"
    TIME_ZONE_ASSUMED = "time.zone_assumed"
    TURNED = "picture.turned"
    TRAILING_DROPPED = "picture.trailing_dropped"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a photo may be: bytes of the file, pixels of the picture, and how far a camera's
    clock may run ahead. A ceiling above Pillow's own bomb limit is a mistake and raises."""

    max_bytes: int = 15 * 1024 * 1024
    max_pixels: int = 50_000_000
    keep_colour_profile: bool = True
    clock_ahead: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        if not 0 < self.max_pixels <= _PILLOW_CEILING:
            raise ValueError(f"max_pixels must lie in 1..{_PILLOW_CEILING}")


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as it is kept.

    `width` and `height` are pixels of the upright picture; `lon` and `lat` WGS-84 degrees;
    `taken_at` carries its offset. `sha256` is of `cleaned`, `received_sha256` of the bytes as
    they came, so that the sender can later show the original.
    """

    media_type: str
    width: int
    height: int
    sha256: str
    received_sha256: str
    lon: float | None
    lat: float | None
    taken_at: datetime | None
    cleaned: bytes
    notes: tuple[Note, ...]


def inspect(data: bytes, limits: Limits, *, now: datetime, zone: tzinfo) -> Photo:
    """Check a photo by its content, read place and time from it, and strip everything else.

    `zone` is the city's, used where the camera wrote no offset; `now` carries a zone. Refuses
    `photos.too_large`, `photos.too_many_pixels`, `photos.not_an_image`, `photos.type_refused`
    and `photos.broken`; bytes and pixels are judged before anything is decoded.
    """
    if len(data) > limits.max_bytes:
        raise Refusal(
            "photos.too_large",
            size=_megabytes(len(data)),
            limit=_megabytes(limits.max_bytes),
        )
    stripped = strip(_media_type(data), data, keep_profile=limits.keep_colour_profile)
    pixels = stripped.width * stripped.height
    if pixels > limits.max_pixels:
        raise Refusal(
            "photos.too_many_pixels",
            width=stripped.width,
            height=stripped.height,
            limit=limits.max_pixels // 1_000_000,
        )
    if pixels == 0:
        raise Refusal("photos.broken")
    _refuse_stowaway(stripped.trailing)
    facts = read_exif(stripped.exif)
    cleaned, width, height = _decode(stripped, facts.orientation)
    lon, lat, position_notes = _position(facts)
    taken_at, time_notes = _taken_at(facts, now + limits.clock_ahead, zone)
    notes = [*position_notes, *time_notes]
    if facts.orientation != 1:
        notes.append(Note.TURNED)
    if stripped.trailing:
        notes.append(Note.TRAILING_DROPPED)
    return Photo(
        media_type=stripped.media_type,
        width=width,
        height=height,
        sha256=hashlib.sha256(cleaned).hexdigest(),
        received_sha256=hashlib.sha256(data).hexdigest(),
        lon=lon,
        lat=lat,
        taken_at=taken_at,
        cleaned=cleaned,
        notes=tuple(notes),
    )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}"


def _media_type(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand in _HEIC_BRANDS:
        raise Refusal("photos.type_refused", found="image/heic")
    if brand in _BRANDS:
        raise Refusal("photos.type_refused", found=_BRANDS[brand])
    for mark, found in _OTHER_PICTURES:
        if data.startswith(mark):
            raise Refusal("photos.type_refused", found=found)
    raise Refusal("photos.not_an_image", found=_foreign(data) or "application/octet-stream")


def _foreign(data: bytes) -> str | None:
    """The media type of something that is no picture, by how it begins or by markup in it."""
    for mark, found in _NOT_PHOTOS:
        if data.startswith(mark):
            return found
    return "text/html" if _MARKUP.search(data) else None


def _refuse_stowaway(trailing: bytes) -> None:
    """Refuse a picture that carries an archive, a document or a page behind its end.

    Other trailing bytes (a second picture or a short film, as phones write) are only dropped.
    """
    found = _foreign(trailing)
    end = trailing.rfind(b"PK\x05\x06")  # a ZIP is found from its end
    if end >= 0 and len(trailing) - end >= 22:
        found = "application/zip"
    if found is None and b"%PDF-" in trailing:
        found = "application/pdf"
    if found is not None:
        raise Refusal("photos.not_an_image", found=found)


def _decode(stripped: Stripped, orientation: int) -> tuple[bytes, int, int]:
    """Prove that the stripped picture decodes, and turn it upright where it does not stand so.

    An upright picture keeps its bytes; only a turned one is encoded anew, a JPEG with its own
    quantisation tables so that it loses next to nothing.
    """
    name = _PILLOW_NAMES[stripped.media_type]
    try:
        with Image.open(io.BytesIO(stripped.body), formats=(name,)) as image:
            if image.size != (stripped.width, stripped.height):
                raise Refusal("photos.broken")
            if orientation == 1:
                # an eighth of the size reads every byte of a JPEG at a fraction of the memory
                image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
                image.load()
                return stripped.body, stripped.width, stripped.height
            options = _encoding(image, stripped)
            upright = image.transpose(_UPRIGHT[orientation])
            out = io.BytesIO()
            upright.save(out, name, **options)
            return out.getvalue(), upright.width, upright.height
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise Refusal(
            "photos.too_many_pixels",
            width=stripped.width,
            height=stripped.height,
            limit=_PILLOW_CEILING // 1_000_000,
        ) from bomb
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error) as no:
        raise Refusal("photos.broken") from no


def _encoding(image: Image.Image, stripped: Stripped) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "icc_profile" in image.info:
        options["icc_profile"] = image.info["icc_profile"]
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        options["qtables"] = image.quantization
        options["subsampling"] = JpegImagePlugin.get_sampling(image)
    elif stripped.media_type == WEBP:
        options["lossless"] = b"VP8L" in (stripped.body[12:16], stripped.body[30:34])
        options["quality"] = 90
    return options


def _position(facts: ExifFacts) -> tuple[float | None, float | None, list[Note]]:
    if not facts.position_given:
        return None, None, []
    if facts.lon is None or facts.lat is None:
        return None, None, [Note.POSITION_UNREADABLE]
    if abs(facts.lon) > 180 or abs(facts.lat) > 90:
        return None, None, [Note.POSITION_OUT_OF_RANGE]
    if abs(facts.lon) < 1e-6 and abs(facts.lat) < 1e-6:
        return None, None, [Note.POSITION_ZERO]
    return facts.lon, facts.lat, []


def _taken_at(
    facts: ExifFacts, latest: datetime, zone: tzinfo
) -> tuple[datetime | None, list[Note]]:
    digits = re.sub(r"\D", "", facts.taken)
    if not digits.strip("0"):
        return None, []  # never set
    match = _TAKEN.fullmatch(facts.taken)
    if match is None:
        return None, [Note.TIME_UNREADABLE]
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    if year < _EARLIEST_YEAR:
        return None, [Note.TIME_TOO_EARLY]
    notes: list[Note] = []
    try:
        taken = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        if re.fullmatch(r"[+-]\d\d:\d\d", facts.offset):
            written = datetime.strptime(facts.offset, "%z").tzinfo
            taken = taken.replace(tzinfo=written)
        else:
            notes.append(Note.TIME_ZONE_ASSUMED)
    except ValueError:
        return None, [Note.TIME_UNREADABLE]
    if taken > latest:
        return None, [Note.TIME_FUTURE]
    return taken, notes

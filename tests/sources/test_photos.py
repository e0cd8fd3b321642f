"""Photos: judged by content, read for place and time, stripped, never trusted."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from yiwang.kit.errors import Refusal
from yiwang.matters.sources.photo_exif import read_exif
from yiwang.matters.sources.photos import Limits, Note, Photo, inspect

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CITY = timezone(timedelta(hours=8))
PEOPLES_SQUARE = (121.473667, 31.230525)


def look(data: bytes, limits: Limits | None = None) -> Photo:
    return inspect(data, limits or Limits(), now=NOW, zone=CITY)


def refused(data: bytes, limits: Limits | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        look(data, limits)
    for language in ("zh", "en"):
        assert "{" not in caught.value.say(language)
    return caught.value


def degrees(value: float) -> tuple[float, float, float]:
    value = abs(value)
    whole, minutes = int(value), (value % 1) * 60
    return (float(whole), float(int(minutes)), (minutes % 1) * 60)


def exif(
    lon: float | None = None,
    lat: float | None = None,
    taken: str | None = None,
    offset: str | None = None,
    orientation: int | None = None,
) -> Image.Exif:
    block = Image.Exif()
    block[0x010F] = "SecretPhoneMaker"
    if orientation:
        block[0x0112] = orientation
    if taken:
        block.get_ifd(0x8769)[0x9003] = taken
    if offset:
        block.get_ifd(0x8769)[0x9011] = offset
    if lon is not None and lat is not None:
        block.get_ifd(0x8825).update(
            {
                1: "N" if lat >= 0 else "S",
                2: degrees(lat),
                3: "E" if lon >= 0 else "W",
                4: degrees(lon),
            }
        )
    return block


def picture(
    form: str = "JPEG", size: tuple[int, int] = (64, 32), mode: str = "RGB", **options: Any
) -> bytes:
    image = Image.new(mode, size, "white")
    if mode == "RGB":
        image.paste((200, 10, 10), (0, 0, size[0] // 2, size[1] // 2))  # red at the top left
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def zipped(name: str = "a.txt", content: bytes = b"hello") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, content)
    return out.getvalue()


def png_chunk(name: bytes, payload: bytes) -> bytes:
    crc = zlib.crc32(name + payload)
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", crc)


def hollow_png(width: int, height: int, body: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + png_chunk(b"IDAT", body)
        + png_chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("form", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_position_and_time_are_read_then_every_trace_is_stripped(
    form: str, media_type: str
) -> None:
    lon, lat = PEOPLES_SQUARE
    block = exif(lon, lat, "2026:03:01 09:30:15", "+08:00")
    options: dict[str, Any] = {"exif": block, "xmp": b"<x:xmpmeta>SecretXmp</x:xmpmeta>"}
    if form == "JPEG":
        options["comment"] = b"SecretComment"
    if form == "PNG":
        options.pop("xmp")
        text = PngImagePlugin.PngInfo()
        text.add_text("Author", "SecretAuthor")
        text.add_itxt("XML:com.adobe.xmp", "SecretXmp", zip=True)
        options["pnginfo"] = text
    data = picture(form, **options)
    photo = look(data)
    assert photo.media_type == media_type
    assert (photo.width, photo.height) == (64, 32)
    assert photo.lon == pytest.approx(lon, abs=1e-6)
    assert photo.lat == pytest.approx(lat, abs=1e-6)
    assert photo.taken_at == datetime(2026, 3, 1, 9, 30, 15, tzinfo=CITY)
    assert photo.notes == ()
    assert photo.sha256 == hashlib.sha256(photo.cleaned).hexdigest()
    assert photo.received_sha256 == hashlib.sha256(data).hexdigest()
    assert b"Secret" in data
    assert b"Secret" not in photo.cleaned
    with Image.open(io.BytesIO(photo.cleaned)) as cleaned, Image.open(io.BytesIO(data)) as first:
        assert dict(cleaned.getexif()) == {}
        assert not {"exif", "xmp", "comment", "Author", "icc_profile"} & set(cleaned.info)
        assert cleaned.tobytes() == first.tobytes()  # nothing was encoded anew
    assert look(photo.cleaned).cleaned == photo.cleaned


def test_south_and_west_are_negative() -> None:
    photo = look(picture(exif=exif(-71.0587, -33.4489)))
    assert photo.lon == pytest.approx(-71.0587, abs=1e-6)
    assert photo.lat == pytest.approx(-33.4489, abs=1e-6)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_picture_is_stood_upright(form: str, orientation: int) -> None:
    options = {"quality": 95} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    data = picture(form, exif=exif(orientation=orientation), **options)
    photo = look(data)
    assert (photo.width, photo.height) == ((32, 64) if orientation >= 5 else (64, 32))
    assert Note.TURNED in photo.notes
    corner = {2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"}[orientation]
    x = 4 if corner[1] == "l" else photo.width - 5
    y = 4 if corner[0] == "t" else photo.height - 5
    with Image.open(io.BytesIO(photo.cleaned)) as image:
        red, green, _ = image.convert("RGB").getpixel((x, y))  # type: ignore[misc]
        assert red > 180
        assert green < 60
        assert dict(image.getexif()) == {}
    again = look(photo.cleaned)
    assert (again.cleaned, again.notes) == (photo.cleaned, ())


def test_the_colour_profile_stays_on_wish() -> None:
    data = picture(icc_profile=b"profile-bytes" * 20)
    assert b"profile-bytes" in look(data).cleaned
    assert b"profile-bytes" not in look(data, Limits(keep_colour_profile=False)).cleaned
    webp = picture("WEBP", icc_profile=b"profile-bytes" * 20)
    assert b"profile-bytes" in look(webp).cleaned
    bare = look(webp, Limits(keep_colour_profile=False)).cleaned
    assert b"profile-bytes" not in bare
    with Image.open(io.BytesIO(bare)) as image:
        image.load()


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_colours_of_a_jpeg_survive(mode: str) -> None:
    data = picture(mode=mode, progressive=True)
    with (
        Image.open(io.BytesIO(look(data).cleaned)) as cleaned,
        Image.open(io.BytesIO(data)) as first,
    ):
        assert cleaned.mode == mode
        assert cleaned.tobytes() == first.tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_kinds_of_png_survive(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (9, 7)).save(out, "PNG")
    assert look(out.getvalue()).width == 9


def test_an_embedded_thumbnail_goes() -> None:
    jpeg = picture()
    thumbnail = b"JFIF\0\x01\x02\0\0\x01\0\x01\x02\x02" + b"THUMB" * 2 + b"TH"
    head = b"\xff\xe0" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    assert jpeg[2:4] == b"\xff\xe0"
    first = 4 + int.from_bytes(jpeg[4:6], "big")
    photo = look(jpeg[:2] + head + jpeg[first:])
    assert b"THUMB" not in photo.cleaned


@pytest.mark.parametrize(
    ("lon", "lat", "note"),
    [
        (0.0, 0.0, Note.POSITION_ZERO),
        (200.0, 31.0, Note.POSITION_OUT_OF_RANGE),
        (121.0, 91.0, Note.POSITION_OUT_OF_RANGE),
    ],
)
def test_an_implausible_position_is_dropped_with_a_note(lon: float, lat: float, note: Note) -> None:
    photo = look(picture(exif=exif(lon, lat)))
    assert (photo.lon, photo.lat, photo.notes) == (None, None, (note,))


def test_a_position_without_hemisphere_cannot_be_read() -> None:
    block = exif(*PEOPLES_SQUARE)
    del block.get_ifd(0x8825)[1]
    photo = look(picture(exif=block))
    assert (photo.lon, photo.notes) == (None, (Note.POSITION_UNREADABLE,))


@pytest.mark.parametrize(
    ("taken", "offset", "expected", "notes"),
    [
        ("2026:03:01 09:30:15", None, "2026-03-01T01:30:15+00:00", (Note.TIME_ZONE_ASSUMED,)),
        ("2026:03:01 09:30:15", "-05:00", "2026-03-01T14:30:15+00:00", ()),
        ("2026:03:02 12:09:00", "+08:00", "2026-03-02T04:09:00+00:00", ()),  # a fast clock
        ("2026:03:02 12:11:00", "+08:00", None, (Note.TIME_FUTURE,)),
        ("2031:01:01 00:00:00", None, None, (Note.TIME_FUTURE,)),
        ("1970:01:01 00:00:00", None, None, (Note.TIME_TOO_EARLY,)),
        ("0000:00:00 00:00:00", None, None, ()),
        ("2026:02:30 10:00:00", None, None, (Note.TIME_UNREADABLE,)),
        ("yesterday at 10", None, None, (Note.TIME_UNREADABLE,)),
        ("2026:03:01 09:30:15", "+99:00", None, (Note.TIME_UNREADABLE,)),
    ],
)
def test_the_time_of_the_shot(
    taken: str, offset: str | None, expected: str | None, notes: tuple[Note, ...]
) -> None:
    photo = look(picture(exif=exif(taken=taken, offset=offset)))
    moment = photo.taken_at.astimezone(UTC).isoformat() if photo.taken_at else None
    assert moment == expected
    assert photo.notes == notes


def test_fifty_megabytes_are_refused_unread() -> None:
    found = refused(b"\xff\xd8\xff" + b"\0" * (50 * 1024 * 1024))
    assert (found.code, found.status) == ("photos.too_large", 413)
    assert found.facts == {"size": "50.0", "limit": "15.0"}


@pytest.mark.parametrize(
    "data",
    [
        hollow_png(50_000, 50_000, zlib.compress(b"\0" * 1_000_000)),
        hollow_png(2**31 - 1, 2**31 - 1, b""),
        picture(size=(10, 10)).replace(b"\x00\x0a\x00\x0a\x03", b"\xff\xdc\xff\xdc\x03"),
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(data: bytes) -> None:
    assert refused(data).code == "photos.too_many_pixels"


def test_the_pixel_limit_is_exact() -> None:
    assert look(picture(size=(100, 50)), Limits(max_pixels=5000)).width == 100
    assert refused(picture(size=(101, 50)), Limits(max_pixels=5000)).code == (
        "photos.too_many_pixels"
    )


def test_a_ceiling_above_the_decoders_own_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="max_pixels"):
        Limits(max_pixels=10**9)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (zipped("bomb.txt", b"\0" * 5_000_000), "application/zip"),
        (b"<!DOCTYPE html><html><script>alert(1)</script></html>", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/html"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"MZ\x90\0", "application/x-msdownload"),
        (b"", "application/octet-stream"),
        (b"just some words", "application/octet-stream"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, found: str) -> None:
    refusal = refused(data)
    assert (refusal.code, refusal.facts["found"]) == ("photos.not_an_image", found)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40, "image/heic"),
        (picture("AVIF"), "image/avif"),
        (picture("GIF"), "image/gif"),
        (picture("BMP"), "image/bmp"),
        (picture("TIFF"), "image/tiff"),
    ],
)
def test_other_pictures_are_refused_by_name(data: bytes, found: str) -> None:
    refusal = refused(data)
    assert (refusal.code, refusal.facts["found"]) == ("photos.type_refused", found)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_moving_pictures_are_refused(form: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:], duration=50)
    assert refused(out.getvalue()).code == "photos.type_refused"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("rider", "found"),
    [
        (zipped(), "application/zip"),
        (b"filler" + zipped(), "application/zip"),
        (b"\n<HTML><body onload=alert(1)>", "text/html"),
        (b"junk <?PHP system('id');", "text/html"),
        (b"junk %PDF-1.4", "application/pdf"),
    ],
)
def test_a_picture_with_something_on_its_back_is_refused(
    form: str, rider: bytes, found: str
) -> None:
    refusal = refused(picture(form) + rider)
    assert (refusal.code, refusal.facts["found"]) == ("photos.not_an_image", found)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_other_trailing_bytes_are_dropped(form: str) -> None:
    data = picture(form)
    photo = look(data + b"\0\0SEFT-vendor-block" + picture())
    assert photo.cleaned == look(data).cleaned
    assert photo.notes == (Note.TRAILING_DROPPED,)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_off_anywhere_is_refused(form: str) -> None:
    data = picture(form, size=(40, 30))
    for end in range(12, len(data) - 1):
        assert refused(data[:end]).code in ("photos.broken", "photos.not_an_image"), end


def test_a_png_with_a_damaged_chunk_is_refused() -> None:
    data = bytearray(picture("PNG"))
    data[45] ^= 1
    assert refused(bytes(data)).code == "photos.broken"


def test_a_png_whose_pixels_end_early_is_refused() -> None:
    assert refused(hollow_png(20, 20, zlib.compress(b"\0" * 100))).code == "photos.broken"


def test_two_headers_that_contradict_each_other_are_refused() -> None:
    jpeg = picture(size=(16, 16))
    start = jpeg.index(b"\xff\xc0")
    frame = jpeg[start : start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big")]
    assert refused(jpeg[:start] + frame + jpeg[start:]).code == "photos.broken"


@pytest.mark.parametrize(
    "flood",
    [
        b"\xff\xd8" + b"\xff\xfe\0\x02" * 1_000_000,
        b"\xff\xd8" + b"\xff" * 4_000_000,
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"tEXt", b"") * 300_000,
        b"RIFF" + struct.pack("<I", 4 + 8 * 400_000) + b"WEBP" + b"JUNK\0\0\0\0" * 400_000,
    ],
    ids=["comments", "fill bytes", "chunks", "riff chunks"],
)
def test_floods_of_tiny_parts_end_early(flood: bytes) -> None:
    assert refused(flood).code in ("photos.broken", "photos.not_an_image")


_SEEDS: tuple[Callable[[], bytes], ...] = (
    lambda: picture(exif=exif(*PEOPLES_SQUARE, "2026:03:01 09:30:15", "+08:00", 6)),
    lambda: picture("PNG", exif=exif(*PEOPLES_SQUARE, orientation=3)),
    lambda: picture("WEBP", exif=exif(*PEOPLES_SQUARE, orientation=8)),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_SEEDS), st.data())
def test_damaged_bytes_are_refused_or_read_but_never_crash(
    seed: Callable[[], bytes], data: st.DataObject
) -> None:
    damaged = bytearray(seed())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        cleaned = look(bytes(damaged)).cleaned
    except Refusal:
        return
    assert b"SecretPhoneMaker" not in cleaned


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"II*\0", b"MM\0*", b""]), st.binary(max_size=300))
def test_any_exif_block_can_be_read(mark: bytes, rest: bytes) -> None:
    facts = read_exif(mark + rest)
    assert 1 <= facts.orientation <= 8

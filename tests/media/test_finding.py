"""Faces and plates: what is found, and that nothing of them can be got back."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.media import drawn

from yiwang.matters.media import blurring, finding, publishing, rules
from yiwang.matters.media.model import Region, Sort
from yiwang.matters.media.plates import find_plates

FACE = Path(__file__).with_name("astronaut.jpg")  # Eileen Collins; NASA, public domain
AT = (117, 66, 95, 95)  # her face in it


def _covered(regions: list[Region], box: tuple[int, int, int, int]) -> float:
    """The largest share of a box that one region covers."""
    x, y, width, height = box
    shares = [0.0]
    for row in regions:
        across = min(row.x + row.width, x + width) - max(row.x, x)
        down = min(row.y + row.height, y + height) - max(row.y, y)
        shares.append(max(across, 0) * max(down, 0) / (width * height))
    return max(shares)


def _face(scale: float = 1.0) -> Any:
    image = Image.open(FACE).convert("RGB")
    size = (round(image.width * scale), round(image.height * scale))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS))


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_a_face_is_found_at_every_size(scale: float) -> None:
    found = [row for row in finding.find(_face(scale)) if row.sort is Sort.FACE]
    x, y, width, height = (round(side * scale) for side in AT)
    assert _covered(found, (x, y, width, height)) > 0.95


def test_a_face_in_shadow_and_in_glare_is_found() -> None:
    for light in (0.35, 1.5):
        lit = np.clip(_face().astype(float) * light, 0, 255).astype(np.uint8)
        assert _covered(finding.find(lit), AT) > 0.95, light


@pytest.mark.parametrize("width", [50, 140])
@pytest.mark.parametrize("colour", ["blue", "green", "yellow", "yellow_double"])
def test_coloured_plates_are_found(colour: str, width: int) -> None:
    """At most one of eight is missed, from the side, in bad light, after JPEG."""
    scenes = [drawn.scene(colour, width, random.Random(seed)) for seed in range(8)]
    hits = [_covered(_grown(find_plates(one.pixels)), one.plate) > 0.85 for one in scenes]
    assert sum(hits) >= 7


def _grown(regions: list[Region]) -> list[Region]:
    return [rules.grow(row, 1280, 960) for row in regions]


def test_nothing_is_found_where_nothing_is() -> None:
    plain = np.full((600, 800, 3), 128, np.uint8)
    plain[100:300, 100:500] = (20, 60, 170)  # a blue sign without a word
    assert finding.find(plain) == []


def test_the_same_picture_gives_the_same() -> None:
    assert finding.find(_face()) == finding.find(_face())


@given(st.integers(0, 2**32 - 1), st.integers(8, 90), st.integers(8, 90))
def test_only_the_means_of_a_few_fields_are_left(seed: int, width: int, height: int) -> None:
    """Whatever lies in a region, shuffled inside its fields it gives the same picture."""
    chance = np.random.default_rng(seed)
    field = -(-max(width, height) // blurring.FIELDS)
    width, height = -(-width // field) * field, -(-height // field) * field
    one = chance.integers(0, 256, (height, width, 3)).astype(np.uint8)
    other = one.copy()
    for y in range(0, height, field):
        for x in range(0, width, field):
            part = other[y : y + field, x : x + field].reshape(-1, 3)
            other[y : y + field, x : x + field] = chance.permutation(part).reshape(field, field, 3)
    whole = Region(Sort.FACE, 0, 0, width, height, "test")
    assert np.array_equal(blurring.blur(one, [whole]), blurring.blur(other, [whole]))


def test_what_lies_outside_the_regions_stays_as_it_was() -> None:
    pixels = _face()
    blurred = blurring.blur(pixels, [Region(Sort.HAND, 10, 20, 30, 40, "test")])
    assert not np.array_equal(blurred[20:60, 10:40], pixels[20:60, 10:40])
    blurred[20:60, 10:40] = pixels[20:60, 10:40]
    assert np.array_equal(blurred, pixels)


_SIDE = st.integers(-50, 150)


@given(_SIDE, _SIDE, st.integers(0, 150), st.integers(0, 150))
def test_a_region_never_leaves_the_picture(x: int, y: int, width: int, height: int) -> None:
    for sort in Sort:
        row = rules.grow(Region(sort, x, y, width, height, "test"), 100, 80)
        assert 0 <= row.x <= row.x + row.width <= 100
        assert 0 <= row.y <= row.y + row.height <= 80


def test_two_detectors_of_one_face_give_one_region() -> None:
    rows = [
        Region(Sort.FACE, 10, 10, 50, 50, "a"),
        Region(Sort.FACE, 15, 12, 50, 50, "b"),
        Region(Sort.PLATE, 15, 12, 50, 50, "c"),
    ]
    assert rules.distinct(rows) == [
        Region(Sort.FACE, 10, 10, 55, 52, "a+b"),
        Region(Sort.PLATE, 15, 12, 50, 50, "c"),
    ]


def test_what_is_published_is_small_blurred_and_says_nothing_of_its_camera() -> None:
    image = Image.open(FACE)
    exif = image.getexif()
    exif[0x010F] = "SecretPhoneMaker"
    kept = io.BytesIO()
    image.resize((2560, 2560)).save(kept, "JPEG", exif=exif, icc_profile=b"broken")
    made = publishing.make(kept.getvalue(), [Region(Sort.HAND, 0, 0, 400, 400, "person:1")])
    assert {row.sort for row in made.regions} >= {Sort.FACE, Sort.HAND}
    for written, longest in ((made.published, 2048), (made.thumbnail, 320)):
        assert b"SecretPhoneMaker" not in written.data
        opened = Image.open(io.BytesIO(written.data))
        assert opened.size == (written.width, written.height) == (longest, longest)
        assert not opened.getexif()
        assert "icc_profile" not in opened.info
    shown = np.asarray(Image.open(io.BytesIO(made.published.data)).convert("RGB"))
    assert _covered(finding.find(shown), tuple(round(side * 6.4) for side in AT)) < 0.5  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA"])
def test_every_kind_of_picture_is_opened(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (40, 30)).save(out, "PNG")
    assert blurring.open_photo(out.getvalue()).shape == (30, 40, 3)

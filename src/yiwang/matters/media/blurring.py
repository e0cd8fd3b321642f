"""Making regions unrecognisable, and the files that are published of a photo.

A region is reduced to the means of at most 5 x 5 fields and these are drawn as a soft picture:
whatever two regions have the same means look the same afterwards, so nothing finer than a fifth of
a face can be got back, by whatever means.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps

from yiwang.matters.media.model import Region

Pixels: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]  # height x width x 3, sRGB

FIELDS = 5
LONGEST = 2048  # pixels of the longer side of what is published
THUMBNAIL = 320
MEDIA_TYPE = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Written:
    """A picture as a JPEG without any metadata."""

    data: bytes
    width: int
    height: int


def open_photo(data: bytes) -> Pixels:
    """The pixels of a kept photo as sRGB; transparent parts are white."""
    with Image.open(io.BytesIO(data)) as image:
        profile = image.info.get("icc_profile")
        if "A" in image.getbands() or "transparency" in image.info:
            white = Image.new("RGBA", image.size, "white")
            plain = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
        else:
            plain = image.convert("RGB")
    if profile:
        plain = _in_srgb(plain, profile)
    return np.asarray(plain)


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile of other colours, or a broken one
    return image if turned is None else turned


def blur(pixels: Pixels, regions: Iterable[Region]) -> Pixels:
    """The picture with these regions unrecognisable, each inside it."""
    found: Pixels = pixels.copy()
    for region in regions:
        rows = slice(region.y, region.y + region.height)
        columns = slice(region.x, region.x + region.width)
        found[rows, columns] = _coarse(found[rows, columns])
    return found


def _coarse(patch: Pixels) -> Any:
    height, width = patch.shape[:2]
    field = max(1, -(-max(height, width) // FIELDS))
    fields = (-(-width // field), -(-height // field))
    means = cv2.resize(patch, fields, interpolation=cv2.INTER_AREA)
    flat = cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.GaussianBlur(flat, (0, 0), max(field / 2, 1.0), borderType=cv2.BORDER_REPLICATE)


def write(pixels: Pixels, longest: int, quality: int = 82) -> Written:
    """A JPEG of the picture, made smaller where its longer side is more than `longest`."""
    image = Image.fromarray(pixels)
    if max(image.size) > longest:
        image = ImageOps.contain(image, (longest, longest), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return Written(out.getvalue(), *image.size)

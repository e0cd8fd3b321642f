"""Chinese number plates by their colour and shape (GA 36-2018): blue, green, yellow.

A plate is an upright or slightly turned rectangle of one strong colour, two to five times as wide
as high, in which characters of another brightness stand close together. White and black plates
have no such colour and are left to the cascades.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import cv2
import numpy as np

from yiwang.matters.media.blurring import Pixels
from yiwang.matters.media.model import Region, Sort

# Hue in half degrees, saturation, value: from, to.
_COLOURS: Mapping[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "blue": ((98, 90, 40), (130, 255, 255)),
    "green": ((38, 35, 60), (92, 255, 255)),
    "yellow": ((15, 90, 80), (36, 255, 255)),
}
_NARROWEST = 28  # pixels of width: below it nobody reads seven characters
_RATIO = (1.5, 6.0)
_LARGEST = 0.35  # share of the picture's width
_FILLED = 0.45  # of the turned rectangle around it: letters leave holes
_INK = (0.06, 0.75)  # share of pixels that are not of the plate's colour or brightness
_CHANGES = 6  # from ink to ground and back along a row: at least three strokes


def find_plates(pixels: Pixels) -> list[Region]:
    """Whatever looks like a plate, in pixels of this picture."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    found: list[Region] = []
    for colour, (low, high) in _COLOURS.items():
        mask = cv2.inRange(hsv, np.array(low), np.array(high))
        for x, y, width, height in _boxes(mask, pixels.shape[1]):
            if _has_characters(grey[y : y + height, x : x + width]):
                found.append(Region(Sort.PLATE, x, y, width, height, f"colour.{colour}"))
    return found


def _boxes(mask: Any, across: int) -> Iterator[tuple[int, int, int, int]]:
    seen: set[tuple[int, int, int, int]] = set()
    # letters part a plate into pieces: small plates need little to be joined, large ones more
    for reach in (0, 3, 7, 13):
        joined = mask
        if reach:
            kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (reach, max(reach // 3, 1)))
            joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
        contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            x, y, width, height = cv2.boundingRect(contour)
            if width < _NARROWEST or width > across * _LARGEST or (x, y, width, height) in seen:
                continue
            (_, (one, other), _) = cv2.minAreaRect(contour)
            long, short = max(one, other), max(min(one, other), 1.0)
            filled = cv2.contourArea(contour) / (long * short)
            if _RATIO[0] <= long / short <= _RATIO[1] and filled >= _FILLED and width > height:
                seen.add((x, y, width, height))
                yield x, y, width, height


def _has_characters(patch: Any) -> bool:
    """Whether ink and ground change as often, and fill as much, as in a row of characters."""
    height = patch.shape[0]
    level, ink = cv2.threshold(patch, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    ground = patch <= level
    if not ground.any() or ground.all():
        return False
    if float(patch[~ground].mean() - patch[ground].mean()) < 25:
        return False
    share = float(ink.mean())
    if not _INK[0] <= min(share, 1 - share) <= _INK[1]:
        return False
    middle = ink[height // 4 : height - height // 4]
    if not middle.size:
        return False
    changes = np.abs(np.diff(middle.astype(np.int8), axis=1)).sum(axis=1)
    return bool(np.median(changes) >= _CHANGES)

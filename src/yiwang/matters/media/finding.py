"""Faces and number plates in a photo, found with OpenCV's cascades and by the plates' colour.

Deterministic: the same picture gives the same regions. What is found is not everything: see
`docs/media.md` for what was measured and what is not covered.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from yiwang.matters.media import rules
from yiwang.matters.media.blurring import Pixels
from yiwang.matters.media.model import Region, Sort
from yiwang.matters.media.plates import find_plates

_FOLDER = Path(cv2.__file__).parent / "data"
LOOKED_AT = 1280  # pixels of the longer side in which things are looked for
_SMALLEST = 24  # pixels of a face there
# cascade, sort, how many overlapping finds make one, whether mirrored too, smallest (w, h)
_CASCADES: tuple[tuple[str, Sort, int, bool, tuple[int, int]], ...] = (
    ("frontalface_alt2", Sort.FACE, 3, False, (_SMALLEST, _SMALLEST)),
    ("frontalface_default", Sort.FACE, 5, False, (_SMALLEST, _SMALLEST)),
    ("profileface", Sort.FACE, 4, True, (_SMALLEST, _SMALLEST)),
    ("russian_plate_number", Sort.PLATE, 3, False, (40, 13)),
    ("license_plate_rus_16stages", Sort.PLATE, 4, False, (40, 13)),
)
cv2.setNumThreads(1)  # the other cores are for whoever waits

DETECTORS = (*(row[0] for row in _CASCADES), "colour")


@cache
def _cascade(name: str) -> Any:
    found = cv2.CascadeClassifier(str(_FOLDER / f"haarcascade_{name}.xml"))
    if found.empty():
        raise RuntimeError(f"OpenCV ships no cascade {name}")
    return found


def find(pixels: Pixels) -> list[Region]:
    """Faces and plates in pixels of this picture, grown by their margin, each once."""
    height, width = pixels.shape[:2]
    scale = min(1.0, LOOKED_AT / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    found = [*_by_cascades(small), *find_plates(small)]
    back = [
        Region(
            row.sort,
            int(row.x / scale),
            int(row.y / scale),
            round(row.width / scale),
            round(row.height / scale),
            row.by,
        )
        for row in found
    ]
    return rules.distinct(rules.grow(row, width, height) for row in back)


def _by_cascades(pixels: Pixels) -> Iterator[Region]:
    # shadows and bright skies level out, so that faces under trees are seen
    grey = cv2.equalizeHist(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    across = grey.shape[1]
    for name, sort, neighbours, mirrored, smallest in _CASCADES:
        for flipped in (False, True) if mirrored else (False,):
            seen = cv2.flip(grey, 1) if flipped else grey
            boxes = _cascade(name).detectMultiScale(
                seen, scaleFactor=1.12, minNeighbors=neighbours, minSize=smallest
            )
            for x, y, width, height in boxes:
                left = across - int(x) - int(width) if flipped else int(x)
                yield Region(sort, left, int(y), int(width), int(height), name)

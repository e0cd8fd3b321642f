"""Street scenes with number plates, drawn: what is where is known, nobody's plate is shown."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLOURS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int]]] = {
    "blue": ((20, 60, 170), (245, 245, 245), (440, 140)),
    "green": ((90, 200, 130), (15, 15, 15), (480, 140)),
    "yellow": ((240, 180, 20), (15, 15, 15), (440, 140)),
    "yellow_double": ((240, 180, 20), (15, 15, 15), (440, 220)),
    "white": ((240, 240, 240), (15, 15, 15), (440, 140)),
}
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@dataclass(frozen=True)
class Scene:
    """A picture, and the rectangle (x, y, width, height) around its plate."""

    pixels: np.ndarray[Any, np.dtype[np.uint8]]
    plate: tuple[int, int, int, int]


def plate(colour: str, chance: random.Random) -> Image.Image:
    """A plate seen from the front, with a drawn province character and six or seven letters."""
    ground, ink, (width, height) = COLOURS[colour]
    image = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((4, 4, width - 5, height - 5), 12, outline=ink, width=4)
    if colour == "yellow_double":
        _row(pen, ink, (150, 15, 290, 80), 1, chance)
        _row(pen, ink, (20, 90, width - 20, height - 15), 5, chance)
    else:
        count = 7 if width == 480 else 6
        _province(pen, ink, (15, 25, 70, height - 25))
        _row(pen, ink, (78, 22, width - 15, height - 22), count, chance)
    return image


def _province(pen: ImageDraw.ImageDraw, ink: Any, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    for step in range(4):
        y = top + (bottom - top) * step // 3
        pen.line((left, y, right, y), fill=ink, width=8)
    pen.line(((left + right) // 2, top, (left + right) // 2, bottom), fill=ink, width=8)


def _row(
    pen: ImageDraw.ImageDraw, ink: Any, box: tuple[int, int, int, int], count: int, chance: Any
) -> None:
    left, top, right, bottom = box
    font = ImageFont.load_default(size=(bottom - top) * 1.2)
    step = (right - left) / count
    for n in range(count):
        pen.text(
            (left + step * (n + 0.5), (top + bottom) / 2),
            chance.choice(_LETTERS),
            fill=ink,
            font=font,
            anchor="mm",
            stroke_width=2,
        )


def scene(
    colour: str, width: int, chance: random.Random, size: tuple[int, int] = (1280, 960)
) -> Scene:
    """A car's plate `width` pixels wide somewhere in a street, seen a little from the side."""
    across, down = size
    canvas = Image.new("RGB", size, (150, 160, 165))
    pen = ImageDraw.Draw(canvas)
    for _ in range(25):
        x, y = chance.randrange(across), chance.randrange(down)
        tone = tuple(chance.randrange(40, 220) for _ in range(3))
        pen.rectangle((x, y, x + chance.randrange(30, 300), y + chance.randrange(30, 200)), tone)
    drawn = plate(colour, chance)
    high = round(width * drawn.height / drawn.width)
    x, y = chance.randrange(100, across - width - 100), chance.randrange(100, down - high - 100)
    body = chance.choice(
        [(30, 30, 35), (200, 200, 205), (120, 20, 25), (70, 80, 90), (235, 235, 235)]
    )
    pen.rectangle((x - width, y - width, x + 2 * width, y + high + width // 3), body)
    pixels = np.array(canvas)
    lean = chance.uniform(-0.12, 0.12) * width
    corners = np.array([[0, 0], [drawn.width, 0], [drawn.width, drawn.height], [0, drawn.height]])
    squeeze = chance.uniform(0.9, 1.0)
    target = np.array(
        [[x, y], [x + width, y + lean], [x + width, y + high * squeeze + lean], [x, y + high]]
    )
    turn = cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32))
    laid = cv2.warpPerspective(np.array(drawn), turn, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((drawn.height, drawn.width), 255, np.uint8), turn, size)
    pixels[mask > 127] = laid[mask > 127]
    light = chance.uniform(0.55, 1.15)
    noise = np.random.default_rng(chance.randrange(2**32)).normal(0, 5, pixels.shape)
    lit = np.clip(pixels * light + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(lit).save(out, "JPEG", quality=70)
    ys, xs = np.nonzero(mask)
    box = (int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
    return Scene(np.asarray(Image.open(out)), box)

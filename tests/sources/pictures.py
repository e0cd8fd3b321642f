"""Pictures for tests, made on the spot."""

from __future__ import annotations

import io
import zipfile

from PIL import Image


def _degrees(value: float) -> tuple[float, float, float]:
    whole, minutes = int(value), (value % 1) * 60
    return (float(whole), float(int(minutes)), (minutes % 1) * 60)


def jpeg(lon: float | None = None, lat: float | None = None, colour: str = "red") -> bytes:
    """A small JPEG, with the position where one is given."""
    block = Image.Exif()
    block[0x010F] = "SecretPhoneMaker"
    if lon is not None and lat is not None:
        gps = block.get_ifd(0x8825)
        gps[1], gps[2], gps[3], gps[4] = "N", _degrees(lat), "E", _degrees(lon)
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG", exif=block)
    return out.getvalue()


def archive() -> bytes:
    """A ZIP, to be sent under a picture's name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("bomb.txt", b"0" * 1_000_000)
    return out.getvalue()

"""Where photos and their variants lie in an installation's folder, and writing them durably."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def path_of(folder: Path, sha256: str, media_type: str) -> Path:
    """Where a picture lies."""
    return folder / sha256[:2] / f"{sha256}.{_ENDINGS[media_type]}"


def write(path: Path, data: bytes) -> None:
    """Write a picture under its digest; durable when this returns. One that is there stays."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{token_hex(4)}.part")
    with part.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

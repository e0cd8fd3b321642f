from __future__ import annotations

from pathlib import Path

import pytest

from yiwang.ground.packs.model import Pack
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.packs.skeleton import write_skeleton

SHANGHAI = Path(__file__).resolve().parents[2] / "packs" / "shanghai"


@pytest.fixture(scope="session")
def shanghai() -> Pack:
    """The shipped city."""
    return read_pack(SHANGHAI)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A new small city to be spoiled."""
    write_skeleton(tmp_path / "small", "small")
    return tmp_path / "small"

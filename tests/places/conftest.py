from __future__ import annotations

from pathlib import Path

import pytest

from yiwang.ground.packs.model import Pack
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.places.addresses import Gazetteer
from yiwang.ground.places.locating import Locator
from yiwang.ground.places.tree import PlaceTree


@pytest.fixture(scope="session")
def shanghai() -> Pack:
    """The shipped city."""
    return read_pack(Path(__file__).resolve().parents[2] / "packs" / "shanghai")


@pytest.fixture(scope="session")
def tree(shanghai: Pack) -> PlaceTree:
    return PlaceTree.build(shanghai)


@pytest.fixture(scope="session")
def locator(shanghai: Pack) -> Locator:
    return Locator.build(shanghai)


@pytest.fixture(scope="session")
def gazetteer(shanghai: Pack) -> Gazetteer:
    return Gazetteer.build(shanghai)

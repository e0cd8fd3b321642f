"""The scene of lists and exports."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.feed.scene import Scene, set_up
from tests.world import World


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Scene:
    """A service over a fresh database."""
    return set_up(world, tmp_path / "home")

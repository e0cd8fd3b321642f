"""The scene of the picture."""

from __future__ import annotations

import pytest
from tests.picture.scene import Scene, set_up
from tests.world import World


@pytest.fixture
def scene(world: World) -> Scene:
    """A service of the picture over a fresh database."""
    return set_up(world)

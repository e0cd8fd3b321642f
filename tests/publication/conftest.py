"""The scene of publication: a service over a fresh database."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.feed.scene import Scene, set_up
from tests.world import World

from yiwang.matters.publication import routes


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Scene:
    """A service with the public routes."""
    found = set_up(world, tmp_path / "home")
    found.app.include_router(routes.router)
    return found

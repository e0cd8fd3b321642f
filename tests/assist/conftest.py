"""The scene of assistance: a service, and people with accounts in their posts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.feed.scene import Scene, set_up
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.matters.assist import duty_routes, personal_routes, suggest_routes
from yiwang.matters.desk import routes as desk_routes


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Scene:
    """A service over a fresh database, on simulated clocks."""
    found = set_up(world, tmp_path / "home")
    found.gate.real = found.gate.clock
    found.app.state.suggesting = suggest_routes.new_buckets()
    for router in (
        suggest_routes.router,
        personal_routes.router,
        duty_routes.router,
        desk_routes.router,
    ):
        found.app.include_router(router)
    return found


async def hire(world: World, duty: str, unit: str, name: str) -> Actor:
    """Somebody with an account in a post that gives a duty in a unit."""
    post = next(p for p in world.city.pack.posts if p.unit == unit and duty in p.duties)
    async with world.as_worker() as tx:
        number: int = await tx.fetchval(
            "insert into persons (login, name, created_at) values ($1, $1, $2) returning id",
            *(name, world.now),
        )
        await tx.execute(
            "insert into appointments (person_id, post, since, granted_by)"
            " values ($1, $2, $3, 'test')",
            *(number, post.code, world.now),
        )
    return world.actor(duty, unit, number)

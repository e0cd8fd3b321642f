"""A few cases that lived, and the tallies of them."""

from __future__ import annotations

from typing import Any

from tests.handling import scene as handling
from tests.stories.steps import Story
from tests.world import World

from yiwang.matters.cases import service as cases
from yiwang.matters.desk import service as desk
from yiwang.matters.panels import tallying

REFUSE = "暴露垃圾成堆没人清"
LON, LAT = 121.478, 31.236
SANITATION = "310101002_sanitation"


async def tally(world: World, most: int = tallying.BATCH) -> int:
    """Fold all there is; how many events."""
    total = 0
    while True:
        async with world.as_worker() as tx:
            count = await tallying.tally(tx, world.city, most)
        total += count
        if count < most:
            return total


async def stored(world: World) -> dict[str, list[Any]]:
    """All that the fold keeps."""
    found = {}
    for table, order in (
        ("tallies", "place, grain, since"),
        ("tally_overruns", "case_id"),
        ("tally_senders", "system"),
    ):
        rows = await world.rows(f"select * from {table} order by {order}")
        found[table] = [tuple(row) for row in rows]
    return found


async def lived(world: World) -> Story:
    """A closed case with rework and a repeat, one that is moved, one that runs over, one merged."""
    story = Story(world)
    await story.reported(REFUSE, LON, LAT, source="patrol")
    await world.report(REFUSE, LON, LAT, source="hotline", system="hotline")
    await world.work()
    world.pass_time(minutes=30)
    await story.cleared(SANITATION)
    look = await story.newest("check")
    await story.does("checker", look["unit"], "check", "fail", reason="残留")
    await story.cleared(SANITATION)
    world.pass_time(minutes=5)
    await story.passed()
    moved = await handling.open_case(world)
    await world.work()
    late = await handling.open_case(world, place=world.city.tree.path("310115004"))
    await world.work()
    chief = world.actor("duty_chief", handling.DISTRICT_CENTRE)
    async with world.as_(chief) as tx:
        facts = {"place": "310101013"}
        await desk.act(tx, world.city, chief, "case", moved, "relocate", facts)
    await world.work()
    world.pass_time(days=3)
    await overrun(world)
    await world.work()
    assert late
    return story


async def overrun(world: World) -> None:
    """The clocks are looked at."""
    async with world.as_worker() as tx:
        await cases.raise_late(tx, world.city)

"""Whatever happens: the picture is what the database shows, told changes lead to it, and the past
is what was live then. For every sort of reach, over random courses of action."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.picture.courses import Course
from tests.picture.scene import Scene, Shown, apply, read_frame, scope_of
from tests.world import World

from yiwang.matters.picture import rules, store
from yiwang.matters.picture.audience import encode
from yiwang.matters.picture.model import Reach

STEPS = 45


def _reaches(world: World) -> dict[str, Reach]:
    root, path = world.city.root_path, world.city.tree.path
    district, town = path("310101"), path("310101002")
    departments = [u.code for u in world.city.units.values() if u.kind == "department"]
    return {
        "city": Reach((root,), (), root),
        "city, looking at a district": Reach((root,), (), district),
        "district": Reach((district,), ("310101_centre",), root),
        "town": Reach((town,), (), root),
        "units": Reach((), tuple(departments[:40]), root),
        "units, looking at a district": Reach((), tuple(departments), district),
        "centre's matters elsewhere": Reach((), ("310101_centre",), root),
        "town and a unit": Reach((path("310115004"),), ("310101_centre",), root),
        "nobody": Reach((), (), root),
    }


@pytest.mark.parametrize("seed", range(6))
async def test_picture_changes_and_past_agree_with_the_database(scene: Scene, seed: int) -> None:
    world, follower = scene.world, scene.room.audience.follower
    reaches = _reaches(world)
    course = Course(world, seed)
    followed: dict[str, Shown] = {name: {} for name in reaches}
    past = []
    await follower.catch_up()
    for _ in range(STEPS):
        before = follower.seq
        await course.step()
        now: dict[str, Shown] = {}
        for name, reach in reaches.items():
            now[name] = await scene.live(reach)
            assert now[name] == await scene.asked(reach), name
            frame = encode(reach, follower.since(before), "x")
            if frame is not None:
                apply(followed[name], read_frame(frame))
            assert followed[name] == now[name], name
        past.append((world.now, now))
    assert follower.loads == 1
    assert len(course.done) > 8, course.done
    assert any(now["units"] for _, now in past)
    assert past[-1][1]["nobody"] == {}
    for moment, shown in past:
        for name, reach in reaches.items():
            assert await scene.at(reach, moment) == shown[name], (name, moment)
            assert await scene.at(reach, moment + timedelta(seconds=30)) == shown[name]
    for name, reach in reaches.items():
        await _plays_back(scene, reach, past[5][0], past[-1][0], past[-1][1][name])


async def _plays_back(
    scene: Scene, reach: Reach, since: datetime, until: datetime, end: Shown
) -> None:
    """The picture at the beginning and every change after it lead to the picture at the end."""
    world = scene.world
    shown = {
        case: (*look[1:3], *look[3:7]) for case, look in (await scene.at(reach, since)).items()
    }
    async with world.service.begin(scope_of(reach), world.now) as tx:
        rows = await store.between(tx, since, until + timedelta(seconds=1), reach.within, 100_000)
    for row in rows:
        if row["state"] is None:
            shown.pop(row["id"], None)
        else:
            place = rules.code_of(row["place"])
            shown[row["id"]] = (
                *(rules.degrees(row["lon"]), rules.degrees(row["lat"]), row["kind"], place),
                *(row["state"], row["flags"]),
            )
    assert shown == {case: look[1:7] for case, look in end.items()}


async def test_a_later_load_shows_the_same(scene: Scene) -> None:
    """What steps lead to is what all open cases read at once show."""
    course = Course(scene.world, 99)
    reach = _reaches(scene.world)["city"]
    for _ in range(30):
        await course.step()
        await scene.live(reach)
    follower = scene.room.audience.follower
    shown = await scene.live(reach)
    seq, epoch = follower.seq, follower.epoch
    await follower._load()
    assert follower.loads == 2
    assert await scene.live(reach) == shown
    assert (follower.seq, follower.epoch) == (seq, epoch)
    assert len(shown) > 1

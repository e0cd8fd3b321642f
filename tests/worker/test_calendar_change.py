"""A changed calendar: everything open is due anew, everything ended stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.handling import scene
from tests.world import World

from yiwang import setup
from yiwang.home import Home
from yiwang.matters.cases import service as cases
from yiwang.matters.desk import service as desk
from yiwang.matters.dispatch import following

SHANGHAI = Path(__file__).resolve().parents[2] / "packs" / "shanghai"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the pack, to be changed."""
    shutil.copytree(SHANGHAI, tmp_path / "shanghai")
    return tmp_path / "shanghai"


async def _install(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(Home, "role_url", lambda _self, _role: world.worker_url)
    world.city = await setup.install_pack(Home(folder.parent), folder, said.append)
    return said


async def test_a_new_holiday_moves_every_open_due_time(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(await _install(world, folder, monkeypatch)) == 1  # the same calendar: no word of it
    open_case, order = await scene.dispatched(world)
    ended, _ = await scene.dispatched(world)
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)
    async with world.as_(chief) as tx:
        await desk.act(tx, world.city, chief, "case", ended, "close", {"reason": "x"})
    await world.work()
    before = await scene.state(world, open_case)
    closed = await scene.state(world, ended)
    with (folder / "calendar.csv").open("a", encoding="utf-8") as file:
        file.write("2026-03-10,off,临时放假,Sudden holiday\n2026-03-20,off,又一日,Another\n")
    said = await _install(world, folder, monkeypatch)
    assert len(said) == 2
    after = await scene.state(world, open_case)
    again = await scene.lead(world, open_case)
    # Today, a Tuesday, became a day off: its four working hours begin tomorrow at 08:00.
    assert after["due_handle"].isoformat() == "2026-03-11T04:00:00+00:00"
    assert again.due_handle == after["due_handle"] > before["due_handle"]
    assert again.due_accept is not None
    assert order.due_accept is not None
    assert again.due_accept > order.due_accept
    assert after["due_next"] == after["alarm_at"] == after["due_handle"]
    assert after["due_total"] > before["due_total"]
    assert await scene.state(world, ended) == closed
    events = await world.rows(
        "select matter, actor, facts from events where action like '%.recompute' order by id"
    )
    assert [(row["matter"], row["facts"]) for row in events] == [
        ("case", {"reason": "calendar"}),
        ("order", {"reason": "calendar"}),
    ]
    assert await _install(world, folder, monkeypatch) == []


async def test_all_of_many_are_reached(world: World) -> None:
    for _ in range(3):
        await scene.dispatched(world)
    for step in (cases.recompute_open, following.recompute_open):
        seen = []
        async with world.as_worker() as tx:
            last: int | None = 0
            while last is not None:
                last = await step(tx, world.city, last, 2)
                seen.append(last)
        assert len(seen) == 3
    assert await world.rows("select 1 from events where action like '%.recompute'") == []

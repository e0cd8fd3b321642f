"""A pack over a revised city, and a revised city as a pack."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.revision import scene
from tests.revision.scene import refused
from tests.world import World

from yiwang import setup
from yiwang.ground.city import City
from yiwang.ground.packs.checking import origin_file
from yiwang.ground.packs.model import Pack
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.packs.writing import write_pack
from yiwang.ground.revision.items import items, unmarked
from yiwang.ground.revision.model import Sort
from yiwang.home import Home
from yiwang.setup import Revised

PACKS = Path(__file__).resolve().parents[2] / "packs"
HOLIDAY = {"day": "2026-03-11", "kind": "off", "name": {"zh": "放假", "en": "Holiday"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the pack, to be changed."""
    shutil.copytree(PACKS / "shanghai", tmp_path / "shanghai")
    return tmp_path / "shanghai"


async def test_a_pack_over_revisions_names_its_conflicts(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Home, "role_url", lambda _self, _role: world.worker_url)
    home = Home(folder.parent)
    world.city = await setup.install_pack(home, folder)
    await scene.pass_through(world, (Sort.CALENDAR, "", HOLIDAY))
    # nothing new on disk: what was revised stays
    same = await setup.install_pack(home, folder)
    assert "2026-03-11" in items(same.pack, Sort.CALENDAR)
    with (folder / "words.csv").open("a", encoding="utf-8") as file:
        file.write("function.more,更多,more\n")
    said: list[str] = []
    with refused("revision.conflicts"):
        await setup.install_pack(home, folder, said.append)
    assert said == ["revised here: calendar 2026-03-11"]
    kept = await setup.install_pack(home, folder, revised=Revised.KEEP)
    assert "2026-03-11" in items(kept.pack, Sort.CALENDAR)
    assert kept.words("function.more").en == "more"
    # still counted as revised: the next pack meets it again
    with (folder / "words.csv").open("a", encoding="utf-8") as file:
        file.write("function.most,最多,most\n")
    with refused("revision.conflicts"):
        await setup.install_pack(home, folder)
    replaced = await setup.install_pack(home, folder, revised=Revised.REPLACE)
    assert "2026-03-11" not in items(replaced.pack, Sort.CALENDAR)
    assert replaced.pack.mark is None
    with (folder / "words.csv").open("a", encoding="utf-8") as file:
        file.write("function.last,最后,last\n")
    await setup.install_pack(home, folder)  # no conflict is left
    heads = await world.row("select value->>'revision' as r, value->>'base' as b from settings")
    assert heads == {"r": "1", "b": "1"}


async def test_a_pack_that_adopts_a_revision_is_no_conflict(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Home, "role_url", lambda _self, _role: world.worker_url)
    home = Home(folder.parent)
    world.city = await setup.install_pack(home, folder)
    await scene.pass_through(world, (Sort.CALENDAR, "", HOLIDAY))
    with (folder / "calendar.csv").open("a", encoding="utf-8") as file:
        file.write("2026-03-11,off,放假,Holiday\n")
    found = await setup.install_pack(home, folder)
    assert "2026-03-11" in items(found.pack, Sort.CALENDAR)


def _said(pack: Pack) -> dict[str, object]:
    """What a pack says, whoever wrote it."""
    return {
        sort.value: sorted(str(unmarked(sort, body)) for body in items(pack, sort).values())
        for sort in Sort
    }


@pytest.mark.parametrize("name", ["shanghai", "boston"])
def test_a_pack_written_is_the_pack_read(name: str, tmp_path: Path) -> None:
    pack = read_pack(PACKS / name)
    write_pack(pack, tmp_path / "again")
    again = read_pack(tmp_path / "again")
    assert _said(again) == _said(pack)
    assert again.places == pack.places
    assert again.areas.keys() == pack.areas.keys()
    assert again.overlays == pack.overlays
    assert (again.worktime, again.title, again.notices, again.root) == (
        *(pack.worktime, pack.title, pack.notices, pack.root),
    )
    assert {origin_file(row.source) for row in again.limits} == {
        origin_file(row.source) for row in pack.limits
    }
    with pytest.raises(FileExistsError):
        write_pack(pack, tmp_path / "again")


async def test_a_revised_city_is_written_with_its_revisions(world: World, tmp_path: Path) -> None:
    setting = next(b for b in scene.items_of(world.city, Sort.SETTINGS) if b["key"] == "return.max")
    limit = next(b for b in scene.items_of(world.city, Sort.LIMITS) if not b["milestone"])
    await scene.pass_through(
        world,
        (Sort.CALENDAR, "", HOLIDAY),
        (Sort.LIMITS, "", {**limit, "amount": 0.5}),
        (Sort.SETTINGS, "", {**setting, "value": 4, "place": "310101"}),
    )
    write_pack(world.city.pack, tmp_path / "out")
    again = City.build(read_pack(tmp_path / "out"))
    day = scene.TODAY
    assert "2026-03-11" in items(again.pack, Sort.CALENDAR)
    for path in (again.root_path, again.tree.path("310101"), again.tree.path("310115")):
        assert again.setting("return.max", path, day) == world.city.setting("return.max", path, day)
    assert items(again.pack, Sort.LIMITS).keys() == items(world.city.pack, Sort.LIMITS).keys()
    assert not [row for row in again.pack.limits if "@" in row.source]

"""Exports: whole, in order, once each, whatever happens meanwhile; and only what one may see."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from openpyxl import load_workbook
from tests.feed.scene import Scene
from tests.world import DISTRICT, TOWN

from yiwang.ground.authority.model import Actor
from yiwang.matters.exports import running, writing
from yiwang.matters.exports.columns import COLUMNS
from yiwang.matters.exports.lists import LISTS
from yiwang.matters.exports.running import continue_exports

ELSEWHERE = "310104"


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK", 3)


async def someone(scene: Scene, place: str = DISTRICT) -> Actor:
    """A dispatcher with an account that works."""
    actor = scene.world.actor("dispatcher", scene.world.centre(place))
    async with scene.world.as_worker() as tx:
        await tx.execute(
            "insert into persons (id, login, name, created_at) overriding system value"
            " values ($1, $2, $2, $3) on conflict do nothing",
            *(actor.person, actor.name, tx.now),
        )
    return actor


async def step(scene: Scene) -> int:
    """One step of the worker."""
    world = scene.world
    return await continue_exports(world.worker, world.city, scene.home.folder, world.now)


async def carry_out(scene: Scene) -> int:
    """All that is to be done; how many steps it took."""
    steps = 0
    while await step(scene):
        steps += 1
        assert steps < 50
    return steps


async def ask(scene: Scene, actor: Actor, **wish: Any) -> int:
    """Ask for an export; its id."""
    async with scene.client(actor) as client:
        answer = await client.post("/exports", json={"list": "cases"} | wish)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v1/exports/{answer.json()['id']}"
    return int(answer.json()["id"])


async def shown(scene: Scene, actor: Actor, number: int) -> Any:
    """How far an export is."""
    async with scene.client(actor) as client:
        return (await client.get(f"/exports/{number}")).json()


async def fetched(scene: Scene, actor: Actor, number: int) -> tuple[str, bytes]:
    """The name and the bytes of a finished file."""
    async with scene.client(actor) as client:
        answer = await client.get(f"/exports/{number}/file")
    assert answer.status_code == 200, answer.text
    _, _, name = answer.headers["content-disposition"].partition("filename")
    return unquote(name.removeprefix("*=utf-8''").strip('="')), answer.content


def table(data: bytes) -> list[list[str]]:
    """A CSV's rows."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def files(scene: Scene) -> list[Path]:
    """What lies in the folder of exports."""
    return sorted(scene.home.exports.glob("*"))


async def test_a_csv_holds_what_its_asker_sees_in_order(scene: Scene) -> None:
    made = []
    for number in range(8):
        made.append(await scene.file(TOWN, f"路灯 {number}", "=1+1" if number == 0 else "坏了"))
        scene.world.pass_time(minutes=1)
    await scene.file(ELSEWHERE, "别处")
    actor = await someone(scene)
    number = await ask(scene, actor, sort="reported", language="zh", filters={"state": "open"})
    waiting = await shown(scene, actor, number)
    assert (waiting["state"], waiting["done"], waiting["total"]) == ("waiting", 0, None)
    assert await step(scene) == 1
    assert await step(scene) == 1
    halfway = await shown(scene, actor, number)
    assert (halfway["state"], halfway["done"], halfway["total"]) == ("running", 3, 8)
    await carry_out(scene)
    done = await shown(scene, actor, number)
    assert (done["state"], done["done"], done["error"]) == ("done", 8, None)
    name, data = await fetched(scene, actor, number)
    assert name == done["name"]
    assert name.startswith("案件-2026")
    assert name.endswith(".csv")
    assert len(data) == done["size"]
    header, *rows = table(data)
    assert header == [column.zh for column in COLUMNS["cases"]]
    assert [row[0] for row in rows] == [case.number for case in made]
    first = dict(zip(header, rows[0], strict=True))
    assert first["内容"] == "'=1+1"
    assert first["状态"] == "已立案"
    assert first["合成数据"] == "是"
    assert first["上报时间"] == "2026-03-10 10:00:00"  # the city's own time
    assert [path.name for path in files(scene)] == [f"{number}.csv"]
    event = await scene.world.row("select * from events where action = 'export.ask'")
    assert event["facts"] == {"list": "cases", "format": "csv", "filters": {"state": "open"}}


async def test_a_killed_export_goes_on_after_its_last_recorded_chunk(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [await scene.file(TOWN, f"{n}") for n in range(8)]
    actor = await someone(scene)
    number = await ask(scene, actor, sort="reported", language="en")
    assert await step(scene) == await step(scene) == 1
    whole = writing.append

    def killed(*args: Any) -> int:
        whole(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        await step(scene)
    monkeypatch.setattr(writing, "append", whole)
    assert (await shown(scene, actor, number))["done"] == 3
    await carry_out(scene)
    _, *rows = table((await fetched(scene, actor, number))[1])
    assert sorted(row[0] for row in rows) == sorted(case.number for case in made)


async def test_an_xlsx(scene: Scene) -> None:
    case = await scene.file(TOWN, "Street lamp", "@SUM(1)")
    actor = await someone(scene)
    number = await ask(scene, actor, format="xlsx", language="en")
    await carry_out(scene)
    name, data = await fetched(scene, actor, number)
    assert name.startswith("cases-2026")
    sheet = load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    header, row = list(sheet.iter_rows(values_only=True))
    found = dict(zip(header, row, strict=True))
    assert found["number"] == case.number
    assert found["text"] == "'@SUM(1)"
    assert str(found["reported at"]) == "2026-03-10 10:00:00"
    assert [path.suffix for path in files(scene)] == [".xlsx"]


async def test_an_xlsx_too_long_for_a_sheet_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "XLSX_MOST", 1)
    for number in range(2):
        await scene.file(TOWN, f"{number}")
    actor = await someone(scene)
    number = await ask(scene, actor, format="xlsx")
    await carry_out(scene)
    found = await shown(scene, actor, number)
    assert (found["state"], found["error"]["code"]) == ("failed", "exports.too_long")
    assert "2 rows" in found["error"]["en"]
    assert files(scene) == []


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_every_list_can_be_exported_also_empty(scene: Scene, form: str) -> None:
    actor = await someone(scene)
    for name in LISTS:
        number = await ask(scene, actor, list=name, format=form)
        await carry_out(scene)
        assert (await shown(scene, actor, number))["state"] == "done"
        if form == "csv":
            header = [column.zh for column in COLUMNS[name]]
            assert table((await fetched(scene, actor, number))[1]) == [header]


async def test_reports_are_exported_behind_the_wall(scene: Scene) -> None:
    await scene.world.report("路灯不亮", 121.4846, 31.2363, phone="13800000000")
    city = await someone(scene, scene.world.city.pack.root)
    town = await someone(scene, ELSEWHERE)
    seen, unseen = await ask(scene, city, list="reports"), await ask(scene, town, list="reports")
    await carry_out(scene)
    header, row = table((await fetched(scene, city, seen))[1])
    assert dict(zip(header, row, strict=True))["内容"] == "路灯不亮"
    assert "13800000000" not in row
    assert len(table((await fetched(scene, town, unseen))[1])) == 1


async def test_a_stopped_export_leaves_nothing(scene: Scene) -> None:
    for number in range(5):
        await scene.file(TOWN, f"{number}")
    actor = await someone(scene)
    number = await ask(scene, actor)
    assert await step(scene) == await step(scene) == 1
    assert len(files(scene)) == 1
    async with scene.client(actor) as client:
        assert (await client.delete(f"/exports/{number}")).status_code == 204
        assert (await client.delete(f"/exports/{number}")).status_code == 204
        answer = await client.get(f"/exports/{number}/file")
        assert (answer.status_code, answer.json()["code"]) == (409, "exports.not_ready")
    assert await step(scene) == 0
    assert files(scene) == []
    assert (await shown(scene, actor, number))["state"] == "stopped"


async def test_an_export_is_its_askers_own(scene: Scene) -> None:
    actor, other = await someone(scene), await someone(scene, ELSEWHERE)
    number = await ask(scene, actor)
    await carry_out(scene)
    async with scene.client(other) as client:
        for path in (f"/exports/{number}", f"/exports/{number}/file"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "exports.unknown")
        assert (await client.delete(f"/exports/{number}")).status_code == 404
        assert (await client.get("/exports")).json() == []
    async with scene.client(actor) as client:
        assert [row["id"] for row in (await client.get("/exports")).json()] == [number]


async def test_a_key_exports_what_it_reaches_until_it_is_revoked(scene: Scene) -> None:
    key = scene.key("cases:read", place=DISTRICT)
    case = await scene.file(TOWN, "一")
    await scene.file(ELSEWHERE, "二")
    async with scene.world.as_worker() as tx:
        await tx.execute(
            "insert into api_keys (id, name, system, digest, scopes, place, created_by,"
            " created_at) overriding system value values ($1, 'k', 'k', '', '{}', 'x', 'x', $2)",
            *(int(key.name.partition(":")[2]), tx.now),
        )
    number = await ask(scene, key)
    await carry_out(scene)
    _, *rows = table((await fetched(scene, key, number))[1])
    assert [row[0] for row in rows] == [case.number]
    async with scene.world.as_worker() as tx:
        await tx.execute("update api_keys set revoked_at = $1", tx.now)
    late = await ask(scene, key)
    await carry_out(scene)
    assert (await shown(scene, key, late))["error"]["code"] == "exports.unwelcome"


async def test_finished_files_expire(scene: Scene) -> None:
    actor = await someone(scene)
    number = await ask(scene, actor)
    await carry_out(scene)
    scene.world.now += running.KEPT - timedelta(seconds=1)
    assert await step(scene) == 0
    assert len(files(scene)) == 1
    scene.world.pass_time(seconds=2)
    assert await step(scene) == 1
    assert files(scene) == []
    assert (await shown(scene, actor, number))["state"] == "expired"


async def test_small_exports_do_not_wait_for_large_ones(scene: Scene) -> None:
    for number in range(8):
        await scene.file(TOWN, f"{number}")
    actor = await someone(scene)
    large, small = await ask(scene, actor), await ask(scene, actor, filters={"state": "closed"})
    while (await shown(scene, actor, small))["state"] != "done":
        assert await step(scene) == 1
    assert (await shown(scene, actor, large))["state"] == "running"


async def test_what_is_wrong_is_refused_at_once(scene: Scene) -> None:
    actor = await someone(scene)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"list": "people"}, "web.request_invalid"),
        ({"list": "cases", "filters": {"colour": "red"}}, "listing.filter_unknown"),
        ({"list": "cases", "filters": {"state": "lost"}}, "listing.values"),
        ({"list": "cases", "sort": "colour"}, "listing.sort_unknown"),
        ({"list": "cases", "format": "pdf"}, "web.request_invalid"),
    ]
    async with scene.client(actor) as client:
        for body, code in wrong:
            answer = await client.post("/exports", json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        for _ in range(5):
            assert (await client.post("/exports", json={"list": "cases"})).status_code == 202
        answer = await client.post("/exports", json={"list": "cases"})
        assert (answer.status_code, answer.json()["code"]) == (409, "exports.too_many")


async def test_a_full_disk_ends_the_export(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    await scene.file(TOWN, "一")
    actor = await someone(scene)
    number = await ask(scene, actor)
    monkeypatch.setattr(writing, "append", full)
    await carry_out(scene)
    assert (await shown(scene, actor, number))["error"]["code"] == "exports.disk"


def test_every_column_is_a_field_of_its_matter() -> None:
    for name, columns in COLUMNS.items():
        fields = set(LISTS[name].procedure.names())
        assert {column.field for column in columns} <= fields
        for language in ("zh", "en"):
            headings = [column.heading(language) for column in columns]
            assert len(set(headings)) == len(headings)

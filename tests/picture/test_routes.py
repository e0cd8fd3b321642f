"""The picture over HTTP: for every duty at every level what the database would show them, past
moments, windows, hexagons, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.picture.courses import Course
from tests.picture.scene import Scene, read, unpack
from tests.picture.test_streams import dispatcher, file_case, move
from tests.world import DISTRICT, TOWN

from yiwang.ground.authority.model import Actor, Duty, Holding
from yiwang.kit.db import Scope
from yiwang.matters.picture import service

AREAS = ("310101", TOWN, "310115", "310115004", f"{TOWN}G06")


def _everybody(scene: Scene) -> list[Actor]:
    """Somebody for every duty of every unit of the city and of some places, and systems' keys."""
    world, city = scene.world, scene.world.city
    people = [
        world.actor(duty, post.unit)
        for post in city.posts.values()
        for duty in post.duties
        if city.units[post.unit].place in (*AREAS, city.pack.root)
    ]
    keys = []
    for place, unit in ((DISTRICT, None), ("310115", None), (DISTRICT, f"{TOWN}_sanitation")):
        path = city.tree.path(place)
        scope = Scope(f"key:{place}{unit}", () if unit else (path,), (unit,) if unit else ())
        holding = Holding(Duty.SYSTEM, unit or "", path, unit is None)
        keys.append(
            Actor(scope.actor, "key", (holding,), scopes=("cases:read",), system="x", scope=scope)
        )
    return people + keys


async def test_everybody_sees_what_the_database_would_show_them(scene: Scene) -> None:
    course = Course(scene.world, 7)
    for _ in range(40):
        await course.step()
    scene.gate.clock.set(scene.world.now)  # type: ignore[attr-defined]
    sizes = set()
    people = _everybody(scene)
    levels = {scene.world.city.units[u].level for who in people for u in who.scope.units if u}
    assert len(levels) >= 3
    assert {row.duty for who in people for row in who.holdings} >= {"handler", "leader", "auditor"}
    for who in people:
        async with scene.client(who) as client:
            for place in ("", DISTRICT):
                reach = scene.reach(who, place)
                expected = await scene.asked(reach)
                query: dict[str, Any] = {"place": place} if place else {}
                answer = await client.get("/picture", params=query)
                assert answer.status_code == 200, answer.text
                assert read(answer.content) == expected, who.title
                sizes.add(len(expected))
            at = {"at": scene.world.now.isoformat()}
            past = await client.get("/picture", params=at)
            assert read(past.content) == await scene.asked(scene.reach(who)), who.title
            cells = (await client.get("/cells", params={"resolution": 6})).json()
            placed = [row for row in (await scene.asked(scene.reach(who))).values() if row[1]]
            assert sum(cells["columns"]["count"]) == len(placed)
            assert sum(cells["columns"]["overdue"]) == sum(bool(row[6] & 2) for row in placed)
    assert len(sizes) > 3
    assert 0 in sizes


async def test_a_past_moment_and_a_window(scene: Scene) -> None:
    actor = dispatcher(scene)
    world = scene.world
    start = world.now
    (case,) = await file_case(scene)
    filed = world.now
    world.pass_time(hours=1)
    await move(scene, case, "flag", urgent=True)
    world.pass_time(hours=1)
    await move(scene, case, "cancel", reason="重复")
    world.pass_time(hours=1)
    scene.gate.clock.set(world.now)  # type: ignore[attr-defined]
    async with scene.client(actor) as client:

        async def flags_at(hours: float) -> list[int]:
            at = filed + timedelta(hours=hours)
            told = (await client.get("/picture", params={"at": at.isoformat()})).json()
            assert told["moment"] == at.isoformat()
            assert told["cursor"] == ""
            flags: list[int] = told["columns"]["flags"]
            return flags

        assert await flags_at(-0.001) == []
        assert await flags_at(0) == await flags_at(0.999) == [8]
        assert await flags_at(1) == await flags_at(1.999) == [9]
        assert await flags_at(2) == []
        window = {"from": start.isoformat(), "to": world.now.isoformat()}
        told = (await client.get("/picture/past", params=window)).json()
        stamps = [(filed + timedelta(hours=n)).timestamp() for n in range(3)]
        rows = [[row[0], *row[2:3], *row[6:]] for row in told["changes"]]
        assert {row[1] for row in told["changes"]} == {case}
        assert rows == [
            [stamps[0], "filed", TOWN, 8, "case.file"],
            [stamps[1], "filed", TOWN, 9, "case.flag"],
            [stamps[2], None, TOWN, 9, "case.cancel"],
        ]
        cells = await client.get("/cells", params={"at": filed.isoformat(), "resolution": 5})
        assert cells.json()["columns"]["count"] == [1]
        elsewhere = await client.get("/picture/past", params=window | {"place": "310115"})
        assert elsewhere.json()["changes"] == []


async def test_where_a_case_went_is_not_told(scene: Scene) -> None:
    """Who saw it before is told that it is gone, and nothing else."""
    world = scene.world
    actor = world.actor("leader", "310101_government")
    start = world.now
    (case,) = await file_case(scene)
    world.pass_time(minutes=5)
    await move(scene, case, "relocate", place="310115")
    world.pass_time(minutes=5)
    await move(scene, case, "flag", urgent=True)
    world.pass_time(minutes=5)
    scene.gate.clock.set(world.now)  # type: ignore[attr-defined]
    async with scene.client(actor) as client:
        window = {"from": start.isoformat(), "to": world.now.isoformat()}
        told = (await client.get("/picture/past", params=window)).json()
    assert [row[2] for row in told["changes"]] == ["filed", None]
    assert told["changes"][1][1:] == [case, None, None, None, None, None, 0, ""]


async def test_what_is_wrong_is_refused(scene: Scene) -> None:
    now = scene.world.now
    later, earlier = now + timedelta(minutes=1), now - timedelta(days=8)

    def window(since: Any, until: Any) -> dict[str, str]:
        return {"from": since.isoformat(), "to": until.isoformat()}

    wrong: tuple[tuple[str, dict[str, Any], int, str], ...] = (
        ("/picture", {"place": "nowhere"}, 404, "places.unknown"),
        ("/picture", {"at": later.isoformat()}, 422, "picture.future"),
        ("/picture", {"at": "2026-01-01T00:00:00"}, 422, "web.request_invalid"),
        ("/cells", {"at": later.isoformat()}, 422, "picture.future"),
        ("/cells", {"resolution": 4}, 422, "web.request_invalid"),
        ("/picture/past", window(now, now), 422, "picture.window"),
        ("/picture/past", window(now, later - timedelta(minutes=2)), 422, "picture.window"),
        ("/picture/past", window(earlier, now), 422, "picture.window"),
        ("/picture/changes", {"since": "730-18"}, 422, "picture.cursor_bad"),
        ("/picture/changes", {"place": "nowhere"}, 404, "places.unknown"),
    )
    async with scene.client(dispatcher(scene)) as client:
        for path, query, status, code in wrong:
            answer = await client.get(path, params=query)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (path, query)
    async with scene.client() as client:
        for path in ("/picture", "/picture/changes", "/cells"):
            assert (await client.get(path)).json()["code"] == "web.sign_in"


async def test_more_than_can_be_played_is_refused(scene: Scene, monkeypatch: Any) -> None:
    monkeypatch.setattr(service, "MOST_CHANGES", 2)
    start = scene.world.now
    await file_case(scene, count=2)
    end = scene.world.pass_time(minutes=1)
    async with scene.client(dispatcher(scene)) as client:
        window = {"from": start.isoformat(), "to": end.isoformat()}
        assert len((await client.get("/picture/past", params=window)).json()["changes"]) == 2
        await file_case(scene)
        window["to"] = scene.world.pass_time(minutes=1).isoformat()
        answer = await client.get("/picture/past", params=window)
    assert answer.json()["code"] == "picture.too_much"


async def test_an_answer_is_shared_while_nothing_happens(scene: Scene) -> None:
    actor = dispatcher(scene)
    reach = scene.reach(actor)
    await file_case(scene)
    first = await scene.room.pictures.show(reach, scene.world.now)
    assert await scene.room.pictures.show(reach, scene.world.now) is first
    assert unpack(first)["count"] == 1

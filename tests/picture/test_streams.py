"""Live changes over a real HTTP server: authority, resuming, slow and lost listeners, a database
that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
from tests.picture.scene import Scene, Shown, apply, read, read_frame, serving
from tests.world import DISTRICT, TOWN

from yiwang.ground.authority.model import Actor
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.cases.opening import Draft, open_cases
from yiwang.matters.cases.service import Move
from yiwang.matters.picture import audience, following
from yiwang.matters.picture.model import Reach
from yiwang.matters.picture.streaming import ChangeStream
from yiwang.matters.sources.service import keeper

ELSEWHERE = "310104"


async def file_case(scene: Scene, place: str = TOWN, count: int = 1) -> list[int]:
    """New cases at a place; their ids."""
    world, city = scene.world, scene.world.city
    kinds = city.taxonomy.kinds(city.day(world.now))
    kind = next(kind.key for kind in kinds if not city.taxonomy.children(kind.key))
    draft = Draft(
        *(kind, {}, city.tree.path(place), {}, "测试", "路灯不亮", "", 121.478, 31.236, "hotline"),
        *(True, False, world.now, world.now),
    )
    async with world.as_worker() as tx:
        return [case.id for case in await open_cases(tx, city, keeper(city), [draft] * count)]


async def move(scene: Scene, case: int, action: str, **facts: Any) -> None:
    """The platform does something to a case."""
    async with scene.world.as_worker() as tx:
        await cases.move(
            tx, scene.world.city, keeper(scene.world.city), [Move(case, action, facts)]
        )


def dispatcher(scene: Scene, place: str = DISTRICT) -> Actor:
    """A dispatcher of a place's centre."""
    return scene.world.actor("dispatcher", scene.world.centre(place))


class Heard:
    """What one listener heard."""

    def __init__(self, response: httpx.Response) -> None:
        self._blocks = response.aiter_text()
        self._rest = ""

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event's name and data; EOFError at the end."""
        async with asyncio.timeout(20):
            while True:
                event, mark, rest = self._rest.partition("\n\n")
                if not mark:
                    try:
                        self._rest += await anext(self._blocks)
                    except StopAsyncIteration as error:
                        raise EOFError from error
                    continue
                self._rest = rest
                rows = dict(line.split(": ", 1) for line in event.splitlines() if ": " in line)
                if "data" in rows:
                    return rows["event"], read_frame(f"data: {rows['data']}".encode())


@asynccontextmanager
async def listening(scene: Scene, base: str, actor: Actor, query: str = "") -> AsyncIterator[Heard]:
    """An open stream."""
    scene.gate.actors[actor.name] = actor
    async with (
        httpx.AsyncClient(timeout=30, headers={"Authorization": actor.name}) as client,
        client.stream("GET", f"{base}/picture/changes?{query}") as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Heard(response)


async def cursor_of(scene: Scene, actor: Actor) -> str:
    """The cursor of the picture as it is now."""
    async with scene.client(actor) as client:
        return str((await client.get("/picture")).json()["cursor"])


async def test_each_hears_of_what_is_theirs(scene: Scene) -> None:
    mine, theirs = dispatcher(scene), dispatcher(scene, ELSEWHERE)
    async with (
        serving(scene) as base,
        listening(scene, base, mine) as heard,
        listening(scene, base, theirs) as other,
        listening(scene, base, mine, f"place={TOWN}001") as deeper,
    ):
        for one in (heard, other, deeper):
            name, first = await one.next()
            assert (name, first["set"], first["gone"]) == ("changes", [], [])
        (case,) = await file_case(scene)
        _, frame = await heard.next()
        assert [row[0] for row in frame["set"]] == [case]
        assert frame["set"][0][5:7] == [TOWN, "filed"]
        assert frame["set"][0][10] == "case.file"
        assert [step[1:] for step in frame["steps"]] == [[case, "case.file"]]
        await move(scene, case, "relocate", place=f"{TOWN}001")
        assert [row[0] for row in (await heard.next())[1]["set"]] == [case]
        assert [row[0] for row in (await deeper.next())[1]["set"]] == [case]
        await move(scene, case, "relocate", place=ELSEWHERE)
        _, frame = await heard.next()
        assert (frame["set"], frame["gone"], frame["steps"]) == ([], [case], [])
        assert (await deeper.next())[1]["gone"] == [case]
        assert [row[0] for row in (await other.next())[1]["set"]] == [case]
        await move(scene, case, "close", reason="重复")
        _, frame = await other.next()
        assert (frame["gone"], frame["steps"][0][2]) == ([case], "case.close")


async def test_a_stream_goes_on_from_a_cursor(scene: Scene) -> None:
    actor = dispatcher(scene)
    first = await file_case(scene, count=3)
    async with scene.client(actor) as client:
        answer = await client.get("/picture")
    shown, cursor = read(answer.content), answer.json()["cursor"]
    assert sorted(shown) == first
    await move(scene, first[0], "cancel", reason="重复")
    await file_case(scene)
    await file_case(scene, ELSEWHERE)
    async with serving(scene) as base, listening(scene, base, actor, f"since={cursor}") as heard:
        await _follow(scene, heard, shown, actor)
        await move(scene, first[1], "flag", urgent=True)
        again = await _follow(scene, heard, shown, actor)
        (case,) = await file_case(scene)
        await _follow(scene, heard, shown, actor)
        async with listening(scene, base, actor, f"last_event_id={again}") as other:
            assert [row[0] for row in (await other.next())[1]["set"]] == [case]


async def _follow(scene: Scene, heard: Heard, shown: Shown, actor: Actor) -> str:
    """Take frames over until what is shown is what there is; the last cursor."""
    cursor = ""
    while not cursor or shown != await scene.live(scene.reach(actor)):
        _, frame = await heard.next()
        apply(shown, frame)
        cursor = frame["cursor"]
    return cursor


async def test_another_process_goes_on_from_the_cursor_of_the_first(scene: Scene) -> None:
    actor = dispatcher(scene)
    reach = scene.reach(actor)
    other = following.Follower(scene.gate)
    await other.catch_up()
    await file_case(scene)
    shown = await scene.live(reach)
    cursor = scene.room.audience.follower.cursor
    await file_case(scene)
    await other.catch_up()
    missed = other.missed(cursor)
    assert missed is not None
    frame = audience.encode(reach, missed, "x")
    assert frame is not None
    apply(shown, read_frame(frame))
    assert shown == await scene.live(reach)
    late = following.Follower(scene.gate)
    await late.catch_up()
    assert late.missed(cursor) is None


async def test_whoever_is_too_far_behind_begins_afresh(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = dispatcher(scene)
    cursor = await cursor_of(scene, actor)
    monkeypatch.setattr(following, "_MOST_DIFFERENCES", 3)
    scene.room.audience.follower._most_fresh = 2
    async with serving(scene) as base:
        async with listening(scene, base, actor) as heard:
            await heard.next()
            await file_case(scene, count=10)
            assert (await heard.next())[0] == "reset"
            with pytest.raises(EOFError):
                await heard.next()
        async with listening(scene, base, actor, f"since={cursor}") as heard:
            assert (await heard.next())[0] == "reset"
    assert scene.room.audience.follower.loads == 2


async def test_what_was_missed_is_told_as_differences(scene: Scene) -> None:
    """Behind by more than is read step by step, the picture is loaded and compared."""
    actor = dispatcher(scene)
    follower = scene.room.audience.follower
    first = await file_case(scene, count=3)
    shown = await scene.live(scene.reach(actor))
    cursor = follower.cursor
    follower._most_fresh = 1
    await move(scene, first[1], "cancel", reason="重复")
    await move(scene, first[2], "flag", supervised=True)
    await file_case(scene, count=2)
    now = await scene.live(scene.reach(actor))
    assert follower.loads == 2
    missed = follower.missed(cursor)
    assert missed is not None
    frame = audience.encode(scene.reach(actor), missed, "x")
    assert frame is not None
    apply(shown, read_frame(frame))
    assert shown == now == await scene.asked(scene.reach(actor))


async def test_transactions_that_end_late_are_not_missed(scene: Scene) -> None:
    """A step of an older transaction shows once it is there, and never undoes a later one."""
    reach = scene.reach(dispatcher(scene))
    world, city = scene.world, scene.world.city
    (case,) = await file_case(scene)
    await scene.live(reach)
    async with world.worker.begin(keeper(city).scope, world.now) as early:
        await early.execute("insert into counters (name, n) values ('x', 1)")  # it has its number
        later = await file_case(scene)
        assert set(await scene.live(reach)) == {case, *later}
        await move(scene, case, "flag", urgent=True)
        await scene.live(reach)
        await cases.move(early, city, keeper(city), [Move(case, "flag", {"supervised": True})])
        assert await scene.live(reach) == await scene.asked(reach)
    shown = await scene.live(reach)
    assert shown == await scene.asked(reach)
    assert shown[case][6] & 5 == 5
    await move(scene, case, "cancel", reason="重复")
    assert case not in await scene.live(reach)


async def test_a_lost_database_ends_no_stream(scene: Scene) -> None:
    actor = dispatcher(scene)
    async with serving(scene) as base, listening(scene, base, actor) as heard:
        await heard.next()
        owner = await asyncpg.connect(scene.world.owner_url)
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await owner.close()
        for _ in range(6):  # every connection of the pool is found to be gone
            try:
                (case,) = await file_case(scene)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                continue
            break
        _, frame = await heard.next()
        assert [row[0] for row in frame["set"]] == [case]
    assert scene.room.audience.follower.loads == 1


async def test_a_slow_listener_is_dropped_and_delays_nobody(scene: Scene) -> None:
    actor = dispatcher(scene)
    watched = scene.room.audience
    await watched.follower.catch_up()
    sent: list[bytes] = []
    gate = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))
        if len(sent) == 3:  # its connection takes no more
            await gate.wait()

    async def receive() -> Any:
        await asyncio.Event().wait()

    stream = ChangeStream(watched, actor.name, scene.reach(actor), None, 60)
    running = asyncio.create_task(stream({"type": "http"}, receive, send))
    await asyncio.sleep(0)
    for _ in range(audience._BEHIND + 3):
        await file_case(scene)
        await watched.tell()
        await asyncio.sleep(0)
    gate.set()
    await running
    assert b"event: lag" in sent[-2]
    assert sent[-1] == b""
    assert len(watched) == 0


async def test_a_listener_that_hangs_up_is_forgotten_at_once(scene: Scene) -> None:
    actor = dispatcher(scene)
    watched = scene.room.audience
    async with serving(scene) as base:
        async with listening(scene, base, actor) as heard:
            await heard.next()
            assert len(watched) == 1
        async with asyncio.timeout(10):
            while len(watched):  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.01)
    assert not watched._groups


async def test_a_stream_ends_after_its_time(scene: Scene) -> None:
    async with (
        serving(scene) as base,
        listening(scene, base, dispatcher(scene), "seconds=0.2") as heard,
    ):
        await heard.next()
        with pytest.raises(EOFError):
            await heard.next()


async def test_too_many_streams_of_one_actor_are_refused(scene: Scene) -> None:
    actor = dispatcher(scene)
    for _ in range(audience.MOST_STREAMS):
        scene.room.audience.join(actor.name, Reach((), (), ""))
    async with scene.client(actor) as client:
        answer = await client.get("/picture/changes")
    assert (answer.status_code, answer.json()["code"]) == (429, "picture.too_many")
    with pytest.raises(Refusal):
        scene.room.audience.require_room(actor.name)


async def test_those_who_see_the_same_are_told_once(scene: Scene) -> None:
    actor = dispatcher(scene)
    watched = scene.room.audience
    await watched.follower.catch_up()
    reach = scene.reach(actor)
    one, other = watched.join("a", reach), watched.join("b", replace(reach))
    assert one is other
    await file_case(scene)
    await watched.tell()
    assert one.count == 1
    watched.leave("a", one)
    watched.leave("b", one)
    assert not watched._groups

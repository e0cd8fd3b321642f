"""Live events over a real HTTP server: authority, filters, resuming, slow listeners."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import uvicorn
from tests.feed.scene import Scene
from tests.world import DISTRICT, TOWN

from yiwang.ground.authority.model import Actor
from yiwang.matters.feed import streaming
from yiwang.matters.feed.model import Wanted

ELSEWHERE = "310104"


@asynccontextmanager
async def serving(scene: Scene) -> AsyncIterator[str]:
    """The scene behind a real server; the base of its addresses."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(scene.app, log_level="error", lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        reading = asyncio.create_task(scene.feed.run())
        while not server.started:  # noqa: ASYNC110 - it offers no event
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1"
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            server.should_exit = True
            await running


class Heard:
    """What one listener heard: (id, name, data) of each event, as a browser reads them."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.last_id = ""

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event's name and data."""
        name, data = "", ""
        async with asyncio.timeout(20):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif line == "" and data:
                    return name, msgspec.json.decode(data)
        raise EOFError

    async def rest(self) -> list[tuple[str, dict[str, Any]]]:
        """All events until the stream ends."""
        found = []
        with contextlib.suppress(EOFError):
            while True:
                found.append(await self.next())
        return found


@asynccontextmanager
async def listening(
    scene: Scene, base: str, actor: Actor, query: str = "", after: str = ""
) -> AsyncIterator[Heard]:
    """An open stream that has begun."""
    scene.gate.actors[actor.name] = actor
    headers = {"Authorization": actor.name}
    if after:
        headers["Last-Event-ID"] = after
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream("GET", f"{base}/events?{query}", headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        heard = Heard(response)
        if not after:
            assert (await heard.next())[0] == "hello"
        yield heard


def dispatcher(scene: Scene, place: str = DISTRICT) -> Actor:
    """A dispatcher of a place's centre."""
    return scene.world.actor("dispatcher", scene.world.centre(place))


async def test_each_listener_hears_its_own_place(scene: Scene) -> None:
    async with (
        serving(scene) as base,
        listening(scene, base, dispatcher(scene)) as mine,
        listening(scene, base, dispatcher(scene, ELSEWHERE)) as theirs,
    ):
        first = await scene.file(TOWN, "路灯不亮", "张三 13800000000")
        second = await scene.file(ELSEWHERE, "树木倒伏")
        name, event = await mine.next()
        assert name == event["type"] == "yiwang.case.file"
        assert event["specversion"] == "1.0"
        assert event["id"] == mine.last_id
        assert event["subject"] == f"cases/{first.id}"
        assert event["data"]["number"] == first.number
        assert event["data"]["place"] == TOWN
        assert (event["data"]["before"], event["data"]["after"]) == (None, "filed")
        assert event["data"]["by"] == "platform"
        assert "张三" not in str(event)
        assert "路灯" not in str(event)
        assert (await theirs.next())[1]["data"]["case"] == second.id


async def test_filters(scene: Scene) -> None:
    actor = dispatcher(scene)
    async with serving(scene) as base:
        case = await scene.file(TOWN, "一")
        queries = (f"case={case.id + 1}", "matter=order,case", "action=case.*", f"place={TOWN}")
        for query in queries:
            async with listening(scene, base, actor, query) as heard:
                made = await scene.file(TOWN, "二")
                if query.startswith("case="):
                    assert made.id == case.id + 1
                assert (await heard.next())[1]["data"]["case"] == made.id
        async with listening(scene, base, actor, "action=order.*&seconds=0.3") as heard:
            await scene.file(TOWN, "三")
            assert await heard.rest() == []


async def test_a_listener_resumes_where_it_was(scene: Scene) -> None:
    actor = dispatcher(scene)
    async with serving(scene) as base:
        async with listening(scene, base, actor) as heard:
            await scene.file(TOWN, "一")
            await heard.next()
            last = heard.last_id
        missed = [await scene.file(TOWN, f"错过 {n}") for n in range(3)]
        await scene.file(ELSEWHERE, "别处")
        async with listening(scene, base, actor, after=last) as heard:
            events = [await heard.next() for _ in missed]
            assert [event["data"]["case"] for _, event in events] == [row.id for row in missed]
            fresh = await scene.file(TOWN, "新")
            assert (await heard.next())[1]["data"]["case"] == fresh.id


async def test_a_listener_with_nothing_heard_resumes_from_hello(scene: Scene) -> None:
    actor = dispatcher(scene)
    async with serving(scene) as base:
        async with listening(scene, base, actor) as heard:
            last = heard.last_id
        missed = await scene.file(TOWN, "错过")
        async with listening(scene, base, actor, after=last) as heard:
            assert (await heard.next())[1]["data"]["case"] == missed.id


async def test_events_of_an_open_transaction_come_later_and_in_order(scene: Scene) -> None:
    """An event is told once nothing can come before it any more."""
    actor = dispatcher(scene)
    insert = (
        "insert into events (at, actor, action, matter, matter_id, place, article, rule, facts)"
        " values ($1, 'platform', $2, 'case', 1, $3::text::ltree, 'V', 'x', '{}')"
    )
    path = scene.world.city.tree.path(TOWN)
    async with serving(scene) as base, listening(scene, base, actor) as heard:
        async with scene.world.as_worker() as early:
            await early.execute(insert, early.now, "case.note", path)
            async with scene.world.as_(actor) as late:
                await late.execute(insert, late.now, "case.flag", path)
            async with listening(scene, base, actor, "seconds=0.3") as other:
                assert await other.rest() == []
        names = [(await heard.next())[0] for _ in range(2)]
    assert names == ["yiwang.case.note", "yiwang.case.flag"]


async def test_a_unit_hears_of_matters_it_is_party_to(scene: Scene) -> None:
    case = await scene.file(TOWN, "一")
    city = scene.world.city
    unit = next(u.code for u in city.units.values() if not city.is_over_place(u))
    handler = scene.world.actor("handler", unit)
    async with serving(scene) as base, listening(scene, base, handler) as heard:
        await scene.file(TOWN, "与我无关")
        async with scene.world.as_worker() as tx:
            await tx.execute("update cases set parties = $2 where id = $1", case.id, [unit])
            await tx.execute(
                "insert into events (at, actor, action, matter, matter_id, case_id, place,"
                " article, rule, facts) values ($1, 'platform', 'case.note', 'case', $2, $2,"
                " $3::text::ltree, 'V', 'x', '{}')",
                *(tx.now, case.id, case.place),
            )
        assert (await heard.next())[1]["data"]["case"] == case.id


async def test_what_is_wrong_is_refused(scene: Scene) -> None:
    wrong = {
        "matter=person": "feed.matter_unknown",
        "action=person.*": "feed.action_unknown",
        "last_event_id=x": "feed.resume_bad",
        "place=nowhere": "places.unknown",
        "seconds=0": "web.request_invalid",
    }
    async with scene.client(dispatcher(scene)) as client:
        for query, code in wrong.items():
            assert (await client.get(f"/events?{query}")).json()["code"] == code
    async with scene.client(scene.key("cases:read")) as client:
        assert (await client.get("/events")).json()["code"] == "authority.scope_missing"


async def test_too_many_streams_of_one_actor_are_refused(scene: Scene) -> None:
    actor = dispatcher(scene)
    reach = streaming.reach_of(actor)
    for _ in range(streaming.MOST_STREAMS):
        scene.feed.audience.join(reach, Wanted())
    async with scene.client(actor) as client:
        answer = await client.get("/events")
    assert (answer.status_code, answer.json()["code"]) == (429, "feed.too_many")


async def test_a_slow_listener_is_told_to_resume_and_delays_nobody(scene: Scene) -> None:
    """It gets what waited for it, then "lag"; what it missed comes when it resumes."""
    actor = dispatcher(scene)
    reach, wanted = streaming.reach_of(actor), Wanted()
    reading = asyncio.create_task(scene.feed.run())
    slow = scene.feed.stream(reach, wanted, None, 60)
    quick = scene.feed.stream(reach, wanted, None, 60)
    for stream in (slow, quick):
        assert (await anext(stream)).startswith(b"retry")
        assert b"event: hello" in await anext(stream)
    path = scene.world.city.tree.path(TOWN)
    async with scene.world.as_worker() as tx:
        await tx.execute(
            "insert into events (at, actor, action, matter, matter_id, place, article, rule, facts)"
            " select $1, 'platform', 'case.note', 'case', n, $2::text::ltree, 'V', 'x', '{}'"
            " from generate_series(1, 400) n",
            *(tx.now, path),
        )
    first = [await anext(quick) for _ in range(100)]
    assert all(b"case.note" in frame for frame in first)
    heard = [frame async for frame in slow]
    assert heard[-1].startswith(b"event: lag")
    kept = len(heard) - 1
    last = msgspec.json.decode(heard[-1].partition(b"data: ")[2])["resume"]
    assert f"id: {last}\n".encode() in heard[-2]
    xid, number = map(int, last.split("-"))
    again = scene.feed.stream(reach, wanted, (xid, number), 60)
    await anext(again)
    rest = [await anext(again) for _ in range(400 - kept)]
    assert len({frame.partition(b"\n")[0] for frame in heard[:-1] + rest}) == 400
    for stream in (quick, again):
        await stream.aclose()
    assert len(scene.feed.audience) == 0
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

"""Live events: order, resume, bounds, heartbeats, the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

from yiwang.kit.web.sse import Broadcast, Happening, last_event_id, stream


def event(number: int, about: str = "a") -> Happening:
    return Happening(str(number), "case.file", {"n": number}, about)


async def collect(response: StreamingResponse) -> list[str]:
    return [
        chunk.decode() if isinstance(chunk, bytes) else str(chunk)
        async for chunk in response.body_iterator
    ]


def numbers(chunks: list[str]) -> list[int]:
    return [int(chunk.split("\n")[0][4:]) for chunk in chunks if chunk.startswith("id: ")]


async def test_missed_events_come_first_and_none_twice() -> None:
    broadcast = Broadcast()
    listener = broadcast.join(lambda _: True)
    broadcast.tell([event(2), event(3), event(4)])

    async def missed() -> AsyncIterator[Happening]:
        for number in (1, 2, 3):
            yield event(number)

    response = stream(broadcast, listener, missed=missed())
    broadcast.close()
    chunks = await collect(response)
    assert chunks[0] == "retry: 2000\n\n"
    assert chunks[1] == 'id: 1\nevent: case.file\ndata: {"n":1}\n\n'
    assert numbers(chunks) == [1, 2, 3, 4]
    assert response.headers["content-type"].startswith("text/event-stream")


async def test_a_listener_gets_only_what_they_may_see() -> None:
    broadcast = Broadcast()
    listener = broadcast.join(lambda row: row.about == "a")
    broadcast.tell([event(1), event(2, "b"), event(3)])
    broadcast.close()
    assert numbers(await collect(stream(broadcast, listener))) == [1, 3]


async def test_a_slow_listener_is_ended_and_delays_nobody() -> None:
    broadcast = Broadcast()
    slow, quick = broadcast.join(lambda _: True, 3), broadcast.join(lambda _: True, 100)
    broadcast.tell([event(n) for n in range(50)])
    assert slow.ended
    assert not quick.ended
    assert numbers(await collect(stream(broadcast, slow))) == [0, 1, 2]
    assert len(broadcast) == 1


async def test_silence_is_filled_with_heartbeats() -> None:
    broadcast = Broadcast()
    listener = broadcast.join(lambda _: True)
    response = stream(broadcast, listener, heartbeat_s=0.0)
    chunks = []
    async for chunk in response.body_iterator:
        chunks.append(chunk)
        if len(chunks) == 3:
            listener.end()
    assert chunks[:3] == [b"retry: 2000\n\n", b": \n\n", b": \n\n"]


async def test_a_listener_who_leaves_is_forgotten() -> None:
    broadcast = Broadcast()
    response = stream(broadcast, broadcast.join(lambda _: True))
    reading = asyncio.create_task(collect(response))
    await asyncio.sleep(0)
    assert len(broadcast) == 1
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert len(broadcast) == 0


def test_a_line_break_cannot_forge_an_event() -> None:
    wire = Happening("1\nid: 2", "a\rb", "x\ny").wire()
    assert wire == b'id: 1 id: 2\nevent: a b\ndata: "x\\ny"\n\n'


def test_where_to_resume() -> None:
    def asked(headers: list[tuple[bytes, bytes]], query: bytes = b"") -> str | None:
        scope = {"type": "http", "headers": headers, "query_string": query}
        return last_event_id(Request(scope))

    assert asked([(b"last-event-id", b"12")]) == "12"
    assert asked([], b"last_event_id=13") == "13"
    assert asked([]) is None

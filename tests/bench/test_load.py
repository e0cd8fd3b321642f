"""The load client against a small server that answers as it is told."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from yiwang.bench import client, load
from yiwang.bench.apart import Apart
from yiwang.bench.client import BROKEN, Connection
from yiwang.bench.load import Plan

HOST = "127.0.0.1"
KEY = b"Idempotency-Key: "
Respond = Callable[[int, bytes], bytes]  # how many came before, and the request; b"" hangs up


def answer(status: int, body: bytes = b"{}") -> bytes:
    """An answer as the service writes it."""
    return b"HTTP/1.1 %d X\r\nServer: t\r\ncontent-length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


class Served:
    """What the small server has seen."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[bytes] = []

    def keys(self) -> Counter[str]:
        """How often each key came."""
        found = (one.partition(KEY)[2].partition(b"\r\n")[0].decode() for one in self.requests)
        return Counter(found)


@asynccontextmanager
async def serving(respond: Respond) -> AsyncIterator[Served]:
    """Serve until the block ends."""
    seen = Served()
    writers: set[asyncio.StreamWriter] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                low = head.lower()
                length = 0
                if b"content-length:" in low:
                    length = int(low.partition(b"content-length:")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                number = len(seen.requests)
                seen.requests.append(head + body)
                data = respond(number, head + body)
                if not data:
                    return
                half = len(data) // 2  # in two pieces, as a network may
                writer.write(data[:half])
                await writer.drain()
                writer.write(data[half:])
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(handle, HOST, 0)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for writer in list(writers):
            writer.close()
        await server.wait_closed()


def make_plan(port: int, connections: int = 2, seconds: float = 60.0, **more: Any) -> Plan:
    """A plan with two different bodies."""
    bodies = (b'{"text":"a"}', b'{"text":"bcd"}')
    heads = tuple(
        client.head("POST", "/r", HOST, {"Content-Length": str(len(body))}) + b"\r\n" + KEY
        for body in bodies
    )
    return Plan(HOST, port, heads, bodies, "k-", connections, seconds, **more)


async def test_one_connection_carries_many_answers() -> None:
    """Status and body of each, in order, over one connection."""
    async with serving(lambda n, _: answer(200 + n, b"x" * n * 3)) as seen:
        connection = await Connection.connect(HOST, seen.port)
        got = [await connection.ask(client.request("GET", "/a", HOST)) for _ in range(3)]
        assert got == [(200, b""), (201, b"xxx"), (202, b"xxxxxx")]
        assert connection.open
        assert not connection.busy
        connection.close()


async def test_a_broken_connection_is_said_once() -> None:
    """Status 0 where the server hangs up, and at once where it has."""
    async with serving(lambda n, _: b"") as seen:
        connection = await Connection.connect(HOST, seen.port)
        assert (await connection.ask(client.request("GET", "/a", HOST)))[0] == BROKEN
        assert not connection.open
        assert (await connection.ask(client.request("GET", "/a", HOST)))[0] == BROKEN


async def test_a_body_is_sent_whole() -> None:
    """Headers, length and JSON arrive as given."""
    async with serving(lambda n, _: answer(204, b"")) as seen:
        connection = await Connection.connect(HOST, seen.port)
        data = client.request("POST", "/a", HOST, {"X-A": "1"}, '{"文":1}'.encode())
        assert await connection.ask(data) == (204, b"")
        connection.close()
        assert seen.requests[0].endswith('{"文":1}'.encode())
        assert b"Content-Length: 9" in seen.requests[0]


async def test_closed_loops_count_every_answer() -> None:
    """Good and bad answers are told apart, each request has its own key."""
    stop = multiprocessing.get_context("spawn").Event()

    def respond(number: int, _: bytes) -> bytes:
        if number == 99:
            stop.set()
        return answer(422 if number % 10 == 3 else 201)

    async with serving(respond) as seen:
        found = await load.carry_out(stop, make_plan(seen.port, connections=4))
        assert found.sent == len(seen.requests) == sum(found.statuses.values())
        assert found.errors == found.statuses[422] == sum(n % 10 == 3 for n in range(found.sent))
        assert len(found.acknowledged) == found.statuses[201]
        assert len(found.latencies_ms) == found.sent
        assert set(seen.keys().values()) == {1}
        assert seen.keys().keys() == {f"k-{n}" for n in range(found.sent)}


async def test_what_broke_is_sent_again_under_its_key() -> None:
    """With `retry` a hang-up or a 503 costs nothing but a second try."""
    stop = multiprocessing.get_context("spawn").Event()

    def respond(number: int, _: bytes) -> bytes:
        if number == 19:
            stop.set()
        if number in (2, 7):
            return b""
        return answer(503 if number == 5 else 201)

    async with serving(respond) as seen:
        found = await load.carry_out(stop, make_plan(seen.port, connections=1, retry=True))
        assert found.retried == 3
        assert found.errors == 0
        assert sum(count == 2 for count in seen.keys().values()) == 3
        assert len(seen.keys()) == found.sent == len(found.acknowledged)


async def test_a_fixed_rate_does_not_wait_for_answers() -> None:
    """Requests leave though none was answered yet; connections are opened as needed."""
    stop = multiprocessing.get_context("spawn").Event()
    released = asyncio.Event()
    waiting = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        await reader.readuntil(b"}")
        waiting += 1
        if waiting == 5:
            stop.set()
            released.set()
        await released.wait()
        writer.write(answer(201))
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(handle, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    found = await load.carry_out(stop, make_plan(port, connections=1, rate=200.0))
    server.close()
    await server.wait_closed()
    assert found.sent >= 5
    assert found.errors == 0


async def test_a_process_of_its_own_brings_its_load_back() -> None:
    """The same plan, spawned, stopped from outside."""
    ended = asyncio.Event()

    def respond(number: int, _: bytes) -> bytes:
        if number == 30:
            ended.set()
        return answer(201)

    async with serving(respond) as seen:
        apart = Apart(load.carry_out, make_plan(seen.port))
        async with asyncio.timeout(120):  # a process that died must not hang the test
            await ended.wait()
            apart.stop()
            found = await apart.result()
        assert found.sent == len(seen.requests) == len(found.acknowledged)
        assert found.cpu_us > 0


@pytest.mark.parametrize("number", [0, 1, 7])
def test_requests_differ_by_key_and_body(number: int) -> None:
    """Bodies take turns, keys never repeat."""
    data = make_plan(1).request(number)
    assert f"Idempotency-Key: k-{number}\r\n\r\n".encode() in data
    assert data.endswith((b'{"text":"a"}', b'{"text":"bcd"}')[number % 2])

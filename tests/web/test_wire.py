"""Head and body of an answer leave together, and nothing is kept back that has no body yet."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from yiwang.kit.web.wire import Wire


async def _ask(port: int, *paths: str) -> list[bytes]:
    """What arrives, in the pieces it arrives in, for requests on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for path in paths:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        found.append(await reader.read(65536))
    writer.close()
    await writer.wait_closed()
    return found


async def test_an_answer_is_one_piece_and_a_stream_begins_at_once() -> None:
    go_on = asyncio.Event()

    async def whole(_request: Request) -> Response:
        return Response(b"whole")

    async def stream(_request: Request) -> Response:
        async def pieces() -> object:
            await go_on.wait()
            yield b"late"

        return StreamingResponse(pieces())  # type: ignore[arg-type]

    app = Starlette(routes=[Route("/whole", whole), Route("/stream", stream)])
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(app, http=Wire, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        first, again = await _ask(port, "/whole", "/whole")
        assert first.endswith(b"\r\n\r\nwhole")
        assert again.endswith(b"\r\n\r\nwhole")
        (head,) = await _ask(port, "/stream")
        assert head.startswith(b"HTTP/1.1 200")
        assert head.endswith(b"\r\n\r\n")
    finally:
        go_on.set()
        server.should_exit = True
        await running
        listener.close()

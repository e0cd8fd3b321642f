"""The line between a phone and the platform: it can lose answers, and bring a newer app.

A reverse proxy on a port of its own, in front of the running platform.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_OWN = {b"content-length", b"transfer-encoding", b"connection", b"keep-alive"}


@dataclass
class Line:
    """What happens on the way. `seen` holds method and path of what was brought over."""

    url: str
    client: httpx.AsyncClient
    release: str = ""  # names the app's version where it is not the platform's own
    seen: list[str] = field(default_factory=list)
    _lost: list[str] = field(default_factory=list)
    _held: dict[str, tuple[asyncio.Event, asyncio.Event]] = field(default_factory=dict)

    def lose(self, part: str) -> None:
        """The answer to the next request with this part in its path gets lost on the way."""
        self._lost.append(part)

    def hold(self, part: str) -> asyncio.Event:
        """The answer to the next such request does not come; set when the request was answered."""
        reached, forever = asyncio.Event(), asyncio.Event()
        self._held[part] = (reached, forever)
        return reached

    def let_go(self) -> None:
        """What is held comes now, to whoever is still there."""
        for _, event in self._held.values():
            event.set()
        self._held.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        asked = self.client.build_request(
            request.method,
            target,
            headers=[row for row in request.headers.raw if row[0] not in _OWN],
            content=await request.body(),
        )
        answer = await self.client.send(asked, stream=True)
        body = b"".join([part async for part in answer.aiter_raw()])
        await answer.aclose()
        self.seen.append(f"{request.method} {request.url.path}")
        headers = [row for row in answer.headers.raw if row[0].lower() not in _OWN]
        for part in [part for part in self._lost if part in request.url.path]:
            self._lost.remove(part)
            answer.status_code, body = 502, b""
        for part, (reached, forever) in [*self._held.items()]:
            if part in request.url.path and not reached.is_set():
                reached.set()
                await forever.wait()
        if self.release and request.url.path == "/field-worker.js":
            own = await self.client.get(target, headers={"accept-encoding": "identity"})
            # whatever the browser has, this is another
            answer.status_code = own.status_code
            body = own.content.replace(
                b'const VERSION="', b'const VERSION="' + self.release.encode()
            )
            headers = [row for row in own.headers.raw if row[0].lower() not in {*_OWN, b"etag"}]
        response = Response(body, answer.status_code)
        response.raw_headers = [*headers, (b"content-length", str(len(body)).encode())]
        await response(scope, receive, send)


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves the signals to the tests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def laid(platform_url: str) -> AsyncIterator[Line]:
    """A line to the platform until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=platform_url, timeout=60, limits=limits) as client:
        line = Line(f"http://127.0.0.1:{port}", client)
        config = uvicorn.Config(
            line, port=port, lifespan="off", log_level="error", timeout_graceful_shutdown=1
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve())
        await server.listening.wait()
        try:
            yield line
        finally:
            line.let_go()
            server.should_exit = True
            await serving

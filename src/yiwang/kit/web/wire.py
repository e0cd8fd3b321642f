"""The service on its socket: HTTP/1.1 whose head and body of an answer leave in one packet.

uvicorn writes the two one after the other, and its loop sends each at once; on the hottest route
the second system call, and the second time the other side wakes, cost more than the first.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_END = b"\r\n\r\n"
_START = b"HTTP/1.1 "
# longer than clients and proxies keep an idle connection (most 60 s or less): it is they who hang
# up, and no request meets a connection that is just being closed
_KEEP_ALIVE_S = 75


class _Transport:
    """A transport that keeps a head back until its body comes, at most for one turn of the loop."""

    __slots__ = ("_held", "_loop", "_send", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._send = transport.write
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
            self._send(data)
        elif data[:9] == _START and data[-4:] == _END:
            self._held = data
            self._loop.call_soon(self._flush)
        elif data:
            self._send(data)

    def _flush(self) -> None:
        if self._held:
            data, self._held = self._held, b""
            self._send(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()


class Wire(HttpToolsProtocol):
    """uvicorn's protocol over a transport that joins what belongs together."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(cast(asyncio.Transport, _Transport(transport, self.loop)))


def listening(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, lifespan: bool = True
) -> uvicorn.Config:
    """How the service listens; on port 0 wherever it is free."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        http=Wire,
        loop="uvloop",
        lifespan="auto" if lifespan else "off",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        backlog=4096,
        timeout_graceful_shutdown=1,
    )

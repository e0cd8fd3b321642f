"""HTTP/1.1 over plain sockets, as cheap as Python allows, so that the load hardly disturbs.

One request is in flight per connection. Of an answer only the status, the content length and, on
request, the body are read; every route of the platform that is measured sends a content length.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias, cast

Answer: TypeAlias = Callable[[int, bytes], None]  # status (0: the connection broke) and body

BROKEN = 0
_LENGTH = b"content-length:"
_END = b"\r\n\r\n"


def head(method: str, path: str, host: str, headers: dict[str, str] | None = None) -> bytes:
    """Request line and headers without the empty line that ends them."""
    rows = {"Host": host, **(headers or {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in rows.items())]
    return "\r\n".join(lines).encode()


def request(
    method: str,
    path: str,
    host: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> bytes:
    """A whole request; a body is sent as JSON."""
    rows = dict(headers or {})
    if body:
        rows |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return head(method, path, host, rows) + _END + body


class Connection(asyncio.Protocol):
    """One keep-alive connection. `open` says whether it lives, `busy` whether it waits."""

    __slots__ = ("_answer", "_data", "_need", "_status", "_transport", "open")

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._data = b""
        self._need = 0  # bytes of the whole answer; 0 until its headers are read
        self._status = BROKEN
        self.open = False

    @classmethod
    async def connect(cls, host: str, port: int) -> Connection:
        """Open a connection; OSError where nobody listens."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, host, port)
        return connection

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._answer is not None

    def send(self, data: bytes, answer: Answer) -> None:
        """Send a request; `answer` is called once, with status 0 where the connection breaks."""
        if self._transport is None or not self.open:
            answer(BROKEN, b"")
            return
        self._answer = answer
        self._transport.write(data)

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        """Send a request and wait for status and body."""
        done: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

        def answer(status: int, body: bytes) -> None:
            if not done.done():
                done.set_result((status, body))

        self.send(data, answer)
        return await done

    def close(self) -> None:
        """Close without waiting."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass
        self.open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop: whoever waits is told that the connection broke."""
        self.open = False
        self._finish(BROKEN, b"")

    def data_received(self, data: bytes) -> None:
        """Called by the event loop: most answers come in one piece."""
        if self._data:
            data = self._data + data
        if not self._need and not self._read_head(data):
            self._data = data
            return
        if len(data) < self._need:
            self._data = data
            return
        start = data.find(_END) + 4
        body = data[start : self._need]
        self._data, self._need = data[self._need :], 0
        self._finish(self._status, body)

    def _read_head(self, data: bytes) -> bool:
        end = data.find(_END)
        if end < 0:
            return False
        self._status = int(data[9:12])
        found = data[:end].lower()
        at = found.find(_LENGTH)
        if at < 0:
            if self._status != 204:
                self.close()  # an answer of unknown length is counted as a break
                return False
            self._need = end + 4
            return True
        stop = found.find(b"\r\n", at)
        length = found[at + len(_LENGTH) : stop if stop > 0 else end]
        self._need = end + 4 + int(length)
        return True

    def _finish(self, status: int, body: bytes) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(status, body)

"""A lean HTTP/1.1 client: many small requests over connections that stay open.

A general client spends more time per request than the service does; this one writes a request in
one piece and reads the answer by its length. It follows RFC 9112 as far as a JSON service needs.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from yiwang.kit.errors import Refusal

_TRIES = 6
_PAUSE_S = 0.2  # before the second try; doubled for each further one
_TIMEOUT_S = 60.0
_TOO_MANY = 429
_BROKEN = (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and decoded JSON body of an answer; None where it had no JSON."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether the service did what it was asked."""
        return 200 <= self.status < 300

    @property
    def problem(self) -> str:
        """What went wrong in the service's words, for people."""
        body = self.body if isinstance(self.body, dict) else {}
        return str(body.get("detail") or body.get("title") or self.status)

    @property
    def code(self) -> str:
        """The stable code of the problem, else the status."""
        body = self.body if isinstance(self.body, dict) else {}
        return str(body.get("code") or self.status)


class Wire:
    """Connections to one service; at most `connections` requests are under way at a time."""

    def __init__(self, base_url: str, connections: int) -> None:
        """ValueError for a URL without a host or with another scheme than http and https."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the address of a service: {base_url}")
        self.base_url = base_url
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._prefix = parts.path.rstrip("/")
        self._free: asyncio.LifoQueue[_Connection | None] = asyncio.LifoQueue()
        for _ in range(connections):
            self._free.put_nowait(None)

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None
    ) -> Answer:
        """One request, sent again after a broken connection or a request to wait.

        What is sent must be harmless when it arrives twice. Refuses where the service stays away
        ("replay.service_away").
        """
        request = self._request(method, path, headers, body)
        pause = _PAUSE_S
        reason: object = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(pause)
                pause *= 2
            held = await self._free.get()
            kept: _Connection | None = None
            try:
                connection = held or await self._open()
                try:
                    answer = await asyncio.wait_for(connection.exchange(request), _TIMEOUT_S)
                except BaseException:
                    connection.close()
                    raise
                kept = None if connection.ended else connection
            except _BROKEN as error:
                reason = error or type(error).__name__
                continue
            finally:
                self._free.put_nowait(kept)
            if answer.status != _TOO_MANY:
                return answer
            reason = answer.problem
        raise Refusal("replay.service_away", url=self.base_url, reason=reason)

    async def close(self) -> None:
        """Close all connections that are not in use."""
        while not self._free.empty():
            connection = self._free.get_nowait()
            if connection is not None:
                connection.close()

    async def _open(self) -> _Connection:
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        return _Connection(reader, writer)

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> bytes:
        content = b"" if body is None else msgspec.json.encode(body)
        lines = [f"{method} {self._prefix}{path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines.append("Content-Type: application/json")
        lines.append(f"Content-Length: {len(content)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.ended = False

    async def exchange(self, request: bytes) -> Answer:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ", 2)[1])
        fields: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        self.ended = fields.get("connection", "").lower() == "close"
        content = await self._content(fields)
        if self.ended:
            self.close()
        is_json = "json" in fields.get("content-type", "")
        return Answer(status, msgspec.json.decode(content) if is_json and content else None)

    async def _content(self, fields: Mapping[str, str]) -> bytes:
        if "chunked" in fields.get("transfer-encoding", "").lower():
            parts = []
            while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
                parts.append((await self._reader.readexactly(size + 2))[:-2])
            while await self._reader.readuntil(b"\r\n") != b"\r\n":
                pass  # trailers say nothing here
            return b"".join(parts)
        return await self._reader.readexactly(int(fields.get("content-length", "0")))

    def close(self) -> None:
        self.ended = True
        self._writer.close()

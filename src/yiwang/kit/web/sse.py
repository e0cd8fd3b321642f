"""Live events over HTTP (server-sent events, HTML standard 9.2), bounded for every listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import HTTPConnection
from starlette.responses import StreamingResponse

HEARTBEAT_S = 15.0
RETRY_MS = 2000
_PULSE = b": \n\n"


@dataclass(frozen=True, slots=True)
class Happening:
    """One live event: `id` to resume after ("" for what is worth nothing later), `name` of its
    sort, its values, and what a listener's filter looks at (`about`; it is not sent)."""

    id: str
    name: str
    data: Any
    about: Any = None

    def wire(self) -> bytes:
        """The event as it goes over the wire."""
        body = msgspec.json.encode(self.data)
        # an empty id would be taken for "begin anew" by whoever resumes
        head = b"id: %b\n" % _line(self.id) if self.id else b""
        return head + b"event: %b\ndata: %b\n\n" % (_line(self.name), body)


def _line(text: str) -> bytes:
    return text.replace("\r", " ").replace("\n", " ").replace("\x00", "").encode()


@dataclass(slots=True, eq=False)
class Listener:
    """One open stream. What it cannot take in time ends it: the browser comes back with
    Last-Event-ID and gets the rest from the record, so nothing is lost in silence."""

    wants: Callable[[Happening], bool]
    most: int = 256
    _waiting: asyncio.Queue[Happening | None] = field(init=False)
    _ended: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._waiting = asyncio.Queue(self.most + 1)  # one place is kept for the end

    @property
    def ended(self) -> bool:
        """Whether the stream takes nothing more."""
        return self._ended

    def offer(self, happening: Happening) -> None:
        """Put an event in the queue if this listener wants it; a full queue ends the stream."""
        if self._ended or not self.wants(happening):
            return
        if self._waiting.qsize() >= self.most:
            self.end()
            return
        self._waiting.put_nowait(happening)

    def end(self) -> None:
        """Take nothing more; what waits is still sent."""
        if not self._ended:
            self._ended = True
            self._waiting.put_nowait(None)

    async def next(self, timeout_s: float) -> Happening | None:
        """The next event, None at the end; TimeoutError after `timeout_s` of silence."""
        async with asyncio.timeout(timeout_s):
            return await self._waiting.get()


@dataclass(slots=True)
class Broadcast:
    """All open streams of this process; one slow listener never delays another."""

    _listeners: set[Listener] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, wants: Callable[[Happening], bool], most: int = 256) -> Listener:
        """A new listener for the events that `wants` says yes to."""
        listener = Listener(wants, most)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        listener.end()
        self._listeners.discard(listener)

    def tell(self, happenings: Sequence[Happening]) -> None:
        """Offer events to everybody."""
        for listener in tuple(self._listeners):
            for happening in happenings:
                listener.offer(happening)

    def close(self) -> None:
        """End every stream: the service stops."""
        for listener in tuple(self._listeners):
            self.leave(listener)


def last_event_id(request: HTTPConnection) -> str | None:
    """After which event a listener resumes, from its header or `last_event_id` in the query."""
    given = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    return given or None


def stream(
    broadcast: Broadcast,
    listener: Listener,
    *,
    missed: AsyncIterator[Happening] | None = None,
    heartbeat_s: float = HEARTBEAT_S,
) -> StreamingResponse:
    """The response that sends what was `missed`, then every event of `listener` as it comes.

    Join before `missed` is read, so that nothing falls between; an event in both is sent once.
    """

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"retry: %d\n\n" % RETRY_MS
            sent: set[str] = set()
            if missed is not None:
                async for happening in missed:
                    sent.add(happening.id)
                    yield happening.wire()
            while True:
                try:
                    found = await listener.next(heartbeat_s)
                except TimeoutError:
                    sent.clear()
                    yield _PULSE
                    continue
                if found is None:
                    return
                if found.id not in sent:
                    yield found.wire()
        finally:
            broadcast.leave(listener)

    return StreamingResponse(
        body(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )

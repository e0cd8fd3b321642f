"""One stream of changes over HTTP: a plain ASGI response, since a thousand of them are woken at
once and whatever the framework adds to each frame is done a thousand times."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from yiwang.kit.web.sse import HEARTBEAT_S, RETRY_MS
from yiwang.matters.picture import audience
from yiwang.matters.picture.audience import Audience, Group
from yiwang.matters.picture.model import Cursor, Reach

_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class ChangeStream(Response):
    """Everything that changes for one reach after a cursor, for so many seconds."""

    media_type = "text/event-stream"

    def __init__(
        self, watched: Audience, actor: str, reach: Reach, since: Cursor | None, lasts_s: float
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._audience = watched
        self._actor = actor
        self._reach = reach
        self._since = since
        self._lasts_s = lasts_s
        self._left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Called by the server."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        group = self._audience.join(self._actor, self._reach)
        mine = asyncio.current_task()
        assert mine is not None
        watch = asyncio.create_task(self._watch(receive, mine))
        try:
            await self._run(group, send)
        except asyncio.CancelledError:
            if not self._left:
                raise
            mine.uncancel()
        finally:
            self._audience.leave(self._actor, group)
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        if not self._left:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self, receive: Receive, stream: asyncio.Task[object]) -> None:
        """End the stream as soon as the other side hangs up, or it would count as open."""
        while (await receive())["type"] != "http.disconnect":
            continue
        self._left = True
        stream.cancel()

    async def _run(self, group: Group, send: Send) -> None:
        async def tell(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": True})

        loop = asyncio.get_running_loop()
        end = loop.time() + self._lasts_s
        reached = group.count
        first = self._audience.begin(group, self._since)
        if first is None:
            await tell(audience.reset())
            return
        await tell(b"retry: %d\n\n" % RETRY_MS + first)
        while not self._audience.closed:
            frames = group.after(reached)
            if frames is None:
                await tell(audience.lag())
                return
            reached = group.count
            if frames:
                await tell(b"".join(frames))
                continue
            if group.over:
                await tell(audience.reset())
                return
            left = end - loop.time()
            if left <= 0:
                return
            await _wait(group.news, min(left, HEARTBEAT_S))


async def _wait(news: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()

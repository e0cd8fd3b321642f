"""Lanes: what is asked most often is answered before the framework looks for a route.

Finding a route, its dependencies and its parameters costs more than most answers. A lane knows its
path and reads only what is plainly right; anything else about a request, and every fault in it, is
left to the route of the same path, which has the same door, the same work and the document.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")

NUMBER = "([1-9][0-9]{0,17})"  # an id, as a part of a path


@dataclass(frozen=True, slots=True)
class Lane:
    """Answers `method` on paths that `path` matches whole; `answer` gets the path's groups, and
    gives None where the request is the framework's."""

    method: str
    path: re.Pattern[str]
    answer: Callable[..., Awaitable[Response | None]]


class Lanes:
    """Around a router: the lanes first, everything else behind them."""

    def __init__(self, app: ASGIApp, lanes: Iterable[Lane]) -> None:
        self.app = app
        self._lanes: dict[str, list[Lane]] = {}
        for lane in lanes:
            self._lanes.setdefault(lane.method, []).append(lane)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"]
        for lane in self._lanes.get(scope["method"], ()):
            found = lane.path.fullmatch(path)
            if found is None:
                continue
            request = Request(scope, receive)
            response = await lane.answer(request, *found.groups())
            if response is not None:
                return await response(scope, receive, send)
            receive = _again(await request.body(), receive)
            break
        await self.app(scope, receive, send)
        return None


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read already, once more; then whatever else comes."""
    given = False

    async def receiver() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiver


async def plain_json(request: Request, decoder: msgspec.json.Decoder[T]) -> T | None:
    """The body where it is JSON of the decoder's type and says so; None: not plainly."""
    if request.headers.get("content-type") != "application/json":
        return None
    try:
        return decoder.decode(await request.body())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def plain_key(request: Request) -> tuple[bool, str | None]:
    """Whether the Idempotency-Key is plainly right or not there, and the key."""
    key = request.headers.get("idempotency-key")
    return key is None or (0 < len(key) <= 200 and key.isascii() and key.isprintable()), key


def plain_number(given: dict[str, Any], name: str, default: int, most: int) -> int | None:
    """A whole number from 1 to `most` of a query; None: not plainly."""
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return int(text) if 1 <= int(text) <= most else None

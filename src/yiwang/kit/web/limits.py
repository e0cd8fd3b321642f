"""How much one caller may ask: requests per second, and bytes per request."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yiwang.kit.errors import Refusal
from yiwang.kit.web.note import header, note_of
from yiwang.kit.web.problems import answer

_CREDENTIALS = (b"authorization", b"x-api-key", b"cookie")


@dataclass(frozen=True, slots=True)
class Grant:
    """Whether one more request is granted, how many are left, and when to come back (s)."""

    granted: bool
    left: int
    wait_s: float


@dataclass(slots=True)
class Buckets:
    """Token buckets: `rate` requests a second in the long run, `burst` at once.

    Holds at most `most` callers; the one that asked longest ago is forgotten first, which can
    only be to its advantage.
    """

    rate: float
    burst: int
    most: int = 100_000
    _rows: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, caller: str, now_s: float, cost: float = 1.0) -> Grant:
        """One request of `caller` at the moment `now_s` of a monotonic clock."""
        level, since = self._rows.pop(caller, (float(self.burst), now_s))
        level = min(float(self.burst), level + max(0.0, now_s - since) * self.rate)
        granted = level >= cost
        if granted:
            level -= cost
        self._rows[caller] = (level, now_s)
        if len(self._rows) > self.most:
            self._rows.popitem(last=False)
        wait = 0.0 if level >= cost else (cost - level) / self.rate
        return Grant(granted, int(level), wait)


class RateLimit:
    """Refuses (429) whoever asks more often than their bucket allows.

    A caller is whom the last answered request with the same credentials turned out to be (see
    :class:`Note`); everybody else counts by address, so inventing credentials gains nothing.
    `strangers` are the buckets of addresses, `callers` those of known callers.
    """

    def __init__(
        self,
        app: ASGIApp,
        callers: Buckets,
        strangers: Buckets,
        *,
        free: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self.callers = callers
        self.strangers = strangers
        self.free = tuple(free)
        self.clock = clock
        self._known: OrderedDict[int, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (self.free and scope["path"].startswith(self.free)):
            await self.app(scope, receive, send)
            return
        sent = tuple(value for key, value in scope["headers"] if key in _CREDENTIALS)
        mark = hash(sent) if sent else 0
        caller = self._known.get(mark) if sent else None
        buckets = self.strangers if caller is None else self.callers
        grant = buckets.take(caller or _address(scope), self.clock())
        policy = f'"default";q={buckets.burst};w={math.ceil(buckets.burst / buckets.rate)}'
        left = f'"default";r={grant.left};t={math.ceil(grant.wait_s)}'
        if not grant.granted:
            refusal = Refusal(
                "web.too_many", retry_s=math.ceil(grant.wait_s), rate=f"{buckets.rate:g}"
            )
            headers = {"RateLimit-Policy": policy, "RateLimit": left}
            await answer(scope, refusal, headers=headers)(scope, receive, send)
            return
        rows = [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]

        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].extend(rows)
            await send(message)

        try:
            await self.app(scope, receive, sender)
        finally:
            if sent:
                self._learn(mark, note_of(scope).caller)

    def _learn(self, mark: int, caller: str) -> None:
        self._known.pop(mark, None)
        if caller:
            self._known[mark] = caller
            if len(self._known) > self.callers.most:
                self._known.popitem(last=False)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return "@" + (client[0] if client else "")


class BodyLimit:
    """Refuses (413) a body that is too large: by its length before reading any of it, else while
    it comes. `exceptions` are (path prefix, bytes) for routes that take more or less; a prefix with
    a star ("/orders/*/photos") also says how the path ends."""

    def __init__(self, app: ASGIApp, most: int, exceptions: Sequence[tuple[str, int]] = ()) -> None:
        self.app = app
        self.most = most
        self.exceptions = tuple(sorted(exceptions, key=lambda row: -len(row[0])))

    def limit(self, path: str) -> int:
        """How many bytes a request to `path` may bring."""
        for pattern, most in self.exceptions:
            head, _, tail = pattern.partition("*")
            if path.startswith(head) and path.endswith(tail):
                return most
        return self.most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        most = self.limit(scope["path"])
        length = header(scope, b"content-length")
        if length is not None and length.isdigit():
            if int(length) > most:
                await answer(scope, Refusal("web.too_large", most=most))(scope, receive, send)
                return
            # the server holds the sender to the length it announced
            await self.app(scope, receive, send)
            return
        total = 0

        async def receiver() -> Message:
            nonlocal total
            message = await receive()
            if message["type"] == "http.request":
                total += len(message.get("body", b""))
                if total > most:
                    raise HTTPException(413, str(most))
            return message

        await self.app(scope, receiver, send)

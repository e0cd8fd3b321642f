"""The counter where reports are handed in: the hottest route, plain ASGI without a framework.

The body is decoded by msgspec, the report waits in the :class:`Intake` until it is durable, and
the receipt is written from ready-made bytes.
"""

from __future__ import annotations

import asyncio
import logging
from secrets import token_hex
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from yiwang.ground.gate.service import Gate
from yiwang.kit.errors import Refusal
from yiwang.kit.web.note import header, language_of, note_of
from yiwang.kit.web.problems import answer, document, unexpected
from yiwang.kit.web.security import API_POLICY
from yiwang.matters.sources.bodies import LONGEST_BODY, read_batch, read_report
from yiwang.matters.sources.intake import Intake, Taken
from yiwang.matters.sources.receipts import Seals
from yiwang.matters.sources.receiving import ANYBODY, Receiver, Sender, Taking, sender_of

_LOG = logging.getLogger("yiwang.web")
PATH = "/api/v1/reports"
BATCH_PATH = "/api/v1/reports/batch"
LONGEST_BATCH = LONGEST_BODY * 128  # 8 MB
_CREDENTIALS = frozenset((b"authorization", b"x-api-key", b"cookie"))
_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", API_POLICY.encode("ascii")),
)


class Counter:
    """Takes reports for one service: whose they are, what they say, and the receipt."""

    def __init__(self, intake: Intake, receiver: Receiver, seals: Seals, gate: Gate) -> None:
        self.intake = intake
        self.receiver = receiver
        self.seals = seals
        self.gate = gate

    async def take(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Take the one report of a request: the status and the body of the answer."""
        sender, key, now = ANYBODY, None, None
        known = False
        for name, value in scope["headers"]:
            if name in _CREDENTIALS:
                known = True
            elif name == b"idempotency-key":
                key = value.decode("latin-1")
            elif name == b"content-type":
                _require_json(value)
            elif name == b"yiwang-time":
                now = self.gate.now(Request(scope))
        if known:
            sender = sender_of(await self.gate.anybody(Request(scope)))
        body = await read_body(receive, LONGEST_BODY)
        report = read_report(body)
        taking = self.receiver.receive(report, sender, key, now or self.gate.clock.now())
        taken: Taken = await self.intake.offer(taking)
        content = self.seals.receipt(taken.id, taken.received_at, taking.synthetic)
        return 201 if taken.fresh else 200, content

    async def take_many(self, scope: Scope, receive: Receive) -> bytes:
        """Take up to 500 reports of another system; each is taken or refused alone."""
        request = Request(scope)
        sender = sender_of(await self.gate.asking(request))
        if not sender.system:
            raise Refusal("gate.key_only", scope="reports:write")
        _require_json((header(scope, b"content-type") or "application/json").encode())
        key = header(scope, b"idempotency-key")
        now = self.gate.now(request)
        bodies = read_batch(await read_body(receive, LONGEST_BATCH))
        language = language_of(scope)
        waiting: list[tuple[Taking, asyncio.Future[Taken]] | Refusal] = []
        for i, body in enumerate(bodies):
            try:
                own = None if key is None else f"{key}:{i}"
                taking = self.receiver.receive(read_report(body), sender, own, now)
                waiting.append((taking, self.intake.offer(taking)))
            except Refusal as refusal:
                waiting.append(refusal)
        items = [await self._item(one, language) for one in waiting]
        return b'{"items":[' + b",".join(items) + b"]}"

    async def _item(
        self, one: tuple[Taking, asyncio.Future[Taken]] | Refusal, language: str
    ) -> bytes:
        if not isinstance(one, Refusal):
            taking, future = one
            try:
                taken = await future
                receipt = self.seals.receipt(taken.id, taken.received_at, taking.synthetic)
                created = b"true" if taken.fresh else b"false"
                return b'{"ok":true,"created":%b,"receipt":%b}' % (created, receipt)
            except Refusal as refusal:
                one = refusal
        told: dict[str, Any] = {"ok": False, "problem": document(one, language)}
        return msgspec.json.encode(told)


def _require_json(value: bytes) -> None:
    kind = value.partition(b";")[0].strip().lower()
    if kind != b"application/json" and not kind.endswith(b"+json"):
        raise Refusal("web.media_type")


async def read_body(receive: Receive, most: int) -> bytes:
    """The whole body; refuses ("web.too_large") more than `most` bytes while they come."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > most:
            raise Refusal("web.too_large", most=most)
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise Refusal("web.too_large", most=most)
    return b"".join(parts)


class CounterDoor:
    """Answers `POST /api/v1/reports` before any other layer sees it; all else goes on to `app`.

    The layers it passes by are done here: the request's id, the headers that keep browsers safe,
    the limits of a body, and an answer to every error. The number of a receipt names a taken
    report better than an id of the request, so that only errors carry one.
    """

    def __init__(self, app: ASGIApp, counter: Counter | None = None) -> None:
        """The counter may be set later, when the database is there."""
        self.app = app
        self.counter = counter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["path"] != PATH
            or scope["method"] != "POST"
            or self.counter is None
        ):
            await self.app(scope, receive, send)
            return
        try:
            status, body = await self.counter.take(scope, receive)
        except ClientDisconnect:
            return
        except Exception as error:
            await self._refuse(error, scope, receive, send)
            return
        headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _refuse(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        note = note_of(scope)
        note.id = token_hex(8)
        refusal = error if isinstance(error, Refusal) else unexpected(error)
        if refusal is None:
            _LOG.exception("incident %s: POST %s", note.id, PATH, exc_info=error)
            refusal = Refusal("web.incident", incident=note.id)
        response = answer(scope, refusal)
        response.raw_headers += _HEADERS[1:]
        response.raw_headers.append((b"x-request-id", note.id.encode("ascii")))
        await response(scope, receive, send)

"""The counter where reports are handed in: the hottest route, plain ASGI without a framework.

The body is decoded by msgspec, the report waits in the :class:`Intake` until it is durable, and
the receipt is written from ready-made bytes.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.service import Gate
from yiwang.kit.errors import Refusal
from yiwang.kit.web.note import header, language_of, note_of
from yiwang.kit.web.problems import document
from yiwang.matters.sources.bodies import LONGEST_BODY, read_batch, read_report
from yiwang.matters.sources.intake import Intake, Taken
from yiwang.matters.sources.receipts import Seals
from yiwang.matters.sources.receiving import ANYBODY, Receiver, Sender, Taking, sender_of

LONGEST_BATCH = LONGEST_BODY * 128  # 8 MB
_KEY_HEADER = b"x-api-key"
_CREDENTIALS = frozenset((b"authorization", _KEY_HEADER))
_MOST_SENDERS = 1000


class Counter:
    """Takes reports for one service: whose they are, what they say, and the receipt."""

    def __init__(self, intake: Intake, seals: Seals, gate: Gate) -> None:
        self.intake = intake
        self.seals = seals
        self.gate = gate
        self._senders: dict[str, tuple[Actor, Sender]] = {}

    @property
    def receiver(self) -> Receiver:
        """The receiver of the city in force."""
        return Receiver.of(self.gate.city)

    async def take(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Take the one report of a request: the status and the body of the answer."""
        sender, key, now = ANYBODY, None, None
        cookie = shown = False
        system: Actor | None = None
        for name, value in scope["headers"]:
            if name == b"cookie":
                cookie = True
            elif name in _CREDENTIALS:
                shown = True
                if name == _KEY_HEADER:
                    system = self.gate.known_key(value.decode("latin-1").strip())
            elif name == b"idempotency-key":
                key = value.decode("latin-1")
            elif name == b"content-type":
                _require_json(value)
            elif name == b"yiwang-time":
                now = self.gate.now(Request(scope))
        if system is not None:
            note_of(scope).caller = system.name
            sender = self._sender(system)
        elif shown:
            sender = sender_of(await self.gate.asking(Request(scope)))
        elif cookie:
            # a citizen's browser may still hold the cookie of a session that ended
            sender = sender_of(await self.gate.anybody(Request(scope)))
        body = await read_body(receive, LONGEST_BODY)
        report = read_report(body)
        taking = self.receiver.receive(report, sender, key, now or self.gate.clock.now())
        taken: Taken = await self.intake.offer(taking)
        content = self.seals.receipt(taken.id, taken.received_at, taking.synthetic)
        return 201 if taken.fresh else 200, content

    def _sender(self, actor: Actor) -> Sender:
        known = self._senders.get(actor.name)
        if known is None or known[0] is not actor:
            if len(self._senders) > _MOST_SENDERS:
                self._senders.clear()
            known = self._senders[actor.name] = (actor, sender_of(actor))
        return known[1]

    async def take_many(self, scope: Scope, receive: Receive) -> bytes:
        """Take up to 500 reports of another system; each is taken or refused alone."""
        request = Request(scope)
        sender = sender_of(await self.gate.asking(request))
        if not sender.system:
            raise Refusal("gate.key_only", scope="reports:write")
        _require_json((header(scope, b"content-type") or "application/json").encode())
        key = header(scope, b"idempotency-key")
        receiver, now = self.receiver, self.gate.now(request)
        bodies = read_batch(await read_body(receive, LONGEST_BATCH))
        language = language_of(scope)
        waiting: list[tuple[Taking, asyncio.Future[Taken]] | Refusal] = []
        for i, body in enumerate(bodies):
            try:
                own = None if key is None else f"{key}:{i}"
                taking = receiver.receive(read_report(body), sender, own, now)
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

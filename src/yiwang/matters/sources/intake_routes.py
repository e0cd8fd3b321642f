"""`POST /api/v1/reports` and `/reports/batch`: plain ASGI in front of the framework.

The layers it stands before are done here: the headers that keep browsers safe, the limits of a
body, an answer to every error. A receipt's number names a taken report better than any id of its
request, so only errors carry one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from secrets import token_hex
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from yiwang.ground.gate.service import Gate
from yiwang.home import Home
from yiwang.kit.errors import Refusal
from yiwang.kit.web.note import note_of
from yiwang.kit.web.problems import answer, documented, unexpected
from yiwang.matters.sources.bodies import MOST_ITEMS, ReportBody
from yiwang.matters.sources.counter import Counter
from yiwang.matters.sources.intake import Intake
from yiwang.matters.sources.receipts import Receipt, Seals

_LOG = logging.getLogger("yiwang.web")
PATH = "/api/v1/reports"
BATCH_PATH = "/api/v1/reports/batch"
_PATHS = frozenset((PATH, BATCH_PATH))
# Who may pass, for the document of permissions: these two stand before the framework's doors.
AUTHORITIES = (
    ("POST", PATH, "public or intake|collector or scope reports:write"),
    ("POST", BATCH_PATH, "scope reports:write"),
)
_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class Endpoint:
    """The ASGI application of the intake; `run` must run beside it."""

    def __init__(self, gate: Gate, home: Home) -> None:
        reactions = list(gate.db.routing.get("report.receive", ()))
        self.intake = Intake(gate.db, gate.city.root_path, reactions)
        self.counter = Counter(self.intake, Seals(home.instance_secret), gate)

    def takes(self, scope: Scope) -> bool:
        """Whether a request is the intake's."""
        return scope["path"] in _PATHS and scope["method"] == "POST"

    async def run(self) -> None:
        """Store what comes in until cancelled; what waits then is stored first."""
        self.intake.start()
        try:
            await asyncio.Event().wait()
        finally:
            await self.intake.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["path"] == PATH:
                status, body = await self.counter.take(scope, receive)
            else:
                status, body = 200, await self.counter.take_many(scope, receive)
        except ClientDisconnect:
            return
        except Exception as error:
            await _refuse(error, scope, receive, send)
            return
        headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _refuse(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    note = note_of(scope)
    note.id = note.id or token_hex(8)
    refusal = error if isinstance(error, Refusal) else unexpected(error)
    if refusal is None:
        _LOG.exception("incident %s: POST %s", note.id, scope["path"], exc_info=error)
        refusal = Refusal("web.incident", incident=note.id)
    response = answer(scope, refusal)
    response.raw_headers += _HEADERS[1:]
    response.raw_headers.append((b"x-request-id", note.id.encode("ascii")))
    await response(scope, receive, send)


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "One for each report; sending it again is answered with the same receipt / "
    "每条上报一个键，重复发送得到同一回执",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
}
_EXAMPLE = {
    "text": "南京东路步行街口垃圾箱满溢，散落一地。",
    "title": "垃圾满溢",
    "address": "南京东路300号",
    "lon": 121.4787,
    "lat": 31.2385,
    "happened_at": "2026-03-10T09:30:00+08:00",
    "reporter": {"name": "王先生", "phone": "13800000000"},
}
_STATUSES = (400, 401, 403, 409, 413, 415, 422, 503)


def document(openapi: MutableMapping[str, Any]) -> None:
    """Write the intake's two operations into an OpenAPI document."""
    (report, receipt), parts = msgspec.json.schema_components(
        (ReportBody, Receipt), ref_template="#/components/schemas/{name}"
    )
    openapi.setdefault("components", {}).setdefault("schemas", {}).update(parts)
    problems = {str(code): row for code, row in documented(_STATUSES).items()}
    own_keys: list[dict[str, list[str]]] = [{}, {"session": []}, {"token": []}, {"key": []}]
    paths = openapi.setdefault("paths", {})
    paths.setdefault(PATH, {})["post"] = {
        "tags": ["reports"],
        "summary": "Report something; the receipt comes at once. 上报一件事，立即得到回执。",
        "operationId": "take_report",
        "parameters": [_KEY],
        "requestBody": _body(report, _EXAMPLE),
        "responses": {
            "201": _response("Received / 已受理", receipt),
            "200": _response("Received before, under the same key / 此前已受理", receipt),
            **problems,
        },
        "security": own_keys,
        "x-authority": "public",
    }
    items = {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": report}
    batch = {
        "type": "object",
        "required": ["items"],
        "additionalProperties": False,
        "properties": {"items": items},
    }
    one = {
        "type": "object",
        "required": ["ok"],
        "properties": {
            "ok": {"type": "boolean"},
            "created": {"type": "boolean"},
            "receipt": receipt,
            "problem": {"type": "object"},
        },
    }
    told = {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": one}},
    }
    paths.setdefault(BATCH_PATH, {})["post"] = {
        "tags": ["reports"],
        "summary": "Up to 500 reports of one system, each taken or refused alone. 批量上报。",
        "operationId": "take_reports",
        "parameters": [_KEY],
        "requestBody": _body(batch, {"items": [_EXAMPLE]}),
        "responses": {"200": _response("One result for each / 逐条结果", told), **problems},
        "security": [{"key": []}],
        "x-authority": "scope reports:write",
    }


def _body(schema: Any, example: Any) -> dict[str, Any]:
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "example": example}},
    }


def _response(what: str, schema: Any) -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"schema": schema}}}

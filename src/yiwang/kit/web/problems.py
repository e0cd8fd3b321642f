"""Problem details (RFC 9457) for everything that is answered with "no", in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from yiwang.kit import words
from yiwang.kit.errors import Refusal
from yiwang.kit.web.faults import found_faults
from yiwang.kit.web.note import language_of, note_of

MEDIA_TYPE = "application/problem+json"
PREFIX = "/problems/"

_BY_STATUS = {
    400: "web.body_unreadable",
    401: "web.sign_in",
    403: "web.forbidden",
    404: "web.not_found",
    405: "web.method_not_allowed",
    413: "web.too_large",
    415: "web.media_type",
}
# What the server says of a value it cannot hold: NUL in a text, a number beyond 64 bits.
_UNSTORABLE = (asyncpg.DataError, asyncpg.exceptions._base.DataError)
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
)


def _title(status: int, language: str) -> str:
    code = f"web.title_{status}"
    if code in words.problems():
        return words.sentence(code, language, {})
    return HTTPStatus(status).phrase


def document(
    refusal: Refusal,
    language: str,
    *,
    status: int | None = None,
    instance: str = "",
    places: Sequence[str] = (),
) -> dict[str, Any]:
    """The problem document of a refusal in `language`.

    `status` overrides the code's own. `places` says for each fault in which part of the request
    it is ("query", "path", "header"); the body where nothing is said.
    """
    number = status if status is not None else refusal.status
    found: dict[str, Any] = {
        "type": PREFIX + refusal.code,
        "title": _title(number, language),
        "status": number,
        "detail": refusal.say(language),
        "code": refusal.code,
        "detail_zh": refusal.say("zh"),
        "detail_en": refusal.say("en"),
    }
    if instance:
        found["instance"] = instance
    if refusal.possible is not None:
        found["possible"] = refusal.possible
    if refusal.faults:
        found["errors"] = [
            {
                "pointer": fault.pointer,
                "in": places[i] if i < len(places) else "body",
                "code": fault.code,
                "detail": fault.say(language),
            }
            for i, fault in enumerate(refusal.faults)
        ]
    return found


def answer(
    scope: MutableMapping[str, Any],
    refusal: Refusal,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    places: Sequence[str] = (),
) -> Response:
    """The response that tells a refusal to whoever made the request with this scope."""
    language = language_of(scope)
    identity = note_of(scope).id
    body = document(
        refusal,
        language,
        status=status,
        instance=f"urn:request:{identity}" if identity else "",
        places=places,
    )
    sent = dict(headers or {})
    sent["Content-Language"] = language
    retry = refusal.facts.get("retry_s")
    if retry is not None:
        sent.setdefault("Retry-After", str(max(1, int(retry))))
    if body["status"] == 401:
        sent.setdefault("WWW-Authenticate", "Bearer")
    return Response(msgspec.json.encode(body), body["status"], sent, MEDIA_TYPE)


def away(error: BaseException) -> bool:
    """Whether an error means that the database cannot be reached for the moment."""
    if isinstance(error, asyncpg.InterfaceError):
        return any(word in str(error) for word in ("closed", "closing", "released back"))
    return isinstance(error, _AWAY)


def unexpected(error: Exception) -> Refusal | None:
    """The refusal an error of the database stands for; None for a bug."""
    if isinstance(error, _UNSTORABLE):
        return Refusal("web.value_unstorable")
    if away(error):
        return Refusal("web.database_away", retry_s=1)
    return None


async def _on_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return answer(request.scope, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    rows = error.errors()
    for row in rows:
        if row["type"] == "json_invalid":
            reason = str(row.get("ctx", {}).get("error", ""))
            refusal = Refusal("web.json_malformed", position=row["loc"][-1], reason=reason)
            return answer(request.scope, refusal)
    faults, places = found_faults(rows)
    return answer(request.scope, Refusal("web.request_invalid", faults=faults), places=places)


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _BY_STATUS.get(error.status_code, "web.other")
    headers = dict(error.headers or {})
    if error.status_code in (204, 304):
        return Response(status_code=error.status_code, headers=headers)
    facts: dict[str, Any] = {"status": error.status_code, "path": request.scope["path"]}
    if error.status_code == 405:
        facts |= {"method": request.method, "allowed": headers.get("Allow", "–")}
    return answer(request.scope, Refusal(code, **facts), status=error.status_code, headers=headers)


def install(app: FastAPI) -> None:
    """Let `app` answer every refusal, validation error and HTTP error as a problem document."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)


_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "detail_zh", "detail_en"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "detail_zh": {"type": "string"},
        "detail_en": {"type": "string"},
        "possible": {"type": "array", "items": {"type": "string"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "in", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "in": {"enum": ["body", "query", "path", "header", "cookie"]},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def documented(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with problems of these statuses."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
        }
        for status in statuses
    }

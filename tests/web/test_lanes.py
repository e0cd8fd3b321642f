"""Lanes: the plainly right is answered at once; everything else reaches the router untouched."""

from __future__ import annotations

import re
from typing import Any

import httpx
import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from yiwang.kit.web.lanes import NUMBER, Lane, Lanes, plain_json, plain_key, plain_number


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    n: int


_DECODER = msgspec.json.Decoder(_Body)


async def _double(request: Request, number: str) -> Response | None:
    body = await plain_json(request, _DECODER)
    right, key = plain_key(request)
    if body is None or not right:
        return None
    return JSONResponse({"lane": int(number) * body.n, "key": key})


async def _list(request: Request) -> Response | None:
    limit = plain_number(dict(request.query_params), "limit", 50, 200)
    return None if limit is None else JSONResponse({"lane": limit})


async def _router(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await JSONResponse({"router": body.decode()})(scope, receive, send)


async def _ask(method: str, path: str, **more: Any) -> Any:
    lanes = (
        Lane("POST", re.compile(f"/things/{NUMBER}"), _double),
        Lane("GET", re.compile("/things"), _list),
    )
    transport = httpx.ASGITransport(app=Lanes(_router, lanes))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return (await client.request(method, path, **more)).json()


async def test_what_is_plainly_right_is_answered_by_the_lane() -> None:
    assert await _ask("POST", "/things/7", json={"n": 3}) == {"lane": 21, "key": None}
    found = await _ask("POST", "/things/7", json={"n": 3}, headers={"Idempotency-Key": "a b~"})
    assert found == {"lane": 21, "key": "a b~"}
    assert await _ask("GET", "/things") == {"lane": 50}
    assert await _ask("GET", "/things?limit=200") == {"lane": 200}


_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("POST", "/things/7", b'{"n": "3"}', _JSON),  # a wrong type
        ("POST", "/things/7", b'{"n": 3, "m": 1}', _JSON),  # something unknown
        ("POST", "/things/7", b'{"n": 3', _JSON),  # no JSON
        ("POST", "/things/7", b"[]", _JSON),
        ("POST", "/things/7", b"", _JSON),
        ("POST", "/things/7", b'{"n": 3}', {"Content-Type": "text/plain"}),
        ("POST", "/things/7", b'{"n": 3}', {"Content-Type": "application/json; charset=utf-8"}),
        ("POST", "/things/7", b'{"n": 3}', {**_JSON, "Idempotency-Key": "k" * 201}),
        ("POST", "/things/7", b'{"n": 3}', {**_JSON, "Idempotency-Key": "\t"}),
        ("POST", "/things/07", b'{"n": 3}', _JSON),  # not how a number is written
        ("POST", "/things/1234567890123456789", b'{"n": 3}', _JSON),  # beyond any id
        ("PUT", "/things/7", b'{"n": 3}', _JSON),
        ("GET", "/things?limit=0", b"", {}),
        ("GET", "/things?limit=201", b"", {}),
        ("GET", "/things?limit=-1", b"", {}),
        ("GET", "/things?limit=%D9%A3", b"", {}),  # a digit, but none of ours
        ("GET", "/things/", b"", {}),
        ("GET", "/", b"", {}),
    ],
)
async def test_everything_else_reaches_the_router_with_its_whole_body(
    method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    found = await _ask(method, path, content=body, headers=headers)
    assert found == {"router": body.decode()}

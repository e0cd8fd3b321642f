"""Rate limits, body limits and security headers, as pure ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from yiwang.kit.web.limits import BodyLimit, Buckets, RateLimit
from yiwang.kit.web.note import note_of
from yiwang.kit.web.security import SecurityHeaders


def client(app: object, base: str = "http://test") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)  # type: ignore[arg-type]


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.floats(0.1, 20), st.integers(1, 20))
def test_no_caller_gets_more_than_their_bucket(
    pauses: list[float], rate: float, burst: int
) -> None:
    buckets, now, granted = Buckets(rate, burst), 0.0, 0
    for pause in pauses:
        now += pause
        granted += buckets.take("x", now).granted
        assert granted <= burst + now * rate + 1e-6


def test_a_refused_caller_is_told_when_to_come_back() -> None:
    buckets = Buckets(rate=2, burst=3)
    assert [buckets.take("x", 0).granted for _ in range(4)] == [True, True, True, False]
    wait = buckets.take("x", 0).wait_s
    assert wait == pytest.approx(0.5)
    assert buckets.take("y", 0).granted
    assert not buckets.take("x", wait - 0.01).granted
    assert buckets.take("x", wait).granted


def test_only_so_many_callers_are_remembered() -> None:
    buckets = Buckets(rate=1, burst=1, most=2)
    for caller in ("a", "b", "c"):
        buckets.take(caller, 0)
    assert buckets.take("a", 0).granted
    assert not buckets.take("c", 0).granted


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def _echo(request: Request) -> Response:
    token = request.headers.get("authorization", "")
    if token.startswith("good"):
        note_of(request.scope).caller = token.partition(" ")[2]
    body = await request.body()
    return PlainTextResponse(str(len(body)))


async def _own(request: Request) -> Response:
    return PlainTextResponse(
        "x", headers={"Cache-Control": "max-age=60", "Content-Security-Policy": "default-src *"}
    )


APP = Starlette(
    routes=[
        Route("/api/echo", _echo, methods=["GET", "POST"]),
        Route("/api/photos", _echo, methods=["POST"]),
        Route("/api/own", _own),
        Route("/page", _echo),
    ]
)


async def test_invented_credentials_share_the_bucket_of_their_address() -> None:
    limited = RateLimit(APP, Buckets(1, 5), Buckets(1, 2), clock=Clock())
    async with client(limited) as web:
        found = [
            (await web.get("/api/echo", headers={"Authorization": f"bad {i}"})).status_code
            for i in range(3)
        ]
        assert found == [200, 200, 429]


async def test_a_known_caller_has_a_bucket_over_all_their_sessions() -> None:
    clock = Clock()
    limited = RateLimit(APP, Buckets(1, 3), Buckets(1, 2), clock=clock)
    async with client(limited) as web:
        for token in ("good li.na", "good  li.na"):  # two credentials, counted as strangers once
            answer = await web.get("/api/echo", headers={"Authorization": token})
            assert answer.status_code == 200
        found = [
            await web.get("/api/echo", headers={"Authorization": "good li.na"}) for _ in range(4)
        ]
        assert [row.status_code for row in found] == [200, 200, 200, 429]
        refused = found[-1]
        assert refused.json()["code"] == "web.too_many"
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit"] == '"default";r=0;t=1'
        assert refused.headers["ratelimit-policy"] == '"default";q=3;w=3'
        assert found[0].headers["ratelimit"] == '"default";r=2;t=0'
        assert (await web.get("/api/echo")).status_code == 429  # the address used its own up
        clock.now += 1
        again = await web.get("/api/echo", headers={"Authorization": "good li.na"})
        assert again.status_code == 200


async def test_free_paths_are_not_counted() -> None:
    limited = RateLimit(APP, Buckets(1, 1), Buckets(1, 1), free=("/page",), clock=Clock())
    async with client(limited) as web:
        assert [(await web.get("/page")).status_code for _ in range(3)] == [200] * 3


async def test_a_body_too_large_is_refused_before_it_is_read() -> None:
    pulled = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal pulled
        for _ in range(100):
            pulled += 1
            yield b"x" * 100

    limited = BodyLimit(APP, 1000, [("/api/photos", 5000), ("/api/orders/*/photos", 3000)])
    async with client(limited) as web:
        sized = await web.post("/api/echo", content=b"x" * 1001)
        assert (sized.status_code, sized.json()["code"]) == (413, "web.too_large")
        assert (await web.post("/api/echo", content=b"x" * 1000)).text == "1000"
        assert (await web.post("/api/photos", content=b"x" * 4000)).text == "4000"
        starred = [f"/api/orders/7/{end}" for end in ("photos", "actions")]
        tall = [await web.post(path, content=b"x" * 2000) for path in starred]
        assert [row.status_code for row in tall] == [404, 413]  # the first is let through
        streamed = await web.post("/api/echo", content=chunks())
        assert streamed.status_code == 413
        assert pulled <= 12


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_security_headers_are_on_every_answer(scheme: str) -> None:
    async with client(SecurityHeaders(APP), f"{scheme}://test") as web:
        for path in ("/api/echo", "/api/nowhere", "/page"):
            sent = (await web.get(path)).headers
            assert sent["x-content-type-options"] == "nosniff"
            assert sent["referrer-policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in sent["content-security-policy"]
            assert "unsafe" not in sent["content-security-policy"]
            assert ("strict-transport-security" in sent) == (scheme == "https")
            assert (sent.get("cache-control") == "no-store") == path.startswith("/api/")
        own = (await web.get("/api/own")).headers
        assert own["cache-control"] == "max-age=60"
        assert own.get_list("content-security-policy") == ["default-src *"]

"""The whole edge around one app: every layer at work, in the right order."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

from yiwang.kit.web.stack import Edge, install


async def test_refusals_of_every_layer_carry_headers_and_an_id() -> None:
    app = FastAPI()

    @app.post("/api/echo")
    async def echo() -> str:
        return "x"

    @app.get("/api/boom")
    async def boom() -> None:
        raise RuntimeError

    install(app, Edge(stranger_rate=0.001, stranger_burst=4, body=10))
    transport = httpx.ASGITransport(app)  # an exception that escapes would be raised here
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as web:
        answers = [
            await web.post("/api/echo"),
            await web.post("/api/echo", content=b"x" * 11),
            await web.get("/api/nowhere"),
            await web.get("/api/boom"),
            await web.post("/api/echo"),
        ]
    assert [row.status_code for row in answers] == [200, 413, 404, 500, 429]
    for row in answers:
        assert row.headers["x-request-id"]
        assert row.headers["x-content-type-options"] == "nosniff"
        assert ("ratelimit-policy" in row.headers) == (row.status_code != 500)
        assert row.headers["cache-control"] == "no-store"
    assert len({row.headers["x-request-id"] for row in answers}) == 5

"""Every "no" as a problem document, in the caller's language, with its request id."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Literal

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import AwareDatetime, BaseModel, Field

from yiwang.kit import words
from yiwang.kit.errors import Fault, Refusal
from yiwang.kit.web import problems
from yiwang.kit.web.incidents import Incidents
from yiwang.kit.web.note import accepted


class Body(BaseModel):
    title: str = Field(min_length=2, max_length=5)
    sort: Literal["a", "b"] = "a"
    at: AwareDatetime | None = None
    rows: list[int] = Field(default=[], max_length=2)


def build() -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(Incidents)

    @app.post("/bodies")
    async def take(body: Body) -> str:
        return body.title

    @app.get("/pages")
    async def pages(limit: Annotated[int, Query(ge=1, le=9)] = 1) -> int:
        return limit

    @app.get("/refusal")
    async def refuse() -> None:
        raise Refusal(
            "procedure.not_possible",
            possible=["accept", "return"],
            faults=[
                Fault("/facts/unit", "procedure.fact_missing", {"fact": "unit", "action": "x"})
            ],
            matter="order",
            action="finish",
            state="issued",
        )

    @app.get("/boom/{sort}")
    async def boom(sort: str) -> None:
        raise {
            "bug": RuntimeError("the password is hunter2"),
            "away": asyncpg.CannotConnectNowError("starting"),
            "closed": asyncpg.InterfaceError("pool is closing"),
            "misuse": asyncpg.InterfaceError("another operation is in progress"),
            "nul": asyncpg.CharacterNotInRepertoireError("invalid byte sequence"),
        }[sort]

    return app


@pytest.fixture
def web() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(build()), base_url="http://test")


async def test_a_refusal_says_everything(web: httpx.AsyncClient) -> None:
    answer = await web.get("/refusal", headers={"X-Request-Id": "abcdefgh-1"})
    body = answer.json()
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "abcdefgh-1"
    assert body["instance"] == "urn:request:abcdefgh-1"
    assert body["type"] == "/problems/procedure.not_possible"
    assert body["code"] == "procedure.not_possible"
    assert body["possible"] == ["accept", "return"]
    assert body["detail"] == body["detail_zh"] != body["detail_en"]
    assert "accept, return" in body["detail_en"]
    assert body["errors"][0]["pointer"] == "/facts/unit"
    assert body["errors"][0]["in"] == "body"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB;q=0.4, zh;q=0.5", "zh"),
        ("fr, en;q=0.1", "en"),
        ("fr", None),
        ("", None),
        ("zh;q=0", None),
        ("en;q=..", None),
        (",;=,", None),
    ],
)
def test_the_language_wanted_most_is_taken(header: str, language: str | None) -> None:
    assert accepted(header) == language


async def test_the_answer_is_in_the_language_asked_for(web: httpx.AsyncClient) -> None:
    for language in ("zh", "en"):
        answer = await web.get("/refusal", headers={"Accept-Language": language})
        assert answer.headers["content-language"] == language
        assert answer.json()["detail"] == answer.json()[f"detail_{language}"]


async def test_wrong_fields_are_named_one_by_one(web: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"title": "x", "sort": "c", "at": "2020-01-01", "rows": [1, "x", 3]}
    answer = await web.post("/bodies", json=body, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    found = {row["pointer"]: (row["code"], row["detail"]) for row in answer.json()["errors"]}
    assert found["/title"] == ("web.field_short", "“title” must have at least 2 characters.")
    assert found["/sort"][0] == "web.field_choice"
    assert found["/at"][0] == "web.field_time"
    assert found["/rows"][0] == "web.list_long"
    assert all("{" not in detail for _, detail in found.values())
    query = (await web.get("/pages", params={"limit": 10})).json()["errors"][0]
    assert (query["pointer"], query["in"], query["code"]) == ("/limit", "query", "web.field_most")


async def test_malformed_json_is_told_with_its_place(web: httpx.AsyncClient) -> None:
    sent = {"Content-Type": "application/json", "Accept-Language": "en"}
    answer = await web.post("/bodies", content=b'{"title": ', headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "web.json_malformed")
    assert "character 10" in answer.json()["detail"]
    answer = await web.post("/bodies", content=b'{"title": "\xff"}', headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "web.body_unreadable")
    deep = b"[" * 100_000
    answer = await web.post("/bodies", content=deep, headers=sent)
    assert answer.status_code == 400


async def test_paths_and_methods_that_are_not_there(web: httpx.AsyncClient) -> None:
    answer = await web.get("/nowhere", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (404, "web.not_found")
    assert "/nowhere" in answer.json()["detail"]
    answer = await web.put("/bodies")
    assert (answer.status_code, answer.json()["code"]) == (405, "web.method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_bug_shows_its_number_and_nothing_else(
    web: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "yiwang.web"):
        answer = await web.get("/boom/bug", headers={"X-Request-Id": "bad id!"})
    number = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert number != "bad id!"
    assert number in answer.json()["detail"]
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text
    assert number in caplog.text


@pytest.mark.parametrize(
    ("sort", "status", "code"),
    [
        ("away", 503, "web.database_away"),
        ("closed", 503, "web.database_away"),
        ("misuse", 500, "web.incident"),
        ("nul", 422, "web.value_unstorable"),
    ],
)
async def test_what_the_database_says(
    web: httpx.AsyncClient, sort: str, status: int, code: str
) -> None:
    answer = await web.get(f"/boom/{sort}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)


def test_every_sentence_of_the_edge_is_in_both_languages() -> None:
    rows = [
        (code, row)
        for code, row in words.problems().items()
        if code.startswith(("web.", "gate.", "identity."))
    ]
    assert len(rows) > 70
    for code, row in rows:
        assert 400 <= int(row["status"]) <= 503, code
        assert any("一" <= char <= "鿿" for char in row["zh"]), code
        fields = {part.split("}")[0] for part in row["en"].split("{")[1:]}
        assert fields == {part.split("}")[0] for part in row["zh"].split("{")[1:]}, code

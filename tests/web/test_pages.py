"""Built pages: what is sent for which path, how it is packed, and for how long it is kept."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from yiwang.faces import Faces
from yiwang.kit.web.pages import encoding_for

_API = "/api/v1/status"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "desk").mkdir()
    (tmp_path / "index.html").write_text("public", encoding="utf-8")
    (tmp_path / "desk" / "index.html").write_text("desk", encoding="utf-8")
    script = tmp_path / "assets" / "main-a1b2.js"
    script.write_text("script();", encoding="utf-8")
    script.with_name("main-a1b2.js.gz").write_bytes(gzip.compress(b"script();"))
    script.with_name("main-a1b2.js.br").write_bytes(b"brotli")
    (tmp_path / "logo.svg").write_text("<svg/>", encoding="utf-8")
    return tmp_path


@pytest.fixture
async def client(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Faces(built))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "public"),
        ("/receipt/R1", "public"),
        ("/desk", "desk"),
        ("/desk/", "desk"),
        ("/desk/cases/7", "desk"),
        ("/deskless", "public"),
        ("/logo.svg", "<svg/>"),
    ],
)
async def test_every_face_answers_below_its_path(
    client: httpx.AsyncClient, path: str, text: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, text)


@pytest.mark.parametrize("path", ["/assets/gone.js", "/desk/gone.png", "/assets/x", "/.env"])
async def test_a_file_that_is_not_there_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "web.not_found")


@pytest.mark.parametrize("path", ["/../secrets.json", "/%2e%2e/secrets.json", "/assets/../../x.y"])
async def test_nothing_outside_the_folder_is_shown(
    client: httpx.AsyncClient, built: Path, path: str
) -> None:
    (built.parent / "secrets.json").write_text("not for you", encoding="utf-8")
    assert "not for you" not in (await client.get(path)).text


async def test_names_made_of_content_are_kept_for_good_and_pages_asked_for_again(
    client: httpx.AsyncClient,
) -> None:
    script = await client.get("/assets/main-a1b2.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    page = await client.get("/desk")
    assert page.headers["cache-control"] == "no-cache"
    again = await client.get("/desk", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None)],
)
async def test_the_best_packing_that_is_understood_is_sent(
    client: httpx.AsyncClient, asked: str, sent: str | None
) -> None:
    request = client.build_request(
        "GET", "/assets/main-a1b2.js", headers={"Accept-Encoding": asked}
    )
    answer = await client.send(request, stream=True)
    body = b"".join([part async for part in answer.aiter_raw()])
    wanted = {"br": b"brotli", None: b"script();"}
    assert answer.headers.get("content-encoding") == sent
    assert answer.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(body) == b"script();" if sent == "gzip" else body == wanted[sent]


async def test_every_packing_has_a_tag_of_its_own(client: httpx.AsyncClient) -> None:
    tags = [
        (await client.head("/assets/main-a1b2.js", headers={"Accept-Encoding": name})).headers[
            "etag"
        ]
        for name in ("gzip", "identity")
    ]
    assert len(set(tags)) == 2


def test_an_encoding_that_is_not_there_is_not_sent() -> None:
    assert encoding_for("br, gzip", {"": b"x"}) == ""


async def test_a_page_may_run_nothing_but_its_own_scripts(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/desk")).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert "script-src 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "geolocation=(self)" in headers["permissions-policy"]


async def test_without_a_build_it_says_so_and_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faces = Faces(tmp_path / "none")
    assert "make web" in caplog.text
    transport = httpx.ASGITransport(faces)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text


def test_only_what_is_read_from_a_page_is_a_pages(built: Path) -> None:
    faces = Faces(built)
    asked = [("GET", "/"), ("HEAD", "/desk"), ("POST", "/"), ("GET", _API), ("GET", "/open311/v2")]
    takes = [
        faces.takes({"type": "http", "method": method, "path": path}) for method, path in asked
    ]
    assert takes == [True, True, False, False, False]

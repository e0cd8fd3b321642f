"""The intake over real HTTP: what is taken, what is refused, and that nothing doubles."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.sources.conftest import Site

from yiwang.matters.sources.intake_routes import document
from yiwang.matters.sources.receipts import Seals

HERE: dict[str, Any] = {"lon": 121.4787, "lat": 31.2385}


def _codes(problem: dict[str, Any]) -> dict[str, str]:
    return {row["pointer"]: row["code"] for row in problem["errors"]}


async def test_a_report_is_stored_before_its_receipt(site: Site) -> None:
    receipt = await site.report(text="垃圾满溢\r\n散落一地 ", **HERE, reporter={"phone": "138"})
    row = await site.world.row("select r.*, p.phone from reports r join reporters p on true")
    assert Seals(site.home.instance_secret).open(receipt["number"], receipt["token"]) == row["id"]
    assert (row["text"], row["source"], row["system"], row["state"]) == (
        "垃圾满溢\n散落一地",
        "citizen",
        "citizen",
        "received",
    )
    assert row["phone"] == "138"
    assert row["language"] == "zh"
    assert receipt["synthetic"] is False
    events = await site.world.rows("select action, actor from events where matter = 'report'")
    assert [tuple(row) for row in events] == [("report.receive", "public")]
    assert len(await site.world.rows("select 1 from todos")) == 1


WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"/text": "web.field_missing"}),
    ({"text": ""}, {"/text": "web.field_short"}),
    ({"text": "   "}, {"/text": "web.field_short"}),
    ({"text": "x" * 10_001}, {"/text": "web.field_long"}),
    ({"text": 5, "title": [], "urgent": "yes"}, dict.fromkeys(("/text", "/title"), "web.field_text")
     | {"/urgent": "web.field_boolean"}),
    ({"text": "x", "colour": 1, "a/b~": 2}, {"/colour": "web.field_unknown",
                                             "/a~1b~0": "web.field_unknown"}),
    ({"text": "x", "lon": "121", "lat": None}, {"/lon": "web.field_number"}),
    ({"text": "x", "lon": 121.5}, {"/lat": "sources.position_incomplete"}),
    ({"text": "x", "lon": 31.2385, "lat": 121.4787}, {"/lon": "sources.position_swapped"}),
    ({"text": "x", "lon": -71.06, "lat": 42.36}, {"/lon": "sources.position_outside"}),
    ({"text": "x", "lon": 120.62, "lat": 31.3}, {"/lon": "sources.position_outside"}),
    ({"text": "x", "lon": 999, "lat": 31}, {"/lon": "sources.position_impossible"}),
    ({"text": "x", "lon": 999, "lat": 31, "crs": "GCJ-02"},
     {"/lon": "sources.position_impossible"}),
    ({"text": "x", "crs": "EPSG:3857"}, {"/crs": "web.field_choice"}),
    ({"text": "x", "source": "gossip"}, {"/source": "web.field_choice"}),
    ({"text": "x", "language": "fr"}, {"/language": "web.field_choice"}),
    ({"text": "x", "kind": "event/2007/9999"}, {"/kind": "taxonomy.kind_unknown"}),
    ({"text": "x", "happened_at": "yesterday"}, {"/happened_at": "web.field_time"}),
    ({"text": "x", "happened_at": "2024-05-01T08:00:00"}, {"/happened_at": "web.field_time"}),
    ({"text": "x", "happened_at": "0001-01-01T00:00:00+14:00"},
     {"/happened_at": "sources.happened_early"}),
    ({"text": "a\x00b"}, {"/text": "sources.unprintable"}),
    ({"text": "x", "attributes": {"a": {"b\x01": "c\x7f"}}},
     {"/attributes/a": "sources.unprintable", "/attributes/a/b\x01": "sources.unprintable"}),
    ({"text": "x", "attributes": {str(i): i for i in range(51)}}, {"/attributes": "web.list_long"}),
    ({"text": "x", "attributes": {"a": [[[[[1]]]]]}}, {"/attributes": "sources.attributes_large"}),
    ({"text": "x", "attributes": {"a": "y" * 17_000}}, {"/attributes": "sources.attributes_large"}),
    ({"text": "x", "attributes": []}, {"/attributes": "web.field_object"}),
    ({"text": "x", "reporter": {"phone": 1, "age": 2}}, {"/reporter/phone": "web.field_text",
                                                         "/reporter/age": "web.field_unknown"}),
    ({"text": "x", "reporter": "me"}, {"/reporter": "web.field_object"}),
]  # fmt: skip


async def test_every_wrong_field_is_named(site: Site) -> None:
    for body, faults in WRONG:
        problem = await site.report(422, **body)
        assert problem["code"] == "web.request_invalid"
        assert _codes(problem) == faults, body
        assert all(row["detail"] and "{" not in row["detail"] for row in problem["errors"])
    assert await site.world.rows("select 1 from reports") == []


async def test_a_swapped_position_says_how_it_is_right(site: Site) -> None:
    headers = {"Accept-Language": "en"}
    problem = await site.report(422, headers, text="x", lon=31.2385, lat=121.4787)
    assert "Send lon 121.4787 and lat 31.2385" in problem["errors"][0]["detail"]


async def test_the_future_is_refused_and_a_slow_clock_is_not(site: Site) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    problem = await site.report(422, text="x", happened_at=later)
    assert _codes(problem) == {"/happened_at": "sources.happened_later"}
    await site.report(201, text="x", happened_at=soon)


RAW = [
    (b"", 400),
    (b"{", 400),
    (b'{"text": "x"', 400),
    (b"[1]", 422),
    (b"null", 422),
    (b'"text"', 422),
    (b'{"text": "x", "lon": NaN, "lat": 31}', 400),
    (b'{"text": "x", "lon": 1e999, "lat": 31}', 400),
    (b'{"text": "\xff\xfe"}', 400),
    (b'{"text": "\\ud800"}', 400),
    (b'{"text": "\x01"}', 400),
    (b"[" * 60_000, 400),
    (b'{"text": "x", "attributes": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", 400),
    (b'{"text": "' + b"x" * 70_000 + b'"}', 413),
    (b"<xml/>", 400),
]


async def test_what_is_no_report_at_all_is_refused(site: Site) -> None:
    for raw, status in RAW:
        answer = await site.client.post(
            "/api/v1/reports", content=raw, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == status, (raw[:40], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail_zh"]
        assert answer.json()["detail_en"]
    assert await site.world.rows("select 1 from reports") == []


async def test_only_json_is_taken(site: Site) -> None:
    form = await site.client.post("/api/v1/reports", data={"text": "x"})
    assert form.status_code == 415
    chunked = await site.client.post("/api/v1/reports", content=_pieces(b'{"text": "x"}'))
    assert chunked.status_code == 201


async def _pieces(body: bytes) -> Any:
    for i in range(0, len(body), 3):
        yield body[i : i + 3]


async def test_coordinates_are_converted_at_the_edge(site: Site) -> None:
    await site.report(text="x", lon=121.4831, lat=31.2365, crs="GCJ-02")
    await site.report(text="x", lon=121.4787, lat=31.2385, crs="CGCS2000")
    shifted, same = await site.world.rows("select lon, lat from reports order by id")
    assert shifted["lon"] == pytest.approx(121.4786, abs=5e-4)
    assert shifted["lat"] == pytest.approx(31.2385, abs=5e-4)
    assert (same["lon"], same["lat"]) == (121.4787, 31.2385)


async def test_a_repeated_key_has_the_same_receipt(site: Site) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await site.report(201, key, text="x", lon=121.5, lat=31.2)
    again = await site.client.post(
        "/api/v1/reports", content=b'{"lat": 31.2, "lon":121.50,  "text":"x"}',
        headers=key | {"Content-Type": "application/json"},
    )  # fmt: skip
    assert (again.status_code, again.json()) == (200, first)
    problem = await site.report(409, key, text="y")
    assert problem["code"] == "sources.key_reused"
    assert (await site.report(422, {"Idempotency-Key": ""}, text="x"))["code"] == "sources.key_bad"
    assert len(await site.world.rows("select 1 from reports")) == 1
    assert len(await site.world.rows("select 1 from events")) == 1
    assert len(await site.world.rows("select 1 from todos")) == 1


async def test_a_number_of_another_system_is_taken_once(site: Site) -> None:
    one = {"X-API-Key": await site.key("water", "reports:write")}
    other = {"X-API-Key": await site.key("power", "reports:write")}
    first = await site.report(201, one, text="x", external_id="7")
    assert await site.report(200, one, text="x", external_id="7") == first
    assert (await site.report(409, one, text="y", external_id="7"))["code"] == "sources.key_reused"
    await site.report(201, other, text="y", external_id="7")
    rows = await site.world.rows("select system, source, external_id from reports order by id")
    assert [tuple(row) for row in rows] == [("water", "system", "7"), ("power", "system", "7")]


async def test_who_may_name_which_source(site: Site) -> None:
    problem = await site.report(403, text="x", source="hotline")
    assert problem["code"] == "sources.source_foreign"
    assert "citizen" in problem["detail_en"]
    blind = {"X-API-Key": await site.key("blind", "cases:read")}
    assert (await site.report(403, blind, text="x"))["code"] == "authority.scope_missing"
    wrong = {"X-API-Key": "yw_1_" + "A" * 43}
    await site.report(201, {"X-API-Key": await site.key("sensors", "reports:write")}, text="x",
                      source="sensor")  # fmt: skip
    answer = await site.client.post("/api/v1/reports", json={"text": "x"}, headers=wrong)
    assert answer.status_code == 401


async def test_a_thousand_at_once_half_of_them_twice(site: Site) -> None:
    """1 000 posts under 500 keys: each stored once, and each pair has one receipt."""

    async def one(i: int) -> tuple[int, int, str]:
        body = json.dumps({"text": f"report {i % 500}", **HERE}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(site.url.split(":")[2]))
        writer.write(
            b"POST /api/v1/reports HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nIdempotency-Key: key-%d\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (i % 500, len(body), body)
        )
        head, _, told = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return i % 500, int(head.split()[1]), json.loads(told)["number"]

    answers = await asyncio.gather(*(one(i) for i in range(1000)))
    by_key: dict[int, set[str]] = {}
    for key, _, number in answers:
        by_key.setdefault(key, set()).add(number)
    assert {len(numbers) for numbers in by_key.values()} == {1}
    assert len(set.union(*by_key.values())) == 500
    statuses = [status for _, status, _ in answers]
    assert (statuses.count(201), statuses.count(200)) == (500, 500)
    for table in ("reports", "events", "todos"):
        row = await site.world.row(f"select count(*) as n from {table}")
        assert row["n"] == 500


async def test_a_batch_takes_each_alone(site: Site) -> None:
    key = {"X-API-Key": await site.key("water", "reports:write"), "Idempotency-Key": "b1"}
    items = [{"text": "one", "external_id": "1"}, {"text": ""}, {"text": "a\x00"}, {"text": "two"}]
    answer = await site.client.post("/api/v1/reports/batch", json={"items": items}, headers=key)
    assert answer.status_code == 200
    told = answer.json()["items"]
    assert [row["ok"] for row in told] == [True, False, False, True]
    assert told[1]["problem"]["errors"][0]["code"] == "web.field_short"
    again = await site.client.post("/api/v1/reports/batch", json={"items": items}, headers=key)
    rows = again.json()["items"]
    assert [row.get("created") for row in rows] == [False, None, None, False]
    assert rows[0]["receipt"] == told[0]["receipt"]
    for body, status in (({"items": []}, 422), ({"items": [1]}, 200), ([], 422), ({}, 422)):
        found = await site.client.post("/api/v1/reports/batch", json=body, headers=key)
        assert found.status_code == status, found.text
    nobody = await site.client.post("/api/v1/reports/batch", json={"items": items})
    assert nobody.status_code == 401
    assert len(await site.world.rows("select 1 from reports")) == 2


def test_the_document_of_the_intake_is_whole() -> None:
    found: dict[str, Any] = {}
    document(found)
    written = json.dumps(found)
    for word in ("Idempotency-Key", "ReportBody", "Receipt", '"409"', '"503"'):
        assert word in written

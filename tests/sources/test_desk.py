"""Reports at the desk and cases that are filed at once, over real HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.sources.conftest import Site
from tests.world import DISTRICT, TOWN

HERE = {"lon": 121.4787, "lat": 31.2385}
KIND = "component/2007/0102"


async def test_the_desk_finds_corrects_files_and_attaches(site: Site) -> None:
    client, city = site.client, site.world.city
    desk = await site.person("intake", site.world.centre(city.pack.root))
    assert (await client.get("/api/v1/reports")).status_code == 401
    for text in ("这里有个坑", "路上又有一个坑", "请帮帮忙"):
        await site.report(text=text)
    await site.work()
    page = (await client.get("/api/v1/reports?state=queued&sort=id&limit=2", headers=desk)).json()
    assert [row["state"] for row in page["items"]] == ["queued", "queued"]
    rest = (
        await client.get(
            f"/api/v1/reports?state=queued&sort=id&limit=2&cursor={page['next']}", headers=desk
        )
    ).json()
    assert (len(rest["items"]), rest["next"]) == (1, None)
    first, second, third = [row["id"] for row in (*page["items"], *rest["items"])]

    one = await client.get(f"/api/v1/reports/{first}", headers=desk)
    assert {row["action"] for row in one.json()["actions"]} >= {"correct", "file", "reject"}
    version = one.json()["version"]

    def act(number: int, action: str, body: dict[str, Any], **headers: str) -> Any:
        path = f"/api/v1/reports/{number}/actions/{action}"
        return client.post(path, json=body, headers=desk | headers)

    no_kind = await act(first, "file", {"facts": {"place": TOWN}})
    assert (no_kind.status_code, no_kind.json()["code"]) == (422, "sources.kind_needed")
    no_place = await act(first, "file", {"facts": {"kind": KIND}})
    assert (no_place.status_code, no_place.json()["code"]) == (422, "sources.place_needed")
    facts = {"kind": KIND, "place": TOWN}
    stale = await act(first, "file", {"facts": facts, "version": version + 1})
    assert stale.status_code == 412
    filed = await act(first, "file", {"facts": facts, "version": version})
    assert filed.status_code == 200, filed.text
    assert filed.json()["state"] == "filed"
    case = filed.json()["case_id"]
    late = await act(first, "file", {"facts": facts}, **{"If-Match": f'"{version}"'})
    assert late.status_code in (409, 412)

    attached = await act(second, "attach", {"facts": {"case": case}})
    assert (attached.json()["state"], attached.json()["case_id"]) == ("attached", case)
    row = await site.world.row("select report_count, state from cases")
    assert row["report_count"] == 2
    told = await site.world.rows("select code from notices where report_id = $1", second)
    assert [tuple(row) for row in told] == [("report.attached",)]

    corrected = await act(third, "correct", {"facts": facts})
    assert corrected.json()["state"] == "received"
    await site.work()
    found = await client.get(f"/api/v1/reports/{third}", headers=desk)
    assert found.json()["state"] in ("filed", "attached")
    assert found.json()["place"] == TOWN
    unknown = await act(third, "juggle", {})
    assert unknown.status_code == 404
    wrong = await act(third, "reject", {"facts": {"reason": 5}})
    assert wrong.status_code == 422


async def test_a_list_shows_what_is_asked_for(site: Site) -> None:
    key = {"X-API-Key": await site.key("water", "reports:write", "reports:read")}
    for i in range(3):
        await site.report(201, key, text=f"污水井盖破损 {i}", kind=KIND, external_id=str(i), **HERE)
    await site.work()
    query = "system=water&fields=id,external_id,state,kind,place,case&sort=id&after_id=0&limit=500"
    rows = (await site.client.get(f"/api/v1/reports?{query}", headers=key)).json()["items"]
    assert [row["external_id"] for row in rows] == ["0", "1", "2"]
    assert set(rows[0]) == {"id", "external_id", "state", "kind", "place", "case"}
    assert rows[0]["case"]["state"] in ("filed", "dispatched")
    for query, count in (
        ("q=盖破损 1", 1),
        ("external_id=2", 1),
        (f"place={DISTRICT}", 3),
        ("kind=component/2007/0101", 0),
        ("source=citizen&source=system", 3),
        ("to=2020-01-01T00:00:00Z", 0),
    ):
        found = (await site.client.get(f"/api/v1/reports?{query}", headers=key)).json()
        assert len(found["items"]) == count, query
    one = rows[0]["case"]["id"]
    asked = await site.client.get(f"/api/v1/reports?case={one}", headers=key)
    mine = [row["external_id"] for row in rows if row["case"]["id"] == one]
    assert sorted(row["external_id"] for row in asked.json()["items"]) == mine
    for bad in (
        "case=0",
        "fields=secret",
        "sort=text",
        "cursor=x",
        "place=nowhere",
        "limit=0",
        "from=now",
    ):
        answer = await site.client.get(f"/api/v1/reports?{bad}", headers=key)
        assert answer.status_code == (404 if bad.startswith("place") else 422), bad


async def test_a_case_is_filed_at_once(site: Site) -> None:
    client = site.client
    desk = await site.person("intake", site.world.centre())
    body = {"kind": KIND, "text": "市民来电：井盖破损", **HERE, "reporter": {"phone": "138"}}
    answer = await client.post("/api/v1/cases", json=body, headers=desk)
    assert answer.status_code == 201, answer.text
    case = answer.json()
    assert (case["state"], case["source"]) == ("filed", "hotline")
    assert {row["action"] for row in case["actions"]} >= {"reclass", "note"}
    receipt = case["receipt"]
    told = await client.get(f"/api/v1/receipts/{receipt['number']}?token={receipt['token']}")
    assert told.json()["case"]["number"] == case["number"]
    await site.work()
    row = await site.world.row("select state, lead from cases where id = $1", case["id"])
    assert row["state"] == "dispatched"

    by_hand = await client.post("/api/v1/cases", json=body | {"dispatch": False}, headers=desk)
    await site.work()
    row = await site.world.row("select state from cases where id = $1", by_hand.json()["id"])
    assert row["state"] == "filed"

    key = desk | {"Idempotency-Key": "c-1"}
    answers = await asyncio.gather(
        *(client.post("/api/v1/cases", json=body, headers=key) for _ in range(6))
    )
    assert sorted(a.status_code for a in answers) == [200] * 5 + [201]
    assert len({a.json()["id"] for a in answers}) == 1
    other = await client.post("/api/v1/cases", json=body | {"text": "z"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "sources.key_reused")

    far = {"lon": 121.3, "lat": 30.9}  # another district
    for change, status, code in (
        ({"kind": "x"}, 422, "web.request_invalid"),
        ({"kind": None}, 422, "web.request_invalid"),
        ({"lon": None, "lat": None}, 422, "sources.place_needed"),
        ({"lon": 31.2385, "lat": 121.4787}, 422, "web.request_invalid"),
        ({"place": "nowhere"}, 404, "places.unknown"),
        (far, 403, "authority.elsewhere"),
        ({"source": "patrol"}, 403, "sources.source_foreign"),
        ({"fixed_on_the_spot": True}, 403, "authority.duty_missing"),
    ):
        bad = await client.post("/api/v1/cases", json=body | change, headers=desk)
        assert (bad.status_code, bad.json().get("code")) == (status, code), (change, bad.text)


async def test_a_patrol_that_fixed_it_still_has_it_checked(site: Site) -> None:
    city = site.world.city
    grid = next(
        post.unit
        for post in city.pack.posts
        if "collector" in post.duties and TOWN in city.unit_paths[post.unit].split(".")
    )
    patrol = await site.person("collector", grid)
    place = city.unit(grid).place
    body = {"kind": KIND, "text": "井盖移位，已复位", "place": place, "fixed_on_the_spot": True}
    answer = await site.client.post("/api/v1/cases", json=body, headers=patrol)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["state"], answer.json()["on_the_spot"]) == ("checking", True)
    row = await site.world.row("select source, collector from reports")
    assert row["source"] == "patrol"
    assert row["collector"] in site.world.persons.values()


@pytest.mark.parametrize("scopes", [("cases:read",), ("cases:write",)])
async def test_a_key_files_only_with_scope_and_duty(site: Site, scopes: tuple[str, ...]) -> None:
    key = {"X-API-Key": await site.key("water", *scopes)}
    body = {"kind": KIND, "text": "x", **HERE}
    answer = await site.client.post("/api/v1/cases", json=body, headers=key)
    assert answer.status_code == 403
    acting = {"X-API-Key": await site.key("acting", "cases:write", "act:intake")}
    good = await site.client.post("/api/v1/cases", json=body | {"source": "sensor"}, headers=acting)
    assert good.status_code == 201, good.text

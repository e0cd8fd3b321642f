"""The administration over HTTP: two people, from the list of items to a limit in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.revision import scene
from tests.sources.conftest import Site

from yiwang import app
from yiwang.ground.gate.clock import RealClock
from yiwang.ground.revision.model import Sort

BASE = "/api/v1/administration"


async def _site_people(site: Site) -> tuple[dict[str, str], dict[str, str]]:
    return (
        await site.person("sysadmin", scene.CENTRE),
        await site.person("secadmin", scene.CENTRE),
    )


async def test_a_limit_from_the_list_into_force_without_a_restart(site: Site) -> None:
    author, other = await _site_people(site)
    client, world = site.client, site.world
    world.now = datetime.now(UTC)

    sorts = (await client.get(f"{BASE}/items", headers=author)).json()["items"]
    assert {row["sort"] for row in sorts} == {sort.value for sort in Sort} - {"appointments"}
    assert all(row["count"] and row["schema"] for row in sorts)
    page = await client.get(
        f"{BASE}/items/limits",
        params={"q": "event/2007/0102", "limit": 1, "valid": True},
        headers=author,
    )
    assert page.status_code == 200, page.text
    row = page.json()["items"][0]
    assert (row["revision"], row["origin"]) == (None, "pack")
    everything = (await client.get(f"{BASE}/items/limits?limit=200", headers=author)).json()
    assert everything["total"] == len(world.city.pack.limits)
    rest = await client.get(
        f"{BASE}/items/limits", params={"limit": 200, "after": everything["next"]}, headers=author
    )
    assert rest.json()["items"][0] not in everything["items"]

    body = {**row["body"], "amount": row["body"]["amount"] + 40}
    today = world.city.day(world.now).isoformat()
    wanted: dict[str, Any] = {
        "title": "延长时限",
        "reason": "汛期",
        "effective_on": today,
        "changes": [{"sort": "limits", "item": row["item"], "body": body}],
    }
    made = await client.post(f"{BASE}/revisions", json=wanted, headers=author)
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert {one["action"] for one in made.json()["actions"]} == {"edit", "submit", "withdraw"}
    at = f"{BASE}/revisions/{number}"

    edited = await client.put(
        at, json={**wanted, "title": "汛期时限"}, headers={**author, "If-Match": '"1"'}
    )
    assert (edited.status_code, edited.json()["title"]) == (200, "汛期时限"), edited.text
    old = await client.put(at, json=wanted, headers={**author, "If-Match": '"1"'})
    assert old.status_code == 412

    shown = (await client.get(f"{at}/difference", headers=other)).json()
    assert shown["items"][0]["fields"] == [
        {"field": "amount", "before": row["body"]["amount"], "after": body["amount"]}
    ]
    assert shown["touches"]["open_cases"] == 0
    checked = (await client.get(f"{at}/check", headers=other)).json()
    assert checked == {"ok": True, "errors": []}

    sent = await client.post(f"{at}/actions/submit", json={}, headers=author)
    assert sent.status_code == 200, sent.text
    assert (await client.post(f"{at}/actions/approve", json={}, headers=author)).status_code == 403
    agreed = await client.post(
        f"{at}/actions/approve", json={"facts": {"reason": "同意"}}, headers=other
    )
    assert (agreed.status_code, agreed.json()["state"]) == (200, "approved"), agreed.text
    assert agreed.json()["decided_by_name"]

    desk = scene.worker(world)
    assert await desk.revise() == 1
    service = app.Service(site.home, world.service, world.city, RealClock())
    service.gate = site.gate
    before = site.gate.city
    await service.look()
    assert site.gate.city is not before
    listed = await client.get(f"{BASE}/items/limits", params={"revised": True}, headers=author)
    assert [(one["revision"], one["body"]["amount"]) for one in listed.json()["items"]] == [
        (number, body["amount"])
    ]
    told = await client.get(
        f"{BASE}/items/limits/history", params={"item": row["item"]}, headers=other
    )
    assert [
        (one["id"], one["state"], one["before"]["amount"], one["after"]["amount"])
        for one in told.json()["items"]
    ] == [(number, "in_force", row["body"]["amount"], body["amount"])]
    gone = await client.get(f"{BASE}/items/limits/history?item=nothing", headers=other)
    assert (gone.status_code, gone.json()["code"]) == (404, "revision.item_missing")

    back = await client.post(f"{at}/reversal", headers=author)
    assert (back.status_code, back.json()["restores"]) == (201, number), back.text
    many = await client.get(f"{BASE}/revisions?limit=1", headers=other)
    assert [one["id"] for one in many.json()["items"]] == [back.json()["id"]]
    following = await client.get(
        f"{BASE}/revisions", params={"limit": 1, "after": many.json()["next"]}, headers=other
    )
    assert [one["id"] for one in following.json()["items"]] == [number]
    assert following.json()["next"] is None
    filtered = await client.get(f"{BASE}/revisions?state=in_force&q=汛期", headers=other)
    assert [one["id"] for one in filtered.json()["items"]] == [number]


async def test_who_does_not_administrate_is_kept_out(site: Site) -> None:
    chief = await site.person("duty_chief", scene.CENTRE)
    auditor = await site.person("auditor", scene.CENTRE)
    wanted = {"title": "x", "reason": "x", "effective_on": "2026-12-01", "changes": []}
    for path in ("/items", "/items/units", "/revisions", "/revisions/1"):
        assert (await site.client.get(BASE + path, headers=chief)).status_code == 403
        assert (await site.client.get(BASE + path)).status_code == 401
    assert (await site.client.get(f"{BASE}/items/units", headers=auditor)).status_code == 200
    made = await site.client.post(f"{BASE}/revisions", json=wanted, headers=auditor)
    assert made.status_code == 403

"""Photos that handlers and checkers take: kept with their matter by whoever may act on it."""

from __future__ import annotations

from typing import Any

import httpx
from tests.sources.conftest import Site
from tests.sources.pictures import archive, jpeg

HERE: dict[str, Any] = {"lon": 121.4787, "lat": 31.2385}
KIND = "component/2007/0102"


async def _order(site: Site) -> tuple[int, int, str]:
    """An open order: its id, its case's, its unit."""
    # what another system saw need not be looked at first
    headers = {"X-API-Key": await site.key("patrol", "reports:write")}
    await site.report(headers=headers, text="污水井盖破损", kind=KIND, **HERE)
    await site.work()
    row = await site.world.row("select id, case_id, unit from orders where role = 'lead'")
    return row["id"], row["case_id"], row["unit"]


async def _send(
    site: Site, path: str, headers: dict[str, str], *photos: bytes, role: str = "after"
) -> httpx.Response:
    files = [("photos", (f"{i}.jpg", photo, "image/jpeg")) for i, photo in enumerate(photos)]
    return await site.client.post(path, files=files, data={"role": role}, headers=headers)


async def test_evidence_is_kept_shown_and_named_by_what_is_done_next(site: Site) -> None:
    order, case, unit = await _order(site)
    handler = await site.person("handler", unit)
    path = f"/api/v1/orders/{order}"
    sent = await _send(site, f"{path}/photos", handler, jpeg(), jpeg(colour="blue"))
    assert sent.status_code == 201, sent.text
    ids = [photo["id"] for photo in sent.json()["items"]]
    assert len(set(ids)) == 2
    again = await _send(site, f"{path}/photos", handler, jpeg())
    assert [photo["id"] for photo in again.json()["items"]] == ids[:1]
    shown = await site.client.get(f"/api/v1/cases/{case}/photos", headers=handler)
    assert [(photo["id"], photo["role"]) for photo in shown.json()["items"]] == [
        (number, "after") for number in ids
    ]
    for action, facts in (("accept", {}), ("finish", {"result": "已更换", "evidence": ids})):
        done = await site.client.post(
            f"{path}/actions/{action}", json={"facts": facts}, headers=handler
        )
        assert done.status_code == 200, done.text
    assert done.json()["evidence"] == ids
    late = await _send(site, f"{path}/photos", handler, jpeg(colour="green"))
    assert (late.status_code, late.json()["code"]) == (409, "procedure.not_possible")


async def test_the_unit_that_handles_it_sees_what_was_photographed_when_it_was_reported(
    site: Site,
) -> None:
    headers = {"X-API-Key": await site.key("patrol", "reports:write")}
    receipt = await site.report(headers=headers, text="污水井盖破损", kind=KIND, **HERE)
    token = f"?token={receipt['token']}"
    sent = await _send(site, f"/api/v1/receipts/{receipt['number']}/photos{token}", {}, jpeg())
    photo = sent.json()["photos"][0]["id"]
    await site.work()
    row = await site.world.row("select case_id, unit from orders where role = 'lead'")
    handler = await site.person("handler", row["unit"])
    path = f"/api/v1/cases/{row['case_id']}/photos"
    shown = await site.client.get(path, headers=handler)
    assert [one["id"] for one in shown.json()["items"]] == [photo]
    picture = f"/api/v1/attachments/{photo}?variant=original"
    assert (await site.client.get(picture, headers=handler)).status_code == 200
    stranger = await site.person("handler", "310115_appearance")
    assert (await site.client.get(picture, headers=stranger)).status_code == 404


async def test_nobody_else_adds_photos_and_nothing_else_is_one(site: Site) -> None:
    order, _, unit = await _order(site)
    path = f"/api/v1/orders/{order}/photos"
    assert (await _send(site, path, {}, jpeg())).status_code == 401
    stranger = await site.person("handler", "310115_appearance")
    assert (await _send(site, path, stranger, jpeg())).status_code == 404
    handler = await site.person("handler", unit)
    assert (await _send(site, path, handler, archive())).status_code == 415
    assert (await _send(site, path, handler, jpeg(), role="portrait")).status_code == 422
    assert (await _send(site, path, handler)).status_code == 415
    assert await site.world.rows("select id from attachments") == []

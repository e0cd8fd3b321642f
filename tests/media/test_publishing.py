"""From the upload to the published variant, over HTTP and with the worker's step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.sources.conftest import Site

from yiwang.ground.packs.model import Setting
from yiwang.matters.media import publishing, store
from yiwang.matters.media.finding import DETECTORS

FACE = Path(__file__).with_name("astronaut.jpg")
HERE: dict[str, Any] = {"lon": 121.4787, "lat": 31.2360}


async def _upload(site: Site, data: bytes | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    receipt = await site.report(text="暴露垃圾成堆没人清", **HERE)
    answer = await site.client.post(
        f"/api/v1/receipts/{receipt['number']}/photos?token={receipt['token']}",
        files=[("photos", ("a.jpg", data or FACE.read_bytes(), "image/jpeg"))],
    )
    assert answer.status_code == 200, answer.text
    return receipt, answer.json()["photos"][0]


async def _publish(site: Site) -> int:
    world = site.world
    return await publishing.publish_waiting(
        world.worker, world.city, site.home.attachments, world.now
    )


async def _see(site: Site, href: str, **more: Any) -> tuple[int, str]:
    answer = await site.client.get(href, **more)
    code = "" if answer.status_code == 200 else answer.json()["code"]
    return answer.status_code, code


async def test_nothing_is_shown_before_it_was_looked_through(site: Site) -> None:
    _, photo = await _upload(site)
    early = await site.client.get(photo["href"])
    assert (early.status_code, early.json()["code"]) == (404, "photo.not_published")
    assert early.headers["retry-after"] == "5"
    assert await _publish(site) == 1
    assert await _publish(site) == 0
    row = await site.world.row("select state, regions, published from attachments")
    assert row["state"] == "published"
    assert {one["sort"] for one in row["regions"]} == {"face"}
    assert all(one["by"] for one in row["regions"])
    assert row["published"]["detectors"] == list(DETECTORS)
    shown = await site.client.get(photo["href"])
    assert shown.status_code == 200
    assert shown.content != FACE.read_bytes()
    small = await site.client.get(photo["thumbnail"])
    assert (small.status_code, len(small.content) <= len(shown.content)) == (200, True)
    assert await _see(site, photo["href"] + "&variant=original") == (403, "photo.original")
    events = await site.world.rows(
        "select action, before, after, facts from events where matter = 'photo' order by id"
    )
    assert [(row["action"], row["after"]) for row in events] == [
        ("photo.keep", "kept"),
        ("photo.publish", "published"),
    ]
    assert events[0]["facts"] == {"role": "other", "sha256": photo["sha256"]}
    assert events[1]["facts"] == {"blurred": {"face": 1, "plate": 0, "hand": 0}}


async def test_staff_see_the_original_of_what_they_see(site: Site) -> None:
    _, photo = await _upload(site)
    await site.work()
    await _publish(site)
    mine = await site.person("duty_chief", "310101_centre")
    other = await site.person("duty_chief", "310115_centre")
    at = f"/api/v1/attachments/{photo['id']}?variant=original"
    answer = await site.client.get(at, headers=mine)
    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{photo["sha256"][:32]}"'
    assert await _see(site, at, headers=other) == (404, "procedure.not_found")
    assert await _see(site, at) == (403, "photo.original")


async def test_the_public_sees_photos_of_filed_cases_where_the_city_says_so(site: Site) -> None:
    _, photo = await _upload(site)
    await _publish(site)
    at = f"/api/v1/attachments/{photo['id']}"
    assert await _see(site, at) == (401, "web.sign_in")  # no case yet
    await site.work()
    async with site.world.as_worker() as tx:
        await tx.execute("update cases set state = 'filed', filed_at = $1", tx.now)
    assert await _see(site, at) == (200, "")
    city = site.gate.city
    closed = Setting("photos.public", False, city.pack.root, None, None, "test", "")
    known = city._settings["photos.public"]
    try:
        city._settings["photos.public"] = (closed,)  # type: ignore[index]
        assert await _see(site, at) == (401, "web.sign_in")
    finally:
        city._settings["photos.public"] = known  # type: ignore[index]
    async with site.world.as_worker() as tx:
        await tx.execute("update cases set kind = 'demand/2020/0302'")  # told without its position
    assert await _see(site, at) == (401, "web.sign_in")
    async with site.world.as_worker() as tx:
        await tx.execute("update cases set kind = 'event/2007/0102'")
    assert await _see(site, at) == (200, "")
    async with site.world.as_worker() as tx:
        await tx.execute("update cases set state = 'cancelled'")
    assert await _see(site, at) == (401, "web.sign_in")


async def _act(
    site: Site, who: dict[str, str], number: int, action: str, **facts: Any
) -> httpx.Response:
    return await site.client.post(
        f"/api/v1/photos/{number}/actions/{action}", headers=who, json={"facts": facts}
    )


async def test_people_blur_more_and_withhold(site: Site) -> None:
    _, photo = await _upload(site)
    await site.work()
    await _publish(site)
    before = (await site.client.get(photo["href"])).content
    chief = await site.person("dispatcher", "310101_centre")
    number = photo["id"]
    region = {"x": 0, "y": 200, "width": 100, "height": 100}
    done = await _act(site, chief, number, "blur", regions=[region], reason="看得见门牌")
    assert (done.status_code, done.json()["state"]) == (200, "kept")
    assert await _see(site, photo["href"]) == (404, "photo.not_published")
    await _publish(site)
    assert (await site.client.get(photo["href"])).content != before
    shown = (await site.client.get(f"/api/v1/photos/{number}", headers=chief)).json()
    assert [(row["sort"], row["by"][:7]) for row in shown["regions"]][-1] == ("hand", "person:")
    assert {row["action"] for row in shown["actions"]} == {"blur", "withhold"}

    assert (await _act(site, chief, number, "withhold", reason="涉及隐私")).status_code == 200
    assert await _see(site, photo["href"]) == (404, "photo.withheld")
    assert await _publish(site) == 0
    assert (await _act(site, chief, number, "release", reason="误判")).json()["state"] == "kept"
    await _publish(site)
    assert (await site.client.get(photo["href"])).status_code == 200

    outside = {"x": 900, "y": 0, "width": 5, "height": 5}
    wrong: list[tuple[httpx.Response, int, str]] = [
        (
            await _act(site, chief, number, "blur", regions=[outside]),
            *(422, "photo.region_outside"),
        ),
        (await _act(site, chief, number, "blur", regions=[{"x": 1}]), 422, "procedure.facts"),
        (await _act(site, chief, number, "withhold"), 422, "procedure.facts"),
        (await _act(site, chief, number, "publish", blurred={}), 409, "procedure.not_possible"),
        (await _act(site, chief, number, "release", reason="x"), 409, "procedure.not_possible"),
    ]
    for answer, status, code in wrong:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    for _ in range(4):
        await _act(site, chief, number, "blur", regions=[region] * 20)
    many = await _act(site, chief, number, "blur", regions=[region] * 20)
    assert (many.status_code, many.json()["code"]) == (422, "photo.regions_many")
    stranger = await site.person("dispatcher", "310115_centre")
    assert (await _act(site, stranger, number, "withhold", reason="x")).status_code == 404


async def test_what_cannot_be_read_is_withheld(site: Site) -> None:
    _, photo = await _upload(site)
    for path in site.home.attachments.rglob("*.jpg"):
        path.unlink()
    for _ in range(3):
        assert await _publish(site) == 1
    row = await site.world.row("select state, reason from attachments")
    assert row == {"state": "withheld", "reason": "unreadable"}
    assert await _see(site, photo["href"]) == (404, "photo.withheld")


async def test_what_was_changed_meanwhile_is_not_published(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, photo = await _upload(site)
    claimed = store.claim

    async def overtaken(tx: Any, most: int, hold_s: int) -> Any:
        rows = await claimed(tx, most, hold_s)
        await tx.execute("update attachments set state = 'withheld', version = version + 1")
        return rows

    monkeypatch.setattr(store, "claim", overtaken)
    assert await _publish(site) == 1
    assert await _see(site, photo["href"]) == (404, "photo.withheld")

"""What a reporter sees and says with nothing but number and token, over real HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from tests.sources.conftest import Site
from tests.sources.pictures import archive, jpeg

from yiwang.matters.media.publishing import publish_waiting

HERE: dict[str, Any] = {"lon": 121.4787, "lat": 31.2385}
KIND = "component/2007/0102"


def _path(receipt: dict[str, Any], tail: str = "") -> str:
    return f"/api/v1/receipts/{receipt['number']}{tail}?token={receipt['token']}"


async def _send(site: Site, receipt: dict[str, Any], *photos: bytes, **form: Any) -> httpx.Response:
    files = [("photos", (f"{i}.jpg", photo, "image/jpeg")) for i, photo in enumerate(photos)]
    return await site.client.post(_path(receipt, "/photos"), files=files, data=form)


def _kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_life_of_a_report_as_its_reporter_sees_it(site: Site) -> None:
    client = site.client
    who = {"name": "王", "phone": "13812345678"}
    receipt = await site.report(text="污水井盖破损", kind=KIND, **HERE, reporter=who)
    first = (await client.get(receipt["links"]["self"])).json()
    assert (first["state"], first["case"]) == ("received", None)
    assert first["says"]["en"]
    assert first["says"]["zh"]
    assert first["actions"] == ["add", "photos", "withdraw"]

    await site.work()
    other = await site.report(text="污水井盖破损了", kind=KIND, **HERE)
    await site.work()
    told = (await client.get(_path(receipt))).json()
    case = told["case"]
    assert told["state"] == "filed"
    assert case["number"] in case["says"]["en"]
    assert case["unit"]["zh"]
    assert "13812345678" not in str(told)
    assert "13812345678" not in str((await client.get(_path(other))).json())
    repeat = (await client.get(_path(other))).json()
    assert repeat["state"] == "attached"
    assert case["number"] in repeat["case"]["says"]["zh"]
    assert [row["code"] for row in repeat["notices"]] == ["report.attached"]
    assert all("{" not in text for row in repeat["notices"] for text in row["says"].values())

    added = await client.post(_path(receipt, "/add"), json={"text": "已经两天了"})
    assert added.json()["notes"][0]["note"] == "已经两天了"
    event = await site.world.row("select actor, facts from events where action = 'report.add'")
    assert event["actor"] == f"reporter:{receipt['number']}"

    early = await client.post(_path(receipt, "/not-fixed"), json={"text": "没修好"})
    assert (early.status_code, early.json()["code"]) == (409, "receipt.not_possible")
    async with site.world.as_worker() as tx:
        await tx.execute("update cases set state = 'closed', closed_at = $1", tx.now)
    ended = (await client.get(_path(receipt))).json()
    assert ended["actions"] == ["add", "photos", "not-fixed", "rate"]
    again = await client.post(_path(receipt, "/not-fixed"), json={"text": "没修好"})
    assert again.status_code == 200, again.text
    assert again.json()["case"]["reopened"] == 1

    gone = await client.post(_path(other, "/withdraw"), json={"text": "已解决"})
    assert gone.json()["state"] == "withdrawn"
    twice = await client.post(_path(other, "/add"), json={"text": "x"})
    assert twice.status_code == 409
    wrong = await client.get(_path(receipt | {"token": other["token"]}))
    assert (wrong.status_code, wrong.json()["code"]) == (404, "sources.receipt_unknown")
    for text in ("", "a\x00", "x" * 2001):
        bad = await client.post(_path(receipt, "/add"), json={"text": text})
        assert bad.status_code == 422


async def test_a_reporter_rates_once_for_every_time_the_case_is_closed(site: Site) -> None:
    receipt = await site.report(text="污水井盖破损", kind=KIND, **HERE)
    await site.work()
    rate, well = _path(receipt, "/rate"), {"satisfied": True, "text": " 很快 "}
    early = await site.client.post(rate, json=well)
    assert (early.status_code, early.json()["code"]) == (409, "receipt.not_possible")
    shown = (await site.client.get(_path(receipt))).json()
    assert shown["rating"] is None
    assert shown["case"]["next"]["zh"]

    async with site.world.as_worker() as tx:
        await tx.execute("update cases set state = 'closed', closed_at = $1", tx.now)
    assert "rate" in (await site.client.get(_path(receipt))).json()["actions"]
    for wrong in ({}, {"satisfied": "yes"}, {**well, "stars": 5}, {**well, "text": "x" * 2001}):
        assert (await site.client.post(rate, json=wrong)).status_code == 422
    rated = await site.client.post(rate, json=well)
    assert rated.status_code == 200, rated.text
    found = rated.json()["rating"]
    assert (found["satisfied"], found["note"]) == (True, "很快")
    assert rated.json()["actions"] == ["add", "photos", "not-fixed"]
    assert (await site.client.post(rate, json=well)).status_code == 409
    event = await site.world.row("select facts from events where action = 'report.rate'")
    assert event["facts"] == {"satisfied": True, "note": "很快"}

    await site.client.post(_path(receipt, "/not-fixed"), json={"text": "又坏了"})
    assert (await site.client.post(rate, json={"satisfied": False})).status_code == 409
    await site.work()
    async with site.world.as_worker() as tx:
        await tx.execute("update cases set state = 'closed', closed_at = $1", tx.now)
    again = await site.client.post(rate, json={"satisfied": False})
    assert (again.status_code, again.json()["rating"]["satisfied"]) == (200, False)


async def test_photos_are_judged_stripped_and_shown_to_their_reporter_only(site: Site) -> None:
    receipt = await site.report(text="这里有个坑")
    await site.work()
    assert (await site.world.row("select state, reason from reports"))["state"] == "queued"
    photo = jpeg(**HERE)
    answer = await _send(site, receipt, photo, jpeg(colour="blue"))
    assert answer.status_code == 200, answer.text
    shown = answer.json()["photos"]
    assert [row["media_type"] for row in shown] == ["image/jpeg"] * 2
    # the report takes the photo's position, and is looked at anew
    row = await site.world.row("select state, lon, lat from reports")
    assert row["state"] == "received"
    assert abs(row["lon"] - HERE["lon"]) < 1e-6

    kept = _kept(site.home.attachments)
    assert len(kept) == 2
    assert all(b"SecretPhoneMaker" not in path.read_bytes() for path in kept)
    world = site.world
    await publish_waiting(world.worker, world.city, site.home.attachments, world.now)
    picture = await site.client.get(shown[0]["href"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert b"SecretPhoneMaker" not in picture.content
    assert (await site.client.get(f"/api/v1/attachments/{shown[0]['id']}")).status_code == 401
    other = await site.report(text="x")
    href = f"/api/v1/attachments/{shown[0]['id']}?receipt={other['number']}&token={other['token']}"
    assert (await site.client.get(href)).status_code == 404

    files = len(_kept(site.home.attachments))
    again = await _send(site, receipt, photo)
    assert len(again.json()["photos"]) == 2
    assert len(_kept(site.home.attachments)) == files


async def test_what_is_no_photo_leaves_nothing_behind(site: Site) -> None:
    receipt = await site.report(text="x")
    cases: list[tuple[httpx.Response, int, str]] = [
        (await _send(site, receipt, archive()), 415, "photos.not_an_image"),
        (await _send(site, receipt, b"\xff\xd8\xff" + b"\0" * 50_000_000), 413, "photos.too_large"),
        (await _send(site, receipt, b""), 415, "photos.not_an_image"),
        (await _send(site, receipt, jpeg(), archive()), 415, "photos.not_an_image"),
        (await _send(site, receipt, jpeg(), role="selfie"), 422, "sources.photo_role"),
        (await _send(site, receipt, *[jpeg()] * 9), 422, "sources.photos_many"),
        (await _send(site, receipt, *[jpeg()] * 30), 400, "sources.form_broken"),
        (await site.client.post(_path(receipt, "/photos"), json={}), 415, "sources.form_needed"),
        (
            await site.client.post(
                _path(receipt, "/photos"),
                content=b"--x\r\nbroken",
                headers={"Content-Type": "multipart/form-data; boundary=x"},
            ),
            422,
            "sources.photos_none",
        ),
    ]
    for answer, status, code in cases:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await site.world.rows("select 1 from attachments") == []
    assert [p for p in _kept(site.home.attachments) if p.suffix != ".jpg"] == []

"""The public face on the real service: report, me too, offline, follow, rate, prove, look round."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import FilePayload, Page, Route, expect

from tests.browser.conftest import Opener
from tests.browser.page import LAPTOP, PHONE, SIZES, Watched
from tests.browser.platform import Running
from tests.sources.pictures import jpeg
from yiwang.kit.db import Database, Scope

BUILT = Path(__file__).resolve().parents[2] / "web" / "dist"
FIRST_LOAD = 200_000  # bytes of script, gzip, before the map
ATTACK = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>\'"{{7*7}}'


async def _write(page: Page, text: str, address: str = "") -> None:
    await page.fill("#text", text)
    if address:
        await page.fill("#address", address)


def _photo(name: str, **more: Any) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": jpeg(**more)}


async def _receipt(page: Page) -> dict[str, str]:
    """The receipt that stands on the page."""
    await page.locator(".receipt").wait_for()
    number, token = await page.locator(".receipt dd").all_inner_texts()
    return {"number": number, "token": token}


def _record(platform: Running, receipt: dict[str, str]) -> httpx.Response:
    path = f"/api/v1/receipts/{receipt['number']}/record"
    return platform.client.get(path, params={"token": receipt["token"]})


async def _close(platform: Running, number: str) -> None:
    """End a case as if it had been handled and checked."""
    db = await Database.open(platform.home.role_url("yiwang_worker"), size=1)
    try:
        now = datetime.now(UTC)
        async with db.begin(Scope("platform", places=("310000",)), now) as tx:
            await tx.execute(
                "update orders set state = 'done' where case_id ="
                " (select id from cases where number = $1)",
                number,
            )
            await tx.execute(
                "update cases set state = 'closed', closed_at = $1, handled_at = $1,"
                " passed_check = true where number = $2",
                *(now, number),
            )
    finally:
        await db.close()


def _script_of(entry: str) -> set[str]:
    """The scripts a page loads before anything is asked for: its own and what they import."""
    text = (BUILT / entry).read_text(encoding="utf-8")
    waiting = re.findall(r'(?:src|href)="/([^"]+\.js)"', text)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        code = (BUILT / name).read_text(encoding="utf-8")
        near = re.findall(r'(?:\bfrom|\bimport)\s*"\./([^"]+\.js)"', code)
        waiting += [f"assets/{one}" for one in near]
    return found


def _packed(names: set[str]) -> int:
    return sum(len(gzip.compress((BUILT / name).read_bytes(), 9)) for name in names)


async def test_the_first_load_is_small_and_the_map_comes_after(
    open_page: Opener, platform: Running
) -> None:
    static = _script_of("index.html")
    assert any("public" in name for name in static)
    assert 20_000 < _packed(static) <= FIRST_LOAD
    watched = await open_page(PHONE)
    asked: set[str] = set()
    watched.page.on("request", lambda request: asked.add(request.url.removeprefix(platform.url)))
    page = await watched.open("/")
    await page.wait_for_load_state("networkidle")
    scripts = {url[1:] for url in asked if url.endswith(".js")}
    assert static <= scripts
    assert _packed(scripts) <= FIRST_LOAD
    assert not any("Map" in name or "maplibre" in name for name in scripts)
    await page.get_by_role("button", name="地图选点").click()
    await page.locator("canvas.maplibregl-canvas").wait_for()
    await watched.check_access()
    assert any("maplibre" in url for url in asked)


async def test_a_photo_a_place_a_word_and_what_is_alike_nearby(
    open_page: Opener, platform: Running
) -> None:
    lon, lat = 121.4521, 31.2216
    known = platform.settled(platform.report("垃圾箱满溢，垃圾散落一地", lon=lon, lat=lat))
    watched = await open_page(PHONE, "zh")
    page = await watched.open("/")
    photos = [_photo("a.jpg", lon=lon, lat=lat), _photo("b.jpg", colour="blue")]
    await page.set_input_files("#photos", photos)
    await expect(page.locator(".where .found")).to_contain_text("来自照片")
    await _write(page, "垃圾箱满溢，垃圾散落一地没人清")
    await expect(page.locator(".chip").first).to_be_visible()
    similar = page.locator(".similar li", has_text=known["case"]["number"])
    await expect(similar).to_be_visible()
    await expect(page.locator(".where .found strong")).to_contain_text("区")
    await watched.check_access()
    await watched.check_width()
    # asked before anything is sent; "none of these" sends it
    await page.locator("#send").click()
    await expect(page.locator(".similar h2")).to_have_text("是其中某一件吗？")
    assert not await page.locator(".receipt").count()
    await page.locator(".different").dblclick()
    receipt = await _receipt(page)
    await expect(page.get_by_role("img", name="二维码")).to_be_visible()
    await watched.check_access()
    await watched.check_width()
    # both photos arrive, and are shown once they were looked through
    await page.locator(".receipt a.primary").click()
    await expect(page.locator(".photos img")).to_have_count(2, timeout=60_000)
    assert receipt["token"] in page.url
    path = f"/api/v1/receipts/{receipt['number']}"
    kept = platform.client.get(path, params={"token": receipt["token"]}).json()
    assert len(kept["photos"]) == 2
    assert abs(kept["lon"] - lon) < 1e-4
    for size in SIZES:
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await watched.check_width()
    await watched.check_access()
    # this device knows it from now on
    await page.get_by_role("link", name="我的上报").click()
    await expect(page.locator(".mine", has_text=receipt["number"])).to_be_visible()
    await watched.check_access()


async def test_me_too_by_keyboard_joins_the_case(open_page: Opener, platform: Running) -> None:
    lon, lat = 121.4403, 31.1952
    known = platform.settled(platform.report("路灯不亮，整条街很黑", lon=lon, lat=lat))
    watched = await open_page(PHONE, "en")
    await watched.context.grant_permissions(["geolocation"])
    await watched.context.set_geolocation({"longitude": lon, "latitude": lat})
    page = await watched.open("/")
    await watched.press_to(".where .ways button")
    await page.keyboard.press("Enter")
    await expect(page.locator(".where .found")).to_contain_text("from this device")
    await page.locator(".similar li").first.wait_for()
    await watched.press_to(".similar li button")
    await page.keyboard.press("Enter")
    await expect(page.locator(".joined")).to_contain_text(known["case"]["number"])
    await watched.press_to("#send")
    await page.keyboard.press("Enter")
    found = platform.settled(await _receipt(page))
    assert found["state"] == "attached"
    assert found["case"]["number"] == known["case"]["number"]
    assert found["case"]["reports"] == 2


async def test_offline_it_waits_on_the_device_and_goes_out_once(
    open_page: Opener, platform: Running
) -> None:
    watched = await open_page(PHONE, "zh")
    watched.allow("ERR_INTERNET_DISCONNECTED")
    watched.allow("ERR_FAILED")
    page = await watched.open("/")
    await page.wait_for_load_state("networkidle")
    await page.set_input_files("#photos", _photo("a.jpg", colour="green"))
    await _write(page, "人行道地砖松动", "南京东路300号")
    # a draft outlives the page
    await expect(page.locator(".photos img")).to_have_count(1)
    await page.reload()
    await expect(page.locator("#text")).to_have_value("人行道地砖松动")
    await expect(page.locator(".photos img")).to_have_count(1)
    await page.wait_for_load_state("networkidle")
    await watched.context.set_offline(True)
    await page.locator("#send").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("等待发送")
    await watched.check_access()
    await expect(page.locator("header .waits")).to_have_text("1 件待发送")
    # the line comes back, and the first answer is lost on its way
    answers: list[tuple[int, str]] = []

    async def lose_the_first(route: Route) -> None:
        answer = await route.fetch()
        answers.append((answer.status, (await answer.json())["number"]))
        if len(answers) == 1:
            await route.abort()
        else:
            await route.fulfill(response=answer)

    await page.route("**/api/v1/reports", lose_the_first)
    await watched.context.set_offline(False)
    receipt = await _receipt(page)
    assert [status for status, _ in answers] == [201, 200]
    assert {number for _, number in answers} == {receipt["number"]}
    await expect(page.locator("header .waits")).to_have_count(0)
    path = f"/api/v1/receipts/{receipt['number']}"
    kept = platform.client.get(path, params={"token": receipt["token"]}).json()
    assert len(kept["photos"]) == 1


async def test_the_form_opens_without_a_line_and_what_was_written_goes_out_later(
    open_page: Opener, platform: Running
) -> None:
    watched = await open_page(PHONE, "en")
    for part in ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED"):
        watched.allow(part)
    page = await watched.open("/")
    await page.evaluate("navigator.serviceWorker.ready")
    await page.close()
    await watched.context.set_offline(True)
    page = watched.page = await watched.context.new_page()
    await watched.open("/")
    await page.get_by_role("button", name="Another kind").click()
    assert await page.locator("#kind option").count() > 50  # the kinds were kept
    await page.set_input_files("#photos", _photo("a.jpg", colour="teal"))
    await _write(page, "人行道护栏松动", "南京东路310号")
    await page.locator(".who summary").click()
    await page.fill("#phone", "13800009876")
    await page.get_by_label("Do not tell the unit").check()
    await watched.check_access()
    await watched.check_width()
    await page.locator("#send").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("waiting to be sent")
    # also where the page is closed in between, and opened elsewhere in it
    await watched.open("/receipt")
    await expect(page.locator(".said")).to_have_text("人行道护栏松动")
    # of what anybody reported nothing is kept but what the page itself keeps
    kept = await page.evaluate(
        """async () => {
          const names = (await caches.keys()).filter((name) => name.startsWith('public '))
          const keys = async (name) => (await caches.open(name)).keys()
          const all = (await Promise.all(names.map(keys))).flat()
          return all.map((request) => new URL(request.url).pathname)
        }"""
    )
    data = {path for path in kept if path.startswith("/api/")}
    assert data <= {f"/api/v1/{name}" for name in ("terms", "status", "kinds", "places", "areas")}
    assert "/index.html" in kept
    assert not any("maplibre" in path for path in kept)
    async with page.expect_request("**/api/v1/reports") as sent:
        await watched.context.set_offline(False)
    reporter = json.loads((await sent.value).post_data or "")["reporter"]
    assert reporter == {"name": "", "phone": "13800009876", "confidential": True}
    await page.locator(".mine a").first.wait_for()
    await page.locator(".mine a").first.click()
    await expect(page.locator("main .said")).to_have_text("人行道护栏松动")
    # the other faces below the same root are left alone
    await watched.open("/desk")
    await expect(page.locator("#login")).to_be_visible()


async def test_follow_add_prove_rate_and_say_that_it_is_not_fixed(
    open_page: Opener, platform: Running
) -> None:
    receipt = platform.report("道路护栏倒伏，占了半条道", lon=121.47, lat=31.24)
    number = platform.settled(receipt)["case"]["number"]
    watched = await open_page(LAPTOP, "en")
    page = await watched.open("/receipt")
    await page.fill("#number", receipt["number"])
    await page.fill("#token", receipt["token"])
    await page.keyboard.press("Enter")
    await expect(page.locator("[aria-current=step]")).to_contain_text("Being worked on")
    await expect(page.locator("dl")).to_contain_text(number)
    await page.locator('[data-saying="add"]').click()
    await page.locator(".say button.primary").click()
    await expect(page.get_by_role("alert")).to_have_text("This is needed.")
    await page.fill("#say", "It lies on the cycle track now.")
    await page.locator(".say button.primary").click()
    await expect(page.locator(".thanked")).to_have_text("Added.")
    await expect(page.locator(".note")).to_have_text("It lies on the cycle track now.")
    # the proof, and the same with one word changed; the page waits until the record is sealed
    watched.allow("409")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download the proof").click()
    assert (await download.value).suggested_filename == f"{number}.receipt.json"
    await page.locator("[data-check]").click()
    await expect(page.locator('[data-verdict="true"]')).to_contain_text("The record is true")
    await watched.check_access()
    false = json.loads(_record(platform, receipt).text)
    false["events"][0]["statement"]["unit"] = "somebody_else"
    file = FilePayload(
        name="x.json", mimeType="application/json", buffer=json.dumps(false).encode()
    )
    await page.set_input_files(".own input", file)
    await expect(page.locator('[data-verdict="false"]')).to_contain_text("altered")
    # closed: rated once, then not fixed after all
    await _close(platform, number)
    await page.reload()
    await expect(page.locator("[aria-current=step]")).to_have_count(0)
    await page.locator('[data-saying="rate"]').click()
    await page.get_by_label("Not satisfied").check()
    await page.fill("#say", "It fell over again.")
    await watched.check_access()
    await page.locator(".say button.primary").dblclick()
    await expect(page.locator(".thanked")).to_have_text("Thank you for rating.")
    await expect(page.locator('[data-saying="rate"]')).to_have_count(0)
    await page.locator('[data-saying="not-fixed"]').click()
    await page.fill("#say", "It fell over again.")
    await page.locator(".say button.primary").click()
    await expect(page.locator("[aria-current=step]")).to_be_visible()
    assert platform.settled(receipt)["case"]["reopened"] == 1
    # and taken back; a wrong code is refused in words
    await page.locator('[data-saying="withdraw"]').click()
    await page.fill("#say", "I move away.")
    await page.locator(".say button.primary").click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator("[data-saying]")).to_have_count(0)
    watched.allow("404")
    await page.goto(f"{platform.url}/receipt/{receipt['number']}#wrong")
    await expect(page.get_by_role("alert")).to_contain_text("no receipt")


async def test_the_map_and_its_list_the_figures_and_a_town(
    open_page: Opener, platform: Running
) -> None:
    texts = ("公共厕所脏乱", "路面坑洼积水")
    found = [platform.settled(platform.report(text, lon=121.4884, lat=31.2281)) for text in texts]
    numbers = [row["case"]["number"] for row in found]
    for language, size in (("zh", PHONE), ("en", LAPTOP)):
        watched = await open_page(size, language)
        page = await watched.open("/city")
        await page.locator("canvas.maplibregl-canvas").wait_for()
        await page.locator(f'a[href="/cases/{numbers[0]}"]').wait_for()
        await watched.check_access()
        await page.select_option("#district", "310101")
        await expect(page.locator("#town")).to_be_enabled()
        kind = platform.client.get(f"/api/v1/public/cases/{numbers[0]}").json()["kind"]
        await page.select_option("#kind", kind)
        await expect(page.locator(f'a[href="/cases/{numbers[1]}"]')).to_have_count(0)
        await page.get_by_role("checkbox").check()
        await expect(page.locator(".list p.sheet")).to_be_visible()
        await page.get_by_role("checkbox").uncheck()
        await page.locator(f'a[href="/cases/{numbers[0]}"]').click()
        await expect(page.locator(".steps li").first).to_be_visible()
        await watched.check_access()
        await _at_every_size(watched)
        await page.goto(f"{platform.url}/places")
        await page.locator("tbody tr").first.wait_for()
        await page.locator("thead th:first-child button").click()
        ascending = page.locator("thead th:first-child")
        await expect(ascending).to_have_attribute("aria-sort", "ascending")
        await watched.check_access()
        await _at_every_size(watched)
        await page.goto(f"{platform.url}/places/310101")
        await page.locator(".bars").wait_for()
        await page.locator(".bars summary").click()
        await watched.check_access()
        await _at_every_size(watched)


async def _at_every_size(watched: Watched) -> None:
    before: Any = watched.page.viewport_size
    for width, height in SIZES:
        await watched.page.set_viewport_size({"width": width, "height": height})
        await watched.check_width()
    await watched.page.set_viewport_size(before)


async def test_what_attackers_write_is_shown_as_text(open_page: Opener, platform: Running) -> None:
    watched = await open_page(LAPTOP, "en")
    for status in ("404", "422"):
        watched.allow(status)
    page = await watched.open("/")
    page.on("dialog", lambda dialog: watched.wrong.append(f"dialog: {dialog.message}"))
    await _write(page, ATTACK, ATTACK)
    await page.locator(".who summary").click()
    await page.fill("#name", ATTACK)
    await page.fill("#phone", "<b>1")
    await page.locator("#send").click()
    receipt = await _receipt(page)
    await page.locator(".receipt a.primary").click()
    await expect(page.locator(".said")).to_have_text(ATTACK)
    await page.locator('[data-saying="add"]').click()
    await page.fill("#say", ATTACK)
    await page.locator(".say button.primary").click()
    await expect(page.locator(".note")).to_have_text(ATTACK)
    await page.locator('[data-saying="withdraw"]').click()
    await page.fill("#say", ATTACK)
    await page.locator(".say button.primary").click()
    await expect(page.locator(".thanked")).to_have_text("Taken back.")
    await page.goto(f"{platform.url}/receipt")
    await expect(page.locator(".mine", has_text=receipt["number"])).to_contain_text("<script>")
    quoted = "%3Cscript%3Ewindow.broken=1%3C%2Fscript%3E"
    for path in (
        f"/receipt/{quoted}#{quoted}",
        f"/cases/{quoted}",
        f"/places/{quoted}",
        f"/city?kind={quoted}&place={quoted}&state={quoted}",
        f"/places?district={quoted}&level={quoted}",
        f"/{quoted}",
    ):
        await page.goto(platform.url + path)
        await page.locator("h1").first.wait_for()
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate("window.broken") is None, path
        assert not await page.locator("main script, main img[src=x]").count(), path

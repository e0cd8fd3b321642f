"""The field on a phone: with a line, without one, with one that breaks, and with two phones."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, Geolocation, Page, expect

from tests.browser.line import Line, laid
from tests.browser.page import AXE, PHONE, SIZES, Watched, watched
from tests.browser.platform import WANTED, Account, Running

HERE = Geolocation(longitude=121.4901, latitude=31.2149, accuracy=8)
# far enough from each other to be things of their own, all of them the handler's
SPOTS = iter(
    [
        *((121.488, 31.2105), (121.484, 31.215), (121.478, 31.236), (121.478, 31.225)),
        *((121.488, 31.226), (121.484, 31.206), (121.494, 31.206)),
    ]
)
WORDS = "已清理并撒沙 <b>完</b>"


def _photo(colour: str) -> FilePayload:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return FilePayload(name=f"{colour}.jpg", mimeType="image/jpeg", buffer=out.getvalue())


def _large_photo() -> FilePayload:
    """What a camera of 12 megapixels makes of something, held upright: it knows when and where."""
    block = Image.Exif()
    block[0x0112] = 6
    taken, gps = block.get_ifd(0x8769), block.get_ifd(0x8825)
    taken[0x9003], taken[0x9011] = "2024:05:06 07:08:09", "+08:00"
    gps.update({1: "N", 2: (31.0, 12.0, 36.0), 3: "E", 4: (121.0, 29.0, 24.0)})
    out = io.BytesIO()
    street = Image.effect_noise((1000, 750), 60).convert("RGB").resize((4000, 3000))
    street.save(out, "JPEG", quality=95, exif=block)
    return FilePayload(name="large.jpg", mimeType="image/jpeg", buffer=out.getvalue())


@pytest.fixture
async def line(platform: Running) -> AsyncIterator[Line]:
    """A line of the test's own."""
    async with laid(platform.url) as found:
        yield found


@asynccontextmanager
async def _phone(browser: Browser, origin: str, language: str = "zh") -> AsyncIterator[Watched]:
    async with watched(browser, origin, PHONE, language) as found:
        await found.context.grant_permissions(["geolocation"], origin=origin)
        await found.context.set_geolocation(HERE)
        # what the tests do to the line
        found.allow("ERR_INTERNET_DISCONNECTED")
        found.allow("ERR_FAILED")
        found.allow("502")
        found.allow("412")
        found.allow("409")
        yield found


async def _order(platform: Running, text: str, **more: Any) -> int:
    """A new order of the handler's unit, for a thing of its own."""
    if "lon" not in more:
        more["lon"], more["lat"] = next(SPOTS)
    found = platform.settled(platform.report(text, **more))
    rows = await _rows(
        platform,
        "select o.id from orders o join cases c on c.id = o.case_id where c.number = $1"
        " and o.unit = $2 and o.state = 'issued'",
        *(found["case"]["number"], WANTED["handler"]),
    )
    assert len(rows) == 1, found
    return int(rows[0]["id"])


async def _sign_in(phone: Watched, who: Account, path: str, language: str = "zh") -> Page:
    """Signed in, in a language: the account remembers the last one."""
    page = await phone.sign_in(who, path)
    if await page.locator("html").get_attribute("lang") != language:
        await page.locator(f"header button[lang={language}]").click()
    await expect(page.locator("html")).to_have_attribute("lang", language)
    return page


async def _rows(platform: Running, sql: str, *args: Any) -> list[Any]:
    conn = await asyncpg.connect(platform.home.owner_url())
    try:
        return list(await conn.fetch(sql, *args))
    finally:
        await conn.close()


async def _done(platform: Running, order: int) -> list[str]:
    """What was done to an order, in its order."""
    rows = await _rows(
        platform,
        "select action from events where matter = 'order' and matter_id = $1 order by id",
        order,
    )
    return [row["action"].removeprefix("order.") for row in rows]


def _api(url: str, who: Account) -> httpx.Client:
    """Another device of somebody, without a face."""
    client = httpx.Client(base_url=f"{url}/api/v1", timeout=30)
    signed = client.post("/session", json={"login": who.login, "password": who.password})
    signed.raise_for_status()
    client.headers["X-CSRF-Token"] = signed.json()["me"]["csrf"]
    return client


async def _ready(page: Page) -> None:
    """The app opens without a line by now, and knows who it is for."""
    await page.evaluate(
        """async () => {
          await navigator.serviceWorker.ready
          for (;;) {
            const data = await caches.open('field data')
            const names = ['session', 'terms', 'status', 'lifecycles', 'areas']
            const there = await Promise.all(names.map((n) => data.match(`/api/v1/${n}`)))
            if (navigator.serviceWorker.controller && there.every(Boolean)) return
            await new Promise((go) => setTimeout(go, 50))
          }
        }"""
    )


async def _outlines_are_drawn(page: Page) -> None:
    """The map shows the districts, given by the service worker, and not bare paper."""
    kept = await page.evaluate(
        "fetch('/api/v1/areas').then(async (a) =>"
        " [a.headers.has('yiwang-kept'), (await a.json()).features.length])"
    )
    assert kept == [True, 16]
    ground = await page.evaluate(
        """() => {
          const pen = document.createElement('canvas').getContext('2d')
          pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--surface')
          pen.fillRect(0, 0, 1, 1)
          return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3)
        }"""
    )
    canvas = page.locator(".city-map canvas")
    await canvas.wait_for()
    for _ in range(100):
        with Image.open(io.BytesIO(await canvas.screenshot())) as picture:
            most = Counter(picture.convert("RGB").get_flattened_data()).most_common(1)
        if most and most[0][0] == tuple(ground):
            return
    raise AssertionError("the districts were not drawn")


async def _finish(page: Page, words: str) -> None:
    await page.locator("[data-action=finish]").click()
    await page.locator("form input[type=file]").set_input_files(_photo("blue"))
    await page.locator("form .photos img").wait_for()
    await page.locator("form textarea").first.fill(words)
    await page.locator("form .primary").click()
    await expect(page.locator("form")).to_have_count(0)


async def test_a_task_from_the_list_to_its_end(browser: Browser, platform: Running) -> None:
    order = await _order(platform, "路面塌陷有大坑，需要抢修")
    async with _phone(browser, platform.url) as phone:
        page = await _sign_in(phone, platform.people["handler"], "/field")
        card = page.locator(f'a[href="/field/orders/{order}"]')
        await expect(card).to_contain_text("m")  # how far it is
        await page.get_by_role("button", name="地图").click()
        await page.locator(".city-map canvas").wait_for()
        await phone.check_access()
        await page.get_by_role("button", name="列表").click()
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await phone.check_width()
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await card.click()
        await page.locator("summary", has_text="导航").click()
        for maps in ("geo:31.2105", "uri.amap.com", "maps.apple.com", "www.google.com/maps"):
            await expect(page.locator(f'.way a[href*="{maps}"]')).to_be_visible()
        await page.locator("[data-action=accept]").dblclick()
        await page.locator("[data-action=contact]").click()
        await page.locator("form textarea").fill("已电话联系反映人")
        await page.locator("form .primary").click()
        await page.locator("main > div > section input[type=file]").set_input_files(_photo("red"))
        await page.get_by_role("button", name="发送这些照片").click()
        await page.locator("[data-action=finish]").click()
        await phone.check_access()
        await phone.check_width()
        await page.locator("form .plain").click()
        await _finish(page, WORDS)
        await page.locator("nav a", has_text="发送箱").click()
        await expect(page.locator("main")).to_contain_text("已全部送达")
        await expect(page.locator(".entry.done")).to_have_count(4)
        await expect(page.locator(".told", has_text=WORDS)).to_be_visible()
        await phone.check_access()
    assert await _done(platform, order) == ["issue", "accept", "contact", "finish"]
    photos = await _rows(
        platform,
        "select role, lon, lat, taken_at from attachments where order_id = $1 order by id",
        order,
    )
    assert [row["role"] for row in photos] == ["before", "after"]
    assert all((row["lon"], row["lat"]) == (121.4901, 31.2149) for row in photos)
    assert all(row["taken_at"] is not None for row in photos)


async def test_by_keyboard_alone_the_reporter_is_called_and_the_work_done(
    browser: Browser, platform: Running
) -> None:
    reporter = {"name": "Wang <i>", "phone": "+86 138 0000 1234"}
    order = await _order(platform, "路面塌陷有大坑，商场门口", reporter=reporter)
    large = _large_photo()
    async with _phone(browser, platform.url, "en") as phone:
        page = await _sign_in(phone, platform.people["handler"], "/field", "en")

        async def press(selector: str) -> None:
            await page.locator(selector).first.wait_for(state="attached")
            await phone.press_to(selector)
            await page.keyboard.press("Enter")

        async def take(selector: str, photo: FilePayload) -> None:
            async with page.expect_file_chooser() as chooser:
                await press(selector)
            await (await chooser.value).set_files(photo)

        await press(f'a[href="/field/orders/{order}"]')
        await expect(page.locator(".reporter")).not_to_contain_text("138")
        await press(".reporter button")
        shown = page.locator(".reporter section")
        await expect(shown).to_be_focused()
        await expect(shown).to_contain_text("Wang <i>")
        await expect(shown.locator('a[href="tel:+8613800001234"]')).to_be_visible()
        await phone.check_access()
        await phone.check_width()
        await press("[data-action=accept]")
        await press("[data-action=contact]")
        await phone.press_to("form textarea")
        await page.keyboard.type("Called, will wait at the gate")
        await press("form .primary")
        await expect(page.locator("form")).to_have_count(0)
        await take("main > div > section input[type=file]", large)
        await press("main > div > section:last-of-type > button")
        await press("[data-action=finish]")
        await take("form input[type=file]", _photo("yellow"))
        await page.locator("form .photos img").wait_for()
        await phone.press_to("form textarea")
        await page.keyboard.type(WORDS)
        await press("form .primary")
        await press('nav a[href="/field/outbox"]')
        await expect(page.locator(".entry.done")).to_have_count(4)
        # nothing of it stayed on the phone
        kept = await page.evaluate(
            """async () => {
              const db = await new Promise((go) => {
                const asked = indexedDB.open('yiwang.field')
                asked.onsuccess = () => go(asked.result)
              })
              const all = (name) => new Promise((go) => {
                const asked = db.transaction(name).objectStore(name).getAll()
                asked.onsuccess = () => go(asked.result)
              })
              const rows = await Promise.all([...db.objectStoreNames].map(all))
              db.close()
              return JSON.stringify([rows, {...localStorage}])
            }"""
        )
        assert "0000 1234" not in kept
    assert await _done(platform, order) == [
        *("issue", "reporter.look_up", "accept", "contact", "finish")
    ]
    first, _ = await _rows(
        platform,
        "select width, height, size, lon, lat, taken_at from attachments where order_id = $1"
        " order by id",
        order,
    )
    # smaller, upright, and still of where and when it was taken
    assert (first["width"], first["height"]) == (1920, 2560)
    assert first["size"] < len(large["buffer"]) / 2
    assert (round(first["lon"], 4), round(first["lat"], 4)) == (121.49, 31.21)
    assert first["taken_at"] == datetime(2024, 5, 5, 23, 8, 9, tzinfo=UTC)


async def _waits(platform: Running, matter: str, case: int) -> int:
    """The matter of a case that waits, as soon as there is one."""
    waiting = {"orders": "state = 'issued' and role = 'lead'", "checks": "state = 'arranged'"}
    end = time.monotonic() + 60
    while time.monotonic() < end:
        rows = await _rows(
            platform,
            f"select id from {matter} where case_id = $1 and {waiting[matter]}",
            case,
        )
        if rows:
            return int(rows[0]["id"])
    raise AssertionError(f"none of the {matter} of case {case} waits")


async def _handled(platform: Running, case: int, result: str) -> int:
    """The order in hand accepted and finished on another device; the check that waits then."""
    order = await _waits(platform, "orders", case)
    with closing(_api(platform.url, platform.people["handler"])) as other:
        for action, facts in (("accept", {}), ("finish", {"result": result})):
            done = other.post(f"/orders/{order}/actions/{action}", json={"facts": facts})
            assert done.status_code == 200, done.text
    return await _waits(platform, "checks", case)


async def test_checks_on_the_spot_with_a_line_and_without(
    browser: Browser, platform: Running
) -> None:
    station = WANTED["checker"]
    grids = platform.client.get(
        "/api/v1/areas", params={"parent": "310101019", "level": "grid"}
    ).json()
    here = next(
        one["properties"]
        for one in grids["features"]
        if station.startswith(one["properties"]["code"])
    )
    order = await _order(platform, "路面塌陷有大坑，弄堂口", lon=here["lon"], lat=here["lat"])
    case = (await _rows(platform, "select case_id from orders where id = $1", order))[0]["case_id"]
    first = await _handled(platform, case, "已填平一半")
    who = platform.people["checker"]
    person = (await _rows(platform, "select id from persons where login = $1", who.login))[0]["id"]
    with closing(_api(platform.url, who)) as other:
        given = other.post(f"/checks/{first}/actions/assign", json={"facts": {"person": person}})
        assert given.status_code == 200, given.text
    async with _phone(browser, platform.url) as phone:
        page = await _sign_in(phone, who, "/field")
        card = page.locator(f'a[href="/field/checks/{first}"]')
        await expect(card).to_contain_text("指派给我")
        await card.click()
        await expect(page.locator(".done")).to_contain_text("已填平一半")
        await phone.check_access()
        await phone.check_width()
        await page.locator("[data-action=fail]").click()
        await page.locator("form .primary").click()
        await expect(page.locator("form .fault", has_text="此项必填")).to_be_visible()
        await page.locator("form input[type=file]").set_input_files(_photo("black"))
        await page.locator("form .photos img").wait_for()
        await page.locator("form textarea").first.fill("还有一半未填")
        await phone.check_access()
        await page.locator("form .primary").click()
        await page.locator("nav a", has_text="发送箱").click()
        await expect(page.locator(".entry.done")).to_have_count(1)
        second = await _handled(platform, case, "已全部填平")
        assert second != first
        await page.locator("nav a", has_text="任务").click()
        await page.get_by_role("button", name="刷新").click()
        await page.locator(f'a[href="/field/checks/{second}"]').click()
        await expect(page.locator(".done")).to_contain_text("已全部填平")
        await _ready(page)
        await phone.context.set_offline(True)
        await page.goto(f"{platform.url}/field/checks/{second}")
        await expect(page.locator(".done")).to_contain_text("已全部填平")
        await page.locator("[data-action=pass]").click()
        await page.locator("form input[type=file]").set_input_files(_photo("white"))
        await page.locator("form .photos img").wait_for()
        await page.locator("form .primary").click()
        await expect(page.locator("form")).to_have_count(0)
        await page.locator("nav a", has_text="发送箱").click()
        await expect(page.locator(".entry:not(.done)")).to_have_count(1)
        await phone.context.set_offline(False)
        await expect(page.locator(".entry.done")).to_have_count(2)
    rows = await _rows(
        platform,
        "select c.state, c.result, a.lon, a.lat, c.evidence = array[a.id] as proved"
        " from checks c join attachments a on a.check_id = c.id where c.case_id = $1 order by c.id",
        case,
    )
    assert [(row["state"], row["result"], row["proved"]) for row in rows] == [
        ("failed", "还有一半未填", True),
        ("passed", None, True),
    ]
    assert all((row["lon"], row["lat"]) == (121.4901, 31.2149) for row in rows)


async def test_work_goes_on_without_a_line_and_outlives_the_app(
    browser: Browser, platform: Running
) -> None:
    order = await _order(platform, "路面塌陷有大坑，雨后积水")
    async with _phone(browser, platform.url, "en") as phone:
        page = await _sign_in(phone, platform.people["handler"], "/field", "en")
        await page.locator(f'a[href="/field/orders/{order}"]').click()
        await page.locator("[data-action=accept]").wait_for()
        await _ready(page)
        await phone.context.set_offline(True)
        await page.goto(f"{platform.url}/field")  # the app itself opens without a line
        await expect(page.locator(".stale")).to_contain_text("Kept on this phone")
        await page.get_by_role("button", name="Map").click()
        await _outlines_are_drawn(page)
        await page.get_by_role("button", name="List").click()
        await page.locator(f'a[href="/field/orders/{order}"]').click()
        await page.locator("[data-action=accept]").click()
        await _finish(page, WORDS)
        await expect(page.locator(".entry")).to_have_count(2)
        await phone.check_access()
        await page.close()
        phone.page = page = await phone.context.new_page()
        await page.goto(f"{platform.url}/field/outbox")
        await expect(page.locator(".entry .mark")).to_have_count(2)
        await expect(page.locator(".entry", has_text="waits for the one before")).to_have_count(1)
        await page.locator("nav a", has_text="Tasks").click()
        await expect(page.locator(f'a[href="/field/orders/{order}"]')).to_have_count(0)
        assert await _done(platform, order) == ["issue"]
        await phone.context.set_offline(False)
        await page.locator("nav a", has_text="Outbox").click()
        await expect(page.locator(".entry.done")).to_have_count(2)
    assert await _done(platform, order) == ["issue", "accept", "finish"]


async def test_an_answer_that_never_came_is_asked_for_again_and_done_once(
    browser: Browser, platform: Running, line: Line
) -> None:
    order = await _order(platform, "路面塌陷有大坑，路灯下")
    async with _phone(browser, line.url) as phone:
        page = await _sign_in(phone, platform.people["handler"], "/field")
        await page.locator(f'a[href="/field/orders/{order}"]').click()
        line.lose("/actions/accept")
        await page.locator("[data-action=accept]").click()
        await page.locator("[data-action=finish]").wait_for()
        await page.locator("nav a", has_text="发送箱").click()
        await page.get_by_role("button", name="立即发送").click()
        await expect(page.locator(".entry.done")).to_have_count(1)
        # the app is killed while the answer is on its way
        await page.goto(f"{line.url}/field/orders/{order}")
        answered = line.hold("/actions/finish")
        await _finish(page, WORDS)
        await answered.wait()
        await page.close()
        line.let_go()
        phone.page = page = await phone.context.new_page()
        await page.goto(f"{line.url}/field/outbox")
        await expect(page.locator(".entry.done")).to_have_count(2)
        await expect(page.locator("main")).to_contain_text("已全部送达")
    sent = [row for row in line.seen if "/actions/" in row]
    assert [row.rpartition("/")[2] for row in sent] == ["accept", "accept", "finish", "finish"]
    assert await _done(platform, order) == ["issue", "accept", "finish"]
    rows = await _rows(platform, "select id from attachments where order_id = $1", order)
    assert len(rows) == 1


async def test_two_devices_on_one_task_are_told_and_lose_nothing(
    browser: Browser, platform: Running
) -> None:
    order = await _order(platform, "路面塌陷有大坑，学校门口")
    who = platform.people["handler"]
    async with _phone(browser, platform.url) as phone:
        page = await _sign_in(phone, who, "/field")
        await page.locator(f'a[href="/field/orders/{order}"]').click()
        await page.locator("[data-action=accept]").wait_for()
        await phone.context.set_offline(True)
        await page.locator("[data-action=accept]").click()
        await _finish(page, WORDS)
        with closing(_api(platform.url, who)) as other:
            taken = other.post(f"/orders/{order}/actions/accept", json={"version": 1})
            assert taken.status_code == 200, taken.text
        await phone.context.set_offline(False)
        refused = page.locator(".entry.refused")
        await expect(refused).to_contain_text("期间情况已变化，目前状态")
        await expect(refused.get_by_role("alert")).to_be_visible()
        await expect(page.locator(".entry", has_text=WORDS)).to_be_visible()
        await phone.check_access()
        await phone.check_width()
        # it is accepted already: that step is left out, the next one goes as it is
        await refused.get_by_role("button", name="不再发送").click()
        await refused.get_by_role("button", name="确认删除").click()
        await page.locator("nav a", has_text="发送箱").click()
        await expect(page.locator(".entry.done")).to_have_count(1)
    assert await _done(platform, order) == ["issue", "accept", "finish"]
    result = await _rows(platform, "select result from orders where id = $1", order)
    assert result[0]["result"] == WORDS


async def test_what_was_refused_comes_back_into_its_form(
    browser: Browser, platform: Running
) -> None:
    order = await _order(platform, "路面塌陷有大坑，桥下")
    who = platform.people["handler"]
    async with _phone(browser, platform.url) as phone:
        page = await _sign_in(phone, who, "/field")
        await page.goto(f"{platform.url}/field/orders/{order}")
        await page.locator("[data-action=accept]").click()
        await page.locator("[data-action=finish]").wait_for()
        await expect(page.locator(".entry")).to_have_count(0)
        await phone.context.set_offline(True)
        await _finish(page, WORDS)
        with closing(_api(platform.url, who)) as other:
            noted = other.post(
                f"/orders/{order}/actions/contact", json={"facts": {"note": "已联系"}}
            )
            assert noted.status_code == 200, noted.text
        await phone.context.set_offline(False)
        await page.locator(".entry.refused").get_by_role("button", name="查看并修改").click()
        await expect(page.locator("form textarea").first).to_have_value(WORDS)
        await expect(page.locator("form .photos img")).to_have_count(1)
        await page.locator("form textarea").first.fill(f"{WORDS}。")
        await page.locator("form .primary").click()
        await page.locator("nav a", has_text="发送箱").click()
        await expect(page.locator("main")).to_contain_text("已全部送达")
    assert await _done(platform, order) == ["issue", "accept", "contact", "finish"]


async def test_a_find_is_filed_as_fixed_with_its_photos(
    browser: Browser, platform: Running
) -> None:
    async with _phone(browser, platform.url) as phone:
        page = await _sign_in(phone, platform.people["collector"], "/field/new")
        await page.locator("input[type=file]").set_input_files(_photo("green"))
        await page.locator("form .primary").click()
        await expect(page.locator(".fault", has_text="请简要说明情况")).to_be_visible()
        await page.fill("#text", "<img src=x onerror=alert(1)> 人行道上暴露垃圾")
        await page.locator("[role=group] button").first.click()  # a suggested kind
        await page.get_by_label("已自行处置").check()
        await phone.check_access()
        await phone.check_width()
        await page.reload()  # nothing typed is lost
        await expect(page.locator("#text")).to_have_value(re.compile("暴露垃圾"))
        await page.locator("form .primary").click()
        entry = page.locator(".entry.done")
        await expect(entry).to_contain_text("<img src=x")
        number = await entry.locator("p .figure").inner_text()
    rows = await _rows(
        platform,
        "select c.on_the_spot, a.role from cases c join attachments a on a.case_id = c.id"
        " where c.number = $1",
        number.strip(" ·"),
    )
    assert [(row["on_the_spot"], row["role"]) for row in rows] == [(True, "near")]


async def test_a_newer_app_comes_as_a_whole_and_only_when_it_is_asked_for(
    browser: Browser, platform: Running, line: Line
) -> None:
    async with _phone(browser, line.url, "en") as phone:
        page = await _sign_in(phone, platform.people["handler"], "/field", "en")
        await _ready(page)
        before = await page.evaluate("caches.keys()")
        line.release = "next-"
        await page.evaluate("navigator.serviceWorker.getRegistration().then(r => r.update())")
        await expect(page.get_by_text("A newer version of this app is ready.")).to_be_visible()
        assert await page.evaluate("caches.keys().then(k => k.length)") == len(before) + 1
        async with page.expect_navigation():
            await page.get_by_role("button", name="Use it now").click()
        await page.locator("header .who").wait_for()
        kept = await page.evaluate("caches.keys()")
        assert len(kept) == 2
        assert any(name.startswith("field next-") for name in kept)


async def test_the_app_is_light_and_readable_in_the_sun(
    browser: Browser, platform: Running
) -> None:
    assets = Path(AXE).parents[2] / "dist" / "assets"
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(_phone(browser, platform.url))
        page = await _sign_in(phone, platform.people["handler"], "/field")
        await page.locator("main h1").wait_for()
        loaded = await page.evaluate(
            "performance.getEntriesByType('resource').map(r => r.name)"
            ".filter(n => n.endsWith('.js') && n.includes('/assets/'))"
        )
        first = {name.rpartition("/")[2] for name in loaded}
        # the service worker brings the map and the rest beside; the page itself asks for these
        named = set(re.findall(r"[\w.-]+\.js", (assets.parent / "field/index.html").read_text()))
        size = sum(
            (assets / f"{name}.gz").stat().st_size
            for name in named & first
            if (assets / f"{name}.gz").exists()
        )
        assert 0 < size < 120_000, size
        await page.goto(f"{platform.url}/field/account")
        await page.get_by_label("强光（最高对比度）").check()
        await expect(page.locator("html")).to_have_attribute("data-theme", "sun")
        await page.goto(f"{platform.url}/field")
        await expect(page.locator("html")).to_have_attribute("data-theme", "sun")
        await page.locator("main h1").wait_for()
        await phone.check_access()
        small = await page.evaluate(
            "[...document.querySelectorAll('main button, main a, nav a')]"
            ".filter(e => e.getBoundingClientRect().height < 44 && e.offsetParent)"
            ".map(e => e.outerHTML)"
        )
        assert small == []

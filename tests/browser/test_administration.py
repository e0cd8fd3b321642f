"""The administration: the city's data and people revised by two persons, keys, one's account."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
from playwright.async_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.page import LAPTOP, PHONE, SIZES, Watched
from tests.browser.platform import NEWCOMER, Running

SAID = "临时放假 <i>x</i>"


async def _check(watched: Watched) -> None:
    await watched.check_access()
    for width, height in SIZES:
        await watched.page.set_viewport_size({"width": width, "height": height})
        await watched.check_width()
    await watched.page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})


async def _press(watched: Watched, selector: str, key: str = "Enter") -> None:
    """Go to what the selector names by keyboard, and press it."""
    await watched.page.locator(selector).first.wait_for()
    await watched.press_to(selector, most=120)
    await watched.page.keyboard.press(key)


async def _type(watched: Watched, selector: str, text: str) -> None:
    """Go to a field by keyboard and write in it."""
    await watched.page.locator(selector).first.wait_for()
    await watched.press_to(selector, most=120)
    await watched.page.keyboard.press("Control+A")
    await watched.page.keyboard.type(text)


async def _choose(page: Page, text: str) -> None:
    """In the choice field that has the focus: type, and take the first that fits."""
    await page.keyboard.type(text)
    await page.locator("[role=option][aria-selected=true]", has_text=text).wait_for()
    await page.keyboard.press("Enter")


async def _send_draft(watched: Watched, title: str) -> str:
    """By keyboard: name the draft, save and submit it; its page's address."""
    page = watched.page
    today = datetime.now(UTC) + timedelta(hours=8)
    await _type(watched, "#title", title)
    await _type(watched, "#reason", "for a test")
    # Chromium takes a day by its parts, in the order of the page's locale
    await page.fill("#effective", today.date().isoformat())
    await _press(watched, "form .primary")
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    await _press(watched, "[data-action=submit]")
    await _press(watched, "form .primary")
    await page.locator("[data-action=withdraw]").wait_for()
    return page.url


async def _approve(watched: Watched, url: str) -> None:
    """By keyboard: the second person approves."""
    await watched.page.goto(url)
    await _press(watched, "[data-action=approve]")
    await _press(watched, "form .primary")
    await watched.page.locator("[data-action=approve]").wait_for(state="detached")


async def test_a_day_of_the_calendar_is_revised_by_two_persons(
    open_page: Opener, platform: Running
) -> None:
    later = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    first = await open_page()
    page = await first.sign_in(platform.people["sysadmin"], "/administration/data")
    await _check(first)
    await page.get_by_role("link", name="工作日历").click()
    await page.get_by_role("link", name="新增").click()
    await page.get_by_label("日期").fill("2027-12-30")
    await page.get_by_label("类别").select_option(label="放假")
    await page.get_by_label("中文").fill(SAID)
    await page.get_by_label("英文").fill("Special holiday")
    await first.check_access()
    await page.get_by_role("button", name="加入草稿").click()
    await expect(page.get_by_role("button", name="保存草稿")).to_be_visible()
    await page.reload()  # a draft outlives the page
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_role("alert")).to_contain_text("均为必填")
    await page.fill("#title", "年末临时放假")
    await page.fill("#reason", "市政府通知")
    await page.fill("#effective", later)
    await _check(first)
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("年末临时放假")
    await expect(page.get_by_text("校验通过")).to_be_visible()
    await expect(page.locator("ins", has_text=SAID)).to_be_visible()
    await expect(page.locator("ins", has_text="放假").first).to_be_visible()
    await expect(page.locator("dt", has_text="在办案件")).to_be_visible()
    await _check(first)
    await page.locator("[data-action=submit]").click()
    await page.locator("form .primary").click()
    await expect(page.locator("[data-action=withdraw]")).to_be_visible()
    # nobody approves their own
    await expect(page.locator("[data-action=approve]")).to_have_count(0)
    path = page.url

    second = await open_page()
    other = await second.sign_in(platform.people["secadmin"], "/administration/revisions")
    await _check(second)
    await other.get_by_role("link", name="年末临时放假").click()
    await other.locator("[data-action=reject]").click()
    await other.locator("form .primary").click()
    await expect(other.locator("form .fault")).to_be_visible()
    await other.locator("[data-action=approve]").click()
    await other.locator("form .primary").click()
    await expect(other.locator(".row > .mark")).to_contain_text("已批准")
    await page.goto(path)
    await expect(page.locator(".row > .mark")).to_contain_text("已批准")
    await expect(page.locator(".steps .past")).to_have_count(3)
    await page.locator("[data-action=withdraw]").click()
    await page.locator("form .primary").click()
    await expect(page.locator(".row > .mark")).to_contain_text("已撤回")


async def test_a_limit_is_revised_by_keyboard_and_comes_in_force(
    open_page: Opener, platform: Running
) -> None:
    first = await open_page(LAPTOP, "en")
    page = await first.sign_in(platform.people["sysadmin"], "/administration/data/limits")
    await _type(first, "#q", "Exposed refuse")
    await expect(page.locator("tbody th").first).to_contain_text("Exposed refuse")
    await _check(first)
    await _press(first, "tbody a")
    await _press(first, "[data-do=copy]")
    await first.check_access()
    # a rule of its own for one district, chosen by its name
    await page.locator("form").get_by_label("Place").focus()
    await page.keyboard.press("Control+A")
    await _choose(page, "Huangpu District")
    await expect(page.locator("form").get_by_label("Place")).to_have_value("Huangpu District")
    await page.locator("form").get_by_label("Amount").focus()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("5")
    await _press(first, "form .primary")
    url = await _send_draft(first, "A limit for Huangpu")
    await expect(page.locator("ins", has_text="Huangpu District")).to_be_visible()
    await _check(first)

    second = await open_page(LAPTOP, "en")
    await second.sign_in(platform.people["secadmin"], "/administration/revisions")
    await _approve(second, url)
    # the page of the first says so of its own accord
    await expect(page.locator(".steps .past")).to_have_count(4, timeout=60_000)
    await expect(page.locator("[data-action=reversal]")).to_be_visible()
    await page.get_by_role("link", name="Exposed refuse").click()
    await expect(page.get_by_role("link", name="A limit for Huangpu")).to_be_visible()
    await _check(first)


async def test_somebody_is_added_appointed_by_two_and_ended_by_keyboard(
    open_page: Opener, platform: Running
) -> None:
    watched = await open_page(LAPTOP, "en")
    page = await watched.sign_in(platform.people["sysadmin"], "/administration")
    await _check(watched)
    await _press(watched, "[data-do=add]")
    await expect(page.locator("#new-login")).to_be_focused()
    await page.keyboard.type("li.na")
    await _type(watched, "#new-name", "李娜")
    await page.keyboard.press("Tab")
    await _choose(page, "310101_construction.handler")
    await _press(watched, "form .primary")
    await expect(page.locator(".issued dd").first).not_to_be_empty()
    await expect(page.locator(".issued svg")).to_be_visible()
    await watched.check_access()
    await _type(watched, "#search", "li.na")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody td").nth(1)).to_contain_text("Huangpu")
    await _press(watched, "tbody a")
    await page.locator("form [role=combobox]").wait_for()
    await watched.press_to("form [role=combobox]")
    await _choose(page, "310101_water.handler")
    await _press(watched, "form .button:not([role])")
    url = await _send_draft(watched, "Li Na also for water")
    await expect(page.locator("ins", has_text="li.na")).to_be_visible()

    second = await open_page(LAPTOP, "en")
    await second.sign_in(platform.people["secadmin"], "/administration/revisions")
    await _approve(second, url)
    await expect(page.locator(".steps .past")).to_have_count(4, timeout=60_000)
    await page.goto(f"{platform.url}/administration?q=li.na")
    await page.get_by_role("link", name="li.na").click()
    await expect(page.locator(".held li")).to_have_count(2)
    await expect(page.locator(".past li").first).to_contain_text("Appointed")
    await _check(watched)
    await _press(watched, "[data-do=end]")
    await expect(page.locator(".held li")).to_have_count(1)
    await page.locator("[data-do=close]").dblclick()
    await expect(page.locator(".mark.ok")).to_be_visible()
    await _press(watched, "[data-do=sure]")
    await expect(page.locator(".mark.alarm")).to_have_text("closed")


async def test_a_key_is_made_opens_what_it_may_and_is_ended(
    open_page: Opener, platform: Running
) -> None:
    watched = await open_page(PHONE)
    page = await watched.sign_in(platform.people["sysadmin"], "/administration/keys")
    await page.locator("tbody tr").first.wait_for()
    await _press(watched, "[data-do=add]")
    await expect(page.locator("#key-name")).to_be_focused()
    await page.keyboard.type("排水监测 <b>x</b>")
    await _type(watched, "#key-system", "drain")
    await watched.press_to("#key-place")
    await page.keyboard.press("Control+A")
    await _choose(page, "黄浦区")
    await page.fill("#key-until", "2030-01-01")
    await _press(watched, "form .primary")
    await expect(page.get_by_role("alert")).to_be_visible()
    await _press(watched, "input[value='cases:read']", "Space")
    await _check(watched)
    await _press(watched, "form .primary")
    token = (await page.locator(".token").text_content() or "").strip()
    headers = {"X-API-Key": token}
    async with httpx.AsyncClient(base_url=platform.url) as client:
        assert (await client.get("/api/v1/cases", headers=headers)).status_code == 200
        assert (await client.get("/api/v1/reports", headers=headers)).status_code == 403
        row = page.locator("tbody tr", has_text="排水监测 <b>x</b>")
        await expect(row).to_contain_text("黄浦区")
        await expect(row).to_contain_text("读取案件")
        await _check(watched)
        await row.locator("[data-do=end]").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-do=sure]")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(row.locator(".mark")).to_have_text("已撤销")
        assert (await client.get("/api/v1/cases", headers=headers)).status_code == 401


async def test_somebody_sets_up_their_second_factor_and_takes_their_theme_along(
    open_page: Opener, platform: Running
) -> None:
    who = platform.people[NEWCOMER]
    watched = await open_page(PHONE)
    watched.allow("403")
    page = await watched.sign_in(who, "/desk")
    await page.goto(f"{platform.url}/desk/account")
    await page.get_by_label("深色").check()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await _press(watched, "[data-do=factor]")
    await expect(page.locator("#factor-password")).to_be_focused()
    await page.keyboard.type("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.fill("#factor-password", who.password)
    await page.keyboard.press("Enter")
    await expect(page.locator("#factor-code")).to_be_focused()
    await expect(page.locator("form svg[role=img]")).to_be_visible()
    await _check(watched)
    totp = pyotp.TOTP((await page.locator(".secret").text_content() or "").replace(" ", ""))
    await page.keyboard.type(totp.now())
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="第二因素已生效")).to_be_visible()
    await watched.check_access()

    other = await open_page(LAPTOP)
    other.allow("401")
    desk = await other.open("/desk")
    await desk.fill("#login", who.login)
    await desk.fill("#password", who.password)
    await desk.keyboard.press("Enter")
    await expect(desk.get_by_role("alert")).to_be_visible()
    await desk.fill("#password", who.password)
    # each code is good once: the next one, which is good already
    await desk.fill("#code", totp.at(int(time.time()) + 30))
    await desk.keyboard.press("Enter")
    await desk.locator("header .who").wait_for()
    await expect(desk.locator("html")).to_have_attribute("data-theme", "dark")

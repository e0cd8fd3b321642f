"""The administration: the city's data revised by two persons, and people with their accounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tests.browser.conftest import Opener
from tests.browser.page import LAPTOP, PHONE, SIZES, Watched
from tests.browser.platform import Running

SAID = "临时放假 <i>x</i>"


async def _check(watched: Watched) -> None:
    await watched.check_access()
    for width, height in SIZES:
        await watched.page.set_viewport_size({"width": width, "height": height})
        await watched.check_width()
    await watched.page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})


async def test_a_day_of_the_calendar_is_revised_by_two_persons(
    open_page: Opener, platform: Running
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    first = await open_page()
    page = await first.sign_in(platform.people["sysadmin"], "/administration/data")
    await _check(first)
    await page.get_by_role("link", name="工作日历").click()
    await page.get_by_role("link", name="新增").click()
    await page.get_by_label("日期").fill("2027-12-30")
    await page.get_by_label("类别").fill("off")
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
    await page.fill("#effective", tomorrow)
    await _check(first)
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("年末临时放假")
    await expect(page.get_by_text("校验通过")).to_be_visible()
    await expect(page.locator("ins", has_text=SAID)).to_be_visible()
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


async def test_somebody_is_added_gets_a_post_and_is_closed(
    open_page: Opener, platform: Running
) -> None:
    watched = await open_page(PHONE)
    page = await watched.sign_in(platform.people["sysadmin"], "/administration")
    await page.get_by_role("button", name="新增人员").first.click()
    await page.fill("#new-login", "li.na")
    await page.fill("#new-name", "李娜")
    await page.get_by_label("岗位").fill("310101_construction.handler")
    await page.get_by_label("岗位").press("Enter")
    await expect(page.locator(".issued dd").first).not_to_be_empty()
    await watched.check_access()
    await watched.check_width()
    await page.fill("#search", "li.na")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="li.na").click()
    await page.get_by_role("combobox").fill("310101_water.handler")
    await page.get_by_role("button", name="任命").click()
    await expect(page.locator(".held li")).to_have_count(2)
    await page.get_by_role("button", name="免职").first.click()
    await expect(page.locator(".held li")).to_have_count(1)
    await page.locator("[data-do=close]").dblclick()
    await expect(page.locator(".mark.ok")).to_be_visible()
    await page.locator("[data-do=sure]").click()
    await expect(page.locator(".mark.alarm")).to_have_text("停用")
    await watched.check_access()
    await watched.check_width()

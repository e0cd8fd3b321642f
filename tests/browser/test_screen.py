"""The one screen: the city live, at any moment, on every level, arranged as the duty wants it."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.page import DESKTOP, LAPTOP, PHONE, SIZES
from tests.browser.platform import Running

DISTRICT = "310101"
READY = ".box[data-ready]"
TOTAL = ".total-open"


async def _drawn(page: Page) -> None:
    await page.locator(READY).wait_for(state="attached")
    await expect(page.locator(".line[data-state=live]")).to_be_visible()


async def _speak(page: Page, language: str) -> None:
    """An account speaks its own language when it signs in, and another when it is told to."""
    if await page.locator("html").get_attribute("lang") != language:
        await page.get_by_role("button", name={"zh": "中文", "en": "English"}[language]).click()
    await expect(page.locator("html")).to_have_attribute("lang", language)


async def test_a_report_shows_by_itself_and_is_opened(open_page: Opener, platform: Running) -> None:
    platform.settled(platform.report("路面塌陷有大坑", lon=121.47, lat=31.22))
    watched = await open_page(DESKTOP)
    page = await watched.sign_in(platform.people["leader"], "/screen")
    await _speak(page, "zh")
    await _drawn(page)
    before = int(re.sub(r"\D", "", await page.locator(TOTAL).inner_text()))
    sent = platform.report("路面塌陷有大坑，行人绊倒", lon=121.49, lat=31.203)
    found = platform.settled(sent)
    await expect(page.locator(TOTAL)).not_to_have_text(str(before))
    told = page.locator('[data-panel="latest"] button')
    await expect(told.first).to_be_visible()
    await watched.check_access()
    await told.first.click()
    card = page.locator(".card")
    await expect(card.get_by_role("link")).to_have_attribute("href", re.compile(r"/desk/cases/\d+"))
    await expect(card.locator("h2")).not_to_be_empty()
    await watched.check_access()
    await page.keyboard.press("Escape")
    await expect(card).to_have_count(0)
    assert found["case"]["number"]
    # nobody who does not hold the duty is offered to arrange
    await expect(page.locator(".arrange")).to_have_count(0)
    # no source of warnings is connected, and the screen says so
    await expect(page.locator(".alarms")).to_contain_text("尚未接入预警来源")


async def test_the_map_as_a_list_leads_down_and_up_by_keyboard(
    open_page: Opener, platform: Running
) -> None:
    platform.settled(platform.report("路面塌陷有大坑", lon=121.4785, lat=31.2362))
    watched = await open_page(LAPTOP, "en")
    page = await watched.sign_in(platform.people["duty_chief"], "/screen")
    await _speak(page, "en")
    await _drawn(page)
    await watched.press_to('[data-layer="list"]')
    await page.keyboard.press("Enter")
    row = page.locator(f'[data-area="{DISTRICT}"]')
    await expect(row.locator("td").first).not_to_have_text("0")
    counted = await row.locator("td").first.inner_text()
    await watched.check_access()
    await watched.press_to(f'[data-area="{DISTRICT}"] button')
    await page.keyboard.press("Enter")
    await expect(page.locator(".crumbs [aria-current]")).to_have_text("Huangpu District")
    await expect(page.locator(TOTAL)).to_have_text(counted)
    assert f"place={DISTRICT}" in page.url
    # the towns below, then back up
    await expect(page.locator(f'[data-area^="{DISTRICT}0"]').first).to_be_attached()
    await watched.press_to(".crumbs li:first-child button")
    await page.keyboard.press("Enter")
    await expect(row).to_be_attached()
    for layer in ("heat", "clusters", "points"):
        await page.locator(f'[data-layer="{layer}"]').click()
        await expect(page.locator(READY)).to_be_visible()
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        await watched.check_width()


async def test_the_past_is_shown_and_played_back(open_page: Opener, platform: Running) -> None:
    platform.settled(platform.report("路面塌陷有大坑", lon=121.465, lat=31.215))
    watched = await open_page(DESKTOP, "en")
    page = await watched.sign_in(platform.people["leader"], "/screen")
    await _speak(page, "en")
    await _drawn(page)
    await expect(page.locator(TOTAL)).not_to_have_text("0")
    # before the platform ran there was nothing
    await page.locator(".times input[type=range]").focus()
    await page.keyboard.press("Home")
    await expect(page.locator(TOTAL)).to_have_text("0")
    await expect(page.locator(".top .mark.watch")).to_have_text("Looking back")
    await expect(page.locator('[data-panel="overdue_list"]')).to_contain_text(
        "not kept for past moments"
    )
    await watched.check_access()
    said = page.locator(".says")
    first = await said.inner_text()
    await page.get_by_role("button", name="Play a day in a minute").click()
    await expect(said).not_to_have_text(first)
    await page.get_by_role("button", name="Pause").click()
    held = await said.inner_text()
    await expect(page.get_by_role("button", name="Play a day in a minute")).to_be_enabled()
    assert await said.inner_text() == held
    await page.get_by_role("button", name="Back to live").click()
    await expect(page.locator(TOTAL)).not_to_have_text("0")
    await expect(page.locator(".line[data-state=live]")).to_be_visible()


async def test_whoever_holds_the_duty_arranges_the_screen(
    open_page: Opener, platform: Running
) -> None:
    watched = await open_page(DESKTOP)
    page = await watched.sign_in(platform.people["duty_chief"], "/screen")
    await _speak(page, "zh")
    await page.get_by_role("button", name="专项").click()
    left = page.locator(".region.left [data-panel]")
    await expect(left.first).to_have_attribute("data-panel", "hot_kinds")
    await watched.press_to(".arrange")
    await page.keyboard.press("Enter")
    # by keyboard: one later, and the focus stays with it
    await watched.press_to('[data-panel="hot_kinds"] [data-do="later"]')
    await page.keyboard.press("Enter")
    await expect(left.first).to_have_attribute("data-panel", "hot_places")
    await expect(page.locator('[data-panel="hot_kinds"] [data-do="later"]')).to_be_focused()
    await watched.check_access()
    # by drag and drop: to the other side
    await page.locator('[data-panel="open_now"] h3').drag_to(
        page.locator('.region.right [data-panel="latest"] h3')
    )
    await expect(page.locator('.region.right [data-panel="open_now"]')).to_be_visible()
    await page.locator(".keep").click()
    await expect(page.locator(".arrange-bar")).to_have_count(0)
    await page.reload()
    await expect(left.first).to_have_attribute("data-panel", "hot_places")
    await expect(page.locator('.region.right [data-panel="open_now"]')).to_be_visible()
    await page.locator(".arrange").click()
    await page.locator(".reset").click()
    await expect(left.first).to_have_attribute("data-panel", "hot_kinds")


async def test_a_phone_sees_the_city_too(open_page: Opener, platform: Running) -> None:
    watched = await open_page(PHONE)
    page = await watched.sign_in(platform.people["leader"], "/screen?mode=emergency")
    await _speak(page, "zh")
    await _drawn(page)
    await expect(page.locator(".region.left")).to_be_visible()
    await page.get_by_role("button", name="动态").click()
    await expect(page.locator(".region.right")).to_be_visible()
    await expect(page.locator(".region.left")).to_be_hidden()
    await watched.check_width()
    await watched.check_access()

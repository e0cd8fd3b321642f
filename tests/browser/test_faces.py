"""Every face stands: in both languages, at every size, for everybody, with nothing gone wrong."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opener
from tests.browser.page import DESKTOP, LAPTOP, PHONE, SIZES
from tests.browser.platform import CAREFUL, Running

FACES = (
    ("/desk", "dispatcher", LAPTOP),
    ("/field", "handler", PHONE),
    ("/screen", "leader", DESKTOP),
    ("/administration", "sysadmin", LAPTOP),
)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["/", "/receipt", "/nowhere", "/desk", "/screen"])
async def test_what_everybody_sees(open_page: Opener, path: str, language: str) -> None:
    watched = await open_page(PHONE, language)
    page = await watched.open(path)
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await watched.check_access()
    for size in SIZES:
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await watched.check_width()


@pytest.mark.parametrize(("path", "who", "size"), FACES)
async def test_a_face_for_those_who_sign_in(
    open_page: Opener, platform: Running, path: str, who: str, size: tuple[int, int]
) -> None:
    # where no other test's thing is: a new order, not another report of one that is done
    platform.settled(platform.report("路面塌陷有大坑", lon=121.4845, lat=31.2205))
    watched = await open_page(size)
    page = await watched.sign_in(platform.people[who], path)
    await page.locator("main :is(.sheet, .tasks > li)").first.wait_for()
    for language in ("zh", "en"):
        if await page.locator("html").get_attribute("lang") != language:
            await page.get_by_role("button", name={"zh": "中文", "en": "English"}[language]).click()
        await expect(page.locator("html")).to_have_attribute("lang", language)
        await watched.check_access()
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await watched.check_width()
    await page.goto(f"{platform.url}{path}/account")
    await page.locator(".sessions li").first.wait_for()
    await watched.check_access()


async def test_a_report_by_keyboard_alone_and_what_became_of_it(
    open_page: Opener, platform: Running
) -> None:
    watched = await open_page(PHONE, "en")
    page = await watched.open("/")
    await watched.press_to("#text")
    await page.keyboard.type("暴露垃圾成堆没人清 <script>alert(1)</script>")
    await watched.press_to("#address")
    await page.keyboard.type("南京东路300号")
    await watched.press_to("form > div > button.primary")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Received. Thank you.")
    await watched.press_to("a.primary")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said")).to_have_text("暴露垃圾成堆没人清 <script>alert(1)</script>")
    await watched.check_access()


async def test_an_action_is_drawn_checked_and_done_by_keyboard(
    open_page: Opener, platform: Running
) -> None:
    found = platform.settled(platform.report("路面塌陷有大坑，行人绊倒", lon=121.49, lat=31.215))
    watched = await open_page(LAPTOP, "en")
    page = await watched.sign_in(platform.people["dispatcher"], "/desk/cases")
    await page.get_by_role("link", name=found["case"]["number"]).click()
    await page.locator('[data-action="recall"]').wait_for()
    await watched.press_to('[data-action="recall"]')
    await page.keyboard.press("Enter")
    form = page.locator(".panel form")
    await expect(form).to_be_visible()
    await watched.check_access()
    await form.locator("button.primary").click()
    await expect(form.locator(".fault").first).to_be_visible()
    await form.locator("textarea").first.fill("wrong unit")
    await watched.press_to(".panel form button.primary")
    await page.keyboard.press("Enter")
    await expect(form).to_have_count(0)


async def test_a_second_factor_is_asked_for_and_counts(
    open_page: Opener, platform: Running
) -> None:
    who = platform.people[CAREFUL]
    watched = await open_page()
    watched.allow("401")
    page = await watched.open("/desk")
    await page.fill("#login", who.login)
    await page.fill("#password", who.password)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await watched.sign_in(who, "/desk")
    await page.get_by_role("button", name="退出登录").click()
    await expect(page.locator("#login")).to_be_visible()


async def test_a_wrong_password_is_explained_and_a_session_ended_elsewhere_leads_back(
    open_page: Opener, platform: Running
) -> None:
    who = platform.people["duty_chief"]
    first = await open_page()
    first.allow("401")
    page = await first.open("/desk")
    await page.fill("#login", who.login)
    await page.fill("#password", "wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await first.sign_in(who, "/desk")
    second = await open_page()
    other = await second.sign_in(who, "/desk")
    await other.goto(f"{platform.url}/desk/account")
    await other.get_by_role("button", name="结束其他全部会话").click()
    await expect(other.locator(".sessions li")).to_have_count(1)
    await page.goto(f"{platform.url}/desk/account")
    await expect(page.locator("#login")).to_be_visible()

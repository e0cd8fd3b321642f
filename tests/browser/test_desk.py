"""The desk: the work list and its keys, the whole case, two people at it, calls, roster, files."""

from __future__ import annotations

import re

from playwright.async_api import FilePayload, Page, Route, expect

from tests.browser.colleague import Hire, dispatched, returned
from tests.browser.conftest import Opener
from tests.browser.page import DESKTOP, LAPTOP, PHONE, SIZES, Watched
from tests.browser.platform import Running

SCRIPT = "<script>alert(1)</script>"
BEAT_MS = 25_000  # who is at a case says so every 20 s


async def _speak(page: Page, language: str) -> None:
    """Switch the page to a language; whoever signs in finds their own."""
    if await page.locator("html").get_attribute("lang") != language:
        await page.get_by_role("button", name={"zh": "中文", "en": "English"}[language]).click()
    await expect(page.locator("html")).to_have_attribute("lang", language)


async def _check_all(watched: Watched, page: Page) -> None:
    """No violation, no overflow, in both languages and at every size."""
    for language in ("en", "zh"):
        await _speak(page, language)
        await watched.check_access()
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await watched.check_width()
    await page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})


async def test_the_work_list_lives_and_is_done_by_keys(
    open_page: Opener, platform: Running, hire: Hire
) -> None:
    first = dispatched(platform, hire, lon=121.4781, lat=31.2312)
    second = dispatched(platform, hire, lon=121.4702, lat=31.2281)
    watched = await open_page(LAPTOP)
    page = await watched.sign_in(platform.people["dispatcher"], "/desk")
    await _speak(page, "zh")
    await expect(page.get_by_text("实时")).to_be_visible()
    one = returned(hire, first)
    row = page.locator(f'[data-key="order-{one}"]')
    await expect(row).to_be_visible()  # no reload: the stream told of it
    two = returned(hire, second)
    other = page.locator(f'[data-key="order-{two}"]')
    await expect(other).to_be_visible()
    await _check_all(watched, page)

    await page.keyboard.press("j")
    await expect(page.locator("li.current a")).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await watched.check_access()
    await page.keyboard.press("Escape")
    for _ in range(60):
        if await row.locator("a").evaluate("e => e === document.activeElement"):
            break
        await page.keyboard.press("j")
    await expect(row.locator("a")).to_be_focused()
    about = page.locator("article.preview")
    await expect(about).to_contain_text("不属于本单位")
    await expect(about.locator('[data-action="refuse_return"]')).to_be_visible()
    await page.keyboard.press("s")  # the second of the actions it waits for
    await expect(about.locator("form")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(about.locator("form")).to_have_count(0)

    await row.get_by_role("checkbox").check()
    await other.get_by_role("checkbox").check()
    bulk = page.get_by_role("region", name="批量办理")
    await expect(bulk.get_by_role("status")).to_have_text("已选 2 项")
    await bulk.locator('[data-bulk="refuse_return"]').click()
    await bulk.locator("form textarea").fill(f"属于本单位 {SCRIPT}")
    await watched.check_access()
    # somebody is faster with one of them: it is told, the other is done
    hire("duty_chief").act("order", two, "uphold_return")
    await bulk.locator("form button.primary").click()
    await expect(page.get_by_text(re.compile(r"已完成 [12] / [12] 项"))).to_be_visible()
    await expect(row).to_have_count(0)
    await expect(other).to_have_count(0)


async def test_filters_are_kept_and_everything_is_found_by_name(
    open_page: Opener, platform: Running, hire: Hire
) -> None:
    case = dispatched(platform, hire, lon=121.4752, lat=31.2345)
    watched = await open_page(DESKTOP, "en")
    page = await watched.sign_in(platform.people["dispatcher"], "/desk")
    await _speak(page, "en")
    await page.get_by_role("button", name="Overdue").click()
    await expect(page).to_have_url(re.compile("overdue=true"))
    await page.get_by_role("button", name="Save this filter").click()
    await page.get_by_label("Name of the filter").fill("late ones")
    await page.keyboard.press("Enter")
    kept = page.get_by_role("button", name="late ones", exact=True)
    await expect(kept).to_have_attribute("aria-pressed", "true")
    await page.reload()
    await expect(kept).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="Delete the filter").click()
    await expect(kept).to_have_count(0)

    await page.keyboard.press("Control+k")
    await page.keyboard.type(case["number"])
    await expect(page.get_by_role("option").first).to_have_text(re.compile(case["number"] + " "))
    await watched.check_access()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/desk/cases/{case['id']}$"))

    await page.goto(f"{platform.url}/desk/cases?q={case['number']}")
    await expect(page.get_by_role("link", name=case["number"])).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export CSV").click()
    assert (await download.value).suggested_filename.endswith(".csv")
    await _check_all(watched, page)
    await page.goto(f"{platform.url}/desk/exports")
    await expect(page.get_by_role("link", name=re.compile("下载|Download")).first).to_be_visible()
    await _check_all(watched, page)


async def test_two_people_at_one_case_and_why_it_is_as_it_is(
    open_page: Opener, platform: Running, hire: Hire
) -> None:
    case = dispatched(platform, hire, lon=121.4803, lat=31.2377)
    returned(hire, case)
    path = f"/desk/cases/{case['id']}"
    mine, theirs = await open_page(LAPTOP, "en"), await open_page(PHONE, "en")
    page = await mine.sign_in(platform.people["dispatcher"], path)
    other = await theirs.sign_in(platform.people["duty_chief"], path)
    await expect(other.locator(".other")).to_contain_text("dispatcher", timeout=BEAT_MS)
    await expect(page.locator(".other")).to_contain_text("duty_chief", timeout=BEAT_MS)
    await expect(page.locator(".hops li").first).to_be_visible()
    await expect(page.locator(".entries")).to_contain_text("不属于本单位")
    await _check_all(mine, page)
    await _speak(page, "en")
    await _speak(other, "en")

    # who writes is seen writing; what the other does meanwhile is told, and nothing written is lost
    panel = page.locator(".acts .panel")
    await panel.locator('[data-action="note"]').click()
    await panel.locator("textarea").fill(f"looked at {SCRIPT}")
    await expect(other.locator(".other")).to_contain_text("is writing", timeout=BEAT_MS)
    await other.locator('.acts [data-action="note"]').click()
    await other.locator(".acts form textarea").fill("the road is closed")
    await other.locator(".acts form button.primary").click()
    changed = page.locator(".changed")
    await expect(changed).to_contain_text("duty_chief")
    await expect(panel.locator("textarea")).to_have_value(f"looked at {SCRIPT}")
    await mine.check_access()

    # the page knew of it in time; where it cannot, the service refuses and the page explains
    async def overtake(route: Route) -> None:
        hire("duty_chief").act("case", case["id"], "note", note="faster again")
        await route.continue_()

    mine.allow("412")
    await page.route("**/actions/note", overtake, times=1)
    await panel.locator("form button.primary").click()
    await expect(panel.get_by_role("alert")).to_be_visible()
    await expect(changed).to_contain_text("duty_chief")
    await expect(panel.locator("textarea")).to_have_value(f"looked at {SCRIPT}")
    await panel.locator("form button.primary").click()
    await expect(panel.locator("form")).to_have_count(0)
    await expect(page.locator(".entries")).to_contain_text(f"looked at {SCRIPT}")

    # a choice of the platform is corrected with one click, and taken back with another
    reasons = page.locator("section", has=page.locator("#reasons"))
    before = await page.locator("h1").inner_text()
    await reasons.get_by_role("button", name="Something else…").first.click()
    await page.locator("#rather-kind").fill("component/2007/0102")
    await expect(page.locator("h1")).not_to_have_text(before)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("h1")).to_have_text(before)


async def test_a_call_is_taken_down_in_one_view_by_keyboard(
    open_page: Opener, platform: Running
) -> None:
    watched = await open_page(LAPTOP, "en")
    page = await watched.sign_in(platform.people["duty_chief"], "/desk")
    await page.locator("main .sheet").first.wait_for()
    await _speak(page, "en")
    await page.keyboard.press("n")
    await expect(page.locator("#call-phone")).to_be_focused()
    await page.keyboard.type("13900007788")
    await expect(page.locator(".caller").get_by_role("status")).to_contain_text("0 before")
    await watched.press_to("#call-text")
    await page.keyboard.type(f"污水井盖破损，行人差点绊倒 {SCRIPT}")
    await watched.press_to("#call-address")
    await page.keyboard.type("黄浦区南京东路300号")
    await expect(page.locator(".kinds button").first).to_contain_text("%")
    await expect(page.locator(".judged dl")).to_contain_text("Huangpu")
    await page.reload()  # nothing typed is lost
    await expect(page.locator("#call-text")).to_have_value(f"污水井盖破损，行人差点绊倒 {SCRIPT}")
    await expect(page.locator(".kinds button").first).to_be_visible()
    await watched.check_access()
    await page.locator("#call-address").focus()
    await page.keyboard.press("Control+Enter")
    await page.keyboard.press("Control+Enter")  # twice is once
    taken = page.locator(".taken")
    await expect(taken.locator("strong")).to_have_text(re.compile("^R"))
    await expect(page.locator("#call-phone")).to_be_focused()
    await expect(page.locator("#call-text")).to_have_value("")
    link = taken.get_by_role("link")
    number = await link.inner_text()
    await _check_all(watched, page)

    await page.locator("#call-phone").fill("13900007788")
    await expect(page.locator(".caller li")).to_have_count(1)
    await expect(page.locator(".caller")).to_contain_text(SCRIPT)
    await page.locator("#call-text").fill("还是那个井盖，没人来")
    await page.locator(".caller li button").click()
    await expect(taken).to_contain_text(number)


async def test_a_table_is_brought_in(open_page: Opener, platform: Running) -> None:
    watched = await open_page(LAPTOP, "en")
    page = await watched.sign_in(platform.people["duty_chief"], "/desk")
    await page.locator("main .sheet").first.wait_for()
    await _speak(page, "en")
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    table = "内容,地址,经度,纬度\n路灯不亮,南京东路1号,121.48,31.23\n,无内容,121.48,31.23\n"
    await watched.press_to("#import-file")
    # the system's own chooser of files is not ours to drive
    file = FilePayload(name="table.csv", mimeType="text/csv", buffer=table.encode())
    await page.locator("#import-file").set_input_files(file)
    await expect(page.locator("#column-text")).to_have_value("0")
    await _check_all(watched, page)
    await watched.press_to("section button.primary")
    await page.keyboard.press("Enter")
    await expect(page.locator(".mark.ok")).to_be_visible()
    await expect(
        page.get_by_role("link", name=re.compile("错误行|refused rows")).first
    ).to_be_visible()
    await page.goto(f"{platform.url}/desk/notices")
    await expect(page.locator("h1")).to_be_visible()
    await _check_all(watched, page)

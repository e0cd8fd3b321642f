"""The desk by the keyboard alone: no pointer is moved in any of these journeys."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Page, expect

from tests.browser.colleague import HOLE, Hire, dispatched
from tests.browser.conftest import Opener
from tests.browser.page import LAPTOP, Watched
from tests.browser.platform import CENTRE, Running

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def _begin(watched: Watched, platform: Running, duty: str, path: str) -> Page:
    page = await watched.sign_in(platform.people[duty], path)
    await expect(page.locator("header .duty button")).to_be_visible()
    return page


async def _do(watched: Watched, selector: str) -> None:
    """Go to a button with Tab and press it."""
    await watched.press_to(selector, most=120)
    await watched.page.keyboard.press("Enter")


async def _find(watched: Watched, field: str, text: str, expected: str) -> None:
    """Type into a field that finds things, and take the first that is found."""
    page = watched.page
    await watched.press_to(field, most=120)
    await page.keyboard.type(text)
    options = page.locator("[role=listbox]:visible [role=option]")
    await expect(options.first).to_contain_text(expected)
    await page.keyboard.press("Enter")


async def test_a_case_is_worked_on_by_keys(
    open_page: Opener, platform: Running, hire: Hire
) -> None:
    case = dispatched(platform, hire, lon=121.4663, lat=31.2213)
    again = platform.settled(platform.report(f"{HOLE} 还没修", lon=121.4663, lat=31.2213))
    assert again["case"]["number"] == case["number"]
    parent = dispatched(platform, hire, lon=121.4611, lat=31.2263)
    watched = await open_page(LAPTOP, "en")
    page = await _begin(watched, platform, "dispatcher", "/desk")

    # found by its number, opened, noted
    await page.keyboard.press("Control+k")
    await page.keyboard.type(case["number"])
    await expect(page.get_by_role("option").first).to_have_text(re.compile(case["number"] + " "))
    await page.keyboard.press("Enter")
    await expect(page.locator("header.top")).to_contain_text(case["number"])
    await _do(watched, '.acts [data-action="note"]')
    await page.keyboard.type("the neighbours were told")
    await _do(watched, ".acts form button.primary")
    await expect(page.locator(".entries")).to_contain_text("the neighbours were told")

    # the place is found by its name, at whatever level, and taken back
    ground = page.locator("section.ground")
    await _do(watched, "[data-choice=place] [aria-expanded]")
    await _find(watched, "#rather-place", "外滩街道", "Bund")
    await expect(ground).to_contain_text("The Bund Subdistrict")
    await page.keyboard.press("z")
    await expect(ground).not_to_contain_text("The Bund Subdistrict")
    # its position as two numbers
    await _do(watched, "[data-choice=place] [aria-expanded]")
    await watched.press_to("#rather-position", most=120)
    await page.keyboard.type("31.22000, 121.46500")
    await watched.check_access()
    # what the platform does after the change of place may come between, and is no news to anybody
    watched.allow("412")
    await page.keyboard.press("Enter")
    await expect(ground).to_contain_text("121.46500, 31.22000")

    # a report that is about something else is split off by what it says
    await _do(watched, '.acts [data-action="split"]')
    await expect(page.locator(".acts .report")).to_have_count(2)
    await watched.press_to(".acts .report:nth-of-type(2) input")
    await page.keyboard.press("Space")
    await watched.press_to(".acts form textarea")
    await page.keyboard.type("another hole")
    await watched.check_access()
    await _do(watched, ".acts form button.primary")
    await expect(page.locator(".acts form")).to_have_count(0)

    # a parent is found by its number
    await _do(watched, '.acts [data-action="adopt"]')
    await _find(watched, ".acts [role=combobox]", parent["number"], parent["number"])
    await _do(watched, ".acts form button.primary")
    await expect(page.locator("dl.facts a")).to_have_attribute(
        "href", re.compile(f"/cases/{parent['id']}$")
    )


async def test_a_check_is_given_to_somebody_by_name(
    open_page: Opener, platform: Running, hire: Hire
) -> None:
    case = dispatched(platform, hire, lon=121.4689, lat=31.2249)
    hire("duty_chief").act("case", case["id"], "flag", supervised=True)
    orders = hire("duty_chief").get("/orders", case=case["id"])["items"]
    lead = next(row for row in orders if row["role"] == "lead")
    hire("handler").act("order", lead["id"], "accept")
    hire("handler").act("order", lead["id"], "finish", result="已修复", outcome="solved")
    watched = await open_page(LAPTOP, "en")
    page = await _begin(watched, platform, "duty_chief", f"/desk/cases/{case['id']}")
    part = page.locator('.parts [id^="check-"]')
    await expect(part).to_have_count(1)  # the worker arranged it; the stream told of it
    check = int((await part.get_attribute("id") or "").removeprefix("check-"))
    unit = hire("duty_chief").get(f"/checks/{check}")["unit"]
    person = {"login": f"checker.{check}", "name": "核查甲", "post": f"{unit}.checker"}
    hire("sysadmin").post("/persons", person)
    if await part.locator(".top").get_attribute("aria-expanded") == "false":
        await _do(watched, '[id^="check-"] .top')
    await _do(watched, '[id^="check-"] [data-action="assign"]')
    await _find(watched, '[id^="check-"] [role=combobox]', "核查", "核查甲")
    await _do(watched, '[id^="check-"] form button.primary')
    await expect(part.locator("form")).to_have_count(0)
    assert hire("duty_chief").get(f"/checks/{check}")["assignee"]


def _shift(role: str, person: int, since: datetime) -> dict[str, Any]:
    until = since + timedelta(hours=2)
    times = {"since": since.isoformat(), "until": until.isoformat()}
    return {"role": role, "person": person, **times}


def _window(since: datetime) -> dict[str, str]:
    """A window in which this shift alone begins."""
    return {"from": since.isoformat(), "to": (since + timedelta(seconds=1)).isoformat()}


async def test_two_plan_the_same_week_and_the_bar_says_who_is_on_duty(
    open_page: Opener, platform: Running, hire: Hire
) -> None:
    watched = await open_page(LAPTOP, "en")
    page = await _begin(watched, platform, "duty_chief", "/desk")
    chief = hire("duty_chief")
    people = {row["name"]: row["id"] for row in chief.get("/roster/people", unit=CENTRE)["items"]}
    now = datetime.now(SHANGHAI)
    shift = _shift("duty_chief", people["duty_chief"], now)
    chief.put("/roster", {"shifts": [shift]}, unit=CENTRE, **_window(now))
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await page.locator("table").wait_for()
    await page.keyboard.press("l")  # whoever was appointed today holds their post by next week
    await expect(page.get_by_text("Nothing is planned for this week.")).to_be_visible()
    await page.keyboard.press("e")
    await expect(page.locator("#draft-day")).to_be_focused()
    await watched.press_to("#draft-role")
    await page.keyboard.type("duty")
    await watched.press_to("#draft-person")
    await page.keyboard.type("duty_chief")
    await _do(watched, "form.draft .button")
    await expect(page.locator("tbody li")).to_have_count(1)
    await watched.check_access()

    # somebody else plans the same week meanwhile
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=20, minute=0, second=0)
    shift = _shift("operator", people["careful dispatcher"], monday)
    chief.put("/roster", {"shifts": [shift]}, unit=CENTRE, **_window(monday))
    watched.allow("412")
    await _do(watched, ".head .button.primary")
    await expect(page.get_by_role("alert")).to_be_visible()
    meanwhile = page.locator(".meanwhile")
    await expect(meanwhile).to_contain_text("careful dispatcher")
    await expect(page.locator("tbody li")).to_have_count(2)  # mine and theirs
    await watched.check_access()
    await _do(watched, ".head .button.primary")
    await expect(meanwhile).to_have_count(0)
    await expect(page.get_by_role("button", name="Plan", exact=True)).to_be_visible()
    await expect(page.locator("tbody li")).to_have_count(2)

    # the bar says who is on duty now; Esc closes what it tells
    bar = page.locator("header .duty")
    await expect(bar).to_contain_text("duty_chief")
    await _do(watched, "header .duty button")
    await expect(bar.locator("section")).to_contain_text("duty chief")
    await watched.check_access()
    await page.keyboard.press("Escape")
    await expect(bar.locator("section")).to_have_count(0)
    await expect(bar.locator("button")).to_be_focused()


async def test_a_list_is_narrowed_and_brought_out_by_keys(
    open_page: Opener, platform: Running, hire: Hire
) -> None:
    case = dispatched(platform, hire, lon=121.4737, lat=31.2187)
    watched = await open_page(LAPTOP, "en")
    page = await _begin(watched, platform, "dispatcher", "/desk")
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await watched.press_to("main input[type=search]")
    await page.keyboard.type(case["number"])
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await watched.press_to(".export .button:nth-of-type(2)")
    async with page.expect_download() as download:
        await page.keyboard.press("Enter")
    assert (await download.value).suggested_filename.endswith(".csv")

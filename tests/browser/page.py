"""A page under watch: whatever goes wrong in it without being asked for fails the test."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.browser.platform import Account

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, TABLET, LAPTOP, DESKTOP, WALL = (
    (360, 780),
    (768, 1024),
    (1440, 900),
    (1920, 1080),
    (3840, 2160),
)
SIZES = (PHONE, TABLET, LAPTOP, DESKTOP, WALL)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Watched:
    """A page of one browser context, with what went wrong in it."""

    page: Page
    context: BrowserContext
    origin: str
    language: str = "zh"
    wrong: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, part: str) -> None:
        """What the test provokes: a console message with this part in it is expected."""
        self.allowed.append(part)

    async def open(self, path: str) -> Page:
        """Go to a path of the platform; the page when its first heading stands."""
        await self.page.goto(self.origin + path)
        await self.page.locator("h1").first.wait_for(state="attached")
        return self.page

    async def sign_in(self, who: Account, path: str) -> Page:
        """Sign in on a face, in the language of this context: the account may remember another."""
        await self.open(path)
        await self.page.fill("#login", who.login)
        await self.page.fill("#password", who.password)
        await self.page.fill("#code", who.code)
        await self.page.keyboard.press("Enter")
        await self.page.locator("header .who").wait_for()
        if await self.page.locator("html").get_attribute("lang") != self.language:
            await self.page.locator(f"header button[lang={self.language}]").click()
            await self.page.locator(f"html[lang={self.language}]").wait_for(state="attached")
        return self.page

    async def press_to(self, selector: str, most: int = 60) -> None:
        """Go on with Tab until what the selector names has the focus."""
        for _ in range(most):
            if await self.page.evaluate(
                "s => document.activeElement?.matches(s) ?? false", selector
            ):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{most} times Tab did not lead to {selector}")

    async def check_access(self) -> None:
        """No violation of WCAG 2.2 AA that axe finds."""
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = await self.page.evaluate(
            "tags => axe.run({runOnly: {type: 'tag', values: tags}})"
            ".then(r => r.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html)]))",
            RULES,
        )
        assert not found, json.dumps(found, ensure_ascii=False, indent=1)

    async def check_width(self) -> None:
        """Nothing stands out over the side of the page."""
        wide = await self.page.evaluate(
            """() => {
              const most = document.documentElement.clientWidth
              const out = document.documentElement.scrollWidth > most
              if (!out) return []
              return [...document.querySelectorAll('body *')]
                .filter((e) => e.getBoundingClientRect().right > most + 1)
                .slice(0, 5).map((e) => e.outerHTML.slice(0, 200))
            }"""
        )
        assert not wide, wide

    def check(self) -> None:
        """Nothing went wrong that the test did not provoke."""
        wrong = [row for row in self.wrong if not any(part in row for part in self.allowed)]
        assert not wrong, "\n".join(wrong)


@asynccontextmanager
async def watched(
    browser: Browser, origin: str, size: tuple[int, int] = LAPTOP, language: str = "zh"
) -> AsyncIterator[Watched]:
    """A fresh browser context of this size and language."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        timezone_id="Asia/Shanghai",
        has_touch=size == PHONE,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    found = Watched(page, context, origin, language)
    # the policy's own event tells of inline scripts and styles that were kept from running
    await page.add_init_script(
        "document.addEventListener('securitypolicyviolation', e =>"
        " console.error('policy', e.violatedDirective, e.blockedURI, e.sourceFile))"
    )

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.wrong.append(f"console: {message.text} {message.location.get('url', '')}")

    def on_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and not request.url.startswith(origin):
            found.wrong.append(f"a request left the machine: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: found.wrong.append(f"error: {error}"))
    page.on("request", on_request)
    try:
        yield found
        found.check()
    finally:
        await context.close()

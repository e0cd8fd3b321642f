"""Takes the pictures in docs/pictures from a demonstration that is running.

Signs in with the accounts of the demonstration's own access.json; nothing is prepared or drawn.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import pyotp
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
FLAGS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_STILL_MS = 2500

# name, path, duty that signs in, width, height, language, theme, what stands when it can be taken
PICTURES = (
    ("public", "/", "", 390, 844, "zh", "light", "h1"),
    ("desk", "/desk", "dispatcher", 1440, 900, "zh", "light", "main"),
    ("desk-dark", "/desk", "dispatcher", 1440, 900, "en", "dark", "main"),
    ("field", "/field", "handler", 390, 844, "zh", "light", "main"),
    ("screen", "/screen", "leader", 1920, 1080, "zh", "dark", ".box[data-ready]"),
    ("screen-laptop", "/screen", "duty_chief", 1440, 900, "en", "dark", ".box[data-ready]"),
    ("administration", "/administration", "sysadmin", 1440, 900, "en", "light", "main"),
)
_README = """# Pictures of the faces

Taken by `make screenshots` from a running demonstration (`make demo`). Its city is Shanghai's pack,
its reports a synthetic day, labelled as such in the platform; no person or case is real.

"""


def _page(browser: Browser, width: int, height: int, language: str, theme: str) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    return context.new_page()


def _sign_in(page: Page, account: dict[str, Any]) -> None:
    page.fill("#login", account["name"])
    page.fill("#password", account["password"])
    if account["totp_secret"]:
        page.fill("#code", pyotp.TOTP(account["totp_secret"]).now())
    page.keyboard.press("Enter")
    page.locator("header .who").wait_for()


def _speak(page: Page, language: str) -> None:
    if page.locator("html").get_attribute("lang") != language:
        page.get_by_role("button", name={"zh": "中文", "en": "English"}[language]).click()


def main() -> None:
    """Take all of them."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--port", type=int, default=8000)
    home = os.environ.get("YIWANG_HOME", "home")
    given.add_argument("--home", type=Path, default=Path(home))
    wanted = given.parse_args()
    access = json.loads((wanted.home / "access.json").read_text(encoding="utf-8"))
    accounts = {row["duty"]: row for row in reversed(access["accounts"])}
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, path, duty, width, height, language, theme, drawn in PICTURES:
            page = _page(browser, width, height, language, theme)
            page.goto(f"http://127.0.0.1:{wanted.port}{path}")
            page.locator("h1").first.wait_for()
            if duty:
                _sign_in(page, accounts[duty])
            _speak(page, language)
            page.locator(drawn).first.wait_for(state="attached")
            page.wait_for_timeout(_STILL_MS)  # maps and fonts come after the first paint
            page.screenshot(path=FOLDER / f"{name}.png")
            page.context.close()
            print(FOLDER / f"{name}.png")
        browser.close()
    rows = [f"![{name}]({name}.png)\n" for name, *_ in PICTURES]
    (FOLDER / "README.md").write_text(_README + "\n".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

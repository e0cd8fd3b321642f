"""Draws the icons of an installed app from web/public/logo.svg, with the machine's Chromium."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "web" / "public"
SIZES = (192, 512)


def main() -> None:
    """Write one PNG for each size."""
    logo = (FOLDER / "logo.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for size in SIZES:
            page = browser.new_page(viewport={"width": size, "height": size})
            # the corners are filled: a system that cuts icons into its own shape needs them
            page.set_content(
                f"<style>body{{margin:0;background:#0d5a68}}svg{{display:block;width:{size}px}}"
                f"</style>{logo}"
            )
            page.screenshot(path=FOLDER / f"icon-{size}.png")
        browser.close()


if __name__ == "__main__":
    main()

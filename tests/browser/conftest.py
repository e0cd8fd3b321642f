"""Fixtures: one platform and one browser for the run; every test opens contexts of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser import platform as running
from tests.browser.colleague import Colleague, Hire
from tests.browser.page import LAPTOP, Watched, watched
from tests.browser.platform import Running

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]

# a run without a browser must not look like one that passed
if not CHROMIUM.exists():
    raise RuntimeError(f"{CHROMIUM} is not there; run: make setup")

# what is tested is what stands in the sources, not what was built before
_WEB = Path(__file__).resolve().parents[2] / "web"
_BUILT = _WEB / "dist" / "index.html"
if not _BUILT.exists() or _BUILT.stat().st_mtime < max(
    path.stat().st_mtime for path in (_WEB / "src").rglob("*") if path.is_file()
):
    raise RuntimeError(f"{_BUILT} is older than its sources; run: make web")

# how long a busy machine may take until a page shows what it is to show; a good one waits no longer
expect.set_options(timeout=15_000)

Opener = Callable[..., Awaitable[Watched]]


@pytest.fixture(scope="session")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The running platform."""
    found = await running.start(tmp_path_factory.mktemp("platform"))
    yield found
    found.stop()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        await found.close()


@pytest.fixture
async def open_page(browser: Browser, platform: Running) -> AsyncIterator[Opener]:
    """Opens pages, each in a context of its own; at the end nothing may have gone wrong in any."""
    async with AsyncExitStack() as stack:

        async def opener(size: tuple[int, int] = LAPTOP, language: str = "zh") -> Watched:
            return await stack.enter_async_context(watched(browser, platform.url, size, language))

        yield opener


@pytest.fixture
def hire(platform: Running) -> Iterator[Hire]:
    """Somebody with a duty, signed in beside the pages of the test."""
    found: dict[str, Colleague] = {}

    def colleague(duty: str) -> Colleague:
        if duty not in found:
            found[duty] = Colleague(platform, platform.people[duty])
        return found[duty]

    yield colleague
    for one in found.values():
        one.client.close()

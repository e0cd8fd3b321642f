"""A browser in front of the screen, in a process of its own: `python -m yiwang.bench.looking`.

Reads a plan as JSON from its input, writes one JSON line for each thing it measured. Playwright and
Debian's Chromium belong to a machine that develops Yiwang, so nothing else imports this module.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import psutil
import pyotp
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Route, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--enable-precise-memory-info",
]
DRAWN = "screen-drawn"  # the mark that the page sets when it has drawn its first cases
_WAIT_MS = 120_000
_OPENED = 3
_MOVES_S = 6.0
_SAMPLE_S = 10.0
_EMPTY = {
    "moment": "",
    "cursor": "00000000-0-0",
    "count": 0,
    "kinds": [],
    "places": [],
    "states": [],
    "columns": {
        name: []
        for name in (
            *("id", "number", "lon", "lat", "kind", "place", "state", "flags", "due", "reported"),
        )
    },
}
_AT = "name => performance.getEntriesByName(name)[0]?.startTime"
_COUNT_FRAMES = """() => {
  window.benchFrames = []
  const next = () => { window.benchNext = requestAnimationFrame(step) }
  const step = (now) => { window.benchFrames.push(now); next() }
  next()
}"""
_END_FRAMES = """() => { cancelAnimationFrame(window.benchNext); return window.benchFrames }"""


@dataclass(frozen=True, slots=True)
class LookPlan:
    """Where to look, as whom, how large, and for how many seconds memory is watched."""

    url: str
    login: str
    password: str
    totp_secret: str | None
    width: int
    height: int
    seconds: float


def _tell(what: str, **found: Any) -> None:
    sys.stdout.write(json.dumps({"what": what, **found}) + "\n")
    sys.stdout.flush()


def _sign_in(page: Page, plan: LookPlan) -> None:
    page.goto(plan.url + "/screen")
    page.locator("#login").wait_for()
    page.fill("#login", plan.login)
    page.fill("#password", plan.password)
    if plan.totp_secret:
        page.fill("#code", pyotp.TOTP(plan.totp_secret).now())
    page.keyboard.press("Enter")
    page.locator("header .who").wait_for()


def _open(page: Page, plan: LookPlan) -> dict[str, float]:
    """Open the screen anew; milliseconds until something stood and until all cases were drawn."""
    page.goto(plan.url + "/screen")
    page.wait_for_function(_AT, arg=DRAWN, timeout=_WAIT_MS)
    found: dict[str, float] = {
        "first_paint_ms": page.evaluate(_AT, "first-contentful-paint"),
        "drawn_ms": page.evaluate(_AT, DRAWN),
    }
    return found


def _frames(page: Page) -> list[float]:
    """Milliseconds between frames while somebody drags the map in circles and then zooms."""
    box = page.locator(".box[data-ready]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.evaluate(_COUNT_FRAMES)
    page.mouse.down()
    end = time.monotonic() + _MOVES_S
    turn = 0.0
    while time.monotonic() < end:
        turn += 0.15
        page.mouse.move(x + 160 * math.sin(turn), y + 110 * (1 - math.cos(turn)))
    page.mouse.up()
    end = time.monotonic() + _MOVES_S
    step = 0
    while time.monotonic() < end:
        page.mouse.wheel(0, -60 if step % 80 < 40 else 60)
        step += 1
    moments: list[float] = page.evaluate(_END_FRAMES)
    return [round(b - a, 2) for a, b in itertools.pairwise(moments)]


def _empty(context: BrowserContext, plan: LookPlan) -> list[float]:
    """The frames of the same page with no case on its map."""
    page = context.new_page()

    def nothing(route: Route) -> None:
        route.fulfill(json=_EMPTY)

    page.route("**/api/v1/picture?*", nothing)
    page.route("**/api/v1/picture/changes?*", lambda route: route.abort())
    page.goto(plan.url + "/screen")
    page.locator(".box[data-ready]").wait_for(timeout=_WAIT_MS)
    page.wait_for_timeout(2000)
    found = _frames(page)
    page.close()
    return found


def _renderers() -> float:
    """Resident megabytes of the browser's pages."""
    size = 0
    for process in psutil.Process().children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline():
                size += process.memory_info().rss
        except psutil.Error:
            continue
    return size / 1e6


@dataclass
class _Heard:
    chunks: int = 0
    octets: int = 0


def _listen(session: CDPSession) -> _Heard:
    """Count what the stream of changes brings."""
    heard = _Heard()
    streams: set[str] = set()

    def sent(event: dict[str, Any]) -> None:
        if "/picture/changes" in event["request"]["url"]:
            streams.add(event["requestId"])

    def got(event: dict[str, Any]) -> None:
        if event["requestId"] in streams:
            heard.chunks += 1
            heard.octets += event["dataLength"]

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.dataReceived", got)
    session.send("Network.enable")
    return heard


def _watch_memory(page: Page, session: CDPSession, heard: _Heard, seconds: float) -> None:
    end = time.monotonic() + seconds
    begun = time.monotonic()
    while time.monotonic() < end:
        page.wait_for_timeout(min(_SAMPLE_S, seconds) * 1000)
        session.send("HeapProfiler.collectGarbage")
        used = session.send("Runtime.getHeapUsage")["usedSize"]
        _tell(
            "memory",
            at_s=round(time.monotonic() - begun, 1),
            heap_mb=round(used / 1e6, 2),
            resident_mb=round(_renderers(), 1),
            chunks=heard.chunks,
            stream_mb=round(heard.octets / 1e6, 3),
        )


def _context(browser: Browser, plan: LookPlan) -> BrowserContext:
    return browser.new_context(viewport={"width": plan.width, "height": plan.height})


def look(plan: LookPlan) -> None:
    """Measure everything in its order; a line on the input says when the changes begin."""
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = _context(browser, plan)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)[:200]))
        page.on("console", lambda m: wrong.append(m.text[:200]) if m.type == "error" else None)
        _sign_in(page, plan)
        wrong.clear()  # asking for a session before there is one is answered 401
        for _ in range(_OPENED):
            _tell("opened", **_open(page, plan))
        page.wait_for_timeout(2000)
        _tell("frames", ms=_frames(page))
        _tell("empty_frames", ms=_empty(context, plan))
        session = context.new_cdp_session(page)
        heard = _listen(session)
        _open(page, plan)
        _tell("ready")
        sys.stdin.readline()
        _watch_memory(page, session, heard, plan.seconds)
        _tell("frames_under_changes", ms=_frames(page))
        _tell("wrong", messages=wrong)
        browser.close()


if __name__ == "__main__":
    look(LookPlan(**json.loads(sys.stdin.readline())))

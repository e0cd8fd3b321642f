"""The replay of a city's records, from the files to the final table."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from yiwang.ground.judgement.settings import read_match_settings
from yiwang.ground.packs.model import Pack
from yiwang.ground.packs.reading import read_pack
from yiwang.kit.errors import Refusal
from yiwang.replay.dataset import read_adapter, read_duplicates, read_records
from yiwang.replay.driver import Driver
from yiwang.replay.naming import unit_code
from yiwang.replay.plan import Known, Plan, Window, make_plan
from yiwang.replay.printing import as_object, print_summary, progress_bar
from yiwang.replay.service import Service
from yiwang.replay.summary import summarise
from yiwang.replay.wire import Wire

CONNECTIONS = 48


class Bookmark(msgspec.Struct, frozen=True):
    """How far a replay into one database got: kept in the home folder."""

    digest: str  # of the plan
    finished: int  # windows
    seconds: float  # spent so far


async def replay_records(
    pack: Path,
    data: Path,
    base_url: str,
    key: str,
    desk_key: str,
    home: Path,
    speed: float | None = None,
    as_json: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """Run every record of `data` through the service at `base_url`; the final figures.

    `key` belongs to the system the records come in under, `desk_key` may act for desk, units and
    duty chief over the whole city. `speed` is simulated seconds per second, None as fast as it
    goes. A replay that was interrupted goes on after its last finished window, as long as `home`
    is the same. Refuses missing records, a pack that cannot read them, a service that is away or
    runs on the real clock.
    """
    adapter = read_adapter(pack)
    records = read_records(data, adapter)
    city = read_pack(pack)
    units = {unit.code for unit in city.units}
    known = Known(
        kinds={kind.key for kind in city.kinds},
        repeatable=repeatable_kinds(city),
        places={place.code for place in city.places},
        units=units,
    )
    plan = make_plan(records, adapter, known)
    if not plan.windows:
        raise Refusal("replay.data_missing", folder=str(data), pattern=adapter.records)
    bookmark = read_bookmark(home, adapter.system, plan)
    wire = Wire(base_url, CONNECTIONS)
    service = Service(wire, adapter.system, key, desk_key)
    screen = console or Console()
    try:
        await service.require_simulated_clock(plan.windows[0].since)
        began = time.monotonic() - bookmark.seconds
        with progress_bar(as_json) as bar:
            task = bar.add_task(adapter.system, total=plan.steps)
            driver = Driver(service, plan, speed, lambda count: bar.advance(task, count))
            bar.advance(task, _steps_before(plan, bookmark.finished))

            def keep(window: Window) -> None:
                spent = time.monotonic() - began
                write_bookmark(home, adapter.system, Bookmark(plan.digest, window.index + 1, spent))

            await driver.run(bookmark.finished, keep)
        seconds = time.monotonic() - began
        summary = summarise(
            records,
            [view async for view in service.reports()],
            read_duplicates(data, adapter),
            {record.id: unit_code(record.queue) for record in records},
            plan.windows[-1].until,
        )
        found = as_object(summary, driver.progress, await service.figures(), seconds)
    finally:
        await wire.close()
    if as_json:
        screen.print_json(data=found)
    else:
        print_summary(screen, city.title.en, summary, found)
    return found


def repeatable_kinds(city: Pack) -> set[str]:
    """The kinds of which the city's rules can take one report for a repeat of another."""
    rules = read_match_settings({row.key: row.value for row in city.settings})
    return {
        kind.key
        for kind in city.kinds
        if rules.rule(kind.key, kind.parent or "").likelihood >= rules.threshold
    }


def read_bookmark(home: Path, system: str, plan: Plan) -> Bookmark:
    """Where an earlier run of the same plan stopped; the beginning where there was none."""
    try:
        found = msgspec.json.decode(_bookmark(home, system).read_bytes(), type=Bookmark)
    except (FileNotFoundError, msgspec.DecodeError):
        return Bookmark(plan.digest, 0, 0.0)
    return found if found.digest == plan.digest else Bookmark(plan.digest, 0, 0.0)


def write_bookmark(home: Path, system: str, bookmark: Bookmark) -> None:
    """Keep the bookmark whole: a reader sees the old or the new one."""
    path = _bookmark(home, system)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(bookmark))
    fresh.replace(path)


def _bookmark(home: Path, system: str) -> Path:
    return home / "replay" / f"{system}.json"


def _steps_before(plan: Plan, window: int) -> int:
    return sum(len(one.filings) + len(one.closings) for one in plan.windows[:window])

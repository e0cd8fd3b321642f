"""`yiwang replay`, `yiwang bench`, `yiwang bulk`: real records and load through the service."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from yiwang import demo, setup
from yiwang.bench import figures as benches
from yiwang.bench.figure import Figure
from yiwang.bench.results import write_result
from yiwang.bulk.loading import generate
from yiwang.commands.options import HomeOption, JsonOption
from yiwang.ground.packs.reading import read_pack
from yiwang.home import Home
from yiwang.kit.db import Database
from yiwang.kit.embedded import free_port
from yiwang.kit.errors import Refusal
from yiwang.replay.dataset import read_adapter
from yiwang.replay.messages import SYSTEM, replay_messages
from yiwang.replay.running import replay_records

bench = typer.Typer(help="Measure, beside a limit measured in the same run.", no_args_is_help=True)

_DESK = ("cases:read", "cases:write", "reports:read")
_ACTS = ("act:intake", "act:dispatcher", "act:duty_chief", "act:handler", "act:checker")

DataOption = Annotated[
    Path | None, typer.Option("--data", envvar="YIWANG_DATA", help="The folder of the records.")
]


def _data(given: Path | None, records: str) -> Path:
    """The folder that holds files like `records` (a glob): as given, or right below it."""
    base = given or Path(os.environ.get("YIWANG_DATA", "../shared/data"))
    for folder in (base, *sorted(path for path in base.glob("*") if path.is_dir())):
        if any(folder.glob(records)):
            return folder
    raise Refusal("replay.data_missing", folder=str(base), pattern=records)


def _replay_home(home: Path | None, name: str) -> Home:
    base = Home.open(home)
    return Home.open(base.folder / f"replay-{name}")


async def _prepare(place: Home, pack: str, system: str) -> dict[str, str]:
    keys = (
        setup.KeyWish("sender", system, ("reports:write", "reports:read", "cases:read")),
        setup.KeyWish("desk", system, (*_DESK, *_ACTS)),
    )
    access = await setup.prepare(place, pack, accounts=False, keys=keys)
    return {row["name"]: row["key"] for row in access["keys"]}


def replay(
    name: Annotated[str, typer.Argument(help="A pack with records of its own, or messages-zh.")],
    home: HomeOption = None,
    data: DataOption = None,
    speed: Annotated[str, typer.Option(help="max, or simulated seconds per second")] = "max",
    results: Annotated[Path | None, typer.Option(help="Keep the time it took here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a city's real records, or real Chinese messages, through the service.

    The service runs on a simulated clock and on a database of its own under the home folder. A
    replay that was interrupted goes on where it stopped.
    """
    if name == SYSTEM:
        _replay_messages(home, _data(data, "messages.csv*"), results, as_json)
        return
    source = setup.pack_folder(name)
    adapter = read_adapter(source)
    if not any((source / "areas").glob("*.geojson")):
        raise Refusal("replay.areas_missing", pack=name)
    records = _data(data, adapter.records)
    pace = None if speed == "max" else float(speed)

    async def run(place: Home, base_url: str, keys: dict[str, str]) -> None:
        sender, desk = keys["sender"], keys["desk"]
        found = await replay_records(
            source, records, base_url, sender, desk, place.folder, pace, as_json
        )
        _keep(results, source.name, found)

    _with_platform(_replay_home(home, source.name), str(source), adapter.system, run)


def _keep(results: Path | None, name: str, found: Mapping[str, Any]) -> None:
    if results is not None:
        told = {key: value for key, value in found.items() if isinstance(value, int | float)}
        figure = Figure(
            bench=f"replay-{name}",
            figure=found["seconds"],
            unit="s",
            limit=None,
            ratio=None,
            p50_ms=None,
            p95_ms=None,
            p99_ms=None,
            errors=sum(found["refused"].values()),
            detail=told,
        )
        write_result(figure, datetime.now(UTC), results)


def _replay_messages(home: Path | None, records: Path, results: Path | None, as_json: bool) -> None:
    pack = setup.pack_folder(setup.default_pack())
    root = read_pack(pack).root

    async def run(place: Home, base_url: str, keys: dict[str, str]) -> None:
        found = await replay_messages(
            records, base_url, keys["sender"], keys["desk"], root, as_json
        )
        _keep(results, SYSTEM, found)

    _with_platform(_replay_home(home, SYSTEM), str(pack), SYSTEM, run)


def _with_platform(
    place: Home, pack: str, system: str, run: Callable[[Home, str, dict[str, str]], Awaitable[None]]
) -> None:
    """Prepare the home, run service and worker on a simulated clock, and `run` beside them."""
    keys = asyncio.run(_prepare(place, pack, system))
    platform = demo.Platform(place, free_port(), simulated=True)
    try:
        platform.start()
        asyncio.run(_await(run(place, platform.base_url, keys)))
    finally:
        platform.stop()
        if place.is_embedded:
            place.server.stop()


async def _await(work: Awaitable[None]) -> None:
    await work


def fill(
    count: Annotated[int, typer.Argument(min=1, help="How many cases.")],
    home: HomeOption = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same cases.")] = 1,
) -> None:
    """Fill an installation with realistic cases, every one labelled synthetic."""
    place = Home.open(home)

    async def run() -> None:
        await setup.prepare_database(place, typer.echo)
        db = await Database.open(place.role_url("yiwang_worker"), size=1)
        city = await setup.load_city(db)
        await db.close()
        with Progress() as bar:
            task = bar.add_task("cases", total=count)
            await generate(
                place.owner_url(), city, count, seed, lambda done: bar.update(task, completed=done)
            )

    asyncio.run(run())


for _name, _bench in benches.BENCHES.items():
    bench.command(_name)(_bench)

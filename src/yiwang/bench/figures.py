"""The benches by name, as commands: `yiwang bench NAME`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from yiwang import setup
from yiwang.bench.detect import measure_detect
from yiwang.bench.faults import measure_faults
from yiwang.bench.figure import Figure
from yiwang.bench.installation import Installation, install
from yiwang.bench.intake import measure_intake
from yiwang.bench.lifecycle import measure_lifecycle
from yiwang.bench.results import FOLDER, write_result
from yiwang.bench.screen import measure_screen
from yiwang.bench.single import measure_bulk, measure_places
from yiwang.bench.spike import measure_spike
from yiwang.bench.wall import measure_wall
from yiwang.ground.city import City
from yiwang.ground.packs.reading import read_pack

Measure = Callable[[Installation], Awaitable[Figure]]

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Measure in this installation and keep it; otherwise in a throwaway one."
    ),
]
PackOption = Annotated[str, typer.Option("--pack", help="The city: a pack's name or folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ResultsOption = Annotated[Path, typer.Option("--results", help="Where the figure is kept.")]
CasesOption = Annotated[int, typer.Option("--cases", min=1, help="Cases that are there already.")]
SecondsOption = Annotated[float, typer.Option("--seconds", min=1, help="Length of a measurement.")]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed makes the same load.")]

_MILLION = 1_000_000


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _show(figure: Figure, results: Path, *, as_json: bool) -> None:
    """Keep the figure and print it."""
    file = write_result(figure, datetime.now(UTC), results)
    if as_json:
        typer.echo(json.dumps(asdict(figure), ensure_ascii=False))
        return
    limit = "" if figure.limit is None else f" of {figure.limit:g} ({figure.ratio:g})"
    typer.echo(f"{figure.bench}: {figure.figure:g} {figure.unit}{limit}, errors {figure.errors}")
    typer.echo(f"p50 {figure.p50_ms} ms, p95 {figure.p95_ms} ms, p99 {figure.p99_ms} ms")
    for name, value in figure.detail.items():
        typer.echo(f"  {name}: {value}")
    typer.echo(f"kept in {file}")


def _measure(home: Path | None, pack: str, measure: Measure, *, run: bool = True) -> Figure:
    async def work() -> Figure:
        async with install(home, pack, run=run) as place:
            return await measure(place)

    return asyncio.run(work())


def intake(
    home: HomeOption = None,
    pack: PackOption = "",
    connections: Annotated[int, typer.Option("--connections", min=1)] = 64,
    seconds: SecondsOption = 15.0,
    seed: SeedOption = 1,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Single reports over HTTP, each durable before the answer."""
    figure = _measure(home, pack, lambda place: measure_intake(place, connections, seconds, seed))
    _show(figure, results, as_json=as_json)


def lifecycle(
    home: HomeOption = None,
    pack: PackOption = "",
    cases: CasesOption = _MILLION,
    hands: Annotated[int, typer.Option("--hands", min=1, help="Lifecycles at once.")] = 12,
    seconds: SecondsOption = 30.0,
    turns: Annotated[int, typer.Option("--turns", min=1, help="How often each of both.")] = 3,
    seed: SeedOption = 1,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Create, dispatch and accept, finish, search, among many cases and among none, in turns."""
    figure = _measure(
        home,
        pack,
        lambda place: measure_lifecycle(
            place, cases, _say, pack=pack, hands=hands, seconds=seconds, turns=turns, seed=seed
        ),
    )
    _show(figure, results, as_json=as_json)


def spike(
    home: HomeOption = None,
    pack: PackOption = "",
    cases: CasesOption = _MILLION,
    rate: Annotated[float, typer.Option("--rate", min=1, help="Reports a second.")] = 1000.0,
    seconds: SecondsOption = 60.0,
    seed: SeedOption = 1,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Quiet, then a thousand reports a second for a minute."""
    figure = _measure(
        home,
        pack,
        lambda place: measure_spike(place, cases, _say, rate=rate, seconds=seconds, seed=seed),
    )
    _show(figure, results, as_json=as_json)


def faults(
    home: HomeOption = None,
    pack: PackOption = "",
    kills: Annotated[int, typer.Option("--kills", min=1, help="How often to kill -9.")] = 200,
    seed: SeedOption = 1,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """kill -9 of service, worker and database at random moments under load."""
    figure = _measure(home, pack, lambda place: measure_faults(place, kills, _say, seed))
    _show(figure, results, as_json=as_json)


def places(
    pack: PackOption = "",
    seed: SeedOption = 1,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Points to their deepest place."""
    city = City.build(read_pack(setup.pack_folder(pack)))
    _show(measure_places(city, seed), results, as_json=as_json)


def bulk(
    home: HomeOption = None,
    pack: PackOption = "",
    cases: CasesOption = _MILLION,
    seed: SeedOption = 1,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """The bulk generator."""
    figure = _measure(home, pack, lambda place: measure_bulk(place, cases, seed), run=False)
    _show(figure, results, as_json=as_json)


def screen(
    home: HomeOption = None,
    pack: PackOption = "",
    cases: Annotated[int, typer.Option("--cases", min=1, help="Open cases.")] = 100_000,
    streams: Annotated[int, typer.Option("--streams", min=20, help="Streams at once.")] = 1000,
    rate: Annotated[float, typer.Option("--rate", min=1, help="Changes a second.")] = 50.0,
    seconds: SecondsOption = 60.0,
    seed: SeedOption = 1,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """The live picture of 100 000 open cases on 1 000 screens."""
    figure = _measure(
        home,
        pack,
        lambda place: measure_screen(place, cases, streams, _say, rate, seconds, seed),
    )
    _show(figure, results, as_json=as_json)


def wall(
    home: HomeOption = None,
    pack: PackOption = "",
    cases: Annotated[int, typer.Option("--cases", min=1, help="Open cases.")] = 100_000,
    rate: Annotated[float, typer.Option("--rate", min=1, help="Changes a second.")] = 50.0,
    seconds: SecondsOption = 600.0,
    width: Annotated[int, typer.Option("--width", min=320)] = 1920,
    height: Annotated[int, typer.Option("--height", min=320)] = 1080,
    seed: SeedOption = 1,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """The screen in Chromium: first paint, frames, memory, with 100 000 open cases."""
    figure = _measure(
        home,
        pack,
        lambda place: measure_wall(place, cases, _say, rate, seconds, (width, height), seed),
    )
    _show(figure, results, as_json=as_json)


def detect(
    data: Annotated[
        Path | None, typer.Option("--data", help="The benchmark's folder, with data and labels.")
    ] = None,
    results: ResultsOption = FOLDER,
    as_json: JsonOption = False,
) -> None:
    """The anomaly detector on the Numenta Anomaly Benchmark, by the benchmark's own scoring."""
    folder = data or Path(os.environ.get("YIWANG_DATA", "../shared/data")) / "nab"
    _show(measure_detect(folder, _say), results, as_json=as_json)


BENCHES: Mapping[str, Callable[..., None]] = {
    "intake": intake,
    "lifecycle": lifecycle,
    "spike": spike,
    "faults": faults,
    "places": places,
    "bulk": bulk,
    "screen": screen,
    "wall": wall,
    "detect": detect,
}

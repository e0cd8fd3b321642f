"""`yiwang judge`: what a rule or a model makes of readings in files, without a platform."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from yiwang.commands.options import JsonOption
from yiwang.kit.errors import Refusal
from yiwang.signals.alerts.anomaly import Detector, Reading, read_series, write_scores

app = typer.Typer(help="Judge readings in files.", no_args_is_help=True)


@app.callback()
def _judge() -> None:
    """Judge readings in files."""


@app.command()
def detect(
    source: Annotated[Path, typer.Option("--input", help="Folder of CSV files: timestamp,value.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the scored files.")],
    as_json: JsonOption = False,
) -> None:
    """Say for every reading how unusual it is (anomaly_score, 0 to 1), in order of time.

    Every file is a series of its own, and all are judged with the same settings. A reading is
    judged by those before it only. A file is written whole or not at all; one that cannot be read
    is said and passed over, and the command ends with 2.
    """
    files = _find(source, out)
    done = 0
    readings = 0
    refused: list[Refusal] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        disable=as_json,
    ) as bar:
        task = bar.add_task("series", total=len(files))
        for file in files:
            name = file.relative_to(source)
            bar.update(task, description=str(name))
            try:
                readings += judge_file(file, out / name, str(name))
                done += 1
            except Refusal as refusal:
                refused.append(refusal)
                bar.console.print(f"yiwang: {refusal}", markup=False, highlight=False)
            bar.advance(task)
    if as_json:
        told = {
            "files": done,
            "readings": readings,
            "refused": [{"code": one.code, "en": one.say("en")} for one in refused],
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(f"{done} of {len(files)} files, {readings} readings, in {out}")
    if refused:
        raise typer.Exit(2)


def _find(source: Path, out: Path) -> list[Path]:
    """The files to judge, at any depth."""
    if not source.is_dir():
        raise Refusal("anomaly.folder_missing", folder=str(source))
    read, written = source.resolve(), out.resolve()
    if read == written or read in written.parents or written in read.parents:
        raise Refusal("anomaly.same_folder", folder=str(out))
    files = sorted(path for path in source.rglob("*.csv") if path.is_file())
    if not files:
        raise Refusal("anomaly.nothing_to_judge", folder=str(source))
    return files


def judge_file(file: Path, target: Path, name: str) -> int:
    """Judge one series; how many readings it has. The target appears when it is complete."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            series = read_series(lines, name)
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("anomaly.file_unreadable", file=name, reason=_reason(error)) from error
    detector = Detector()

    def score(reading: Reading) -> float:
        if reading.value is None:
            return 0.0
        return detector.judge(reading.value).score

    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("w", encoding="utf-8", newline="") as written:
                count = _last(write_scores(series, score, written.write))
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Refusal("anomaly.not_writable", file=str(target), reason=_reason(error)) from error
    return count


def _last(counts: Iterator[int]) -> int:
    last = 0
    for count in counts:
        last = count
    return last


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)

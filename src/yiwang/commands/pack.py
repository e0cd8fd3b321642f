"""`yiwang pack`: check, make, draw and install cities."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from yiwang import setup
from yiwang.commands.options import HomeOption
from yiwang.ground.packs.findings import PackErrors
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.packs.skeleton import write_skeleton
from yiwang.ground.packs.summary import summary
from yiwang.ground.packs.writing import write_pack
from yiwang.home import Home
from yiwang.kit.errors import Refusal
from yiwang.matters.panels import registry
from yiwang.matters.panels import service as panels
from yiwang.replay.drawing import draw_from_records

app = typer.Typer(help="Cities as data.", no_args_is_help=True)


@app.command()
def check(folder: Annotated[Path, typer.Argument(help="The pack's folder.")]) -> None:
    """Check a pack; every error names its file, line and remedy."""
    try:
        pack = read_pack(setup.pack_folder(str(folder)))
    except PackErrors as errors:
        for error in errors.errors:
            typer.echo(f"{error.file}:{error.line}: {error.code}: {error.message_en}", err=True)
            typer.echo(f"    {error.remedy_en}", err=True)
            typer.echo(f"    {error.message_zh}{error.remedy_zh}", err=True)
        typer.echo(f"{len(errors.errors)} error(s)", err=True)
        sys.exit(1)
    unknown = panels.unknown_panels(
        next((row.value for row in pack.settings if row.key == "screen"), {})
    )
    if unknown:
        known = ", ".join(registry.names())
        raise Refusal("packs.panel_unknown", panels=", ".join(unknown), known=known)
    for name, count in summary(pack).items():
        typer.echo(f"{name:20} {count}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The city's name: letters, digits, underscore.")],
    under: Annotated[Path, typer.Option("--in", help="The folder to make it in.")] = Path("packs"),
) -> None:
    """Make a skeleton that passes its check."""
    folder = under / name
    write_skeleton(folder, name)
    typer.echo(f"made {folder}; check it with: yiwang pack check {folder}")


@app.command()
def draw(
    name: Annotated[str, typer.Argument(help="The pack's name or folder.")],
    data: Annotated[Path, typer.Option(envvar="YIWANG_DATA", help="Folder of the records.")],
) -> None:
    """Draw a pack's areas from the points of a city's own records."""
    drawn = draw_from_records(data, setup.pack_folder(name))
    for line in drawn.lines():
        typer.echo(line)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    home: HomeOption = None,
) -> None:
    """Write the city that is installed, with its revisions, as a pack's folder."""
    pack = asyncio.run(setup.installed_pack(Home.open(home)))
    write_pack(pack, folder)
    typer.echo(f"wrote {folder}; check it with: yiwang pack check {folder}")


@app.command()
def install(
    name: Annotated[str, typer.Argument(help="The pack's name or folder.")],
    home: HomeOption = None,
    revised: Annotated[
        setup.Revised,
        typer.Option(help="What holds where the pack says otherwise than what was revised here."),
    ] = setup.Revised.REFUSE,
) -> None:
    """Install a pack in place of the present one; running processes take it up by themselves."""
    place = Home.open(home)
    asyncio.run(setup.prepare_database(place, typer.echo))
    asyncio.run(setup.install_pack(place, setup.pack_folder(name), typer.echo, revised))

"""`yiwang tallies`: figures told anew from the record."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import typer

from yiwang import setup
from yiwang.commands.options import HomeOption
from yiwang.ground.authority.model import platform
from yiwang.home import Home
from yiwang.kit.db import Database
from yiwang.matters.panels import tallying

_BATCH = 5 * tallying.BATCH  # events; nobody waits for a single batch here

app = typer.Typer(help="The figures by place and hour, folded from the record.")


@app.callback()
def _tallies() -> None:
    """The figures by place and hour, folded from the record."""


@app.command()
def rebuild(home: HomeOption = None) -> None:
    """Forget the tallies and fold the whole record again; a running worker may help."""
    place = Home.open(home)
    if place.is_embedded:
        place.server.start()

    async def run() -> int:
        db = await Database.open(place.role_url("yiwang_worker"), size=1)
        city = await setup.load_city(db)
        scope = platform(city.root_path).scope
        async with db.begin(scope, datetime.now(UTC)) as tx:
            await tallying.start_anew(tx)
        total, count = 0, _BATCH
        while count >= _BATCH:
            async with db.begin(scope, datetime.now(UTC)) as tx:
                count = await tallying.tally(tx, city, _BATCH)
            total += count
        await db.close()
        return total

    began = time.monotonic()
    total = asyncio.run(run())
    typer.echo(f"{total} events folded in {time.monotonic() - began:.1f} s")

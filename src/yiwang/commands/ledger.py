"""`yiwang ledger`, `yiwang receipt`: check the record."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.progress import Progress

from yiwang.commands.options import HomeOption
from yiwang.ground.ledger.auditing import Report, audit, verify_file
from yiwang.home import Home

app = typer.Typer(help="The record of everything that happened.", no_args_is_help=True)
receipts = typer.Typer(help="Receipts of cases.", no_args_is_help=True)


@app.callback()
def _ledger() -> None:
    """The record of everything that happened."""


@receipts.callback()
def _receipts() -> None:
    """Receipts of cases."""


@app.command()
def verify(
    home: HomeOption = None,
    language: Annotated[str, typer.Option(help="zh or en")] = "en",
) -> None:
    """Check every event against the sealed record; names what was altered, missing, reordered."""
    place = Home.open(home)
    if place.is_embedded:
        place.server.start()

    async def run() -> Report:
        conn = await asyncpg.connect(place.role_url("yiwang_worker"))
        try:
            with Progress(transient=True) as bar:
                task = bar.add_task("events", total=None)
                return await audit(
                    conn,
                    place.secrets["origin"],
                    [place.signing_key.public],
                    datetime.now(UTC),
                    advance=lambda done, total: bar.update(task, completed=done, total=total),
                )
        finally:
            await conn.close()

    report = asyncio.run(run())
    for finding in report.findings:
        typer.echo(finding.zh if language == "zh" else finding.en)
    outcome = report.outcome
    typer.echo(
        f"{'ok' if report.ok else 'NOT OK'}: {outcome.events} events sealed,"
        f" {outcome.waiting} waiting, {outcome.found} finding(s)"
    )
    sys.exit(0 if report.ok else 1)


@receipts.command("verify")
def verify_receipt(
    file: Annotated[Path, typer.Argument(help="The receipt file.")],
    key: Annotated[Path | None, typer.Option(help="The public key you trust (PEM).")] = None,
    language: Annotated[str, typer.Option(help="zh or en")] = "en",
) -> None:
    """Check a receipt offline: no home, no database, no network."""
    found = verify_file(file, key, language)
    for line in found.lines:
        typer.echo(line)
    sys.exit(found.status)

"""`yiwang docs`: generated documents, written or checked."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from yiwang import generated


def make(app: typer.Typer) -> None:
    """Give `app` the command `docs`, which documents `app` itself too."""

    @app.command("docs")
    def docs(
        write: Annotated[
            bool, typer.Option("--write/--check", help="Write them, or fail where one is stale.")
        ] = False,
    ) -> None:
        """Write docs/generated anew, or check that it is current."""
        if write:
            for path in generated.write(app):
                typer.echo(f"wrote {path.relative_to(generated.ROOT)}")
            return
        old = generated.stale(app)
        for path in old:
            typer.echo(f"{path.relative_to(generated.ROOT)} is stale; run: make generate", err=True)
        sys.exit(1 if old else 0)

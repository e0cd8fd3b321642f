"""A command line: its log, and how it ends when a command is refused."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping

import typer

from yiwang.kit.errors import Refusal

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def write_log() -> None:
    """Warnings and worse go to standard error, one line each."""
    logging.basicConfig(level=logging.WARNING, format=_LOG_FORMAT)


def alone(commands: Mapping[str, Callable[..., None]]) -> typer.Typer:
    """A command line of these commands only."""
    app = typer.Typer(name="yiwang", pretty_exceptions_enable=False, add_completion=False)
    for name, command in commands.items():
        app.command(name)(command)
    app.callback()(_several)
    return app


def _several() -> None:
    """Yiwang 一网: the open platform a city runs itself on."""


def run_commands(app: typer.Typer) -> None:
    """Run a command; a refusal is one line on standard error and exit code 2."""
    try:
        app()
    except Refusal as refusal:
        language = "zh" if os.environ.get("LANG", "").lower().startswith("zh") else "en"
        typer.echo(f"yiwang: {refusal.code}: {refusal.say(language)}", err=True)
        sys.exit(2)

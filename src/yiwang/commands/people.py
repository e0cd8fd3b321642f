"""`yiwang user`: the first people of an installation."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from yiwang import setup
from yiwang.commands.options import HomeOption
from yiwang.home import Home

app = typer.Typer(help="People and their posts.", no_args_is_help=True)


@app.callback()
def _users() -> None:
    """People and their posts."""


@app.command()
def add(
    login: Annotated[str, typer.Argument(help="The login.")],
    name: Annotated[str, typer.Argument(help="The person's name.")],
    post: Annotated[str, typer.Argument(help="The post they hold, e.g. 310000_centre.sysadmin")],
    home: HomeOption = None,
) -> None:
    """Create a person with a generated password and second factor, shown this once."""
    place = Home.open(home)
    issued = asyncio.run(setup.add_person(place, login, name, post))
    typer.echo(f"login     {issued.person.login}")
    typer.echo(f"password  {issued.password}")
    typer.echo(f"TOTP      {issued.totp_secret}")

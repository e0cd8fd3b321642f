"""Options that many commands take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

HomeOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--home", envvar="YIWANG_HOME", help="The folder of the installation."),
]
PortOption: TypeAlias = Annotated[
    int, typer.Option("--port", envvar="PORT", min=1, max=65535, help="The port of the service.")
]
JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else.")
]


class ClockName(StrEnum):
    """Which clock matters go by."""

    REAL = "real"
    SIMULATED = "simulated"


ClockOption: TypeAlias = Annotated[
    ClockName,
    typer.Option("--clock", help="simulated: each request says its moment (Yiwang-Time)."),
]

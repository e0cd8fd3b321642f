"""`yiwang demo`."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Annotated

import typer

from yiwang import demo as demonstration
from yiwang import setup
from yiwang.commands.line import alone, run_commands, write_log
from yiwang.commands.options import HomeOption, PortOption
from yiwang.home import Home


def demo(
    home: HomeOption = None,
    port: PortOption = 8000,
    pack: Annotated[str, typer.Option(help="The city: a pack's name or folder.")] = "",
    feed: Annotated[
        bool, typer.Option(help="Make up a past and send a day of reports, synthetic.")
    ] = True,
) -> None:
    """Set everything up and run the platform until Ctrl-C."""
    write_log()
    place = Home.open(home)
    began = time.monotonic()
    fed = place.folder / "fed"
    access = asyncio.run(
        setup.prepare(place, pack or None, base_url=f"http://127.0.0.1:{port}", say=typer.echo)
    )
    new = feed and not fed.exists()
    if new:
        asyncio.run(demonstration.recall(place, typer.echo))
    platform = demonstration.Platform(place, port)
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        platform.start()
        typer.echo(f"ready in {time.monotonic() - began:.1f} s")
        if new:
            asyncio.run(demonstration.feed(place, platform.base_url, typer.echo))
            fed.touch()
        _say_where(platform.base_url, place, access)
        while not stopped:
            time.sleep(0.5)
            platform.keep()
    finally:
        platform.stop()
        if place.is_embedded:
            place.server.stop()


def _say_where(base_url: str, place: Home, access: dict[str, object]) -> None:
    accounts = access.get("accounts")
    count = len({row["name"] for row in accounts}) if isinstance(accounts, list) else 0
    typer.echo(
        f"""
Yiwang 一网 runs at {base_url}
  for the public      {base_url}/
  for those who work  {base_url}/desk  /field  /screen  /administration
  what it knows       {base_url}/api/v1/status
  its API             {base_url}/api/v1/openapi.json
  Open311             {base_url}/open311/v2/services.json
  {count} accounts, keys    {place.access_file} (for your eyes only)
Cases and reports made by this command are synthetic, and labelled so. Stop with Ctrl-C.
本命令生成的案件与上报均为合成数据，并已标注。按 Ctrl-C 停止。"""
    )


def main() -> None:
    """Run it, without loading the other commands."""
    run_commands(alone({"demo": demo}))

"""The command line: `yiwang ...`. Every command takes `--home` (or YIWANG_HOME)."""

from __future__ import annotations

import typer

from yiwang.commands import (
    demonstration,
    judging,
    ledger,
    measuring,
    pack,
    papers,
    people,
    running,
    tallies,
)
from yiwang.commands.line import run_commands

app = typer.Typer(
    name="yiwang",
    help="Yiwang 一网: the open platform a city runs itself on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demonstration.demo)
app.command("serve")(running.serve)
app.command("worker")(running.work)
app.add_typer(pack.app, name="pack")
app.add_typer(ledger.app, name="ledger")
app.add_typer(ledger.receipts, name="receipt")
app.add_typer(people.app, name="user")
app.add_typer(tallies.app, name="tallies")
app.add_typer(judging.app, name="judge")
app.command("bulk")(measuring.fill)
app.command("replay")(measuring.replay)
app.add_typer(measuring.bench, name="bench")
papers.make(app)


def main() -> None:
    """Run a command."""
    run_commands(app)


if __name__ == "__main__":
    main()

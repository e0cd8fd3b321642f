"""The figures of a replay as a table for people and as one JSON object for machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from yiwang.replay.driver import Progress
from yiwang.replay.summary import Summary


def as_object(
    summary: Summary, progress: Progress, figures: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Everything in plain values; `seconds` is how long the replay ran."""
    body: dict[str, Any] = msgspec.to_builtins(summary)
    body["verdicts"]["agreement"] = summary.verdicts.agreement
    body["matching"] |= {
        "precision": summary.matching.precision,
        "recall": summary.matching.recall,
        "parent": summary.matching.parent,
    }
    return {
        **body,
        "desk_placed": progress.desk,
        "sent_back": progress.sent_back,
        "refused": dict(progress.refused),
        "seconds": round(seconds, 1),
        "service": dict(figures),
    }


def print_summary(console: Console, title: str, summary: Summary, found: Mapping[str, Any]) -> None:
    """The tables; `found` is what :func:`as_object` gave."""
    verdicts, matching = summary.verdicts, summary.matching
    main = plain_table(title, "", "count")
    for name, value in (
        ("reports", summary.reports),
        ("cases", summary.cases),
        ("repeats attached", summary.attached),
        ("waiting at the desk", summary.desk),
        ("dispatched", summary.dispatched),
        ("returned and dispatched anew", summary.returned),
        ("with the recorded queue", percent(summary.queue_share)),
        ("closed", summary.closed),
        ("still open", summary.open),
        ("steps refused by the service", sum(found["refused"].values())),
    ):
        main.add_row(name, str(value))
    console.print(main)
    clocks = plain_table("On time and overdue", "", "city on time", "city overdue")
    clocks.add_row("ours on time", str(verdicts.both_on_time), str(verdicts.only_city_overdue))
    clocks.add_row("ours overdue", str(verdicts.only_ours_overdue), str(verdicts.both_overdue))
    clocks.caption = (
        f"agreement {percent(verdicts.agreement)}; all reports by the city: "
        f"{summary.city_on_time} on time, {summary.city_overdue} overdue; all cases by our clocks: "
        f"{summary.on_time} on time, {summary.overdue} overdue"
    )
    console.print(clocks)
    times = plain_table("The four times, hours", "", "cases", "median", "p90")
    for name, spread in summary.times.items():
        times.add_row(name, str(spread.count), _hours(spread.median_h), _hours(spread.p90_h))
    console.print(times)
    console.print(
        f"Repeats beside the city's own {matching.marked} marks: precision "
        f"{_share(matching.precision)}, recall {_share(matching.recall)}, with the marked parent "
        f"{_share(matching.parent)}. Duration {found['seconds']} s."
    )


def plain_table(title: str, first: str, *columns: str) -> Table:
    """An empty table with one column of names and some of numbers."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def percent(value: float | None) -> str:
    """A share as people read it; an empty denominator is no data, never 0 %."""
    return "no data" if value is None else f"{100 * value:.1f} %"


def _share(value: float | None) -> str:
    return "no data" if value is None else f"{value:.2f}"


def _hours(value: float | None) -> str:
    return "no data" if value is None else f"{value:.2f}"


def progress_bar(quiet: bool) -> Bar:
    """A bar on the error output, so that the figures alone go to the output."""
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet,
        transient=True,
    )

"""Pure decisions of publishing: what a number must be to be told, and what a state means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from yiwang.matters.cases.model import OPEN
from yiwang.matters.panels.model import Counts
from yiwang.matters.panels.rules import quantile, share

T = TypeVar("T")
_DAY_S = 86_400.0
_HOTTEST = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """A place's figures over a span. None where there were too few to tell (`few`), or nothing.

    Shares are percent, times days. `on_time` is of handlings with a limit, `satisfaction` of
    ratings.
    """

    opened: int
    closed: int
    cancelled: int
    repeats: int
    open_now: int
    overdue_now: int
    on_time: float | None
    median_days: float | None
    p90_days: float | None
    satisfaction: float | None
    repeats_share: float | None
    few: tuple[str, ...]  # the figures that were held back because too little was counted


def figures(counts: Counts, open_now: int, overdue_now: int, least: int) -> Figures:
    """The figures of counts; what fewer than `least` things would give is held back.

    A share of three cases says more about three households than about a place.
    """
    few: list[str] = []

    def told(name: str, whole: int, figure: Callable[[], float | None]) -> float | None:
        if 0 < whole < least:
            few.append(name)
            return None
        return figure()

    def n(name: str) -> int:
        return max(counts.get(name, 0), 0)

    closings = sum(v for name, v in counts.items() if name.startswith("time.total:") and v > 0)

    def days(q: float) -> float | None:
        seconds = quantile(counts, "total", q)
        return None if seconds is None else round(seconds / _DAY_S, 2)

    limited, rated = n("on_time") + n("late"), n("satisfied") + n("dissatisfied")
    located = n("firsts") + n("repeats")
    return Figures(
        opened=n("opened"),
        closed=n("closed"),
        cancelled=n("cancelled"),
        repeats=n("repeats"),
        open_now=max(open_now, 0),
        overdue_now=max(overdue_now, 0),
        on_time=told("on_time", limited, lambda: share(n("on_time"), n("late"))),
        median_days=told("median_days", closings, lambda: days(0.5)),
        p90_days=told("p90_days", closings, lambda: days(0.9)),
        satisfaction=told("satisfaction", rated, lambda: share(n("satisfied"), n("dissatisfied"))),
        repeats_share=told("repeats_share", located, lambda: share(n("repeats"), n("firsts"))),
        few=tuple(few),
    )


def ranks(
    rows: Iterable[tuple[T, float | None]], *, ascending: bool = False
) -> tuple[dict[T, int], int]:
    """The rank of each that has a figure, equal ones alike (1, 2, 2, 4), and how many have one."""
    known = [(key, value) for key, value in rows if value is not None]
    ordered = sorted((value for _, value in known), reverse=not ascending)
    return {key: ordered.index(value) + 1 for key, value in known}, len(known)


def hottest(counts: Counts, least: int) -> list[tuple[str, int]]:
    """The kinds most often opened, a few; those seen fewer than `least` times are not told."""
    kinds = [
        (name.removeprefix("kind:"), n)
        for name, n in counts.items()
        if name.startswith("kind:") and n >= least
    ]
    return sorted(kinds, key=lambda row: (-row[1], row[0]))[:_HOTTEST]


def plain_state(state: str, passed_check: bool) -> str:
    """The state as it is told to the public: closed is not yet checked, and is not called so."""
    return "unchecked" if state == "closed" and not passed_check else state


def steps(row: Mapping[str, object]) -> list[tuple[str, datetime]]:
    """What happened to a case so far, step by step, with the moments."""
    names = ("reported", "filed", "dispatched", "handled")
    found = [(name, at) for name in names if isinstance(at := row[f"{name}_at"], datetime)]
    ended = row["closed_at"]
    state = str(row["state"])
    if isinstance(ended, datetime) and state not in OPEN:
        found.append((state, ended))
    return found


def months(now: datetime, count: int) -> Sequence[datetime]:
    """The beginnings of the last `count` months up to that of `now`, in its zone."""
    found = []
    year, month = now.year, now.month
    for _ in range(count):
        found.append(
            now.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
        )
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found[::-1]

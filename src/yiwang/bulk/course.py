"""Lives the drawn cases: who did what when, and what was due by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from yiwang.bulk.choices import Choices
from yiwang.bulk.deadlines import Deadlines, Seconds
from yiwang.bulk.drawing import Draw
from yiwang.bulk.routing import Limits, Route, Router
from yiwang.ground.packs.model import ClockKind, Stage
from yiwang.ground.taxonomy.model import EffectiveLimit

NEVER = np.iinfo(np.int64).max
_EPOCH = date(1970, 1, 1)
_MINUTE = 60.0
_WITHOUT_LIMIT = 3 * 86_400  # a handling time to go by where the city sets none


@dataclass(frozen=True, slots=True)
class Course:
    """The steps of each case and their due times, in seconds since 1970; NEVER where none is.

    `back` is when the first unit gave the order back, for those drawn so.
    """

    routes: list[Route]
    limits: list[Limits]
    filed: Seconds
    dispatched: Seconds
    back: Seconds
    accepted: Seconds
    finished: Seconds
    passed: Seconds
    due: dict[Stage, Seconds]
    starts: dict[Stage, Seconds]


def live(
    part: Draw,
    choices: Choices,
    router: Router,
    deadlines: Deadlines,
    rng: np.random.Generator,
    until: int,
) -> Course:
    """The course of every case of a part; nothing happens after `until`."""
    count = len(part.reported)
    routes, limits = _rule(part, choices, router)

    def due(stage: Stage, starts: Seconds) -> Seconds:
        return _due(stage, starts, limits, deadlines)

    def later(since: Seconds, median_minutes: float, spread: float) -> Seconds:
        waits = rng.lognormal(np.log(median_minutes * _MINUTE), spread, count)
        return since + waits.astype(np.int64)

    filed = later(part.reported, 0.05, 0.5)
    dispatched = later(filed, 6.0, 1.0)
    back = later(dispatched, 50.0, 0.8)
    issued = np.where(part.returned, later(back, 15.0, 0.8), dispatched)
    accepted = later(issued, 35.0, 0.9)
    due_handle = due(Stage.HANDLE, issued)
    allowed = np.where(due_handle == NEVER, _WITHOUT_LIMIT, due_handle - issued)
    used = rng.lognormal(np.log(0.42), 0.62, count) * allowed
    finished = np.maximum(accepted + 60, issued + used.astype(np.int64))
    passed = later(finished, 55.0, 1.0)
    squeeze = _squeezed(part.reported, passed, until)
    filed, dispatched, back, issued, accepted, finished, passed = (
        squeeze(at) for at in (filed, dispatched, back, issued, accepted, finished, passed)
    )
    starts = {
        Stage.DISPATCH: filed,
        Stage.TOTAL: filed,
        Stage.ACCEPT: issued,
        Stage.CONTACT: issued,
        Stage.HANDLE: issued,
        Stage.CHECK: finished,
    }
    return Course(
        routes=routes,
        limits=limits,
        filed=filed,
        dispatched=dispatched,
        back=back,
        accepted=accepted,
        finished=finished,
        passed=passed,
        due={stage: due(stage, since) for stage, since in starts.items()},
        starts=starts,
    )


def _rule(part: Draw, choices: Choices, router: Router) -> tuple[list[Route], list[Limits]]:
    epochs = {
        day: router.epoch(_EPOCH + timedelta(days=day)) for day in np.unique(part.day).tolist()
    }
    keys = [kind.key for kind in choices.kinds]
    paths = [place.path for place in choices.places]
    routes, limits = [], []
    for kind, place, day in zip(
        part.kind.tolist(), part.place.tolist(), part.day.tolist(), strict=True
    ):
        on = epochs[day]
        routes.append(router.route(keys[kind], paths[place], on))
        limits.append(router.limits(keys[kind], paths[place], on))
    return routes, limits


def _due(stage: Stage, starts: Seconds, limits: list[Limits], deadlines: Deadlines) -> Seconds:
    """The due times of one stage: cases with the same length of time are asked for together."""
    found = np.full(len(starts), NEVER, dtype=np.int64)
    lengths: dict[tuple[float, ClockKind], int] = {}
    none = -1
    which = np.empty(len(starts), dtype=np.int64)
    for i, rows in enumerate(limits):
        limit: EffectiveLimit | None = rows.get(stage)
        which[i] = (
            none if limit is None else lengths.setdefault((limit.amount, limit.clock), len(lengths))
        )
    for (amount, clock), index in lengths.items():
        mine = which == index
        found[mine] = deadlines.due(starts[mine], amount, clock)
    return found


def _squeezed(reported: Seconds, end: Seconds, until: int) -> Callable[[Seconds], Seconds]:
    """Brings lives that would end after `until` before it, their steps in proportion."""
    room: NDArray[np.float64] = np.maximum(until - 1 - reported, 0) / np.maximum(end - reported, 1)
    share = np.minimum(1.0, room)

    def squeeze(at: Seconds) -> Seconds:
        return reported + ((at - reported) * share).astype(np.int64)

    return squeeze

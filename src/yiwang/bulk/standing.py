"""Where a made-up case stands against its clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from yiwang.bulk import lines
from yiwang.bulk.course import NEVER, Course
from yiwang.bulk.drawing import Life
from yiwang.ground.city import City, start_clocks
from yiwang.ground.packs.model import Stage

# The clock that runs while a case is this far.
RUNNING = {
    Life.REPORTED: Stage.TOTAL,
    Life.FILED: Stage.DISPATCH,
    Life.ISSUED: Stage.HANDLE,
    Life.ACCEPTED: Stage.HANDLE,
    Life.CHECKING: Stage.CHECK,
}


def overdue(course: Course, i: int, life: Life, until: int) -> list[str]:
    """The stages that ran over: those that ended late, and those that are late at `until`."""
    ended = {
        Stage.DISPATCH: (Life.ISSUED, course.dispatched),
        Stage.HANDLE: (Life.CHECKING, course.finished),
        Stage.CHECK: (Life.CLOSED, course.passed),
        Stage.TOTAL: (Life.CLOSED, course.passed),
    }
    if life is Life.CANCELLED:
        return []
    found = []
    for stage, (since, at) in ended.items():
        due = course.due[stage][i]
        if life >= since:
            over = at[i] > due
        else:
            waiting = stage is Stage.TOTAL or stage is RUNNING.get(life)
            over = waiting and until >= due
        if over:
            found.append(stage.value)
    return found


def alarm(course: Course, i: int, life: Life, late: list[str]) -> str:
    """When the platform looks at an open case next: at the first clock not yet run out."""
    running = RUNNING.get(life)
    if running is None:
        return lines.NULL
    waiting = [
        int(course.due[stage][i]) for stage in (running, Stage.TOTAL) if stage.value not in late
    ]
    first = min(waiting, default=NEVER)
    return lines.NULL if first == NEVER else lines.moment(first)


def limits(
    city: City, kind: str, place: str, course: Course, i: int, stages: tuple[Stage, ...]
) -> dict[str, Any]:
    """The clocks of an open matter as the platform stores them, to be computed again."""
    found = {}
    for stage in stages:
        start = datetime.fromtimestamp(int(course.starts[stage][i]), UTC)
        clocks = start_clocks(city, kind, place, (stage,), start).get(stage)
        if clocks and not clocks[0].milestone:
            found[stage.value] = clocks[0].stored
    return found

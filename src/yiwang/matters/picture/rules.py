"""Who sees what of a change, and what is sent of many: pure decisions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from yiwang.ground.authority.rules import covers
from yiwang.kit.errors import Refusal
from yiwang.matters.picture.model import Change, Cursor, Look, Reach

LONGEST = timedelta(days=7)  # that is played back at once
_CURSOR = re.compile(r"([0-9a-f]{8})-(\d{1,15})-(\d{1,18})", re.ASCII)
_DEGREES = 6  # decimals of a position: 0.1 m


def sees(reach: Reach, look: Look | None) -> bool:
    """Whether somebody sees a case: it lies in their places or is a matter of their units, and
    lies where they look."""
    return (
        look is not None
        and covers(reach.within, look.place)
        and (
            any(covers(place, look.place) for place in reach.places)
            or any(unit in look.parties for unit in reach.units)
        )
    )


def show_cursor(cursor: Cursor) -> str:
    """A cursor as the API has it."""
    return f"{cursor.epoch}-{cursor.seq}-{cursor.xid}"


def parse_cursor(text: str) -> Cursor:
    """A cursor of the API ("picture.cursor_bad" for anything else)."""
    found = _CURSOR.fullmatch(text.strip())
    if found is None:
        raise Refusal("picture.cursor_bad")
    return Cursor(found[1], int(found[2]), int(found[3]))


def code_of(path: str) -> str:
    """The code of the place with a path."""
    return path.rpartition(".")[2]


def degrees(value: float | None) -> float | None:
    """A coordinate as it is shown."""
    return None if value is None else round(value, _DEGREES)


def frame(reach: Reach, changes: Iterable[Change]) -> dict[str, Any] | None:
    """What somebody is told of changes, or None where they concern them not at all.

    Each case once, as it is after the last: `set` where it is seen, `gone` where it no longer is.
    `steps` says everything that happened to them, in its order, as [seconds, id, action].
    """
    shown: dict[int, list[Any]] = {}
    gone: dict[int, None] = {}
    steps: list[list[Any]] = []
    for change in changes:
        after = change.after
        if after is not None and sees(reach, after):
            gone.pop(after.id, None)
            shown[after.id] = _row(after, change.action)
        elif sees(reach, change.before):
            shown.pop(change.case_id, None)
            gone[change.case_id] = None
            if after is not None:  # it went where it is not theirs to see, nor what was done there
                continue
        else:
            continue
        if change.action:
            steps.append([round(change.at, 3), change.case_id, change.action])
    if not shown and not gone:
        return None
    return {"set": list(shown.values()), "gone": list(gone), "steps": steps}


def _row(look: Look, action: str) -> list[Any]:
    return [
        look.id,
        look.number,
        degrees(look.lon),
        degrees(look.lat),
        look.kind,
        code_of(look.place),
        look.state,
        look.flags,
        look.due,
        look.reported,
        action,
    ]


def check_moment(at: datetime, now: datetime) -> None:
    """Refuse a moment that has not come ("picture.future")."""
    if at > now:
        raise Refusal("picture.future", at=at.isoformat(), now=now.isoformat())


def check_window(since: datetime, until: datetime) -> None:
    """Refuse a window that ends before it begins or is too long ("picture.window")."""
    if not since < until <= since + LONGEST:
        raise Refusal("picture.window", days=LONGEST.days)

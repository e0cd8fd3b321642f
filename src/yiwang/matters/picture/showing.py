"""The whole picture as one answer: columns, written and compressed beside the service's own work.

Everybody who sees the same and looks at the same place shares an answer; while the city moves it is
made anew at most every two seconds, and whoever got it catches up by its cursor.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from yiwang.kit.db import Row
from yiwang.matters.picture import rules
from yiwang.matters.picture.columns import OpenCases, due_or_none
from yiwang.matters.picture.following import Follower
from yiwang.matters.picture.model import Reach

FRESH_S = 2.0
_KEPT = 16
_LEVEL = 1  # of gzip: half the time of level 6 for a tenth more bytes
_DEGREES = 6


@dataclass(frozen=True, slots=True)
class _Shown:
    seq: int
    epoch: str
    made: float
    body: bytes  # gzip


class Pictures:
    """The answers made lately, by reach."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._shown: OrderedDict[Reach, _Shown] = OrderedDict()
        self._making: dict[Reach, asyncio.Task[_Shown]] = {}

    async def show(self, reach: Reach, now: datetime) -> bytes:
        """The picture for somebody, as gzipped JSON."""
        clock = asyncio.get_running_loop().time
        await self._follower.catch_up(FRESH_S / 8)
        found = self._shown.get(reach)
        if (
            found is not None
            and found.epoch == self._follower.epoch
            and (found.seq == self._follower.seq or clock() - found.made < FRESH_S)
        ):
            self._shown.move_to_end(reach)
            return found.body
        task = self._making.get(reach)
        if task is None:
            task = self._making[reach] = asyncio.create_task(self._make(reach, now))
            task.add_done_callback(lambda _: self._making.pop(reach, None))
        return (await asyncio.shield(task)).body

    async def _make(self, reach: Reach, now: datetime) -> _Shown:
        follower = self._follower
        seq, epoch = follower.seq, follower.epoch
        cursor = rules.show_cursor(follower.cursor)
        part = cut(follower.cases, reach)
        body = await asyncio.to_thread(lambda: compress(part.write(now, cursor)))
        shown = _Shown(seq, epoch, asyncio.get_running_loop().time(), body)
        self._shown[reach] = shown
        if len(self._shown) > _KEPT:
            self._shown.popitem(last=False)
        return shown


@dataclass(frozen=True, slots=True)
class Part:
    """Copied columns of some cases, which do not change while they are written."""

    arrays: dict[str, Any]
    numbers: list[str]
    kinds: list[str]
    places: list[str]
    states: list[str]

    def write(self, moment: datetime, cursor: str) -> bytes:
        """The answer as JSON. Names that none of the cases has are left out."""
        arrays = self.arrays
        named = {
            name: _compact(arrays[name], values)
            for name, values in (
                *(("kinds", self.kinds), ("places", self.places), ("states", self.states)),
            )
        }
        columns = {
            "id": arrays["ids"].tolist(),
            "number": self.numbers,
            "lon": np.round(arrays["lons"], _DEGREES).tolist(),
            "lat": np.round(arrays["lats"], _DEGREES).tolist(),
            "kind": named["kinds"][1],
            "place": named["places"][1],
            "state": named["states"][1],
            "flags": arrays["flags"].tolist(),
            "due": due_or_none(arrays["due"]),
            "reported": arrays["reported"].tolist(),
        }
        return _write(
            moment, cursor, columns, *(named[n][0] for n in ("kinds", "places", "states"))
        )


def _compact(numbers: Any, values: Sequence[str]) -> tuple[list[str], list[int]]:
    used, again = np.unique(numbers, return_inverse=True)
    return [values[i] for i in used.tolist()], again.tolist()


def _write(
    moment: datetime,
    cursor: str,
    columns: dict[str, list[Any]],
    kinds: list[str],
    places: list[str],
    states: list[str],
) -> bytes:
    """Written column by column: between two of them others have their turn."""
    head = {
        "moment": moment.isoformat(),
        "cursor": cursor,
        "count": len(columns["id"]),
        "kinds": kinds,
        "places": [rules.code_of(path) for path in places],
        "states": states,
    }
    parts = [
        b"%b:%b" % (msgspec.json.encode(name), msgspec.json.encode(values))
        for name, values in columns.items()
    ]
    return msgspec.json.encode(head)[:-1] + b',"columns":{' + b",".join(parts) + b"}}"


def cut(cases: OpenCases, reach: Reach) -> Part:
    """What somebody sees of the open cases now."""
    slots = cases.seen(reach)
    wanted = ("ids", "lons", "lats", "kinds", "places", "states", "flags", "due", "reported")
    return Part(
        {name: cases.columns[name][slots] for name in wanted},
        [cases.numbers[slot] for slot in slots.tolist()],
        list(cases.kinds.values),
        list(cases.places.values),
        list(cases.states.values),
    )


def write_past(rows: Sequence[Row], moment: datetime) -> bytes:
    """The picture of a past moment, from its rows; nothing follows it, so it has no cursor."""
    numbers: dict[str, dict[str, int]] = {"kind": {}, "place": {}, "state": {}}
    columns: dict[str, list[Any]] = {
        "id": [row["id"] for row in rows],
        "number": [row["number"] for row in rows],
        "lon": [rules.degrees(row["lon"]) for row in rows],
        "lat": [rules.degrees(row["lat"]) for row in rows],
        **{
            name: [known.setdefault(row[name], len(known)) for row in rows]
            for name, known in numbers.items()
        },
        "flags": [row["flags"] for row in rows],
        "due": [row["due"] for row in rows],
        "reported": [row["reported"] for row in rows],
    }
    return _write(moment, "", columns, *(list(numbers[n]) for n in ("kind", "place", "state")))


def compress(body: bytes) -> bytes:
    """The answer as it goes over the wire."""
    return gzip.compress(body, _LEVEL, mtime=0)

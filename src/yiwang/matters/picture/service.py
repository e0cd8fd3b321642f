"""The picture of one service process: what it keeps, and what it answers."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.gate.service import Gate
from yiwang.ground.packs.model import Level
from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.picture import cells, rules, showing, store
from yiwang.matters.picture.areas import Areas, Sheet
from yiwang.matters.picture.audience import FRAME_S, Audience
from yiwang.matters.picture.columns import cell_of
from yiwang.matters.picture.model import Reach
from yiwang.matters.picture.showing import Pictures

MOST_CHANGES = 200_000  # of one window that is played back


class PictureRoom:
    """One per process. `audience` has everybody who watches, `pictures` the answers made lately."""

    def __init__(self, gate: Gate, frame_s: float = FRAME_S) -> None:
        self._gate = gate
        self.audience = Audience(gate, frame_s)
        self.pictures = Pictures(self.audience.follower)
        self._areas = Areas(gate.city)
        self._drawing = asyncio.Lock()

    async def run(self) -> None:
        """Tell those who watch what happens, until cancelled."""
        await self.audience.run()

    async def areas(self, parent: str | None, level: Level | None) -> Sheet:
        """The areas of a level within a place, of the city in force."""
        async with self._drawing:
            if self._areas.city is not self._gate.city:
                self._areas = Areas(self._gate.city)
            return await asyncio.to_thread(self._areas.sheet, parent, level)

    async def count_cells(self, reach: Reach, resolution: int, now: datetime) -> bytes:
        """The open cases somebody sees, counted by hexagon, as gzipped JSON."""
        follower = self.audience.follower
        await follower.catch_up(FRAME_S)
        slots = follower.cases.seen(reach)
        columns = follower.cases.columns
        return await asyncio.to_thread(
            _write_cells, columns["cells"][slots], columns["flags"][slots], resolution, now
        )


def reach_of(actor: Actor, city: City, place: str | None) -> Reach:
    """What an actor sees of a place, the whole city where none is named."""
    within = city.tree.path(place) if place else city.root_path
    return Reach(actor.scope.places, actor.scope.units, within)


async def show_moment(tx: Tx, at: datetime, within: str) -> bytes:
    """The picture of a past moment from the record, as gzipped JSON."""
    rows = await store.at_moment(tx, at, within)
    return await asyncio.to_thread(lambda: showing.compress(showing.write_past(rows, at)))


async def count_cells_at(tx: Tx, at: datetime, within: str, resolution: int) -> bytes:
    """The open cases of a past moment by hexagon, as gzipped JSON."""
    rows = await store.at_moment(tx, at, within)

    def write() -> bytes:
        found = [cell_of(row["lon"], row["lat"]) for row in rows]
        flags = np.array([row["flags"] for row in rows], np.int8)
        return _write_cells(np.array(found, np.uint64), flags, resolution, at)

    return await asyncio.to_thread(write)


def _write_cells(found: Any, flags: Any, resolution: int, moment: datetime) -> bytes:
    columns = cells.count_cells(found, flags, resolution)
    told = {
        "moment": moment.isoformat(),
        "resolution": resolution,
        "count": len(columns["cell"]),
        "columns": columns,
    }
    return showing.compress(msgspec.json.encode(told))


async def play_back(tx: Tx, since: datetime, until: datetime, within: str) -> bytes:
    """Every change of a window, from the record, as gzipped JSON.

    Refuses one with more than can be played at once ("picture.too_much").
    """
    rows = await store.between(tx, since, until, within, MOST_CHANGES + 1)
    if len(rows) > MOST_CHANGES:
        raise Refusal("picture.too_much", most=MOST_CHANGES)
    return await asyncio.to_thread(_write_changes, rows, since, until)


def _write_changes(rows: list[Row], since: datetime, until: datetime) -> bytes:
    changes = [
        (
            round(at, 3),
            case_id,
            state,
            rules.degrees(lon),
            rules.degrees(lat),
            kind,
            None if place is None else rules.code_of(place),
            flags,
            action,
        )
        for at, case_id, state, lon, lat, kind, place, flags, action in rows
    ]
    told = {"from": since.isoformat(), "to": until.isoformat(), "changes": changes}
    return showing.compress(msgspec.json.encode(told))

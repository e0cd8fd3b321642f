"""All open cases of the city in memory: one array for each column, one slot for each case.

100 000 of them take about 30 MB. Who sees which is decided once for each different place and set
of parties, then for all cases at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from yiwang.ground.authority.rules import covers
from yiwang.kit.db import Row
from yiwang.matters.cases.model import OPEN
from yiwang.matters.picture.model import Look, Reach, Step

FINEST = 10  # resolution of the stored cells, hexagons of about 65 m edge
_NEVER = np.iinfo(np.int64).min
_GONE = 50_000  # cases that ended lately, whose late news is not to bring them back
_ROOM = 1024

Slots: TypeAlias = NDArray[np.intp]
_FIELDS = (
    *(("ids", np.int64), ("lons", np.float64), ("lats", np.float64), ("kinds", np.int32)),
    *(("places", np.int32), ("states", np.int8), ("flags", np.int8), ("due", np.int64)),
    *(("reported", np.int64), ("parties", np.int32), ("cells", np.uint64), ("events", np.int64)),
)


class Names:
    """Values that come again and again, by number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """The number of a value, a new one for a new value."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.values)
            self.values.append(value)
        return found


class OpenCases:
    """The open cases as the steps taken so far leave them. Steps of a case may come late, in any
    order: the one with the greatest event id stands."""

    def __init__(self) -> None:
        self.columns: dict[str, NDArray[Any]] = {
            name: np.zeros(_ROOM, sort) for name, sort in _FIELDS
        }
        self.used: NDArray[np.bool_] = np.zeros(_ROOM, np.bool_)
        self.numbers: list[str] = [""] * _ROOM
        self.kinds, self.places, self.states, self.parties = Names(), Names(), Names(), Names()
        self._slots: dict[int, int] = {}
        self._free = list(range(_ROOM - 1, -1, -1))
        self._gone: OrderedDict[int, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, case_id: object) -> bool:
        return case_id in self._slots

    def ids(self) -> Iterable[int]:
        """The ids of all open cases."""
        return self._slots.keys()

    def event_of(self, case_id: int) -> int | None:
        """The event after which a case is known, None where it is not open."""
        slot = self._slots.get(case_id)
        return None if slot is None else int(self.columns["events"][slot])

    def look(self, case_id: int) -> Look | None:
        """How a case looks, None where it is not open."""
        slot = self._slots.get(case_id)
        if slot is None:
            return None
        row = {name: column[slot].item() for name, column in self.columns.items()}
        return Look(
            case_id,
            self.numbers[slot],
            None if np.isnan(row["lons"]) else row["lons"],
            None if np.isnan(row["lats"]) else row["lats"],
            self.kinds.values[row["kinds"]],
            self.places.values[row["places"]],
            self.states.values[row["states"]],
            row["flags"],
            None if row["due"] == _NEVER else row["due"],
            row["reported"],
            self.parties.values[row["parties"]],
        )

    def fill(self, rows: Sequence[Row]) -> None:
        """Take cases that are not there yet, many at once: rows of `store.load`."""
        if not rows:
            return
        while len(self._free) < len(rows):
            self._grow()
        (
            ids,
            events,
            lons,
            lats,
            flags,
            states,
            kinds,
            places,
            parties,
            due,
            numbers,
            reported,
            _,
        ) = zip(*rows, strict=True)
        slots = [self._free.pop() for _ in rows]
        values: dict[str, Sequence[Any]] = {
            "ids": ids,
            "events": events,
            "lons": [np.nan if value is None else value for value in lons],
            "lats": [np.nan if value is None else value for value in lats],
            "flags": flags,
            "states": [self.states.number(value) for value in states],
            "kinds": [self.kinds.number(value) for value in kinds],
            "places": [self.places.number(value) for value in places],
            "parties": [self.parties.number(tuple(value)) for value in parties],
            "due": [_NEVER if value is None else value for value in due],
            "reported": reported,
            "cells": [cell_of(lon, lat) for lon, lat in zip(lons, lats, strict=True)],
        }
        for name, found in values.items():
            self.columns[name][slots] = found
        self.used[slots] = True
        for case_id, slot, number in zip(ids, slots, numbers, strict=True):
            self._slots[case_id] = slot
            self.numbers[slot] = number

    def take(self, step: Step) -> bool:
        """Take a step; False where a later one of the same case was taken before."""
        look = step.look
        slot = self._slots.get(look.id)
        if slot is not None:
            if step.event_id <= self.columns["events"][slot]:
                return False
        elif step.event_id <= self._gone.get(look.id, 0):
            return False
        if look.state in OPEN:
            self._put(self._slot(look.id) if slot is None else slot, step)
            self._gone.pop(look.id, None)
        else:
            self._end(look.id, slot, step.event_id)
        return True

    def _slot(self, case_id: int) -> int:
        if not self._free:
            self._grow()
        slot = self._slots[case_id] = self._free.pop()
        self.used[slot] = True
        return slot

    def _grow(self) -> None:
        size = len(self.used)
        for name, column in self.columns.items():
            self.columns[name] = np.concatenate([column, np.zeros(size, column.dtype)])
        self.used = np.concatenate([self.used, np.zeros(size, np.bool_)])
        self.numbers += [""] * size
        self._free = [*range(2 * size - 1, size - 1, -1), *self._free]

    def _put(self, slot: int, step: Step) -> None:
        look, columns = step.look, self.columns
        columns["ids"][slot] = look.id
        columns["lons"][slot] = np.nan if look.lon is None else look.lon
        columns["lats"][slot] = np.nan if look.lat is None else look.lat
        columns["kinds"][slot] = self.kinds.number(look.kind)
        columns["places"][slot] = self.places.number(look.place)
        columns["states"][slot] = self.states.number(look.state)
        columns["flags"][slot] = look.flags
        columns["due"][slot] = _NEVER if look.due is None else look.due
        columns["reported"][slot] = look.reported
        columns["parties"][slot] = self.parties.number(look.parties)
        columns["cells"][slot] = cell_of(look.lon, look.lat)
        columns["events"][slot] = step.event_id
        self.numbers[slot] = look.number

    def _end(self, case_id: int, slot: int | None, event_id: int) -> None:
        if slot is not None:
            del self._slots[case_id]
            self.used[slot] = False
            self.numbers[slot] = ""
            self._free.append(slot)
        self._gone[case_id] = event_id
        self._gone.move_to_end(case_id)
        if len(self._gone) > _GONE:
            self._gone.popitem(last=False)

    def seen(self, reach: Reach) -> Slots:
        """The slots of all cases that somebody sees where they look, in the order of their ids."""
        places = np.array([_place_sort(reach, path) for path in self.places.values], np.int8)
        mine = set(reach.units)
        units = np.array([not mine.isdisjoint(p) for p in self.parties.values], np.bool_)
        slots = np.flatnonzero(self.used)
        sort = places[self.columns["places"][slots]]
        slots = slots[(sort == 2) | ((sort == 1) & units[self.columns["parties"][slots]])]
        found: Slots = slots[np.argsort(self.columns["ids"][slots])]
        return found


def _place_sort(reach: Reach, path: str) -> int:
    """0: not where they look; 1: theirs where their units are party; 2: theirs as a whole."""
    if not covers(reach.within, path):
        return 0
    return 2 if any(covers(place, path) for place in reach.places) else 1


def due_or_none(values: NDArray[np.int64]) -> list[int | None]:
    """Due times as they are shown."""
    return [None if value == _NEVER else value for value in values.tolist()]


def cell_of(lon: float | None, lat: float | None) -> int:
    """The finest cell around a position, 0 where there is none."""
    if lon is None or lat is None:
        return 0
    return int(h3.latlng_to_cell(lat, lon, FINEST))

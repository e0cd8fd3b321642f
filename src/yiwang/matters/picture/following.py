"""One picture per process, loaded once and then kept current from the steps of cases."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

from yiwang.ground.gate.service import Gate
from yiwang.kit.db import Scope
from yiwang.matters.picture import store
from yiwang.matters.picture.columns import OpenCases
from yiwang.matters.picture.model import Change, Cursor, Look

MOST_FRESH = 20_000  # steps taken one by one; behind by more, the picture is loaded anew
_MOST_DIFFERENCES = 10_000  # told one by one after that; beyond, everybody begins afresh
_KEPT = 20_000  # changes kept for those who come back


class Follower:
    """Knows the open cases up to a snapshot of the database, and the last changes.

    It costs nothing while nobody asks: whoever does calls :meth:`catch_up`, and all who do so at
    the same time share the answer. A database that is away leaves it as it was. `epoch` names the
    row of changes that `seq` counts; it changes where a load brought too much to be told.
    """

    def __init__(self, gate: Gate, most_fresh: int = MOST_FRESH) -> None:
        self._gate = gate
        self._most_fresh = most_fresh
        self._turn = asyncio.Lock()
        self._known = ""  # the snapshot
        self._caught_up = float("-inf")
        self._log: deque[Change] = deque(maxlen=_KEPT)
        self._first_xid = 0  # the log holds whatever this transaction and later ones brought
        self.cases = OpenCases()
        self.epoch = ""
        self.seq = 0
        self.loads = 0

    @property
    def cursor(self) -> Cursor:
        """Up to where the picture is known."""
        return Cursor(self.epoch, self.seq, store.bounds(self._known)[0])

    async def catch_up(self, stale_s: float = 0.0) -> None:
        """Take what happened since, unless that was done within the last `stale_s` seconds."""
        clock = asyncio.get_running_loop().time
        asked = clock()
        async with self._turn:
            if self._known and self._caught_up > asked - stale_s:
                return
            began = clock()
            if not self._known or not await self._take_fresh():
                await self._load()
            self._caught_up = began

    def _scope(self) -> Scope:
        return Scope("platform", places=(self._gate.city.root_path,))

    async def _take_fresh(self) -> bool:
        async with self._gate.db.begin(self._scope(), datetime.now(UTC)) as tx:
            known, steps = await store.fresh(tx, self._known, self._most_fresh)
        if steps is None:
            return False
        for step in steps:
            before = self.cases.look(step.look.id)
            if self.cases.take(step):
                after = self.cases.look(step.look.id)
                if before is not None or after is not None:
                    self._note(step.xid, step.at, step.action, before, after)
        self._known = known
        return True

    async def _load(self) -> None:
        """Read all open cases; what differs from before goes into the log like any change."""
        loaded, known = OpenCases(), ""
        async with self._gate.db.begin(self._scope(), datetime.now(UTC)) as tx:
            async for snapshot, rows in store.load(tx):
                known = snapshot
                loaded.fill(rows)
        previous, self.cases = self.cases, loaded
        began, self._known = not self._known, known
        self.loads += 1
        differing = [] if began else _differences(previous, loaded)
        if began or len(differing) > _MOST_DIFFERENCES:
            self.epoch = secrets.token_hex(4)
            self._log.clear()
            self._first_xid = store.bounds(known)[1]
            return
        now = datetime.now(UTC).timestamp()
        for case_id in differing:
            # by whom it was changed is not known any more: whoever asks by transaction gets it
            self._note(
                store.bounds(known)[1], now, "", previous.look(case_id), loaded.look(case_id)
            )

    def _note(
        self, xid: int, at: float, action: str, before: Look | None, after: Look | None
    ) -> None:
        self.seq += 1
        if len(self._log) == _KEPT:
            self._first_xid = max(self._first_xid, self._log[0].xid + 1)
        self._log.append(Change(self.seq, xid, at, action, before, after))

    def since(self, seq: int) -> Sequence[Change]:
        """The changes after a number of this epoch, which the log still holds."""
        return tuple(islice(self._log, max(0, len(self._log) - (self.seq - seq)), None))

    def missed(self, cursor: Cursor) -> Sequence[Change] | None:
        """The changes that somebody does not know, perhaps with some they do; None where they
        have to begin afresh, because the log does not reach back so far."""
        if cursor.epoch == self.epoch:
            behind = self.seq - cursor.seq
            return self.since(cursor.seq) if 0 <= behind <= len(self._log) else None
        if cursor.xid < self._first_xid:
            return None
        return tuple(change for change in self._log if change.xid >= cursor.xid)


def _differences(one: OpenCases, other: OpenCases) -> list[int]:
    """The cases that do not look in both after the same event."""
    gone = [case_id for case_id in one.ids() if case_id not in other]
    changed = [
        case_id for case_id in other.ids() if one.event_of(case_id) != other.event_of(case_id)
    ]
    return sorted(gone + changed)

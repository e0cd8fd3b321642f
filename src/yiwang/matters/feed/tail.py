"""The end of the ledger, read once per process and kept for all who follow it."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime

from yiwang.kit.db import Database, Scope
from yiwang.matters.feed import store
from yiwang.matters.feed.model import Key, Occurrence

PAGE = 1000


class Tail:
    """Follows the ledger of the city whose path is `root`; keeps the last `most` events at least.

    It reads as the platform; whoever takes events from it filters them.
    """

    def __init__(self, db: Database, root: str, most: int = 10_000) -> None:
        self._db = db
        self._scope = Scope("platform", places=(root,))
        self._most = most
        self._kept: list[Occurrence] = []
        self._floor: Key = (0, 0)
        self.position: Key = (0, 0)

    async def start(self) -> None:
        """Forget everything and go on from the ledger's present end."""
        async with self._db.begin(self._scope, datetime.now(UTC)) as tx:
            self.position = await store.newest(tx)
        self._floor = self.position
        self._kept.clear()

    async def poll(self) -> list[Occurrence]:
        """The events that came since, at most a page of them."""
        found = await self._read(self.position)
        if found:
            self.position = found[-1].key
            self._kept += found
            if len(self._kept) > 2 * self._most:
                cut = len(self._kept) - self._most
                self._floor = self._kept[cut - 1].key
                del self._kept[:cut]
        return found

    async def after(self, key: Key) -> list[Occurrence]:
        """The events after `key`, at most a page: from memory where it reaches back so far."""
        if key >= self._floor:
            first = bisect_right(self._kept, key, key=lambda row: row.key)
            return self._kept[first : first + PAGE]
        return await self._read(key)

    async def _read(self, key: Key) -> list[Occurrence]:
        async with self._db.begin(self._scope, datetime.now(UTC)) as tx:
            return await store.read_after(tx, key, PAGE)

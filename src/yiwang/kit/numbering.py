"""Numbers that count up by name, given out without making anybody wait for a commit.

A counter's row that is raised inside a transaction stays locked until its end: whoever opens a
case in the same district waits, and behind a batch of the worker waits long. So numbers are
reserved on a connection of their own, as a sequence would, and in runs where many are asked for in
a short time. What a transaction that was undone, or a process that ended, has reserved is left out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import asyncpg

Connect = Callable[[], Awaitable[asyncpg.Connection]]

LONGEST_RUN = 32  # beyond what is asked for
_SOON_S = 1.0
_MOST_NAMES = 10_000

# Names in order and amounts; gives the last number of each run.
RESERVE = """
insert into counters (name, n)
select name, n from unnest($1::text[], $2::bigint[]) as w(name, n) order by name
on conflict (name) do update set n = counters.n + excluded.n
returning name, n
"""


@dataclass(slots=True)
class _Run:
    """What is left of a name's last run, and how long the next one is."""

    next: int = 1
    end: int = 1
    length: int = 0  # of the reserve beyond what is asked for
    reserved_at: float = 0.0

    @property
    def left(self) -> int:
        return self.end - self.next


@dataclass(slots=True)
class Numbers:
    """The counters of one process; a name that was never asked for begins at 1."""

    connect: Connect
    _conn: asyncpg.Connection | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _runs: dict[str, _Run] = field(default_factory=dict)

    async def take(self, wanted: Mapping[str, int]) -> dict[str, list[int]]:
        """So many numbers for each name, ascending, none ever given before or again."""
        async with self._lock:
            short = {
                name: count - run.left
                for name, count in wanted.items()
                if (run := self._runs.setdefault(name, _Run())).left < count
            }
            found = {name: self._cut(name, self._runs[name].left) for name in short}
            if short:
                await self._reserve(short)
            for name, count in wanted.items():
                given = found.setdefault(name, [])
                given += self._cut(name, count - len(given))
            if len(self._runs) > _MOST_NAMES:
                self._runs.clear()
            return found

    def _cut(self, name: str, count: int) -> list[int]:
        run = self._runs[name]
        run.next += count
        return list(range(run.next - count, run.next))

    async def _reserve(self, short: Mapping[str, int]) -> None:
        now = time.monotonic()
        names = sorted(short)
        for name in names:
            run = self._runs[name]
            soon = run.reserved_at > 0 and now - run.reserved_at < _SOON_S
            run.length = min(max(2 * run.length, 1), LONGEST_RUN) if soon else 0
        amounts = [short[name] + self._runs[name].length for name in names]
        if self._conn is None or self._conn.is_closed():
            self._conn = await self.connect()
        rows = await self._conn.fetch(RESERVE, names, amounts)
        ends = {row["name"]: row["n"] + 1 for row in rows}
        for name, amount in zip(names, amounts, strict=True):
            run = self._runs[name]
            run.next, run.end, run.reserved_at = ends[name] - amount, ends[name], now

    async def close(self) -> None:
        """Give the connection back."""
        if self._conn is not None and not self._conn.is_closed():
            await self._conn.close()

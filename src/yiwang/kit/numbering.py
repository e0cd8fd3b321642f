"""Numbers that count up, given out without making anybody wait for a commit.

A counter's row that is raised inside a transaction stays locked until its end: whoever opens a
case in the same district waits, and behind a batch of the worker waits long. So numbers are
reserved on a connection of their own, as a sequence would, and in runs where many are asked for in
a short time. What a transaction that was undone, or a process that ended, has reserved is left out.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
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


# Ids of a relation in order; `id` is its identity column.
_RESERVE_IDS = """
select nextval(pg_get_serial_sequence($1, 'id')) as n from generate_series(1, $2)
"""


@dataclass(slots=True)
class _Run:
    """What is left of the last run, and how much longer than asked for it was."""

    left: deque[int] = field(default_factory=deque)
    length: int = 0
    reserved_at: float = 0.0

    def cut(self, count: int) -> list[int]:
        return [self.left.popleft() for _ in range(min(count, len(self.left)))]

    def lengthen(self, now: float) -> int:
        """How much beyond what is asked for is reserved: more where the last run was short."""
        soon = self.reserved_at > 0 and now - self.reserved_at < _SOON_S
        self.length = min(max(2 * self.length, 1), LONGEST_RUN) if soon else 0
        self.reserved_at = now
        return self.length


@dataclass(slots=True)
class Numbers:
    """The counters of one process; a name that was never asked for begins at 1.

    Ids of relations are given in runs too, for their own reason: an id costs a round trip.
    """

    connect: Connect
    _conn: asyncpg.Connection | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _runs: dict[str, _Run] = field(default_factory=dict)
    _ids: dict[str, _Run] = field(default_factory=dict)

    async def take(self, wanted: Mapping[str, int]) -> dict[str, list[int]]:
        """So many numbers for each name, ascending, none ever given before or again."""
        async with self._lock:
            runs = {name: self._runs.setdefault(name, _Run()) for name in wanted}
            found = {name: run.cut(wanted[name]) for name, run in runs.items()}
            short = {
                name: n - len(found[name]) for name, n in wanted.items() if n > len(found[name])
            }
            if short:
                await self._reserve(short)
                for name, count in short.items():
                    found[name] += runs[name].cut(count)
            if len(self._runs) > _MOST_NAMES:
                self._runs.clear()
            return found

    async def take_ids(self, relation: str, count: int) -> list[int]:
        """So many fresh ids of a relation, ascending."""
        async with self._lock:
            run = self._ids.setdefault(relation, _Run())
            found = run.cut(count)
            short = count - len(found)
            if short:
                amount = short + run.lengthen(time.monotonic())
                rows = await (await self._connection()).fetch(_RESERVE_IDS, relation, amount)
                run.left.extend(row["n"] for row in rows)
                found += run.cut(short)
            return found

    async def _reserve(self, short: Mapping[str, int]) -> None:
        now = time.monotonic()
        names = sorted(short)
        amounts = [short[name] + self._runs[name].lengthen(now) for name in names]
        rows = await (await self._connection()).fetch(RESERVE, names, amounts)
        ends = {row["name"]: row["n"] + 1 for row in rows}
        for name, amount in zip(names, amounts, strict=True):
            self._runs[name].left.extend(range(ends[name] - amount, ends[name]))

    async def _connection(self) -> asyncpg.Connection:
        if self._conn is None or self._conn.is_closed():
            self._conn = await self.connect()
        return self._conn

    async def close(self) -> None:
        """Give the connection back."""
        if self._conn is not None and not self._conn.is_closed():
            await self._conn.close()

"""The intake: reports wait a moment, go to the database many at once, and are answered after
the commit.

One INSERT for up to 256 reports costs little more than one for a single report. A batch that fails
is taken row by row, so that a poisoned one answers alone. Every report carries a key, its sender's
or one of our own: when the answer to a commit is lost, taking it again stores nothing twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import asyncpg

from yiwang.kit.db import Database, Scope, columns, scope_sql
from yiwang.kit.errors import Refusal
from yiwang.kit.web.problems import away, unexpected
from yiwang.matters.sources.receiving import Taking

log = logging.getLogger("yiwang.intake")

BATCH = 256
MOST_WAITING = 20_000
_HELP = 128
PATIENCE_S = 15.0  # how long a report waits for a database that went away
_ANSWER_S = 30.0
_SQL = (
    "select ordinal, id, fresh, digest from take_reports("
    + ", ".join(f"${i}" for i in range(1, 25))
    + ")"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that is stored: its id, and whether it was stored just now."""

    id: int
    fresh: bool
    received_at: datetime


@dataclass(slots=True)
class _Waiting:
    taking: Taking
    answer: asyncio.Future[Taken]
    until: float  # of the loop's clock
    again: bool = False  # a commit of it may have succeeded unheard


@dataclass
class Intake:
    """The intake of one process: `writers` connections of their own, one queue.

    The first writer takes whatever waits; the others only help once many wait, for fewer and
    larger batches cost the database less.
    `root` is the path of the city, `reactions` are what a new report starts.
    """

    db: Database
    root: str
    reactions: Sequence[str]
    writers: int = 2
    most: int = MOST_WAITING
    patience_s: float = PATIENCE_S
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: bool = False

    def start(self) -> None:
        """Begin to write; called once, with the loop running."""
        self._tasks = [asyncio.create_task(self._write(i)) for i in range(self.writers)]

    async def stop(self) -> None:
        """Take nothing more, store what waits, and end."""
        self._stopping = True
        self._bell.set()
        await asyncio.gather(*self._tasks)
        self._tasks = []

    @property
    def waiting(self) -> int:
        """How many reports wait to be stored."""
        return len(self._waiting)

    async def take(self, taking: Taking) -> Taken:
        """Store a report; it is durable when this returns.

        A report known under its key or number comes back as it was stored first. Refuses
        "sources.key_reused" (409) where that had another body, "sources.crowded" (503) when too
        many wait, "sources.database_away" (503) when the database stays away.
        """
        found: Taken = await self.offer(taking)
        return found

    def offer(self, taking: Taking) -> asyncio.Future[Taken]:
        """Put a report in the queue; the answer comes later. Refuses as :meth:`take` does."""
        if self._stopping or len(self._waiting) >= self.most:
            raise Refusal("sources.crowded", retry_s=2)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Taken] = loop.create_future()
        self._waiting.append(_Waiting(taking, answer, loop.time() + self.patience_s))
        self._bell.set()
        return answer

    async def _write(self, index: int) -> None:
        """One writer: keeps a connection, writes batches, connects again when it is lost."""
        pause = 0.05
        while not (self._stopping and not self._waiting):
            try:
                async with self.db.connection() as conn:
                    try:
                        scope = Scope("intake", places=(self.root,))
                        await conn.execute(scope_sql(scope, local=False))
                        while batch := await self._next(1 if index == 0 else _HELP):
                            await self._store(conn, batch)
                            pause = 0.05
                        await conn.execute(scope_sql(Scope(""), local=False))
                    except BaseException:
                        # its scope is not another's; the driver may have given it back itself
                        with suppress(asyncpg.InterfaceError):
                            conn.terminate()
                        raise
            except Exception as error:
                if not _lost(error):
                    log.exception("the intake's writer failed")
                else:
                    log.warning("the intake lost its database: %r", error)
                self._give_up(asyncio.get_running_loop().time())
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)

    async def _next(self, least: int) -> list[_Waiting]:
        """The next reports to write, once at least so many wait; empty when the intake ends."""
        while len(self._waiting) < least and not (self._stopping and self._waiting):
            if self._stopping:
                return []
            self._bell.clear()
            await self._bell.wait()
        queue = self._waiting
        batch = [queue.popleft() for _ in range(min(BATCH, len(queue)))]
        # in one order everywhere, so that two writers never wait for each other's keys
        batch.sort(key=_order)
        return batch

    async def _store(self, conn: asyncpg.Connection, batch: list[_Waiting]) -> None:
        """Write a batch and answer it; what may be stored and went unheard waits again."""
        try:
            await self._take(conn, batch)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            self._put_back(batch)
        except Exception as error:
            if _lost(error):
                self._put_back(batch)
                raise
            if len(batch) > 1:
                log.warning("a batch of %d is taken row by row: %r", len(batch), error)
                for i, one in enumerate(batch):
                    try:
                        await self._store(conn, [one])
                    except Exception:
                        self._put_back(batch[i + 1 :])
                        raise
            else:
                _fail(batch[0], unexpected(error) or error)

    async def _take(self, conn: asyncpg.Connection, batch: Sequence[_Waiting]) -> None:
        results = await take_rows(
            conn, self.root, self.reactions, [one.taking for one in batch], timeout_s=_ANSWER_S
        )
        unanswered = []
        for one, result in zip(batch, results, strict=True):
            if result is None:
                unanswered.append(one)
            elif isinstance(result, Refusal):
                _fail(one, result)
            elif not one.answer.done():
                # what was kept unheard a moment ago is new to its sender
                unheard = one.again and not one.taking.keyed
                one.answer.set_result(replace(result, fresh=True) if unheard else result)
        self._put_back(unanswered)

    def _put_back(self, batch: Sequence[_Waiting]) -> None:
        for one in batch:
            one.again = True
        self._waiting.extendleft(reversed(batch))
        if batch:
            self._bell.set()

    def _give_up(self, now: float) -> None:
        """Answer those who waited too long for the database; all when the intake ends."""
        kept = [one for one in self._waiting if one.until > now and not self._stopping]
        for one in self._waiting:
            if one.until <= now or self._stopping:
                _fail(one, Refusal("sources.database_away", retry_s=2))
        self._waiting.clear()
        self._waiting.extend(kept)


async def take_rows(
    conn: asyncpg.Connection,
    root: str,
    reactions: Sequence[str],
    takings: Sequence[Taking],
    *,
    timeout_s: float | None = None,
) -> list[Taken | Refusal | None]:
    """Store reports in one statement; what became of each, in the given order.

    A report known under its key or number is answered as it was stored first, or refused
    ("sources.key_reused") where that had another body. None: it conflicts with one whose
    transaction was undone meanwhile, and may be taken again.
    """
    args = (*columns([one.row for one in takings]), root, reactions)
    rows = await conn.fetch(_SQL, *args, timeout=timeout_s)
    results: list[Taken | Refusal | None] = [None] * len(takings)
    known = []
    for ordinal, number, fresh, digest in rows:
        one = takings[ordinal - 1]
        if fresh:
            results[ordinal - 1] = Taken(number, True, one.received_at)
        elif digest != one.digest:
            results[ordinal - 1] = Refusal("sources.key_reused")
        else:
            known.append((ordinal - 1, number))
    if known:
        found = await conn.fetch(
            "select id, received_at from reports where id = any($1)", [row[1] for row in known]
        )
        received = {row["id"]: row["received_at"] for row in found}
        for index, number in known:
            results[index] = Taken(number, False, received[number])
    return results


def _order(one: _Waiting) -> tuple[str, str, str]:
    row = one.taking.row
    return row[1], row[2] or "", row[3]


def _lost(error: BaseException) -> bool:
    """Whether it is the connection's fault, not a report's.

    A driver whose connection is cut in the middle complains in several ways; what it says of a
    value is a ValueError too.
    """
    if isinstance(error, OSError | TimeoutError | asyncpg.InternalClientError) or away(error):
        return True
    return isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError)


def _fail(one: _Waiting, error: Exception) -> None:
    if not one.answer.done():
        one.answer.set_exception(error)

"""The worker: carries out what events started, watches the clocks, seals and tallies the record.

Todos are taken in the order they were left, a few hundred at once, in one transaction with their
deletion: killed at any moment, a batch is either done or still to do. A batch that fails is taken
apart; what fails alone waits longer each time and is parked for an administrator in the end.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from yiwang import flow
from yiwang.ground.city import City
from yiwang.ground.gate.clock import Clock
from yiwang.ground.ledger import sealing
from yiwang.ground.ledger.signing import SigningKey
from yiwang.ground.revision.enforcing import enforce_next
from yiwang.ground.revision.following import look
from yiwang.kit.db import Database, Row, Scope, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.dispatch import following
from yiwang.matters.panels import tallying

log = logging.getLogger("yiwang.worker")

Step = Callable[[], Awaitable[object]]  # what it returns is true while there is more to do

BATCH = 300
# A small batch costs nearly what a large one does; under a steady load it is left to grow.
_FEW, _FEW_EVERY_S = 50, 0.06
_JOBS_S = 1.0
# What goes wrong with the transaction itself, not with one matter.
_WHOLE_BATCH = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    OSError,
)
_PARK_AFTER = 8
_FIRST_IDLE_S, _IDLE_S = 0.01, 0.15
_WATCH_S = 2.0
_ARRIVALS_S = 1.0
_REVISE_S = 1.0
# Faster arrivals than these are stored first: the reactions then rest a multiple of their work.
_CROWD = 2000  # reports a second
_CROWD_REST = 3.0
_FOLD_REST = 3.0
_SEAL_REST = 15.0
_TALLY_S = 0.5  # how far the screen's figures are behind
_SEAL_S = 2.0  # a signed head each time; a trickle must not cost a head an event


@dataclass
class Worker:
    """One worker process on one database."""

    db: Database
    city: City
    clock: Clock
    signer: SigningKey
    origin: str
    stopping: asyncio.Event
    crowded: bool = False  # reports come faster than they should be worked on at once
    _worked_at: float = 0.0
    _arrivals: tuple[float, int] = (0.0, 0)  # a moment of the monotonic clock, reports until then

    @property
    def _scope(self) -> Scope:
        return Scope("platform", places=(self.city.root_path,), persons=True)

    async def run(self, jobs: Sequence[Step] = ()) -> None:
        """Work until `stopping` is set; `jobs` are further steps, looked at every second."""
        await asyncio.gather(
            self._repeat("reactions", self._step_aside, 0.0),
            self._repeat("arrivals", self.count_arrivals, _ARRIVALS_S),
            self._repeat("clocks", self.watch, _WATCH_S),
            self._repeat("ledger", self.seal, _SEAL_S),
            self._repeat("tallies", self.tally, _TALLY_S),
            self._repeat("revisions", self.revise, _REVISE_S),
            *(self._repeat("jobs", job, _JOBS_S) for job in jobs),
        )

    async def _repeat(self, what: str, work: Step, pause_s: float) -> None:
        failures = 0
        idle = 0.0
        while not self.stopping.is_set():
            try:
                busy = bool(await work())
                failures = 0
                # where something was just done, more often follows soon than late
                idle = 0.0 if busy else min(max(2 * idle, _FIRST_IDLE_S), _IDLE_S)
                wait = 0.0 if busy else max(pause_s, idle)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                failures += 1
                wait = min(0.2 * 2**failures, 5.0)
                log.warning("%s: %s; again in %.1f s", what, error, wait)
            except Exception:  # one thing that cannot be done never stops the others
                failures += 1
                wait = min(0.2 * 2**failures, 5.0)
                log.exception("%s failed; again in %.1f s", what, wait)
            if wait:
                try:
                    await asyncio.wait_for(self.stopping.wait(), wait)
                except TimeoutError:
                    continue

    async def _step_aside(self) -> int:
        began = time.monotonic()
        done = await self.step()
        spent = time.monotonic() - began
        if done:
            self._worked_at = began
        if done and self.crowded:
            await asyncio.sleep(spent * _CROWD_REST)
        elif 0 < done < _FEW:
            await asyncio.sleep(max(0.0, _FEW_EVERY_S - spent))
        return done

    async def count_arrivals(self) -> int:
        """Judge by what came since the last call whether reports crowd in; 0."""
        async with self.db.begin(self._scope, self.clock.now()) as tx:
            count = await tx.fetchval("select last_value from reports_id_seq")
        now, (before, known) = time.monotonic(), self._arrivals
        self._arrivals = (now, count)
        self.crowded = known > 0 and count - known > _CROWD * (now - before)
        return 0

    async def step(self) -> int:
        """Carry out one batch of todos; how many were taken."""
        now = self.clock.now()
        try:
            async with self.db.begin(self._scope, now) as tx:
                todos = await take(tx, BATCH)
                if todos:
                    if tx.simulated:
                        tx.now = max(row["at"] for row in todos)
                    await carry_out(tx, self.city, todos)
                return len(todos)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
            log.info("batch undone, taken again: %s", error)
            return 0

    async def watch(self) -> int:
        """Raise what is overdue; how many cases were looked at."""
        if self.db.simulated:
            return 0
        async with self.db.begin(self._scope, self.clock.now()) as tx:
            return await cases.raise_late(tx, self.city)

    async def tally(self) -> bool:
        """Fold the next events of the record into the tallies; whether there is more to fold.

        While matters wait to be worked on, a mountain of the past is folded at a quarter's pace.
        """
        began = time.monotonic()
        async with self.db.begin(self._scope, self.clock.now()) as tx:
            more = await tallying.tally(tx, self.city) >= tallying.BATCH
        if more and began - self._worked_at < _SEAL_S:
            await asyncio.sleep((time.monotonic() - began) * _FOLD_REST)
        return more

    async def revise(self) -> int:
        """Put in force what was approved for today, and take up what another worker did; how many
        revisions were looked at."""
        now = self.clock.now()
        async with self.db.begin(self._scope, now) as tx:
            done = await enforce_next(tx, self.city)
            if done is not None and done.recount:
                await recompute_open(tx, done.city)
        if done is not None:
            self.city = done.city
            return 1
        self.city = await look(self.db, self.city, now) or self.city
        return 0

    async def seal(self) -> int:
        """Seal finished events into the tree; 0, so that the next look waits its time.

        While matters wait to be worked on, old events are sealed at a sixteenth of the pace.
        """
        sealed = sealing.MOST
        while sealed >= sealing.MOST and not self.stopping.is_set():
            began = time.monotonic()
            async with self.db.begin(self._scope, self.clock.now()) as tx:
                sealed = await sealing.seal(tx, self.signer, self.origin)
            if began - self._worked_at < _SEAL_S:
                await asyncio.sleep((time.monotonic() - began) * _SEAL_REST)
        return 0


async def recompute_open(tx: Tx, city: City) -> None:
    """Compute the due times of everything open anew, as a changed calendar asks for.

    In the transaction that changes it: either both are done or neither is.
    """
    for step in (cases.recompute_open, following.recompute_open):
        last: int | None = 0
        while last is not None:
            last = await step(tx, city, last)


async def take(tx: Tx, most: int) -> list[Row]:
    """Due todos, held and in order; another worker passes over them."""
    return await tx.fetch(
        "select id, reaction, subject, at, attempts from todos"
        " where not parked and due_at <= $1 order by due_at, id limit $2 for update skip locked",
        tx.now if not tx.simulated else datetime.max.replace(tzinfo=tx.now.tzinfo),
        most,
    )


async def carry_out(tx: Tx, city: City, todos: Sequence[Row]) -> None:
    """Run the reactions of these todos and take the todos away."""
    groups: dict[str, list[Row]] = {}
    for row in todos:
        groups.setdefault(row["reaction"], []).append(row)
    done: list[int] = []
    for reaction, rows in groups.items():
        if await _attempt(tx, city, reaction, rows) is None:
            done += [row["id"] for row in rows]
            continue
        for row in rows:
            error = await _attempt(tx, city, reaction, [row])
            if error is None:
                done.append(row["id"])
            else:
                await _postpone(tx, row, error)
    await tx.execute("delete from todos where id = any($1)", done)


async def _attempt(tx: Tx, city: City, reaction: str, rows: Sequence[Row]) -> str | None:
    """Run one reaction over the rows' subjects; what went wrong, or None."""
    run = flow.BY_NAME.get(reaction)
    if run is None:
        return f"unknown reaction {reaction}"
    try:
        async with tx.savepoint():
            await run(tx, city, list(dict.fromkeys(row["subject"] for row in rows)))
    except _WHOLE_BATCH:
        raise
    except Refusal as refusal:
        return str(refusal)
    except Exception as error:  # whatever one matter does, the others go on
        log.exception("%s failed", reaction)
        return f"{type(error).__name__}: {error}"
    return None


async def _postpone(tx: Tx, row: Row, error: str) -> None:
    attempts = row["attempts"] + 1
    await tx.execute(
        "update todos set attempts = $2, error = $3, parked = $4, due_at = $5 where id = $1",
        row["id"],
        attempts,
        error[:2000],
        attempts >= _PARK_AFTER,
        tx.now + timedelta(seconds=min(2**attempts, 3600)),
    )

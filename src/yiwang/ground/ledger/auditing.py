"""The full check of the stored record, and the check of a receipt file for whoever holds one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg

from yiwang.ground.ledger import canonical, store
from yiwang.ground.ledger.inspection import Verdict, verify_receipt
from yiwang.ground.ledger.model import Batch, Event, Finding, Head, find
from yiwang.ground.ledger.receipt import MAX_BYTES, Entry, Receipt, Shown
from yiwang.ground.ledger.signing import PublicKey
from yiwang.ground.ledger.verifying import MAX_BATCH, LedgerCheck, Outcome
from yiwang.kit import words
from yiwang.kit.errors import Refusal

Advance = Callable[[int, int], None]  # events checked, events sealed

MAX_FINDINGS = 1000  # of a ruined record the first ones are told; all of them are counted
PATIENCE = timedelta(minutes=10)
_CHUNK = 4000  # events read at once
_PAGE = 1000  # batches read at once
_LEEWAY = 20_000  # events beyond the sealed ones that a chunk may hold


@dataclass(frozen=True, slots=True)
class Report:
    """What a full check found: the first findings of all, and how it ended."""

    outcome: Outcome
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether the record is what was sealed and signed."""
        return self.outcome.ok


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a check of a receipt file says, line by line; `status` is the command's exit status.

    0: true. 1: not true. 2: the file or the key could not be read.
    """

    status: int
    lines: tuple[str, ...]


async def audit(
    conn: asyncpg.Connection,
    origin: str,
    keys: Iterable[PublicKey],
    now: datetime,
    known: Iterable[Head] = (),
    advance: Advance | None = None,
    patience: timedelta = PATIENCE,
) -> Report:
    """Check every event, tile, batch and head against each other, in one snapshot of the database.

    `keys` are all keys the ledger ever signed with, `known` heads kept outside the database.
    Writers are not held up. Refuses a role that does not see every event ("ledger.audit_role").
    """
    if not await store.sees_all(conn):
        raise Refusal("ledger.audit_role")
    check = LedgerCheck(origin, {key.key_id: key for key in keys}, known)
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        last = await store.last_batch(conn)
        total = last.end if last else 0
        findings: list[Finding] = []
        heads_upto = store.BEFORE_ALL[0]
        async with _Reader(conn) as reader:
            async for batches in reader.groups():
                events = await reader.events(check.reached, batches)
                end = max(heads_upto, *(batch.end for batch in batches))
                heads = await store.read_heads(conn, origin, heads_upto, end)
                heads_upto = end
                stored = await store.read_tiles(conn, check.tiles_for(batches))
                reader.look_ahead(batches)
                found = await asyncio.to_thread(check.feed, batches, events, stored, heads)
                findings += found[: MAX_FINDINGS - len(findings)]
                if advance is not None:
                    advance(check.size, total)
        rest = await store.read_heads(conn, origin, heads_upto, None)
        waiting, late = await store.count_waiting(conn, check.reached, now, patience)
    found, outcome = check.close((), rest, now, patience)
    if late:
        found.append(find("ledger.events_waiting", count=late))
    outcome = replace(outcome, waiting=waiting, found=outcome.found + (late > 0))
    return Report(outcome, tuple(findings + found[: MAX_FINDINGS - len(findings)]))

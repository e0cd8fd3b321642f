"""The full check of the stored record, and the check of a receipt file for whoever holds one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
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
_BEFORE_ALL = -(2**63)  # a position no batch and no head has
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
        heads_upto = _BEFORE_ALL
        async for batches in _read_groups(conn):
            events = await _read_events(conn, check.reached, batches)
            end = max(heads_upto, *(batch.end for batch in batches))
            heads = await store.read_heads(conn, origin, heads_upto, end)
            heads_upto = end
            stored = await store.read_tiles(conn, check.tiles_for(batches))
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


async def _read_groups(conn: asyncpg.Connection) -> AsyncIterator[list[Batch]]:
    """The batches in order, in groups of about one chunk of events."""
    after = _BEFORE_ALL
    while page := await store.read_batches(conn, after, _PAGE):
        group: list[Batch] = []
        count = 0
        for batch in page:
            group.append(batch)
            count += max(batch.count, 0)
            if count >= _CHUNK:
                yield group
                group, count = [], 0
        if group:
            yield group
        after = page[-1].first_position


async def _read_events(
    conn: asyncpg.Connection, after: store.Key, batches: Sequence[Batch]
) -> list[Event]:
    """The events up to the end of these batches; where far more are there, not all of them."""
    sealed = sum(min(max(batch.count, 0), MAX_BATCH) for batch in batches)
    return await store.read_between(conn, after, batches[-1].last, sealed + _LEEWAY)


def verify_file(file: Path, trusted_key: Path | None = None, language: str = "zh") -> FileCheck:
    """Check a receipt file against a trusted public key (PEM), in words of `language`.

    Needs neither a database nor a network. Without a trusted key the file is checked against the
    key that it carries, and the last line says with what to compare that.
    """
    try:
        with file.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
        key = None if trusted_key is None else PublicKey.load(trusted_key.read_bytes())
    except OSError as error:
        name = str(error.filename or file)
        reason = error.strerror or type(error).__name__
        unread = find("receipt.file", file=name, reason=reason)
        return FileCheck(2, (_say(unread, language),))
    except Refusal as refusal:
        return FileCheck(2, (refusal.say(language),))
    verdict = verify_receipt(data, key)
    return FileCheck(0 if verdict.ok else 1, tuple(_tell(verdict, language)))


def _tell(verdict: Verdict, language: str) -> Iterator[str]:
    """What a verdict says: the findings, or what is proven, event by event."""
    receipt = verdict.receipt
    if receipt is None or not verdict.ok:
        for finding in verdict.findings:
            yield _say(finding, language)
        yield _say(find("receipt.untrue"), language)
        return
    for entry in receipt.entries:
        yield _tell_entry(entry)
    yield _say(_sum_up(receipt), language)
    if verdict.trusted:
        yield _say(find("receipt.true", key=receipt.key_id), language)
    else:
        yield _say(find("receipt.true_to_itself", key=receipt.key_id), language)


def _sum_up(receipt: Receipt) -> Finding:
    return find(
        "receipt.proven",
        number=receipt.number or f"id {receipt.case_id}",
        events=len(receipt.entries),
        size=receipt.head.size,
        origin=receipt.head.origin,
        at=canonical.write_time(receipt.head.at),
    )


def _tell_entry(entry: Entry) -> str:
    said = entry.statement
    moved = f"{said.before or '–'} → {said.after or '–'}"
    shown = [f"{m.name}={_plain(m.value)}" for m in entry.facts or () if isinstance(m, Shown)]
    at = canonical.write_time(said.at)
    return "  ".join([f"{entry.position}", at, said.action, moved, said.unit or "–", *shown])


def _plain(value: object) -> str:
    """A value on one line, with nothing in it that a terminal would obey."""
    text = value if isinstance(value, str) else canonical.write(value).decode()
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _say(finding: Finding, language: str) -> str:
    return words.sentence(finding.code, language, finding.facts)

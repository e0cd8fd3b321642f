"""Proofs from the stored tree: the receipt of a case, the proof of a single event.

An event's position follows from its batch (the first whose last key is not before the event's)
and the place of its leaf among the leaves sealed there. So nothing of anybody else's events has
to be seen, and an event that was altered after sealing has no position and no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from yiwang.ground.ledger import canonical, merkle, store, tiles
from yiwang.ground.ledger.inspection import verify_receipt
from yiwang.ground.ledger.model import Event, Head, Proof, Statement
from yiwang.ground.ledger.receipt import NUMBER, Disclosure, make_receipt, write_receipt
from yiwang.ground.ledger.signing import PublicKey
from yiwang.ground.ledger.tiles import TileMissing
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal


class Viewer(StrEnum):
    """For whom a receipt is written."""

    PUBLIC = "public"  # the reporter with the token, and whoever they hand it to
    STAFF = "staff"  # somebody in service who has the case in sight


_OPEN_FACTS = frozenset(
    {
        NUMBER,
        "kind",
        "place",
        "unit",
        "role",
        "assist",
        "source",
        "mode",
        "outcome",
        "clock",
        "amount",
        "until",
        "due",
        "stage",
        "milestone",
        "urgent",
        "supervised",
        "typical",
        "synthetic",
    }
)
_REASONS = frozenset({"reason", "result", "note", "against", "decision"})
_DISCLOSURES = {
    Viewer.PUBLIC: Disclosure(facts=_OPEN_FACTS),
    Viewer.STAFF: Disclosure(facts=_OPEN_FACTS | _REASONS),
}


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that is recorded but not sealed yet: said, not proven."""

    id: int
    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseReceipt:
    """A receipt file of a case, and what is not in it yet.

    The pending events stay out of the file, in which nothing stands that is not proven; they are
    sealed about a second later, and a receipt asked for then holds them.
    """

    file: bytes
    events: int
    pending: tuple[Pending, ...]


@dataclass(frozen=True, slots=True)
class Proven:
    """One event's statement, its leaf hash, and the proof that leads from it to a signed head."""

    statement: Statement
    leaf: bytes
    proof: Proof
    head: Head


async def receipt_for(
    tx: Tx, origin: str, key: PublicKey, case_id: int, viewer: Viewer
) -> CaseReceipt:
    """The receipt of a case over the newest head, showing what `viewer` may carry away.

    For everybody: what was done when, by which unit, from which state to which, number, kind,
    place and deadlines. For staff also the reasons. Names of persons and citizens' words never.

    `tx` has to see the case. Refuses a case of which nothing is seen ("ledger.case_unseen") or
    sealed yet ("ledger.case_waiting"), and one whose record no longer proves itself
    ("ledger.event_unproven", "ledger.case_unproven").
    """
    head = await store.last_head(tx.conn, origin)
    events = await store.read_case(tx.conn, case_id)
    if not events:
        raise Refusal("ledger.case_unseen", case=case_id)
    proofs = await _prove(tx.conn, head, events)
    sealed = [(e, proofs[e.key]) for e in events if e.key in proofs]
    waiting = tuple(Pending(e.id, e.action, e.at) for e in events if e.key not in proofs)
    if head is None or not sealed:
        raise Refusal("ledger.case_waiting", case=case_id, count=len(waiting))
    shown = _DISCLOSURES[viewer]
    file = write_receipt(make_receipt(head, key, case_id, sealed, lambda _: shown))
    verdict = verify_receipt(file, key)
    if not verdict.ok:
        raise Refusal("ledger.case_unproven", case=case_id, finding=verdict.findings[0].code)
    return CaseReceipt(file, len(sealed), waiting)


async def proof_of(tx: Tx, origin: str, event_id: int) -> Proven:
    """The proof of one event that `tx` sees, over the newest head.

    Refuses one that is not seen ("ledger.event_unseen"), not sealed yet ("ledger.event_waiting")
    or not what was sealed ("ledger.event_unproven").
    """
    head = await store.last_head(tx.conn, origin)
    event = await store.read_event(tx.conn, event_id)
    if event is None:
        raise Refusal("ledger.event_unseen", id=event_id)
    proofs = await _prove(tx.conn, head, [event])
    if head is None or event.key not in proofs:
        raise Refusal("ledger.event_waiting", id=event_id)
    statement = canonical.state(event)
    leaf = merkle.hash_leaf(canonical.content(statement))
    return Proven(statement, leaf, proofs[event.key], head)


async def _prove(
    conn: asyncpg.Connection, head: Head | None, events: Sequence[Event]
) -> dict[store.Key, Proof]:
    """The proofs of those events that `head` covers, by the events' keys."""
    if head is None:
        return {}
    try:
        positions = await _locate(conn, head.size, events)
        needed = [tiles.tiles_for_inclusion(at, head.size) for at in positions.values()]
        stored = await store.read_tiles(conn, set().union(*needed))
        return {key: tiles.inclusion(at, head.size, stored) for key, at in positions.items()}
    except TileMissing as missing:
        address = missing.address
        raise Refusal(
            "ledger.proof_missing", level=address.level, number=address.number
        ) from missing


async def _locate(
    conn: asyncpg.Connection, size: int, events: Sequence[Event]
) -> dict[store.Key, int]:
    """The positions of those events that are among the first `size` of the tree."""
    found = await store.find_batches(conn, [event.key for event in events])
    batches = {key: batch for key, batch in found.items() if batch.end <= size}
    needed = [tiles.tiles_for_leaves(b.first_position, b.end) for b in set(batches.values())]
    stored = await store.read_tiles(conn, {a for row in needed for a in row if a.level == 0})
    positions: dict[store.Key, int] = {}
    for event in events:
        batch = batches.get(event.key)
        if batch is None:
            continue
        leaves = tiles.leaves(batch.first_position, batch.end, stored)
        try:
            rank = leaves.index(merkle.hash_leaf(canonical.leaf(event)))
        except (ValueError, Refusal):
            raise Refusal("ledger.event_unproven", id=event.id) from None
        positions[event.key] = batch.first_position + rank
    return positions

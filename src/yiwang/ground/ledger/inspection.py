"""Is a receipt true? Checked offline, from nothing but the file and, at best, a trusted key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yiwang.ground.ledger import canonical, merkle, signing
from yiwang.ground.ledger.model import Finding, find
from yiwang.ground.ledger.receipt import (
    MAX_BYTES,
    NUMBER,
    Entry,
    Malformed,
    Receipt,
    Shown,
    read_receipt,
)
from yiwang.ground.ledger.signing import PublicKey


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a receipt gives.

    `ok` means that nothing was found. `trusted` tells whether the key was one that the asker
    trusts; without that, the file is merely true to itself, and its key (`receipt.key_id`) has
    to be compared with the one the city publishes. `receipt` is None where none could be read.
    """

    ok: bool
    trusted: bool
    findings: tuple[Finding, ...]
    receipt: Receipt | None


def verify_receipt(data: bytes, trusted_key: PublicKey | None = None) -> Verdict:
    """Check a receipt file; never raises, whatever the bytes are."""
    try:
        receipt = read_receipt(data)
    except Malformed as wrong:
        finding = find("receipt.malformed", where=wrong.where, limit=MAX_BYTES)
        return Verdict(False, False, (finding,), None)
    findings = (
        *_check_key(receipt, trusted_key),
        *_check_order(receipt),
        *(finding for entry in receipt.entries for finding in _check_entry(entry, receipt)),
        *_check_number(receipt),
    )
    return Verdict(not findings, trusted_key == receipt.key, findings, receipt)


def _check_key(receipt: Receipt, trusted_key: PublicKey | None) -> Iterator[Finding]:
    if receipt.key_id != receipt.key.key_id:
        yield find("receipt.key_id", stated=receipt.key_id, actual=receipt.key.key_id)
    elif trusted_key is not None and trusted_key != receipt.key:
        yield find("receipt.key_unknown", key=receipt.key_id, trusted=trusted_key.key_id)
    elif not signing.verify(receipt.head, receipt.key):
        yield find("receipt.signature", size=receipt.head.size, key=receipt.key_id)


def _check_order(receipt: Receipt) -> Iterator[Finding]:
    if not receipt.entries:
        yield find("receipt.empty")
    for before, entry in zip(receipt.entries, receipt.entries[1:], strict=False):
        right = before.position < entry.position and before.statement.key < entry.statement.key
        if not right:
            yield find("receipt.reordered", position=entry.position, before=before.position)


def _check_entry(entry: Entry, receipt: Receipt) -> Iterator[Finding]:
    position, size = entry.position, receipt.head.size
    if entry.statement.case_id != receipt.case_id:
        yield find("receipt.other_case", position=position, case=receipt.case_id)
    if entry.leaf != merkle.hash_leaf(canonical.content(entry.statement)):
        yield find("receipt.event_altered", position=position)
    if position >= size:
        yield find("receipt.beyond_head", position=position, size=size)
    elif not merkle.verify_inclusion(entry.leaf, position, size, entry.path, receipt.head.root):
        yield find("receipt.proof", position=position, size=size)
    if entry.actor is not None and entry.actor.commitment != entry.statement.actor_digest:
        yield find("receipt.actor_altered", position=position)
    if entry.facts is not None:
        digests = [m.commitment if isinstance(m, Shown) else m for m in entry.facts]
        if canonical.join_commitments(digests) != entry.statement.facts_digest:
            yield find("receipt.facts_altered", position=position)


def _check_number(receipt: Receipt) -> Iterator[Finding]:
    """The number in the title has to be the last one that the shown facts prove."""
    proven: str | None = None
    for entry in receipt.entries:
        if entry.statement.matter == "case":
            for member in entry.facts or ():
                if isinstance(member, Shown) and member.name == NUMBER:
                    proven = member.value if isinstance(member.value, str) else None
    if receipt.number != proven:
        yield find("receipt.number", stated=receipt.number, proven=proven)

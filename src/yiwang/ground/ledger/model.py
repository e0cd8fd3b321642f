"""What the ledger holds: events, batches, heads, proofs, and what a check finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.kit import words

DIGEST_BYTES = 32
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Event:
    """One change of state as it is stored.

    `xid` is the transaction that wrote it; events stand in the order of (xid, id). `facts` are
    the JSON values the change came with. `salt` (16 random bytes, one per event) blinds the
    commitments to `actor` and `facts`, so that a receipt can keep them to itself.
    """

    id: int
    xid: int
    at: datetime
    actor: str
    unit: str | None
    action: str
    matter: str
    matter_id: int
    case_id: int | None
    place: str
    article: str
    rule: str
    before: str | None
    after: str | None
    facts: Mapping[str, Any]
    salt: bytes

    @property
    def key(self) -> tuple[int, int]:
        """Where the event stands in the final order."""
        return self.xid, self.id


@dataclass(frozen=True, slots=True)
class Statement:
    """The part of an event that is hashed into the tree and may be shown to anybody.

    Same fields as :class:`Event`, but actor and facts appear as commitments only.
    """

    id: int
    xid: int
    at: datetime
    actor_digest: bytes
    unit: str | None
    action: str
    matter: str
    matter_id: int
    case_id: int | None
    place: str
    article: str
    rule: str
    before: str | None
    after: str | None
    facts_digest: bytes

    @property
    def key(self) -> tuple[int, int]:
        """Where the event stands in the final order."""
        return self.xid, self.id


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of events sealed together: `count` of them from `first_position` (counted from 0).

    The keys of its first and last event bound it, so that a check can tell an event that was
    slipped in from one that was taken out.
    """

    first_position: int
    count: int
    first_xid: int
    first_id: int
    last_xid: int
    last_id: int

    @property
    def first(self) -> tuple[int, int]:
        """Key of its first event."""
        return self.first_xid, self.first_id

    @property
    def last(self) -> tuple[int, int]:
        """Key of its last event."""
        return self.last_xid, self.last_id

    @property
    def end(self) -> int:
        """The position after its last event: the size of the tree once it is sealed."""
        return self.first_position + self.count


@dataclass(frozen=True, slots=True)
class Head:
    """The signed state of the tree: `size` events have the Merkle root `root`, said at `at`."""

    origin: str
    size: int
    root: bytes
    at: datetime
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """Proof that a leaf stands at `position` of the tree of `size` leaves (RFC 9162, 2.1.3)."""

    position: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check found wrong; `code` is stable, `facts` fill its sentence."""

    code: str
    facts: Mapping[str, Any]

    @property
    def zh(self) -> str:
        """The sentence in Chinese."""
        return words.sentence(self.code, "zh", self.facts)

    @property
    def en(self) -> str:
        """The sentence in English."""
        return words.sentence(self.code, "en", self.facts)


def find(code: str, **facts: Any) -> Finding:
    """A finding with its facts."""
    return Finding(code, facts)

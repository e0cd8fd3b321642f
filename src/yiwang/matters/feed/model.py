"""What the feed passes on, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

Key: TypeAlias = tuple[int, int]  # (xid, id): where an event stands in the ledger's final order

# Events of other matters (people, keys, exports) are no news for everybody.
MATTERS = ("report", "case", "order", "check", "approval", "dispute")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event of the ledger, with what is known of its case: parties, number and kind."""

    xid: int
    id: int
    at: datetime
    actor: str
    unit: str | None
    action: str
    matter: str
    matter_id: int
    case_id: int | None
    place: str
    article: str
    before: str | None
    after: str | None
    parties: tuple[str, ...]
    number: str | None
    kind: str | None

    @property
    def key(self) -> Key:
        """Where it stands."""
        return self.xid, self.id

    @property
    def name(self) -> str:
        """Its id towards listeners: "<xid>-<id>"."""
        return f"{self.xid}-{self.id}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a listener asked for; empty means everything. `actions` may end in ".*"."""

    matters: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    place: str = ""
    case_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose news it is: whole places (paths), matters of units, one's own deeds (`actor`)."""

    places: tuple[str, ...]
    units: tuple[str, ...]
    actor: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver of another system. It gets the events of `place` (a path); with `unit`, only of
    matters that unit is party to. `cursor` is the last event it took."""

    id: int
    url: str
    secret: bytes
    actions: tuple[str, ...]
    place: str
    unit: str | None
    active: bool
    created_by: str
    created_at: datetime
    cursor: Key
    failures: int
    next_at: datetime
    last_error: str | None
    failing_since: datetime | None
    delivered_at: datetime | None
    delivered: int
    ended_at: datetime | None
    end_reason: str | None

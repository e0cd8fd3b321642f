"""What the picture shows of a case, how it changes, and who sees it."""

from __future__ import annotations

from dataclasses import dataclass

URGENT, OVERDUE, SUPERVISED, SYNTHETIC = 1, 2, 4, 8  # bits of `flags`


@dataclass(frozen=True, slots=True)
class Look:
    """How a case looks: WGS-84 degrees, the place's path, times in seconds since 1970.

    `due` is the clock that runs now. `parties` are the units that see it wherever it lies.
    """

    id: int
    number: str
    lon: float | None
    lat: float | None
    kind: str
    place: str
    state: str
    flags: int
    due: int | None
    reported: int
    parties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A case after one event. `event_id` grows along a case; `xid` is the transaction's."""

    event_id: int
    xid: int
    at: float  # seconds since 1970
    action: str
    look: Look


@dataclass(frozen=True, slots=True)
class Change:
    """One step as the picture took it: `before` and `after` are None where the case is not open."""

    seq: int
    xid: int
    at: float
    action: str
    before: Look | None
    after: Look | None

    @property
    def case_id(self) -> int:
        """Whose change it is."""
        look = self.after or self.before
        assert look is not None
        return look.id


@dataclass(frozen=True, slots=True)
class Reach:
    """Who looks, and at what: whole places (paths) and matters of units, as row-level security
    reads them, as far as they lie `within` a place (a path)."""

    places: tuple[str, ...]
    units: tuple[str, ...]
    within: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where somebody knows the picture: a number of the `epoch` of one process, and a
    transaction below which all of any process's changes are known."""

    epoch: str
    seq: int
    xid: int

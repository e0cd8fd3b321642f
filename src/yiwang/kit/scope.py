"""For whom a transaction runs: what its row-level security lets it see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What a transaction may see: whole places (ltree paths), and matters of its units.

    `persons` opens the reporters' identities, `person` the rows of the person itself.
    """

    actor: str
    places: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    person: int | None = None
    persons: bool = False

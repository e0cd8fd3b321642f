"""The record of made-up cases: one event for each step, as the platform writes them."""

from __future__ import annotations

import os

from yiwang.bulk.lines import NULL, Sheet

# `id` and `xid` are the database's own to give; it would give `salt` too, but 4 µs a row slower.
COLUMNS = (
    "at",
    "actor",
    "unit",
    "action",
    "matter",
    "matter_id",
    "case_id",
    "place",
    "article",
    "rule",
    "before",
    "after",
    "facts",
    "salt",
)
PLATFORM = "platform"
PEOPLE = "synthetic"
_SALT_DIGITS = 32
_SALTS_AT_ONCE = 4096
PLAIN = '{"synthetic":true}'


class Record:
    """Collects events in the order in which they happened to each case."""

    def __init__(self) -> None:
        self.sheet = Sheet("events", COLUMNS)
        self._case = NULL
        self._place = ""
        self._salts = ""
        self._next = 0

    def begin(self, case_id: int, place: str) -> None:
        """All following events belong to this case, at this place."""
        self._case = str(case_id)
        self._place = place

    def _salt(self) -> str:
        """Sixteen random bytes of the system's, in hexadecimal digits."""
        if self._next == len(self._salts):
            self._salts, self._next = os.urandom(_SALT_DIGITS // 2 * _SALTS_AT_ONCE).hex(), 0
        start, self._next = self._next, self._next + _SALT_DIGITS
        return self._salts[start : self._next]

    def receive(self, at: str, report_id: int, root: str, source: str) -> None:
        """A report came in: no case yet, and located nowhere but in the city."""
        self.sheet.lines.append(
            f"{at}\t{PEOPLE}\t{NULL}\treport.receive\treport\t{report_id}\t{NULL}\t{root}\tXIV"
            f'\treport.receive\t{NULL}\treceived\t{{"source":"{source}","system":"{source}",'
            f'"synthetic":true}}\t\\\\x{self._salt()}'
        )

    def step(
        self,
        at: str,
        action: str,
        matter: str,
        matter_id: int,
        before: str,
        after: str,
        unit: str = NULL,
        facts: str = PLAIN,
        article: str = "V",
    ) -> None:
        """One step; whoever has a unit is made up, without one it is the platform."""
        actor = PLATFORM if unit is NULL else PEOPLE
        self.sheet.lines.append(
            f"{at}\t{actor}\t{unit}\t{action}\t{matter}\t{matter_id}\t{self._case}\t{self._place}"
            f"\t{article}\t{action}\t{before}\t{after}\t{facts}"
            f"\t\\\\x{self._salt()}"
        )

"""The record of made-up cases: one event for each step, as the platform writes them."""

from __future__ import annotations

from yiwang.bulk.lines import NULL, Sheet

# `id`, `xid` and `salt` are the database's own to give.
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
)
PLATFORM = "platform"
PEOPLE = "synthetic"
PLAIN = '{"synthetic":true}'


class Record:
    """Collects events in the order in which they happened to each case."""

    def __init__(self) -> None:
        self.sheet = Sheet("events", COLUMNS)
        self._case = NULL
        self._place = ""

    def begin(self, case_id: int, place: str) -> None:
        """All following events belong to this case, at this place."""
        self._case = str(case_id)
        self._place = place

    def receive(self, at: str, report_id: int, root: str, source: str) -> None:
        """A report came in: no case yet, and located nowhere but in the city."""
        self.sheet.lines.append(
            f"{at}\t{PEOPLE}\t{NULL}\treport.receive\treport\t{report_id}\t{NULL}\t{root}\tXIV"
            f'\treport.receive\t{NULL}\treceived\t{{"source":"{source}","system":"{source}",'
            '"synthetic":true}'
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
        )

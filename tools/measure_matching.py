"""Measures the matching of repeats on the real requests of one quarter and prints a table.

    .venv/bin/python tools/measure_matching.py [--data ../shared/data] [--curve]

Requests are read strictly in time order. One that is taken for a repeat is attached and opens no
case; a case leaves the open ones at its recorded closing. What the city later marked as duplicate
is used for scoring only: precision is the share of attached requests that are marked, recall the
share of marked requests that were attached, parent the share attached to a case that the marks
join with it. Not every real duplicate was marked, so true precision is higher.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor
from pathlib import Path
from zoneinfo import ZoneInfo

from yiwang.ground.judgement import KindRule, MatchSettings, OpenCase, ReportFacts, match

ROOT = Path(__file__).resolve().parents[1]
ZONE = ZoneInfo("America/New_York")
CELL = 0.002  # degrees; wider than any radius below
NEVER = KindRule(0.0, 1.0, 1.0, 1.0, 1.0)
SIMPLE = MatchSettings(
    # The simple rule: same type, 30 m, 7 days; the nearest wins, then the newest.
    default=KindRule(1.0, 30.0, 168.0, 1.0, 1e9),
    threshold=1e-9,
    kin_text=2.0,
    text_weight=0.0,
    placeholders=((-71.0587, 42.3594, 0.0001),),
)
# How reports of each kind repeat each other: things in the street that many people see. What each
# household asks for itself (a pickup, an inspection) is never a repeat of its neighbour's.
RECOMMENDED = replace(
    SIMPLE,
    default=NEVER,
    kinds={
        "Street Light Outages": KindRule(0.8, 150.0, 1000.0, 10.0, 24.0),
        "Major System Failure": KindRule(1.0, 150.0, 1000.0, 60.0, 96.0),
        "Street Light Knock Downs": KindRule(1.0, 150.0, 1000.0, 60.0, 96.0),
        "General Lighting Request": KindRule(1.0, 150.0, 1000.0, 60.0, 96.0),
        "Tree Emergencies": KindRule(1.0, 150.0, 1000.0, 30.0, 24.0),
        "Graffiti Removal": KindRule(0.8, 150.0, 1000.0, 10.0, 200.0),
        "Abandoned Vehicles": KindRule(1.0, 150.0, 1000.0, 30.0, 400.0),
        "Missed Trash/Recycling/Yard Waste/Bulk Item": KindRule(0.8, 150.0, 1000.0, 10.0, 1.0),
    },
    threshold=0.35,
    text_weight=0.3,
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, with what is known at intake and when its case was closed."""

    facts: ReportFacts
    number: int
    closed: datetime | None


@dataclass(slots=True)
class Score:
    """What one setting reaches."""

    attached: int = 0
    marked: int = 0
    right: int = 0
    total: int = 0

    @property
    def precision(self) -> float:
        return self.marked / self.attached if self.attached else 0.0

    @property
    def recall(self) -> float:
        return self.marked / self.total

    @property
    def parent(self) -> float:
        return self.right / self.total


def read_requests(folder: Path) -> list[Request]:
    """The requests in the order in which they came."""
    with gzip.open(folder / "requests-2011-q3.csv.gz", "rt", encoding="utf-8") as file:
        found = [_request(row) for row in csv.DictReader(file)]
    return sorted(found, key=lambda request: (request.facts.at, request.number))


def _request(row: Mapping[str, str]) -> Request:
    return Request(
        facts=ReportFacts(
            kind=row["type"],
            parent=row["reason"],
            at=_time(row["open_dt"]),
            point=(float(row["longitude"]), float(row["latitude"])),
            text=row["case_title"],
            address=row["location"].strip(),
        ),
        number=int(row["case_enquiry_id"]),
        closed=_time(row["closed_dt"]) if row["closed_dt"] else None,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def read_marks(folder: Path) -> dict[int, int]:
    """Marked duplicates, child to parent."""
    with (folder / "duplicates-2011-q3.csv").open(encoding="utf-8") as file:
        return {int(row["case_enquiry_id"]): int(row["parent"]) for row in csv.DictReader(file)}


def groups(marks: Mapping[int, int]) -> dict[int, int]:
    """Each marked request and parent with a number for its group: marks may form chains."""
    head: dict[int, int] = {}

    def top(number: int) -> int:
        while head.get(number, number) != number:
            number = head[number]
        return number

    for child, parent in marks.items():
        head[top(child)] = top(parent)
    return {number: top(number) for number in {*marks, *marks.values()}}


def measure(requests: Iterable[Request], marks: Mapping[int, int], rule: MatchSettings) -> Score:
    """Runs the requests through the rule."""
    group = groups(marks)
    score = Score(total=len(marks))
    grid: dict[tuple[int, int], list[tuple[OpenCase, datetime | None]]] = defaultdict(list)
    horizon = max(r.hours for r in (rule.default, *rule.kinds.values()))
    for request in requests:
        facts = request.facts
        assert facts.point is not None
        cell = (floor(facts.point[0] / CELL), floor(facts.point[1] / CELL))
        nearby = list(_open(grid, cell, facts.at, timedelta(hours=min(horizon, 24 * 365))))
        verdict = match(facts, nearby, rule)
        if verdict.case_id is None:
            case = OpenCase(
                request.number,
                facts.kind,
                facts.parent,
                facts.at,
                facts.point,
                facts.text,
                facts.address,
            )
            grid[cell].append((case, request.closed))
            continue
        score.attached += 1
        if request.number in marks:
            score.marked += 1
            score.right += group[request.number] == group.get(verdict.case_id)
    return score


def _open(
    grid: Mapping[tuple[int, int], list[tuple[OpenCase, datetime | None]]],
    cell: tuple[int, int],
    at: datetime,
    horizon: timedelta,
) -> Iterator[OpenCase]:
    for x in range(cell[0] - 1, cell[0] + 2):
        for y in range(cell[1] - 1, cell[1] + 2):
            cases = grid.get((x, y), [])
            # The oldest stand first; what is closed or too old will not come back.
            cases[:] = [
                (case, closed)
                for case, closed in cases
                if at - case.at <= horizon and (closed is None or closed > at)
            ]
            yield from (case for case, _ in cases)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    default = os.environ.get("YIWANG_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--curve", action="store_true", help="more thresholds")
    options = parser.parse_args()
    folder = options.data / "boston311"
    if not folder.is_dir():
        raise SystemExit(f"the real requests are not at {folder}: give --data or set YIWANG_DATA")
    requests, marks = read_requests(folder), read_marks(folder)
    print(f"{len(requests)} requests, {len(marks)} marked as duplicates")
    print(f"{'rule':<34}{'attached':>9}{'precision':>11}{'recall':>8}{'parent':>8}")
    thresholds = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5) if options.curve else ()
    rules = {"same type, 30 m, 7 days": SIMPLE, "recommended": RECOMMENDED}
    rules |= {f"recommended, threshold {t}": replace(RECOMMENDED, threshold=t) for t in thresholds}
    for name, rule in rules.items():
        score = measure(requests, marks, rule)
        print(
            f"{name:<34}{score.attached:>9}{score.precision:>11.3f}"
            f"{score.recall:>8.3f}{score.parent:>8.3f}"
        )


if __name__ == "__main__":
    main()

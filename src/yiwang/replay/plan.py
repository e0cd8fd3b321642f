"""What a replay does, and when: the records as one sequence of reports and closings. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import floor
from typing import Any

from yiwang.replay.dataset import Adapter, Record
from yiwang.replay.naming import district_code, grid_code, kind_key, unit_code

WINDOW_STEPS = 800
_NEAR = 0.002  # degrees, 150 to 220 m: things of one sort so near may be the same thing
_RESULT_LIMIT = 2000
_TITLE_LIMIT = 200
_ADDRESS_LIMIT = 300
_UNSAID = "Closed; the records give no reason."


@dataclass(frozen=True, slots=True)
class Filing:
    """One report to hand in at `at`. `place` is what a desk would say where the point says
    nothing, `unit` the unit whose queue the city used; "" where the pack has none."""

    at: datetime
    external_id: str
    body: Mapping[str, Any]
    kind: str
    place: str
    unit: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of one record at `at`. A `duplicate` ends by closing the case with its reason,
    anything else by the unit's accepting and finishing its order with `result`. What no report
    can repeat is `independent`: it does not matter to any report when in its window it ends."""

    at: datetime
    external_id: str
    duplicate: bool
    result: str
    outcome: str
    independent: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of simulated time: first all its reports, then all its closings."""

    index: int
    filings: tuple[Filing, ...]
    closings: tuple[Closing, ...]

    @property
    def since(self) -> datetime:
        """The first moment."""
        return min(self._moments())

    @property
    def until(self) -> datetime:
        """The last moment."""
        return max(self._moments())

    def _moments(self) -> list[datetime]:
        return [one.at for one in self.filings] + [one.at for one in self.closings]


@dataclass(frozen=True, slots=True)
class Plan:
    """All windows in order. `digest` tells one plan from another."""

    windows: tuple[Window, ...]
    reports: int
    closings: int
    digest: str

    @property
    def steps(self) -> int:
        """Reports and closings."""
        return self.reports + self.closings


@dataclass(frozen=True, slots=True)
class Known:
    """What the pack holds: keys of kinds, codes of places and of units.

    `repeatable` are the kinds of which one report can repeat another.
    """

    kinds: Collection[str]
    repeatable: Collection[str]
    places: Collection[str]
    units: Collection[str]


def make_plan(
    records: Iterable[Record], adapter: Adapter, known: Known, window_steps: int = WINDOW_STEPS
) -> Plan:
    """The plan of a replay: every step in time order, at most `window_steps` in a window.

    At one moment reports come before closings, so that no record ends before it began. A window
    does its reports first; so a report begins a new one where something like it was closed in this
    one, for it must not be taken for a repeat of what had ended.
    """
    records = list(records)
    steps: list[Filing | Closing] = [_filing(record, adapter, known) for record in records]
    steps += [_closing(record, adapter, known) for record in records if record.closed]
    steps.sort(key=lambda step: (step.at, isinstance(step, Closing), step.external_id))
    windows = tuple(
        Window(
            index,
            tuple(step for step in part if isinstance(step, Filing)),
            tuple(step for step in part if isinstance(step, Closing)),
        )
        for index, part in enumerate(_parts(steps, window_steps, _spots(records, adapter, known)))
    )
    reports = sum(len(window.filings) for window in windows)
    names = "\n".join(f"{step.at.isoformat()} {step.external_id}" for step in steps)
    digest = sha256(f"{window_steps}\n{names}".encode()).hexdigest()
    return Plan(windows, reports, len(steps) - reports, digest)


def _spots(
    records: Iterable[Record], adapter: Adapter, known: Known
) -> dict[str, tuple[str, int, int]]:
    """Kind and square of the records that another report could repeat."""
    return {
        record.id: (kind, floor(record.lon / _NEAR), floor(record.lat / _NEAR))
        for record in records
        if (kind := kind_key(adapter, record.type)) in known.repeatable and not record.placeholder
    }


def _parts(
    steps: Iterable[Filing | Closing], size: int, spots: Mapping[str, tuple[str, int, int]]
) -> Iterator[list[Filing | Closing]]:
    part: list[Filing | Closing] = []
    ended: set[tuple[str, int, int]] = set()
    for step in steps:
        spot = spots.get(step.external_id)
        follows = isinstance(step, Filing) and spot is not None and _is_near(spot, ended)
        if len(part) == size or follows:
            yield part
            part, ended = [], set()
        part.append(step)
        if isinstance(step, Closing) and spot is not None:
            ended.add(spot)
    if part:
        yield part


def _is_near(spot: tuple[str, int, int], ended: Collection[tuple[str, int, int]]) -> bool:
    kind, x, y = spot
    return any((kind, x + i, y + j) in ended for i in (-1, 0, 1) for j in (-1, 0, 1))


def _filing(record: Record, adapter: Adapter, known: Known) -> Filing:
    key = kind_key(adapter, record.type)
    kind = key if key in known.kinds else ""
    title = record.title or record.type
    body: dict[str, Any] = {
        "external_id": record.id,
        "title": title[:_TITLE_LIMIT],
        "text": title,
        "address": record.address[:_ADDRESS_LIMIT],
        "lon": record.lon,
        "lat": record.lat,
        "source": adapter.source,
        "language": adapter.language,
        "attributes": {"channel": record.source} if record.source else {},
    }
    if kind:
        body["kind"] = kind
    unit = unit_code(record.queue)
    return Filing(
        at=record.opened,
        external_id=record.id,
        body=body,
        kind=kind,
        place=_place(record, adapter, known),
        unit=unit if unit in known.units else "",
    )


def _place(record: Record, adapter: Adapter, known: Known) -> str:
    """The deepest place the record itself names."""
    for code in (grid_code(adapter, record), district_code(record.neighbourhood)):
        if code in known.places:
            return code
    return adapter.root


def _closing(record: Record, adapter: Adapter, known: Known) -> Closing:
    assert record.closed is not None  # asked only for those that were closed
    rule = next((rule for rule in adapter.outcomes if rule.pattern.search(record.closing)), None)
    return Closing(
        at=max(record.closed, record.opened),
        external_id=record.id,
        duplicate=rule is not None and rule.action == "duplicate",
        result=" ".join(record.closing.split())[:_RESULT_LIMIT] or _UNSAID,
        outcome=rule.outcome if rule is not None and rule.outcome else "solved",
        independent=kind_key(adapter, record.type) not in known.repeatable,
    )

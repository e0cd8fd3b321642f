"""Draws the tables of a pack from its city's own records: kinds, units, places, limits, duties."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from yiwang.ground.packs.findings import Findings, PackErrors
from yiwang.ground.packs.manifest import read_manifest
from yiwang.ground.packs.model import CalendarDay, Stage, Text
from yiwang.ground.worktime import Calendar
from yiwang.replay.dataset import Adapter, Record, read_adapter, read_records
from yiwang.replay.fitting import FittedLimit, fit_habits, fit_limit
from yiwang.replay.naming import (
    SEEDS,
    Names,
    district_code,
    grid_code,
    kind_key,
    read_names,
    slug,
    unit_code,
)

Rows = list[tuple[str, ...]]

_PLACES = "code,parent,level,name_zh,name_en,aliases,origin,area_origin,valid_from,valid_to"
_UNITS = "code,parent,kind,place,level,name_zh,name_en,functions,origin"
_KINDS = (
    "scheme,version,code,parent,family,name_zh,name_en,keywords,"
    "filing_zh,filing_en,closing_zh,closing_en,urgent,valid_from,valid_to,standard"
)
_LIMITS = "kind,stage,milestone,amount,clock,place,valid_from,valid_to,origin,basis"
_LEADS = "kind,level,lead,assist,place,valid_from,valid_to,basis"
_ORIGIN = "records"
_TARGETED = 0.5  # a kind whose records mostly have no target has no limit
_FEW, _GAIN = 8, 4  # a place's own habit needs this many records and this many more hits


@dataclass(frozen=True, slots=True)
class Tables:
    """How many rows were drawn, and how well limits and responsibilities fit the records."""

    rows: Mapping[str, int]
    targets: int
    due_within_minute: float  # share of the records with a target
    due_within_day: float
    queue_share: float  # of the records, handled by the queue that the list names


def draw_tables(data: Path, pack: Path) -> Tables:
    """Write the tables of `pack` from the records in the folder `data`.

    The pack's own `pack.toml`, `drawing.toml`, `names.csv`, `calendar.csv` and `posts.csv` are
    read, never written. Refuses as :func:`~yiwang.replay.drawing.draw_from_records`, and a name
    of the records that `names.csv` lacks ("replay.names_missing").
    """
    adapter = read_adapter(pack)
    names = read_names(pack)
    records = read_records(data, adapter)
    places, paths = _places(adapter, names, records)
    limits, fits = _limits(adapter, records, _read_calendar(pack, adapter))
    duties, share = _responsibilities(adapter, records, paths)
    units = _units(
        adapter, names, records, sorted({row[0] for row in places if row[2] == _DISTRICT})
    )
    written = {
        "places.csv": (_PLACES, places),
        "units.csv": (_UNITS, units),
        f"kinds/{adapter.scheme}.csv": (_KINDS, _kinds(adapter, names, records)),
        "limits.csv": (_LIMITS, limits),
        "responsibility.csv": (_LEADS, duties),
        "words.csv": ("key,zh,en", _words(names, records)),
        SEEDS: ("code,lon,lat", _seeds(adapter, records, paths)),
    }
    for label, (header, rows) in written.items():
        _write(pack / label, header, rows)
    targets = sum(fit.count for fit in fits)
    return Tables(
        rows={label: len(rows) for label, (_, rows) in written.items()},
        targets=targets,
        due_within_minute=sum(fit.within_minute for fit in fits) / max(1, targets),
        due_within_day=sum(fit.within_day for fit in fits) / max(1, targets),
        queue_share=share,
    )


_CITY, _DISTRICT, _TOWN, _GRID = "city", "district", "town", "grid"


def _places(
    adapter: Adapter, names: Names, records: Sequence[Record]
) -> tuple[Rows, Mapping[str, tuple[str, ...]]]:
    """Rows of all places, and for each precinct its path from the city down.

    A precinct belongs to the neighbourhood most of its records name, or where none names one, to
    that of its ward. A ward that lies in several neighbourhoods is one town in each: places are a
    tree.
    """
    known = set(names.all("neighbourhood"))
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        if grid_code(adapter, record):
            home = record.neighbourhood
            votes[record.precinct].update([home] if home in known else [])
    around: dict[str, Counter[str]] = defaultdict(Counter)
    for precinct, count in votes.items():
        around[_ward(adapter, precinct)].update(count)
    homes = {
        precinct: _most(count or around[_ward(adapter, precinct)])
        for precinct, count in sorted(votes.items())
    }
    wards: dict[str, set[str]] = defaultdict(set)
    for precinct, home in homes.items():
        wards[_ward(adapter, precinct)].add(home)
    city = names.titled("city", adapter.root)
    rows: Rows = [_place(adapter.root, "", _CITY, city)]
    for home in sorted(set(homes.values())):
        aliases = names.words("neighbourhood", home)
        text = names.text("neighbourhood", home)
        rows.append(_place(district_code(home), adapter.root, _DISTRICT, text, aliases))
    for ward, homes_of in sorted(wards.items()):
        for home in sorted(homes_of):
            part = len(homes_of) > 1
            rows.append(
                _place(
                    _town_code(ward, home, part=part),
                    district_code(home),
                    _TOWN,
                    _ward_text(ward, names.text("neighbourhood", home) if part else None),
                )
            )
    paths = {}
    for precinct, home in homes.items():
        ward = _ward(adapter, precinct)
        town = _town_code(ward, home, part=len(wards[ward]) > 1)
        code = f"p{precinct.lower()}"
        number = precinct[2:]
        text = Text(f"第{int(ward)}选区第{number}分区", f"Ward {int(ward)} Precinct {number}")
        rows.append(_place(code, town, _GRID, text))
        paths[code] = (adapter.root, district_code(home), town, code)
    return rows, paths


def _most(votes: Counter[str]) -> str:
    return max(votes, key=lambda name: (votes[name], name))


def _place(code: str, parent: str, level: str, name: Text, aliases: str = "") -> tuple[str, ...]:
    return (code, parent, level, name.zh, name.en, aliases, _ORIGIN, _ORIGIN, "", "")


def _ward(adapter: Adapter, precinct: str) -> str:
    fits = adapter.precinct.match(precinct)
    assert fits is not None  # only precincts that fit are asked for
    return fits.group(1)


def _town_code(ward: str, home: str, *, part: bool) -> str:
    return f"w{ward}_{district_code(home)}" if part else f"w{ward}"


def _ward_text(ward: str, part: Text | None) -> Text:
    number = int(ward)
    if part is None:
        return Text(f"第{number}选区", f"Ward {number}")
    return Text(f"第{number}选区（{part.zh}部分）", f"Ward {number} (in {part.en})")


def _units(
    adapter: Adapter, names: Names, records: Sequence[Record], districts: Sequence[str]
) -> Rows:
    """The centre, one neighbourhood centre per district, and the queues under departments."""
    centre = names.titled("centre", adapter.root)
    local = names.titled("centre", "*")
    rows: Rows = [_unit("centre", "", "centre", adapter.root, _CITY, centre, "territory")]
    by_code = {district_code(name): name for name in names.all("neighbourhood")}
    for code in districts:
        home = names.text("neighbourhood", by_code[code])
        text = Text(f"{home.zh}{local.zh}", f"{home.en} {local.en}")
        rows.append(_unit(f"{code}_centre", "centre", "centre", code, _DISTRICT, text, "territory"))
    queues = {record.queue: record.department for record in records}
    for department in sorted(set(queues.values())):
        text = names.titled("department", department)
        code = f"dept_{slug(department, '_')}"
        rows.append(_unit(code, "", "department", adapter.root, _CITY, text, ""))
    for queue, department in sorted(queues.items()):
        text = names.text("queue", queue)
        code, parent = unit_code(queue), f"dept_{slug(department, '_')}"
        rows.append(_unit(code, parent, "queue", adapter.root, _CITY, text, code))
    return rows


def _unit(
    code: str, parent: str, kind: str, place: str, level: str, name: Text, functions: str
) -> tuple[str, ...]:
    return (code, parent, kind, place, level, name.zh, name.en, functions, _ORIGIN)


def _kinds(adapter: Adapter, names: Names, records: Sequence[Record]) -> Rows:
    """Subjects, reasons within subjects, types: three steps of one tree."""
    subjects = sorted({record.subject for record in records})
    reasons = sorted({(record.subject, record.reason) for record in records})
    types = sorted({(record.type, record.subject, record.reason) for record in records})
    rows = [_kind(adapter, slug(name, "-"), "", names.text("subject", name)) for name in subjects]
    rows += [
        _kind(adapter, _group(subject, reason), slug(subject, "-"), names.text("reason", reason))
        for subject, reason in reasons
    ]
    rows += [
        _kind(
            adapter,
            slug(name, "-"),
            _group(subject, reason),
            names.text("type", name),
            names.words("type", name),
        )
        for name, subject, reason in types
    ]
    return rows


def _group(subject: str, reason: str) -> str:
    return f"{slug(subject, '-')}.{slug(reason, '-')}"


def _kind(
    adapter: Adapter, code: str, parent: str, name: Text, keywords: str = ""
) -> tuple[str, ...]:
    head = (adapter.scheme, adapter.version, code, parent, "demand", name.zh, name.en, keywords)
    return (*head, "", "", "", "", "false", "", "", "")


def _read_calendar(pack: Path, adapter: Adapter) -> Calendar:
    findings = Findings()
    manifest = read_manifest(pack, "pack.toml", findings)
    if manifest is None or findings.errors:
        raise PackErrors(findings.errors)
    with (pack / "calendar.csv").open(encoding="utf-8", newline="") as file:
        days = [
            CalendarDay(date.fromisoformat(row["date"]), row["kind"], Text("", ""))
            for row in csv.DictReader(file)
        ]
    return Calendar.build(days, manifest.worktime(), adapter.timezone.key)


def _limits(
    adapter: Adapter, records: Sequence[Record], calendar: Calendar
) -> tuple[Rows, list[FittedLimit]]:
    by_type: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_type[record.type].append(record)
    rows: Rows = []
    fits = []
    for name, group in sorted(by_type.items()):
        targets = [(record.opened, record.target) for record in group if record.target is not None]
        fit = fit_limit(targets, calendar)
        if fit is None or len(targets) < _TARGETED * len(group):
            continue
        fits.append(fit)
        basis = f"{fit.within_minute} of {fit.count} recorded targets met within a minute"
        basis += f" and {fit.within_day} within a day"
        key = kind_key(adapter, name)
        amount = f"{fit.amount:g}" if fit.amount == int(fit.amount) else f"{fit.amount:.6f}"
        rows.append((key, Stage.HANDLE, "", amount, fit.clock, "", "", "", _ORIGIN, basis))
    return rows, fits


def _responsibilities(
    adapter: Adapter, records: Sequence[Record], paths: Mapping[str, tuple[str, ...]]
) -> tuple[Rows, float]:
    """Per type the queue that handled it most, and the places where another did."""
    handled: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for record in records:
        path = paths.get(grid_code(adapter, record), (adapter.root,))
        handled[record.type].append((path, unit_code(record.queue)))
    rows: Rows = []
    right = 0
    for name, group in sorted(handled.items()):
        habits = {habit.place: habit for habit in fit_habits(group, _FEW, _GAIN)}
        for path, holder in group:
            deepest = next(code for code in reversed(path) if code in habits)
            right += habits[deepest].holder == holder
        for habit in habits.values():
            place = "" if habit.place == adapter.root else habit.place
            basis = f"handled {habit.times} of {habit.count} recorded requests here"
            key = kind_key(adapter, name)
            rows.append((key, _CITY, habit.holder, "", place, "", "", basis))
    return rows, right / max(1, len(records))


def _seeds(adapter: Adapter, records: Sequence[Record], paths: Iterable[str]) -> Rows:
    """For each precinct the recorded point nearest to the middle of its points."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for record in records:
        if not record.placeholder:
            points[grid_code(adapter, record)].append((record.lon, record.lat))
    rows: Rows = []
    for code in paths:
        found = np.array(points[code])
        if len(found):
            nearest = found[np.abs(found - np.median(found, axis=0)).sum(axis=1).argmin()]
            rows.append((code, f"{nearest[0]:.4f}", f"{nearest[1]:.4f}"))
    return rows


def _words(names: Names, records: Sequence[Record]) -> Rows:
    rows: Rows = [("function.territory", "属地托底", "Territorial fallback")]
    for queue in sorted({record.queue for record in records}):
        text = names.text("queue", queue)
        rows.append((f"function.{unit_code(queue)}", text.zh, text.en))
    return rows


def _write(path: Path, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)

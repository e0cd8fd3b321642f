"""A city's own records as values; which column means what is data of its pack."""

from __future__ import annotations

import csv
import gzip
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yiwang.kit.errors import Refusal

MAPPING = "drawing.toml"
_COLUMNS = (
    *("id", "opened", "target", "closed", "verdict", "closing", "title", "subject", "reason"),
    *("type", "queue", "department", "address", "neighbourhood", "ward", "precinct", "lat", "lon"),
    "source",
)
_TOLERANCE = 1e-4  # degrees, about 10 m: the records give four decimals


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """What a closing text says: `action` is "finish" (with `outcome`) or "duplicate"."""

    pattern: re.Pattern[str]
    action: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Adapter:
    """How one city's records are read."""

    timezone: ZoneInfo
    root: str  # code of the city
    records: str  # glob of the files
    duplicates: str
    columns: Mapping[str, str]
    duplicate_columns: Mapping[str, str]
    on_time: str
    overdue: str
    scheme: str
    version: str
    precinct: re.Pattern[str]  # its first group is the ward's number, its second the precinct's
    placeholders: tuple[tuple[float, float], ...]
    same: Mapping[str, str]  # older or narrower neighbourhood names -> the present one
    system: str
    source: str
    language: str
    outcomes: tuple[OutcomeRule, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One request as the city kept it. Times carry the city's zone; empty texts are unknown."""

    id: str
    opened: datetime
    target: datetime | None
    closed: datetime | None
    on_time: bool | None  # the city's own verdict; None where it gave none
    closing: str
    title: str
    subject: str
    reason: str
    type: str
    queue: str
    department: str
    address: str
    neighbourhood: str
    ward: str  # number without leading zeros
    precinct: str
    lon: float
    lat: float
    source: str
    placeholder: bool  # the point stands for "unknown"


def read_adapter(pack: Path) -> Adapter:
    """How the records of the pack's city are read.

    Refuses a pack that has no `drawing.toml` ("replay.mapping_missing") and one that cannot be
    used ("replay.mapping_wrong").
    """
    path = pack / MAPPING
    if not path.is_file():
        raise Refusal("replay.mapping_missing", folder=str(pack), file=MAPPING)
    try:
        head = tomllib.loads((pack / "pack.toml").read_text(encoding="utf-8"))
        rows = tomllib.loads(path.read_text(encoding="utf-8"))
        return _adapter(head, rows)
    except KeyError as missing:
        reason = f"{missing} is missing"
        raise Refusal("replay.mapping_wrong", file=MAPPING, reason=reason) from missing
    except (tomllib.TOMLDecodeError, re.error, ValueError, OSError) as error:
        raise Refusal("replay.mapping_wrong", file=MAPPING, reason=error) from error


def _adapter(head: Mapping[str, Any], rows: Mapping[str, Any]) -> Adapter:
    return Adapter(
        timezone=ZoneInfo(head["timezone"]),
        root=head["root"],
        records=rows["files"]["records"],
        duplicates=rows["files"]["duplicates"],
        columns={name: rows["columns"][name] for name in _COLUMNS},
        duplicate_columns=rows["duplicate_columns"],
        on_time=rows["verdicts"]["on_time"],
        overdue=rows["verdicts"]["overdue"],
        scheme=rows["kinds"]["scheme"],
        version=rows["kinds"]["version"],
        precinct=re.compile(rows["places"]["precinct"]),
        placeholders=tuple((lon, lat) for lon, lat in rows["places"]["placeholders"]),
        same=rows["places"]["same"],
        system=rows["system"]["name"],
        source=rows["system"]["source"],
        language=rows["system"]["language"],
        outcomes=tuple(
            OutcomeRule(
                re.compile(row["pattern"], re.IGNORECASE), row["action"], row.get("outcome", "")
            )
            for row in rows["outcomes"]
        ),
    )


def find_files(data: Path, pattern: str) -> tuple[Path, ...]:
    """The files that fit in `data`, or else in a folder of it; refuses where there are none
    ("replay.data_missing")."""
    found: tuple[Path, ...] = ()
    if data.is_dir():
        found = tuple(sorted(data.glob(pattern))) or tuple(sorted(data.glob(f"*/{pattern}")))
    if not found:
        raise Refusal("replay.data_missing", folder=str(data), pattern=pattern)
    return found


def open_table(path: Path, columns: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of every row of a CSV file, plain or gzipped.

    Refuses a file that lacks one of `columns` ("replay.column_missing").
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for column in columns.values():
            if column not in (reader.fieldnames or ()):
                raise Refusal("replay.column_missing", file=path.name, column=column)
        for row in reader:
            yield reader.line_num, row


def read_records(data: Path, adapter: Adapter) -> list[Record]:
    """All records in the order in which they were opened.

    Refuses where there are no files, a column is missing or a time or number cannot be read.
    """
    found: dict[str, Record] = {}
    for path in find_files(data, adapter.records):
        for line, row in open_table(path, adapter.columns):
            record = _Reading(path.name, line, row, adapter).record()
            found.setdefault(record.id, record)
    return sorted(found.values(), key=lambda record: (record.opened, record.id))


def read_duplicates(data: Path, adapter: Adapter) -> dict[str, str]:
    """What the city itself marked as duplicates, child to parent; empty without such a file."""
    marks: dict[str, str] = {}
    for path in sorted(find_files(data, adapter.records)[0].parent.glob(adapter.duplicates)):
        for _, row in open_table(path, adapter.duplicate_columns):
            columns = adapter.duplicate_columns
            marks[row[columns["id"]]] = row[columns["parent"]]
    return marks


@dataclass(frozen=True, slots=True)
class _Reading:
    file: str
    line: int
    row: Mapping[str, str]
    adapter: Adapter

    def record(self) -> Record:
        lon, lat = self._number("lon"), self._number("lat")
        opened = self._moment("opened")
        if opened is None:
            raise self._wrong("opened")
        verdict = self._text("verdict")
        same = self.adapter.same
        neighbourhood = self._text("neighbourhood")
        texts = {
            name: self._text(name)
            for name in ("id", "closing", "title", "subject", "reason", "type", "queue")
        }
        return Record(
            **texts,
            opened=opened,
            target=self._moment("target"),
            closed=self._moment("closed"),
            on_time={self.adapter.on_time: True, self.adapter.overdue: False}.get(verdict),
            department=self._text("department"),
            address=" ".join(self._text("address").split()),
            neighbourhood=same.get(neighbourhood, neighbourhood),
            ward=self._text("ward").rpartition(" ")[2].lstrip("0"),
            precinct=self._text("precinct"),
            lon=lon,
            lat=lat,
            source=self._text("source"),
            placeholder=any(
                abs(lon - x) < _TOLERANCE and abs(lat - y) < _TOLERANCE
                for x, y in self.adapter.placeholders
            ),
        )

    def _text(self, name: str) -> str:
        return (self.row[self.adapter.columns[name]] or "").strip()

    def _number(self, name: str) -> float:
        try:
            return float(self._text(name))
        except ValueError:
            raise self._wrong(name) from None

    def _moment(self, name: str) -> datetime | None:
        text = self._text(name)
        if not text:
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=self.adapter.timezone)
        except ValueError:
            raise self._wrong(name) from None

    def _wrong(self, name: str) -> Refusal:
        column = self.adapter.columns[name]
        return Refusal(
            "replay.record_wrong",
            file=self.file,
            line=self.line,
            column=column,
            value=self.row[column],
        )

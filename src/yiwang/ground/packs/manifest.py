"""TOML files of a pack: `pack.toml` and the overlays, with the lines their keys stand on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from yiwang.ground.packs.findings import Findings, Spot
from yiwang.ground.packs.model import Text, Worktime
from yiwang.ground.packs.tables import Row, read_text

_AT_LINE = re.compile(r"at line (\d+)")
_HEADER = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]+")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_DAY = Worktime((0, 1, 2, 3, 4), ((time(9), time(17)),), True)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One TOML file: its values, and where in the text they stand."""

    label: str
    text: str
    values: Mapping[str, Any]
    findings: Findings

    def spot(self, key: str, table: str = "", index: int = 0) -> Spot:
        """The line of `key` in the `index`-th table called `table`, else of that table, else 0."""
        current, seen, found = "", -1, 0
        pattern = re.compile(rf'^\s*"?{re.escape(key)}"?\s*=') if key else None
        for number, line in enumerate(self.text.split("\n"), start=1):
            header = _HEADER.match(line)
            if header:
                current = header.group(1)
                seen += current == table
                if current == table and seen == index:
                    found = number
            elif (
                pattern
                and current == table
                and (not table or seen == index)
                and pattern.match(line)
            ):
                return Spot(self.label, number)
        return Spot(self.label, found)

    def string(self, key: str, table: str = "") -> str:
        """A required text."""
        value = self._inside(table).get(key)
        if value is None or value == "":
            self.findings.add(self.spot(key, table), "value_missing", field=_dotted(table, key))
            return ""
        if not isinstance(value, str):
            self.wrong(key, value, "text", table)
            return ""
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            self.wrong(key, value, "a list of texts")
            return ()
        return tuple(value)

    def both(self, table: str) -> Text:
        """A table with `zh` and `en`."""
        inside = self._inside(table)
        return Text(str(inside.get("zh", "")), str(inside.get("en", "")))

    def day(self, key: str) -> date | None:
        """A date, or None where absent."""
        value = self.values.get(key)
        if value is None or type(value) is date:
            return value
        self.wrong(key, value, "YYYY-MM-DD without quotes")
        return None

    def settings(self) -> Iterator[tuple[str, Any, Spot]]:
        """Dotted keys with their values; a quoted key holds its value whole, even a table."""
        for key, value in _flatten(self._inside("settings"), ""):
            spot = self.spot(key, "settings")
            yield key, value, spot

    def rows(self, table: str) -> Iterator[Row]:
        """The tables of an array of tables, each as a row like those of a CSV file."""
        entries = self.values.get(table, [])
        if not isinstance(entries, list):
            self.wrong(table, entries, f"[[{table}]]")
            return
        for index, entry in enumerate(entries):
            if isinstance(entry, Mapping):
                cells = {key: _cell(value) for key, value in entry.items()}
                yield Row(self.spot("", table, index), cells, self.findings)

    def worktime(self) -> Worktime:
        """[worktime]: weekdays ("mon" ...), spans ("08:00-12:00"), day_starts_next."""
        inside = self._inside("worktime")
        if not inside:
            self.findings.add(Spot(self.label, 0), "value_missing", field="worktime")
            return _WHOLE_DAY
        days = inside.get("weekdays", [])
        if not isinstance(days, list) or not days or not set(days) <= set(_WEEKDAYS):
            self.wrong("weekdays", days, ", ".join(_WEEKDAYS), "worktime")
            days = list(_WEEKDAYS[:5])
        spans = inside.get("spans", [])
        parsed = tuple(_span(value) for value in spans) if isinstance(spans, list) else ()
        ends = [moment for span in parsed if span for moment in span]
        if not parsed or None in parsed or ends != sorted(set(ends)):
            self.wrong("spans", spans, '["08:00-12:00", "14:00-18:00"]', "worktime")
            return _WHOLE_DAY
        starts_next = inside.get("day_starts_next", True)
        if not isinstance(starts_next, bool):
            self.wrong("day_starts_next", starts_next, "true, false", "worktime")
        return Worktime(
            tuple(sorted(_WEEKDAYS.index(day) for day in set(days))),
            tuple(span for span in parsed if span),
            bool(starts_next),
        )

    def wrong(self, key: str, value: object, expected: str, table: str = "") -> None:
        """Note that the value of `key` does not fit."""
        self.findings.add(
            self.spot(key, table),
            "value_wrong",
            field=_dotted(table, key),
            value=value,
            expected=expected,
        )

    def _inside(self, table: str) -> Mapping[str, Any]:
        inside = self.values.get(table, {}) if table else self.values
        if isinstance(inside, Mapping):
            return inside
        self.wrong(table, inside, f"[{table}]")
        return {}


def read_manifest(folder: Path, label: str, findings: Findings) -> Manifest | None:
    """Read the TOML file `label`; None with the reason noted where that fails."""
    text = read_text(folder / label, label, findings)
    if text is None:
        return None
    try:
        return Manifest(label, text, tomllib.loads(text), findings)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        findings.add(Spot(label, line), "toml_syntax", reason=error)
    return None


def _dotted(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ";".join(str(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flatten(inside: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in inside.items():
        if isinstance(value, Mapping) and "." not in key:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _span(value: object) -> tuple[time, time] | None:
    first, _, last = str(value).partition("-")
    try:
        return time.fromisoformat(first.strip()), time.fromisoformat(last.strip())
    except ValueError:
        return None

"""`screen.yaml` of a pack: what the city's one screen shows, in which mode, and from when on a
figure is to be watched. The names of panels are the platform's; whoever knows them checks them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from yiwang.ground.packs.findings import Findings, Spot
from yiwang.ground.packs.tables import read_text

FILE = "screen.yaml"
MODES = ("daily", "special", "emergency")
REGIONS = ("top", "left", "right", "bottom")
STATUSES = ("watch", "warn", "alarm")
_PANEL = re.compile(r"[a-z][a-z0-9_]{1,39}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MOST_SIZE = 4


def read_screen(folder: Path, findings: Findings) -> dict[str, Any] | None:
    """The file's value, None where there is none or it is no YAML; everything wrong is noted."""
    if not (folder / FILE).exists():
        return None
    text = read_text(folder / FILE, FILE, findings)
    if text is None:
        return None
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # a date that is none is a ValueError
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or type(error).__name__
        findings.add(Spot(FILE, mark.line + 1 if mark else 0), "yaml_syntax", reason=reason)
        return None
    checker = _Checker(text, findings)
    if not isinstance(value, dict):
        checker.wrong("screen", value, "modes, thresholds, colours, fresh_s")
        return None
    checker.check(value)
    return value


def check_screen(value: object, findings: Findings) -> None:
    """Note everything that is wrong with a screen that stands in no file."""
    checker = _Checker("", findings)
    if isinstance(value, dict):
        checker.check(value)
    else:
        checker.wrong("screen", value, "modes, thresholds, colours, fresh_s")


class _Checker:
    """Notes what does not fit, each at the line where its key stands first."""

    def __init__(self, text: str, findings: Findings) -> None:
        self._lines = text.split("\n")
        self._findings = findings

    def wrong(self, field: str, value: object, expected: str) -> None:
        """Note that a value does not fit."""
        key = field.rpartition(".")[2]
        line = next((n for n, row in enumerate(self._lines, 1) if f"{key}:" in row), 0)
        self._findings.add(
            Spot(FILE, line), "value_wrong", field=field, value=value, expected=expected
        )

    def check(self, value: Mapping[str, Any]) -> None:
        """Note everything that is wrong with the whole."""
        fresh: Any = value.get("fresh_s")
        if not _is_number(fresh) or not 0 < fresh <= 3600:
            self.wrong("fresh_s", fresh, "1 to 3600")
        colours = value.get("colours")
        for status in ("ok", *STATUSES):
            colour = colours.get(status) if isinstance(colours, dict) else None
            if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
                self.wrong(f"colours.{status}", colour, "#rrggbb")
        thresholds = value.get("thresholds") or {}
        if not isinstance(thresholds, dict):
            self.wrong("thresholds", thresholds, "panel: {when, watch, warn, alarm, source}")
            thresholds = {}
        for panel, row in thresholds.items():
            self._threshold(str(panel), row)
        modes = value.get("modes")
        for mode in MODES:
            rows = modes.get(mode) if isinstance(modes, dict) else None
            problem = layout_problem(rows)
            if problem:
                self.wrong(f"modes.{mode}", problem[0], problem[1])

    def _threshold(self, panel: str, row: object) -> None:
        if not isinstance(row, dict) or row.get("when") not in ("above", "below"):
            self.wrong(f"thresholds.{panel}", row, "when: above | below")
            return
        limits = [row[name] for name in STATUSES if row.get(name) is not None]
        ordered = all(map(_is_number, limits)) and limits == sorted(
            limits, reverse=row["when"] == "below"
        )
        if not limits or not ordered:
            self.wrong(f"thresholds.{panel}", limits, "watch, warn, alarm from good to bad")
        source = row.get("source")
        if not isinstance(source, dict) or not all(source.get(name) for name in ("zh", "en")):
            self.wrong(f"thresholds.{panel}", source, "source: {zh, en}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def layout_problem(rows: object) -> tuple[object, str] | None:
    """What is wrong with the panels of one mode: (the value, what was expected), None if nothing.

    A layout is a list of {panel, region, size}: every panel at most once, sizes 1 to 4.
    """
    if not isinstance(rows, list) or len(rows) > 60:
        return rows, "[{panel, region, size}]"
    seen: set[str] = set()
    for row in rows:
        if not isinstance(row, dict) or set(row) - {"panel", "region", "size"}:
            return row, "{panel, region, size}"
        panel = row.get("panel")
        if not isinstance(panel, str) or not _PANEL.fullmatch(panel) or panel in seen:
            return panel, "a panel, once"
        seen.add(panel)
        if row.get("region") not in REGIONS:
            return row.get("region"), ", ".join(REGIONS)
        size = row.get("size", 1)
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= _MOST_SIZE:
            return size, f"1 to {_MOST_SIZE}"
    return None

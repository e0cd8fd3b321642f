"""Whether the parts of a pack fit together. Pure: a draft in, findings out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from yiwang.ground.packs.covering import check_areas
from yiwang.ground.packs.findings import Findings, Spot
from yiwang.ground.packs.model import DUTIES, Level, Pack, Text
from yiwang.ground.packs.screen import FILE as SCREEN

REVISED = "@revision/"  # behind the file or overlay, the revision that gave a row its present form
_LABEL = re.compile(r"[A-Za-z0-9_]{1,255}")
_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack as read, where each of its rows stands, and its boundaries as shapes."""

    pack: Pack
    where: Mapping[tuple[str, str | int], Spot]
    shapes: Mapping[str, Any]

    def spot(self, table: str, key: str | int) -> Spot:
        """Where the row of `table` with this key or index stands."""
        return self.where.get((table, key), Spot("pack.toml", 0))


def check(draft: Draft, findings: Findings) -> None:
    """Note everything in `draft` that does not fit together."""
    _check_head(draft, findings)
    _check_places(draft, findings)
    check_areas(draft.pack.places, draft.shapes, draft.spot, findings)
    _check_units(draft, findings)
    _check_posts(draft, findings)
    _check_kinds(draft, findings)
    _check_limits(draft, findings)
    _check_responsibilities(draft, findings)
    _check_settings(draft, findings)
    _check_calendar(draft, findings)
    _check_texts(draft, findings)


def _check_head(draft: Draft, findings: Findings) -> None:
    pack = draft.pack
    if pack.root and not any(place.code == pack.root for place in pack.places):
        findings.add(draft.spot("pack", "root"), "place_unknown", place=pack.root)
    if pack.timezone:
        try:
            ZoneInfo(pack.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            spot = draft.spot("pack", "timezone")
            findings.add(spot, "timezone_unknown", timezone=pack.timezone)


def _check_places(draft: Draft, findings: Findings) -> None:
    places = {place.code: place for place in draft.pack.places}
    parents = {code: place.parent for code, place in places.items()}
    for place in places.values():
        spot = draft.spot("place", place.code)
        if not _LABEL.fullmatch(place.code):
            findings.add(spot, "code_illegal", label=place.code)
        _check_dates(place, spot, findings)
        if place.parent is None:
            if place.code != draft.pack.root:
                findings.add(spot, "parent_missing", place=place.code, root=draft.pack.root)
            continue
        parent = places.get(place.parent)
        if parent is None:
            findings.add(spot, "parent_unknown", parent=place.parent)
        elif _in_cycle(place.code, parents):
            findings.add(spot, "parent_cycle", place=place.code)
        elif _LEVELS.index(parent.level) >= _LEVELS.index(place.level):
            findings.add(
                spot, "level_order", place=place.code, level=place.level, above=parent.level
            )


def _in_cycle(code: str, parents: Mapping[str, str | None]) -> bool:
    seen = {code}
    above = parents.get(code)
    while above is not None and above not in seen:
        seen.add(above)
        above = parents.get(above)
    return above == code


def _check_units(draft: Draft, findings: Findings) -> None:
    places = {place.code for place in draft.pack.places}
    parents = {unit.code: unit.parent for unit in draft.pack.units}
    for unit in draft.pack.units:
        spot = draft.spot("unit", unit.code)
        if not _LABEL.fullmatch(unit.code):
            findings.add(spot, "code_illegal", label=unit.code)
        if unit.place and unit.place not in places:
            findings.add(spot, "place_unknown", place=unit.place)
        if unit.parent is not None and unit.parent not in parents:
            findings.add(spot, "parent_unknown", parent=unit.parent)
        elif unit.parent is not None and _in_cycle(unit.code, parents):
            findings.add(spot, "parent_cycle", place=unit.code)


def _check_posts(draft: Draft, findings: Findings) -> None:
    for post in draft.pack.posts:
        spot = draft.spot("post", post.code)
        if not post.duties:
            findings.add(spot, "value_missing", field="duties")
        for duty in post.duties:
            if duty not in DUTIES:
                findings.add(spot, "duty_unknown", duty=duty, known=", ".join(sorted(DUTIES)))


def _check_kinds(draft: Draft, findings: Findings) -> None:
    parents = {kind.key: kind.parent for kind in draft.pack.kinds}
    for kind in draft.pack.kinds:
        spot = draft.spot("kind", kind.key)
        _check_dates(kind, spot, findings)
        if kind.parent is not None and kind.parent not in parents:
            findings.add(spot, "parent_unknown", parent=kind.parent)
        elif kind.parent is not None and _in_cycle(kind.key, parents):
            findings.add(spot, "parent_cycle", place=kind.key)


def matching(pattern: str, kinds: Iterator[str] | tuple[str, ...]) -> bool:
    """Whether a kind pattern (`*`, `<scheme>/<version>/*` or a key) names any of `kinds`."""
    if pattern.endswith("*"):
        return any(key.startswith(pattern[:-1]) for key in kinds)
    return pattern in kinds


def origin_file(source: str) -> str:
    """The file or overlay a row is of, without the revision that changed it."""
    return source.partition(REVISED)[0]


def _check_limits(draft: Draft, findings: Findings) -> None:
    groups: dict[tuple[object, ...], list[int]] = {}
    _check_rules(draft, "limit", draft.pack.limits, findings)
    for index, limit in enumerate(draft.pack.limits):
        group = (
            limit.kind,
            limit.stage,
            limit.milestone,
            limit.place,
            limit.valid_from,
            origin_file(limit.source),
        )
        groups.setdefault(group, []).append(index)
    _check_single(draft, "limit", groups, findings)


def _check_responsibilities(draft: Draft, findings: Findings) -> None:
    groups: dict[tuple[object, ...], list[int]] = {}
    _check_rules(draft, "responsibility", draft.pack.responsibilities, findings)
    held = {(unit.level, name) for unit in draft.pack.units for name in unit.functions}
    everywhere = {name for _, name in held}
    for index, row in enumerate(draft.pack.responsibilities):
        spot = draft.spot("responsibility", index)
        if row.lead and (row.level, row.lead) not in held:
            findings.add(spot, "function_unknown", function=row.lead, level=row.level)
        for name in row.assist:
            if name not in everywhere:
                findings.add(spot, "assist_unknown", function=name)
        group = (row.kind, row.place, row.valid_from, origin_file(row.source))
        groups.setdefault(group, []).append(index)
    _check_single(draft, "responsibility", groups, findings)


class _Ruled(Protocol):
    @property
    def kind(self) -> str: ...

    @property
    def place(self) -> str: ...

    @property
    def valid_from(self) -> date | None: ...

    @property
    def valid_to(self) -> date | None: ...


def _check_rules(draft: Draft, table: str, rows: tuple[_Ruled, ...], findings: Findings) -> None:
    keys = tuple(kind.key for kind in draft.pack.kinds)
    known = {place.code for place in draft.pack.places}
    patterns: dict[str, bool] = {}
    for index, row in enumerate(rows):
        spot = draft.spot(table, index)
        _check_dates(row, spot, findings)
        if row.place not in known:
            findings.add(spot, "place_unknown", place=row.place)
        if row.kind not in patterns:
            patterns[row.kind] = matching(row.kind, keys)
        if row.kind and not patterns[row.kind]:
            findings.add(spot, "kind_unmatched", kind=row.kind)


def _check_single(
    draft: Draft, table: str, groups: Mapping[tuple[object, ...], list[int]], findings: Findings
) -> None:
    """Rows of equal rank start on the same day, so any second one overlaps the first."""
    for indexes in groups.values():
        first = draft.spot(table, indexes[0])
        for index in indexes[1:]:
            findings.add(
                draft.spot(table, index), f"{table}_overlap", first=f"{first.file}:{first.line}"
            )


def _check_settings(draft: Draft, findings: Findings) -> None:
    known = {place.code for place in draft.pack.places}
    for overlay in draft.pack.overlays:
        spot = draft.spot("overlay", overlay.name)
        _check_dates(overlay, spot, findings)
        if overlay.place and overlay.place not in known:
            findings.add(spot, "place_unknown", place=overlay.place)
    own = ("pack.toml", SCREEN)
    base = {row.key for row in draft.pack.settings if origin_file(row.source) in own}
    for index, setting in enumerate(draft.pack.settings):
        if setting.key not in base:
            findings.add(draft.spot("setting", index), "setting_unknown", key=setting.key)


def _check_calendar(draft: Draft, findings: Findings) -> None:
    years = {day.day.year for day in draft.pack.calendar}
    for year in range(min(years, default=0), max(years, default=-1) + 1):
        if year not in years:
            findings.add(Spot("calendar.csv", 0), "calendar_gap", year=year)
    for day in draft.pack.calendar:
        if day.kind not in ("off", "work"):
            spot = draft.spot("calendar", day.day.isoformat())
            findings.add(spot, "value_wrong", field="kind", value=day.kind, expected="off, work")


def _check_texts(draft: Draft, findings: Findings) -> None:
    pack = draft.pack
    texts: list[tuple[Spot, str, Text]] = [(draft.spot("pack", "title"), "title", pack.title)]
    texts += [(draft.spot("place", one.code), "name", one.name) for one in pack.places]
    texts += [(draft.spot("unit", one.code), "name", one.name) for one in pack.units]
    texts += [(draft.spot("post", one.code), "name", one.name) for one in pack.posts]
    texts += [(draft.spot("kind", one.key), "name", one.name) for one in pack.kinds]
    texts += [
        (draft.spot("calendar", one.day.isoformat()), "name", one.name) for one in pack.calendar
    ]
    texts += [(draft.spot("word", key), key, text) for key, text in pack.words.items()]
    for spot, field, text in texts:
        for language, value in (("zh", text.zh), ("en", text.en)):
            if language in pack.languages and not value:
                findings.add(spot, "language_missing", field=field, language=language)
    for kind in pack.kinds:
        spot = draft.spot("kind", kind.key)
        for field, text in (("filing", kind.filing), ("closing", kind.closing)):
            if bool(text.zh) != bool(text.en) and {"zh", "en"} <= set(pack.languages):
                language = "en" if text.zh else "zh"
                findings.add(spot, "language_missing", field=field, language=language)
    for language in pack.languages:
        if language not in ("zh", "en"):
            findings.add(
                draft.spot("pack", "languages"),
                "value_wrong",
                field="languages",
                value=language,
                expected="zh, en",
            )


class _Dated(Protocol):
    @property
    def valid_from(self) -> date | None: ...

    @property
    def valid_to(self) -> date | None: ...


def _check_dates(row: _Dated, spot: Spot, findings: Findings) -> None:
    start, end = row.valid_from, row.valid_to
    if start is not None and end is not None and end <= start:
        findings.add(spot, "dates_reversed", valid_from=start, valid_to=end)

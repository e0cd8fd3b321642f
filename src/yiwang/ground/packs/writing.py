"""A pack written as a folder again: what runs in a city, with its revisions, as files to keep.

What :func:`~yiwang.ground.packs.reading.read_pack` reads from the folder is the same city. Rows of
a file lose the mark of the revision that changed them: in the new pack they are the pack's own.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import shapely
import yaml

from yiwang.ground.packs.checking import origin_file
from yiwang.ground.packs.model import (
    Kind,
    Level,
    Limit,
    Overlay,
    Pack,
    Responsibility,
    Setting,
    Text,
    Worktime,
)
from yiwang.ground.packs.screen import FILE as SCREEN

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FILES = ("limits.csv", "responsibility.csv", "pack.toml", SCREEN)
_LIMITS = (
    *("kind", "stage", "milestone", "amount", "clock", "place", "valid_from", "valid_to"),
    *("origin", "basis"),
)
_LEADS = ("kind", "level", "lead", "assist", "place", "valid_from", "valid_to", "basis")


def write_pack(pack: Pack, folder: Path) -> None:
    """Write a pack into an empty or new folder; FileExistsError where something lies there."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    _write_places(pack, folder)
    _write_organisation(pack, folder)
    _write_kinds(pack, folder / "kinds")
    _table(folder / "limits.csv", _LIMITS, (_limit(row) for row in _own(pack.limits)))
    _table(folder / "responsibility.csv", _LEADS, (_lead(r) for r in _own(pack.responsibilities)))
    days = ((day.day, day.kind, day.name.zh, day.name.en) for day in pack.calendar)
    _table(folder / "calendar.csv", ("date", "kind", "name_zh", "name_en"), days)
    words = ((key, text.zh, text.en) for key, text in pack.words.items())
    _table(folder / "words.csv", ("key", "zh", "en"), words)
    plain, bounded = _own_settings(pack)
    for row in [row for row in plain if origin_file(row.source) == SCREEN]:
        text = yaml.safe_dump(row.value, allow_unicode=True, sort_keys=False)
        (folder / SCREEN).write_text(text, encoding="utf-8")
        plain.remove(row)
    (folder / "pack.toml").write_text(_manifest(pack, plain), encoding="utf-8")
    _write_overlays(pack, bounded, folder / "overlays")


def _own(rows: Iterable[Any]) -> list[Any]:
    return [row for row in rows if origin_file(row.source) in _FILES]


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ";".join(value)
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)


def _write_places(pack: Pack, folder: Path) -> None:
    header = (
        *("code", "parent", "level", "name_zh", "name_en", "origin", "aliases"),
        *("valid_from", "valid_to", "area_origin"),
    )
    rows = (
        (
            *(one.code, one.parent, one.level, one.name.zh, one.name.en, one.origin, one.aliases),
            *(one.valid_from, one.valid_to, one.area_origin),
        )
        for one in pack.places
    )
    _table(folder / "places.csv", header, rows)
    for level in Level:
        features = [
            {
                "type": "Feature",
                "properties": {"code": place.code},
                "geometry": json.loads(shapely.to_geojson(shapely.from_wkb(area))),
            }
            for place in pack.places
            if place.level is level and (area := pack.areas.get(place.code)) is not None
        ]
        if features:
            path = folder / "areas" / f"{level.value}.geojson"
            path.parent.mkdir(exist_ok=True)
            lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
            text = f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
            path.write_text(text, encoding="utf-8")


def _write_organisation(pack: Pack, folder: Path) -> None:
    header = (
        *("code", "parent", "kind", "place", "level", "name_zh", "name_en", "functions", "origin"),
    )
    units = (
        (
            *(one.code, one.parent, one.kind, one.place, one.level),
            *(one.name.zh, one.name.en, one.functions, one.origin),
        )
        for one in pack.units
    )
    _table(folder / "units.csv", header, units)
    posts = (
        (one.unit, "", "", one.code.rpartition(".")[2], one.name.zh, one.name.en, one.duties)
        for one in pack.posts
    )
    columns = ("unit", "kind", "level", "code", "name_zh", "name_en", "duties")
    _table(folder / "posts.csv", columns, posts)


def _write_kinds(pack: Pack, folder: Path) -> None:
    header = (
        *("scheme", "version", "code", "parent", "family", "name_zh", "name_en", "keywords"),
        *("filing_zh", "filing_en", "closing_zh", "closing_en", "urgent"),
        *("valid_from", "valid_to", "standard"),
    )
    schemes: dict[tuple[str, str], list[Kind]] = {}
    for kind in pack.kinds:
        schemes.setdefault((kind.scheme, kind.version), []).append(kind)
    for number, ((scheme, version), kinds) in enumerate(schemes.items()):
        rows = (
            (
                *(one.scheme, one.version, one.code, (one.parent or "").rpartition("/")[2]),
                *(one.family, one.name.zh, one.name.en, one.keywords),
                *(one.filing.zh, one.filing.en, one.closing.zh, one.closing.en, one.urgent),
                *(one.valid_from, one.valid_to, one.standard),
            )
            for one in kinds
        )
        # read in the order of their names, so that the order of kinds stays
        _table(folder / f"{number:02d}-{scheme}-{version}.csv", header, rows)


def _limit(row: Limit) -> tuple[Any, ...]:
    return (
        *(row.kind, row.stage, row.milestone, row.amount, row.clock, row.place),
        *(row.valid_from, row.valid_to, row.origin, row.basis),
    )


def _lead(row: Responsibility) -> tuple[Any, ...]:
    return (
        *(row.kind, row.level, row.lead, row.assist, row.place),
        *(row.valid_from, row.valid_to, row.basis),
    )


def _own_settings(pack: Pack) -> tuple[list[Setting], list[Setting]]:
    """The pack's own settings: those of the whole city for ever, and those of a place or a time."""
    plain: list[Setting] = []
    bounded: list[Setting] = []
    for row in _own(pack.settings):
        whole = row.place == pack.root and row.valid_from is None and row.valid_to is None
        (plain if whole else bounded).append(row)
    return plain, bounded


def _value(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        inside = ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _settings(rows: Iterable[Setting]) -> list[str]:
    return ["", "[settings]", *(f"{json.dumps(row.key)} = {_value(row.value)}" for row in rows)]


def _manifest(pack: Pack, settings: Iterable[Setting]) -> str:
    lines = [
        f"name = {_value(pack.name)}",
        f"version = {_value(pack.version)}",
        f"timezone = {_value(pack.timezone)}",
        f"languages = {_value(pack.languages)}",
        f"root = {_value(pack.root)}",
        f"notices = {_value(pack.notices)}",
        *_title(pack.title),
        *_worktime(pack.worktime),
        *_settings(settings),
    ]
    return "\n".join(lines) + "\n"


def _title(title: Text) -> list[str]:
    return ["", "[title]", f"zh = {_value(title.zh)}", f"en = {_value(title.en)}"]


def _worktime(hours: Worktime) -> list[str]:
    spans = [f"{start:%H:%M}-{end:%H:%M}" for start, end in hours.spans]
    return [
        "",
        "[worktime]",
        f"weekdays = {_value([_WEEKDAYS[day] for day in hours.weekdays])}",
        f"spans = {_value(spans)}",
        f"day_starts_next = {_value(hours.day_starts_next)}",
    ]


def _write_overlays(pack: Pack, bounded: Iterable[Setting], folder: Path) -> None:
    known = {overlay.name: overlay for overlay in pack.overlays}
    groups: dict[tuple[Overlay, ...], list[Setting]] = {}
    for row in pack.settings:
        overlay = known.get(origin_file(row.source))
        if overlay is not None:
            groups.setdefault((_bounds(overlay, row),), []).append(row)
    made: list[tuple[Overlay, list[Setting]]] = [(key[0], rows) for key, rows in groups.items()]
    seen = {overlay.name for overlay, _ in made}
    made = [(one, []) for name, one in known.items() if name not in seen] + made
    for number, row in enumerate(bounded, 1):
        origin = pack.overlays[0].origin if pack.overlays else pack.places[0].origin
        name = f"revised-{number}"
        dates = (row.valid_from, row.valid_to)
        made.append((Overlay(name, row.place, *dates, row.basis or "–", origin), [row]))
    for number, (overlay, settings) in enumerate(made):
        ruled = overlay.name in known
        text = _overlay(pack, overlay, settings, ruled=ruled)
        folder.mkdir(exist_ok=True)
        (folder / f"{number:02d}-{overlay.name}.toml").write_text(text, encoding="utf-8")


def _bounds(overlay: Overlay, row: Setting) -> Overlay:
    """The overlay a setting fits in: its own, or one beside it for another place or time."""
    if (overlay.place, overlay.valid_from, overlay.valid_to) == (
        *(row.place, row.valid_from, row.valid_to),
    ):
        return overlay
    name = f"{overlay.name}-{row.place}-{row.valid_from or 'always'}-{row.valid_to or 'always'}"
    dates = (row.valid_from, row.valid_to)
    return Overlay(name, row.place, *dates, row.basis or overlay.basis, overlay.origin)


def _overlay(pack: Pack, overlay: Overlay, settings: Iterable[Setting], *, ruled: bool) -> str:
    lines = [
        f"name = {_value(overlay.name)}",
        f"place = {_value(overlay.place)}",
        *(f"valid_from = {_value(day)}" for day in (overlay.valid_from,) if day),
        *(f"valid_to = {_value(day)}" for day in (overlay.valid_to,) if day),
        f"basis = {_value(overlay.basis)}",
        f"origin = {_value(overlay.origin.value)}",
        *_settings(settings),
    ]
    if ruled:
        limits = [row for row in pack.limits if origin_file(row.source) == overlay.name]
        leads = [row for row in pack.responsibilities if origin_file(row.source) == overlay.name]
        for header, rows, title in (
            (_LIMITS, map(_limit, limits), "limits"),
            (_LEADS, map(_lead, leads), "responsibility"),
        ):
            for cells in rows:
                lines += ["", f"[[{title}]]"]
                lines += [
                    f"{name} = {_value(_cell(cell))}"
                    for name, cell in zip(header, cells, strict=True)
                    if _cell(cell)
                ]
    return "\n".join(lines) + "\n"

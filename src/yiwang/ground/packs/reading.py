"""Reads a pack from its folder: one :class:`Pack`, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from yiwang.ground.packs.areas import Areas, complete, read_areas
from yiwang.ground.packs.checking import Draft, check
from yiwang.ground.packs.findings import Findings, PackErrors, Spot
from yiwang.ground.packs.manifest import Manifest, read_manifest
from yiwang.ground.packs.model import (
    CalendarDay,
    Kind,
    Level,
    Origin,
    Overlay,
    Pack,
    Place,
    Setting,
    Text,
)
from yiwang.ground.packs.organisation import read_posts, read_units
from yiwang.ground.packs.ruling import read_limits, read_responsibilities
from yiwang.ground.packs.screen import FILE as SCREEN
from yiwang.ground.packs.screen import read_screen
from yiwang.ground.packs.tables import Row, keep, read_table

_PLACES = ("code", "parent", "level", "name_zh", "name_en", "origin")
_KINDS = ("scheme", "version", "code", "parent", "family", "name_zh", "name_en", "keywords")
_LIMITS = ("kind", "stage", "milestone", "amount", "clock", "origin", "basis")
_LEADS = ("kind", "level", "lead", "assist", "basis")
_CONDITIONS = ("filing_zh", "filing_en", "closing_zh", "closing_en", "urgent")


def read_pack(folder: Path) -> Pack:
    """The city that lies in `folder`.

    Raises :class:`PackErrors` with all errors at once: those of the files (unreadable, missing
    columns, wrong values) and those of the whole (unknown parents, patterns that match nothing,
    areas outside their parents, a year missing in the calendar).
    """
    findings = Findings()
    manifest = read_manifest(folder, "pack.toml", findings)
    if manifest is None:
        raise PackErrors(findings.errors)
    draft = _read(folder, manifest, findings)
    check(draft, findings)
    if findings.errors:
        raise PackErrors(findings.errors)
    return draft.pack


def _read(folder: Path, manifest: Manifest, findings: Findings) -> Draft:
    where: dict[tuple[str, str | int], Spot] = {}
    root = manifest.string("root")
    areas = read_areas(folder, findings)
    places = _read_places(folder, where, findings)
    complete(areas, places)
    places = tuple(_with_area(place, areas) for place in places)
    levels = {place.code: place.level for place in places}
    units = read_units(folder, levels, where, findings)
    kinds = _read_kinds(folder, where, findings)
    limits = read_limits(read_table(folder, "limits.csv", _LIMITS, findings), root, "limits.csv")
    duties = read_responsibilities(
        read_table(folder, "responsibility.csv", _LEADS, findings), root, "responsibility.csv"
    )
    settings = [
        (Setting(key, value, root, None, None, "pack.toml", ""), spot)
        for key, value, spot in manifest.settings()
    ]
    screen = read_screen(folder, findings)
    if screen is not None:
        settings.append((Setting("screen", screen, root, None, None, SCREEN, ""), Spot(SCREEN, 0)))
    overlays: list[Overlay] = []
    for path in sorted((folder / "overlays").glob("*.toml")):
        over = read_manifest(folder, f"overlays/{path.name}", findings)
        if over is None:
            continue
        overlay = _overlay(over, where)
        overlays.append(overlay)
        limits += read_limits(over.rows("limits"), overlay.place, overlay.name, overlay)
        duties += read_responsibilities(
            over.rows("responsibility"), overlay.place, overlay.name, overlay
        )
        settings += [
            (_setting_of(overlay, key, value), spot) for key, value, spot in over.settings()
        ]
    where.update({("limit", index): spot for index, (_, spot) in enumerate(limits)})
    where.update({("responsibility", index): spot for index, (_, spot) in enumerate(duties)})
    where.update({("setting", index): spot for index, (_, spot) in enumerate(settings)})
    where.update({("pack", key): manifest.spot(key) for key in ("root", "timezone", "languages")})
    where[("pack", "title")] = manifest.spot("", "title")
    where.update({("area", code): spot for code, spot in areas.spots.items()})
    pack = Pack(
        name=manifest.string("name"),
        version=manifest.string("version"),
        title=manifest.both("title"),
        timezone=manifest.string("timezone"),
        languages=manifest.strings("languages"),
        root=root,
        places=places,
        areas=areas.wkb() if areas.shapes else {},
        units=units,
        posts=read_posts(folder, units, where, findings),
        kinds=kinds,
        limits=tuple(limit for limit, _ in limits),
        responsibilities=tuple(duty for duty, _ in duties),
        calendar=_read_calendar(folder, where, findings),
        worktime=manifest.worktime(),
        settings=tuple(setting for setting, _ in settings),
        words=_read_words(folder, where, findings),
        notices=manifest.strings("notices"),
        overlays=tuple(overlays),
    )
    return Draft(pack, where, areas.shapes)


def _read_places(
    folder: Path, where: dict[tuple[str, str | int], Spot], findings: Findings
) -> tuple[Place, ...]:
    rows: dict[str, Row] = {}
    for row in read_table(folder, "places.csv", _PLACES, findings):
        keep(rows, row, row.required("code"), "place", where)
    parents = {code: row.text("parent") for code, row in rows.items()}
    return tuple(
        Place(
            code=code,
            parent=parents[code] or None,
            level=row.choice("level", Level, Level.COMMUNITY),
            path=_path(code, parents),
            name=row.both("name"),
            origin=row.choice("origin", Origin, Origin.OFFICIAL),
            aliases=row.many("aliases"),
            valid_from=row.day("valid_from"),
            valid_to=row.day("valid_to"),
            area_origin=row.choice("area_origin", Origin, Origin.OFFICIAL),
        )
        for code, row in rows.items()
    )


def _with_area(place: Place, areas: Areas) -> Place:
    """A place without a boundary has no origin of one."""
    return place if place.code in areas.shapes else replace(place, area_origin=None)


def _path(code: str, parents: Mapping[str, str]) -> str:
    """The codes from the city down; it stops where a parent is unknown or comes round again."""
    steps = [code]
    while (above := parents.get(steps[-1], "")) in parents and above not in steps:
        steps.append(above)
    return ".".join(reversed(steps))


def _read_kinds(
    folder: Path, where: dict[tuple[str, str | int], Spot], findings: Findings
) -> tuple[Kind, ...]:
    rows: dict[str, Row] = {}
    for path in sorted((folder / "kinds").glob("*.csv")):
        for row in read_table(folder, f"kinds/{path.name}", (*_KINDS, *_CONDITIONS), findings):
            parts = (row.required("scheme"), row.required("version"), row.required("code"))
            keep(rows, row, "/".join(parts), "kind", where)
    return tuple(
        Kind(
            key=key,
            scheme=row.text("scheme"),
            version=row.text("version"),
            code=row.text("code"),
            parent=_beside(key, row.text("parent")),
            family=row.required("family"),
            name=row.both("name"),
            keywords=row.many("keywords"),
            filing=row.both("filing"),
            closing=row.both("closing"),
            urgent=row.flag("urgent"),
            valid_from=row.day("valid_from"),
            valid_to=row.day("valid_to"),
            standard=row.text("standard"),
        )
        for key, row in rows.items()
    )


def _beside(key: str, code: str) -> str | None:
    """The key of another code in the same scheme and version."""
    return f"{key.rpartition('/')[0]}/{code}" if code else None


def _read_calendar(
    folder: Path, where: dict[tuple[str, str | int], Spot], findings: Findings
) -> tuple[CalendarDay, ...]:
    rows: dict[str, Row] = {}
    for row in read_table(folder, "calendar.csv", ("date", "kind", "name_zh", "name_en"), findings):
        if row.required("date"):
            keep(rows, row, row.text("date"), "calendar", where)
    days = ((row.day("date"), row) for row in rows.values())
    return tuple(
        CalendarDay(day, row.required("kind"), row.both("name")) for day, row in days if day
    )


def _read_words(
    folder: Path, where: dict[tuple[str, str | int], Spot], findings: Findings
) -> dict[str, Text]:
    rows: dict[str, Row] = {}
    for row in read_table(folder, "words.csv", ("key", "zh", "en"), findings, optional=True):
        keep(rows, row, row.required("key"), "word", where)
    return {key: Text(row.text("zh"), row.text("en")) for key, row in rows.items()}


def _overlay(manifest: Manifest, where: dict[tuple[str, str | int], Spot]) -> Overlay:
    row = Row(
        Spot(manifest.label, manifest.spot("origin").line),
        {"origin": str(manifest.values.get("origin", ""))},
        manifest.findings,
    )
    overlay = Overlay(
        name=manifest.string("name"),
        place=manifest.string("place"),
        valid_from=manifest.day("valid_from"),
        valid_to=manifest.day("valid_to"),
        basis=manifest.string("basis"),
        origin=row.choice("origin", Origin, Origin.OFFICIAL),
    )
    if ("overlay", overlay.name) in where:
        first = where["overlay", overlay.name]
        manifest.findings.add(
            manifest.spot("name"),
            "duplicate",
            what=overlay.name,
            first=f"{first.file}:{first.line}",
        )
    where["overlay", overlay.name] = manifest.spot("place")
    return overlay


def _setting_of(overlay: Overlay, key: str, value: object) -> Setting:
    return Setting(
        key,
        value,
        overlay.place,
        overlay.valid_from,
        overlay.valid_to,
        overlay.name,
        overlay.basis,
    )

"""Units and posts of a pack; posts may be written once per sort of unit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yiwang.ground.packs.findings import Findings, Spot
from yiwang.ground.packs.model import Level, Origin, Post, Unit, UnitKind
from yiwang.ground.packs.tables import Row, keep, read_table

_UNITS = ("code", "parent", "kind", "place", "name_zh", "name_en", "functions", "origin")
_POSTS = ("unit", "kind", "level", "code", "name_zh", "name_en", "duties")


def read_units(
    folder: Path,
    levels: Mapping[str, Level],
    where: dict[tuple[str, str | int], Spot],
    findings: Findings,
) -> tuple[Unit, ...]:
    """The rows of units.csv; a unit without a level has that of its place."""
    rows: dict[str, Row] = {}
    for row in read_table(folder, "units.csv", _UNITS, findings):
        keep(rows, row, row.required("code"), "unit", where)
    return tuple(
        Unit(
            code=code,
            parent=row.text("parent") or None,
            kind=row.choice("kind", UnitKind, UnitKind.DEPARTMENT),
            place=row.required("place"),
            level=row.choice("level", Level, levels.get(row.text("place"), Level.CITY)),
            name=row.both("name"),
            functions=row.many("functions"),
            origin=row.choice("origin", Origin, Origin.OFFICIAL),
        )
        for code, row in rows.items()
    )


def read_posts(
    folder: Path,
    units: tuple[Unit, ...],
    where: dict[tuple[str, str | int], Spot],
    findings: Findings,
) -> tuple[Post, ...]:
    """The rows of posts.csv: of one unit (`unit`), or of every unit of a kind and level.

    An empty level stands for all levels. A post's code is `<unit>.<post>`.
    """
    posts: dict[str, Post] = {}
    sorts: dict[tuple[str, str], list[Unit]] = {}
    by_code = {unit.code: unit for unit in units}
    for unit in units:
        sorts.setdefault((unit.kind, unit.level), []).append(unit)
        sorts.setdefault((unit.kind, ""), []).append(unit)
    for row in read_table(folder, "posts.csv", _POSTS, findings):
        name, duties = row.both("name"), row.many("duties")
        post = row.required("code")
        holders = _holders(row, by_code, sorts)
        if not holders:
            findings.add(row.spot, "post_without_unit", post=post)
        for unit in holders:
            code = f"{unit.code}.{post}"
            if code in posts:
                first = where["post", code]
                at = f"{first.file}:{first.line}"
                findings.add(row.spot, "duplicate", what=code, first=at)
                continue
            posts[code] = Post(code, unit.code, name, duties)
            where["post", code] = row.spot
    return tuple(posts.values())


def _holders(
    row: Row, by_code: Mapping[str, Unit], sorts: Mapping[tuple[str, str], list[Unit]]
) -> list[Unit]:
    if row.text("unit"):
        unit = by_code.get(row.text("unit"))
        return [unit] if unit else []
    return sorts.get((row.text("kind"), row.text("level")), [])

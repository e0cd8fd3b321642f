"""The installed pack in the database, item by item."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from yiwang.ground.packs.model import (
    CalendarDay,
    Kind,
    Limit,
    Mark,
    Overlay,
    Pack,
    Place,
    Post,
    Responsibility,
    Setting,
    Text,
    Unit,
    Worktime,
)
from yiwang.kit.db import Tx

_SORTS: dict[str, type[Any]] = {
    "places": Place,
    "units": Unit,
    "posts": Post,
    "kinds": Kind,
    "limits": Limit,
    "responsibilities": Responsibility,
    "calendar": CalendarDay,
    "settings": Setting,
}


def digest(folder: Path) -> str:
    """SHA-256 over the names and bytes of all files of a pack's folder."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            total.update(str(file.relative_to(folder)).encode() + b"\0")
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


async def mark(tx: Tx) -> Mark | None:
    """The mark of the installed city, or None; cheap enough to be asked every second."""
    row = await tx.fetchrow(
        "select value->>'digest' as digest, coalesce((value->>'revision')::int, 0) as revision,"
        " coalesce((value->>'base')::int, 0) as base from settings where key = 'pack'"
    )
    return None if row is None else Mark(row["digest"], row["revision"], row["base"])


async def installed(tx: Tx) -> str | None:
    """The digest of the installed pack, or None."""
    row = await tx.fetchval("select value from settings where key = 'pack'")
    return None if row is None else str(row["digest"])


async def install(tx: Tx, pack: Pack, pack_digest: str, base: int | None = None) -> None:
    """Put a checked pack in place of the present one, under the worker's role.

    `base` is the number of the last revision that is no part of it: without one, all that are in
    force are not.
    """
    present = await mark(tx)
    revision = 0 if present is None else present.revision
    rows: list[tuple[str, str, Any, bytes | None]] = []
    for sort in _SORTS:
        items: Sequence[Any] = getattr(pack, sort)
        for number, item in enumerate(items):
            area = pack.areas.get(item.code) if isinstance(item, Place) else None
            rows.append((sort, f"{number:07d}", msgspec.to_builtins(item), area))
    for key, text in pack.words.items():
        rows.append(("words", key, msgspec.to_builtins(text), None))
    await tx.execute("delete from pack_items")
    await tx.conn.executemany(
        "insert into pack_items (sort, key, body, area) values ($1, $2, $3, $4)", rows
    )
    head = {
        "digest": pack_digest,
        "revision": revision,
        "base": revision if base is None else base,
        "name": pack.name,
        "version": pack.version,
        "title": msgspec.to_builtins(pack.title),
        "timezone": pack.timezone,
        "languages": list(pack.languages),
        "root": pack.root,
        "worktime": msgspec.to_builtins(pack.worktime),
        "notices": list(pack.notices),
        "overlays": msgspec.to_builtins(pack.overlays),
    }
    await tx.execute(
        "insert into settings (key, value) values ('pack', $1)"
        " on conflict (key) do update set value = excluded.value",
        head,
    )


async def load(tx: Tx, known: Pack | None = None) -> Pack | None:
    """The installed pack, or None where none is.

    `known` is an older state of the same pack: its places and their areas, which no revision
    changes, are taken over instead of being read.
    """
    head = await tx.fetchval("select value from settings where key = 'pack'")
    if head is None:
        return None
    # a revised item stands behind the one it follows: "0000123.0000002.0000" after "0000123"
    rows = await tx.fetch(
        "select sort, key, body, area from pack_items"
        + (" where sort <> 'places'" if known else "")
        + ' order by sort, key collate "C"'
    )
    found: dict[str, list[Any]] = {sort: [] for sort in _SORTS}
    areas: dict[str, bytes] = {}
    words: dict[str, Text] = {}
    for row in rows:
        sort = row["sort"]
        if sort == "words":
            words[row["key"]] = msgspec.convert(row["body"], Text, strict=False)
            continue
        item = msgspec.convert(row["body"], _SORTS[sort], strict=False)
        found[sort].append(item)
        if row["area"] is not None:
            areas[item.code] = row["area"]
    values: dict[str, Any] = {sort: tuple(items) for sort, items in found.items()}
    if known is not None:
        values["places"] = known.places
    return Pack(
        name=head["name"],
        version=head["version"],
        title=msgspec.convert(head["title"], Text),
        timezone=head["timezone"],
        languages=tuple(head["languages"]),
        root=head["root"],
        areas=areas if known is None else known.areas,
        worktime=msgspec.convert(head["worktime"], Worktime, strict=False),
        words=words,
        notices=tuple(head["notices"]),
        overlays=msgspec.convert(head["overlays"], tuple[Overlay, ...], strict=False),
        mark=Mark(head["digest"], head.get("revision", 0), head.get("base", 0)),
        **values,
    )

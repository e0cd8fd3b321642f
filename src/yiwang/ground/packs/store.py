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


async def installed(tx: Tx) -> str | None:
    """The digest of the installed pack, or None."""
    row = await tx.fetchval("select value from settings where key = 'pack'")
    return None if row is None else str(row["digest"])


async def install(tx: Tx, pack: Pack, pack_digest: str) -> None:
    """Put a checked pack in place of the present one, under the worker's role."""
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


async def load(tx: Tx) -> Pack | None:
    """The installed pack, or None where none is."""
    head = await tx.fetchval("select value from settings where key = 'pack'")
    if head is None:
        return None
    rows = await tx.fetch("select sort, key, body, area from pack_items order by sort, key")
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
    return Pack(
        name=head["name"],
        version=head["version"],
        title=msgspec.convert(head["title"], Text),
        timezone=head["timezone"],
        languages=tuple(head["languages"]),
        root=head["root"],
        areas=areas,
        worktime=msgspec.convert(head["worktime"], Worktime, strict=False),
        words=words,
        notices=tuple(head["notices"]),
        overlays=msgspec.convert(head["overlays"], tuple[Overlay, ...], strict=False),
        **{sort: tuple(items) for sort, items in found.items()},
    )

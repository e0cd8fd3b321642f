"""Photos that belong to matters: judged by content, kept once by their digest, shown to whoever
may see the matter."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.media import files as pictures
from yiwang.matters.media.files import path_of
from yiwang.matters.sources import photos
from yiwang.matters.sources.photos import Limits, Photo

MOST_PHOTOS = 8
ROLES = ("near", "far", "reference", "before", "after", "other")
_LIMITS = Limits()
_AT_ONCE = asyncio.Semaphore(2)  # a large photo takes 150 MB while it is judged


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo as it is kept; `id` opens it where the matter may be seen."""

    id: int
    role: str
    media_type: str
    size: int
    width: int
    height: int
    lon: float | None
    lat: float | None
    taken_at: datetime | None
    sha256: str
    state: str = "kept"  # kept, published, withheld


@dataclass(frozen=True, slots=True)
class Belonging:
    """Which matter a photo belongs to, and where that is (an ltree path)."""

    place: str
    report: int | None = None
    case: int | None = None
    order: int | None = None
    check: int | None = None


async def judge(files: Sequence[UploadFile], city: City, now: datetime) -> list[Photo]:
    """The photos in these files; refuses ("sources.photos_none", "sources.photos_many") and
    whatever :func:`photos.inspect` refuses."""
    if not files:
        raise Refusal("sources.photos_none")
    if len(files) > MOST_PHOTOS:
        raise Refusal("sources.photos_many", count=len(files), limit=MOST_PHOTOS)
    found = []
    for file in files:
        async with _AT_ONCE:
            data = await file.read(_LIMITS.max_bytes + 1)
            found.append(
                await asyncio.to_thread(photos.inspect, data, _LIMITS, now=now, zone=city.zone)
            )
    return found


async def keep(folder: Path, found: Sequence[Photo]) -> None:
    """Write photos into the home's folder, each under its digest; durable when this returns."""
    for photo in found:
        path = path_of(folder, photo.sha256, photo.media_type)
        await asyncio.to_thread(pictures.write, path, photo.cleaned)


async def attach(
    tx: Tx, actor: Actor, belonging: Belonging, found: Sequence[Photo], role: str
) -> list[Attachment]:
    """Record photos with their matter; one that is there already stays as it was first.

    Refuses ("sources.photos_many") more than a matter may have.
    """
    if role not in ROLES:
        raise Refusal("sources.photo_role", role=role, roles=", ".join(ROLES))
    present = {row["sha256"]: row for row in await _of(tx, belonging)}
    fresh = {photo.sha256: photo for photo in found if photo.sha256 not in present}
    if len(present) + len(fresh) > 4 * MOST_PHOTOS:
        raise Refusal("sources.photos_many", count=len(present) + len(fresh), limit=4 * MOST_PHOTOS)
    for photo in fresh.values():
        number = await tx.fetchval(
            "insert into attachments (report_id, case_id, order_id, check_id, place, role,"
            " media_type, sha256, size, width, height, lon, lat, taken_at, created_at, created_by)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
            " returning id",
            *(belonging.report, belonging.case, belonging.order, belonging.check),
            *(belonging.place, role, photo.media_type, photo.sha256, len(photo.cleaned)),
            *(photo.width, photo.height, photo.lon, photo.lat, photo.taken_at, tx.now, actor.name),
        )
        present[photo.sha256] = _row(number, role, photo)
    kept = [_kept(belonging, present[sha256], role) for sha256 in fresh]
    await ledger.record(tx, actor, kept)
    return [_attachment(present[photo.sha256]) for photo in found]


def _kept(belonging: Belonging, row: Mapping[str, Any], role: str) -> Entry:
    """The photo in the record: its digest proves later that it is the one that was sent."""
    return Entry(
        action="photo.keep",
        matter="photo",
        matter_id=row["id"],
        place=belonging.place,
        article="XIV",
        rule="photo.keep",
        before=None,
        after="kept",
        facts={"role": role, "sha256": row["sha256"]},
        case_id=belonging.case,
    )


def _row(number: int, role: str, photo: Photo) -> Mapping[str, Any]:
    return {
        "id": number,
        "role": role,
        "media_type": photo.media_type,
        "size": len(photo.cleaned),
        "width": photo.width,
        "height": photo.height,
        "lon": photo.lon,
        "lat": photo.lat,
        "taken_at": photo.taken_at,
        "sha256": photo.sha256,
        "state": "kept",
    }


_COLUMNS = "id, role, media_type, size, width, height, lon, lat, taken_at, sha256, state"


async def _of(tx: Tx, belonging: Belonging) -> list[Row]:
    return await tx.fetch(
        f"select {_COLUMNS} from attachments where report_id is not distinct from $1"
        " and case_id is not distinct from $2 and order_id is not distinct from $3"
        " and check_id is not distinct from $4"
        + (" and report_id = $1" if belonging.report else " and case_id = $2"),
        *(belonging.report, belonging.case, belonging.order, belonging.check),
    )


def _attachment(row: Row) -> Attachment:
    return Attachment(**{name: row[name] for name in Attachment.__slots__})


async def find(tx: Tx, number: int) -> Attachment:
    """One photo that may be seen; refuses ("procedure.not_found") any other."""
    row = await tx.fetchrow(f"select {_COLUMNS} from attachments where id = $1", number)
    if row is None:
        raise Refusal("procedure.not_found", matter="attachment", id=number)
    return _attachment(row)


async def of_reports(tx: Tx, report_ids: Sequence[int]) -> dict[int, list[Attachment]]:
    """The photos that came with reports, by report, the first first."""
    found: dict[int, list[Attachment]] = {}
    rows = await tx.fetch(
        f"select report_id, {_COLUMNS} from attachments where report_id = any($1) order by id",
        list(report_ids),
    )
    for row in rows:
        found.setdefault(row["report_id"], []).append(_attachment(row))
    return found


async def of_case(tx: Tx, case_id: int) -> list[Attachment]:
    """The photos of a case: those of its reports and those its handlers and checkers took."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from attachments where case_id = $1"
        " or report_id in (select reports_of_case($1)) order by id",
        case_id,
    )
    return [_attachment(row) for row in rows]

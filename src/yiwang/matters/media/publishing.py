"""What the worker does with a photo that was kept: look it through, blur, publish.

Work on pixels takes seconds, so it happens between two transactions: one claims photos for a
while, the other publishes what was made, unless somebody changed the photo meanwhile. A worker
that dies leaves nothing behind but a claim that ends by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2

from yiwang.ground.authority.model import platform
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Database, Row, Scope, Tx
from yiwang.matters.media import blurring, files, finding, store
from yiwang.matters.media.blurring import MEDIA_TYPE, Written
from yiwang.matters.media.lifecycle import PHOTOS
from yiwang.matters.media.model import Region, Sort

_LOG = logging.getLogger("yiwang.media")
_AT_ONCE = 2
_HOLD_S = 300
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Made:
    """The files that are published of a photo, and what is blurred in them."""

    published: Written
    thumbnail: Written
    regions: tuple[Region, ...]


def make(data: bytes, by_hand: Sequence[Region]) -> Made:
    """What is published of a kept photo: what is found in it and what was drawn, blurred."""
    pixels = blurring.open_photo(data)
    regions = (*finding.find(pixels), *by_hand)
    blurred = blurring.blur(pixels, regions)
    return Made(
        blurring.write(blurred, blurring.LONGEST),
        blurring.write(blurred, blurring.THUMBNAIL),
        regions,
    )


async def publish_waiting(db: Database, city: City, folder: Path, now: datetime) -> int:
    """Publish a few of the photos that wait; how many were looked through."""
    scope = Scope("platform", places=(city.root_path,), persons=True)
    async with db.begin(scope, now) as tx:
        claimed = await store.claim(tx, _AT_ONCE, _HOLD_S)
    for row in claimed:
        made = await _attempt(row, folder)
        async with db.begin(scope, now) as tx:
            if made is not None:
                await _publish(tx, city, row, made)
            elif row["attempts"] >= _ATTEMPTS:
                await _fail(tx, city, row)
            else:
                await store.retry(tx, row["id"])
    return len(claimed)


async def _attempt(row: Row, folder: Path) -> Made | None:
    path = files.path_of(folder, row["sha256"], row["media_type"])
    drawn = [one for one in map(Region.read, row["regions"]) if one.sort is Sort.HAND]
    try:
        data = await asyncio.to_thread(path.read_bytes)
        made = await asyncio.to_thread(make, data, drawn)
        for written in (made.published, made.thumbnail):
            target = files.path_of(folder, _digest(written), MEDIA_TYPE)
            await asyncio.to_thread(files.write, target, written.data)
    except (OSError, ValueError, MemoryError, cv2.error) as error:
        _LOG.warning("photo %s cannot be looked through: %s", row["id"], error)
        return None
    return made


def _digest(written: Written) -> str:
    return hashlib.sha256(written.data).hexdigest()


def _stored(written: Written) -> Mapping[str, Any]:
    return {
        "sha256": _digest(written),
        "media_type": MEDIA_TYPE,
        "size": len(written.data),
        "width": written.width,
        "height": written.height,
    }


async def _publish(tx: Tx, city: City, row: Row, made: Made) -> None:
    photo = await store.find(tx, row["id"], held=True)
    if photo.version != row["version"] or photo.state != "kept":
        # somebody drew on it meanwhile or withheld it
        await store.let_go(tx, photo.id)
        return
    actor = platform(city.root_path)
    regions = [region.stored() for region in made.regions]
    found = [region.sort.value for region in made.regions]
    # what lies where in a photo is nobody's business who reads the record: how much is
    facts = {"blurred": {sort.value: found.count(sort.value) for sort in Sort}}
    rule = procedure.permit(PHOTOS, actor, photo, "publish", facts)
    after = replace(
        photo,
        state=rule.end or photo.state,
        regions=tuple(regions),
        published={
            **_stored(made.published),
            "thumbnail": _stored(made.thumbnail),
            "detectors": list(finding.DETECTORS),
            "opencv": cv2.__version__,
        },
        published_at=tx.now,
        reason=None,
    )
    await procedure.save(tx, actor, PHOTOS, [Change(photo, after, rule, facts)])


async def _fail(tx: Tx, city: City, row: Row) -> None:
    photo = await store.find(tx, row["id"], held=True)
    if photo.version != row["version"] or photo.state != "kept":
        return
    actor = platform(city.root_path)
    facts = {"reason": "unreadable"}
    rule = procedure.permit(PHOTOS, actor, photo, "fail", facts)
    after = replace(photo, state=rule.end or photo.state, reason=facts["reason"])
    await procedure.save(tx, actor, PHOTOS, [Change(photo, after, rule, facts)])

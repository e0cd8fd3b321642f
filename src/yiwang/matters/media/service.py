"""What people do with a photo: blur more of it, withhold it, let it go on; and what they see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.facts import parse_facts
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.media import rules, store
from yiwang.matters.media.lifecycle import PHOTOS
from yiwang.matters.media.model import Photo, Variant

RETRY_S = 5
MOST_DRAWN = 100


async def act(
    tx: Tx,
    actor: Actor,
    number: int,
    action: str,
    given: Mapping[str, Any],
    version: int | None = None,
) -> Photo:
    """Do one action to one photo; the photo afterwards. What was published is so no more."""
    photo = await store.find(tx, number, held=True)
    facts = parse_facts(given)
    rule = procedure.permit(PHOTOS, actor, photo, action, facts, version)
    after = replace(
        photo,
        state=rule.end or photo.state,
        published=None,
        published_at=None,
        reason=facts.get("reason") if action == "withhold" else None,
    )
    if action == "blur":
        fresh = rules.drawn(photo, facts["regions"], actor.name)
        if len(rules.by_hand(photo)) + len(fresh) > MOST_DRAWN:
            raise Refusal("photo.regions_many", limit=MOST_DRAWN)
        after = replace(after, regions=(*photo.regions, *(region.stored() for region in fresh)))
    saved = await procedure.save(tx, actor, PHOTOS, [Change(photo, after, rule, facts)])
    await store.let_go(tx, number)
    return saved[0]


def shown(photo: Photo, variant: Variant) -> tuple[str, str]:
    """Digest and media type of what is shown of a photo.

    Refuses what is withheld ("photo.withheld") and what was not looked through yet
    ("photo.not_published"); the original is the caller's to guard.
    """
    if variant is Variant.ORIGINAL:
        return photo.sha256, photo.media_type
    if photo.state == "withheld":
        raise Refusal("photo.withheld", id=photo.id)
    if photo.published is None:
        raise Refusal("photo.not_published", id=photo.id, retry_s=RETRY_S)
    row = photo.published if variant is Variant.PUBLISHED else photo.published["thumbnail"]
    return str(row["sha256"]), str(row["media_type"])

"""Revisions whose day has come: put in force by the worker, or sent back where they fit no more."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yiwang.ground.authority.model import Actor, platform
from yiwang.ground.city import City
from yiwang.ground.packs import store as packs
from yiwang.ground.packs.model import Pack
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change as Step
from yiwang.ground.revision import appointing, service, store
from yiwang.ground.revision.lifecycle import REVISIONS
from yiwang.ground.revision.model import Revision
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal


@dataclass(frozen=True, slots=True)
class Enforced:
    """What became of a revision: the city as it is now, and whether it counts time otherwise."""

    revision: Revision
    city: City
    recount: bool


async def enforce_next(tx: Tx, city: City) -> Enforced | None:
    """Put the next revision in force whose day has come, under the worker's role; None without.

    What is in force is read anew, whatever the city at hand says. A revision that fits no more is
    sent back to its author with the reason.
    """
    if await store.due(tx, city.day(tx.now)) is None:
        return None
    await store.hold_city(tx)
    number = await store.due(tx, city.day(tx.now))
    pack = await packs.load(tx)
    mark = await packs.mark(tx)
    if number is None or pack is None or mark is None:
        return None
    revision = await procedure.lock_one(tx, REVISIONS, number)
    actor = platform(city.root_path)
    try:
        await service.require_fit(tx, pack, revision)
    except Refusal as refusal:
        sent = await _send_back(tx, actor, revision, refusal)
        return Enforced(sent, city, False)
    turn = mark.revision + 1
    await store.put(tx, revision.parts, revision, turn)
    after = replace(revision, state="in_force", in_force_at=tx.now, number=turn)
    rule = procedure.permit(REVISIONS, actor, revision, "enforce", {})
    saved = await procedure.save(tx, actor, REVISIONS, [Step(revision, after, rule, {})])
    revised = await packs.load(tx)
    if revised is None:
        raise RuntimeError("a revised city is not installed")
    now_so = City.build(revised)
    await appointing.put(tx, now_so, actor, revision)
    return Enforced(saved[0], now_so, counts_otherwise(pack, revised))


def counts_otherwise(older: Pack, newer: Pack) -> bool:
    """Whether working time is not what it was: another calendar, other hours, another zone."""
    return (older.calendar, older.worktime, older.timezone) != (
        newer.calendar,
        newer.worktime,
        newer.timezone,
    )


async def _send_back(tx: Tx, actor: Actor, revision: Revision, refusal: Refusal) -> Revision:
    facts = {"reason": refusal.say("zh") + " " + refusal.say("en")}
    rule = procedure.permit(REVISIONS, actor, revision, "send_back", facts)
    after = replace(revision, state="draft", decision=facts["reason"])
    saved = await procedure.save(tx, actor, REVISIONS, [Step(revision, after, rule, facts)])
    return saved[0]

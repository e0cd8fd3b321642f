"""Drafting, checking, submitting, deciding and taking back revisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from yiwang.ground.authority import rules as authority
from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.identity import service as people
from yiwang.ground.packs.findings import PackError
from yiwang.ground.packs.model import Pack
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.facts import parse_facts
from yiwang.ground.procedure.model import Change as Step
from yiwang.ground.revision import checking, rules, store, touching
from yiwang.ground.revision.items import changed
from yiwang.ground.revision.lifecycle import DRAFTS, REVISIONS
from yiwang.ground.revision.model import Body, Change, Revision, Sort, Touches
from yiwang.kit.db import Tx
from yiwang.kit.errors import Fault, Refusal

Wish = tuple[Sort, str, Body | None]


@dataclass(frozen=True, slots=True)
class Draft:
    """What an author wants: why, from which day, and which items how."""

    title: str
    reason: str
    effective_on: date
    wishes: Sequence[Wish]


async def draft(
    tx: Tx, city: City, actor: Actor, wanted: Draft, restores: int | None = None
) -> Revision:
    """A new draft; refuses who does not administer all that it changes ("authority.*")."""
    changes = await _changes_of(tx, city, actor, wanted)
    place = rules.place_of(city, changes)
    authority.require(actor, DRAFTS, place)
    if actor.person is None:
        raise Refusal("gate.person_only")
    revision = Revision(
        id=(await procedure.new_ids(tx, REVISIONS, 1))[0],
        version=1,
        state="draft",
        place=place,
        title=wanted.title,
        reason=wanted.reason,
        effective_on=wanted.effective_on,
        changes=tuple(change.stored() for change in changes),
        author=actor.person,
        restores=restores,
        created_at=tx.now,
        submitted_at=None,
        decided_by=None,
        decided_at=None,
        decision=None,
        in_force_at=None,
        number=None,
    )
    facts = {"title": wanted.title, "changes": len(changes), "restores": restores}
    await procedure.create(tx, actor, REVISIONS, [revision], "draft", "III", [facts], [tx.now])
    return revision


async def _changes_of(tx: Tx, city: City, actor: Actor, wanted: Draft) -> tuple[Change, ...]:
    logins = rules.logins_of(wanted.wishes)
    await _require_others(tx, actor, logins)
    changes = rules.changes_of(await store.staffed(tx, city.pack, logins), wanted.wishes)
    rules.require_times(changes, wanted.effective_on)
    return changes


async def _require_others(tx: Tx, actor: Actor, logins: Collection[str]) -> None:
    """Refuse ("identity.oneself") whoever would decide about their own appointments."""
    if not logins or actor.person is None:
        return
    if (await people.person_of(tx, actor.person)).login in logins:
        raise Refusal("identity.oneself")


def _logins(changes: Iterable[Change]) -> frozenset[str]:
    return rules.logins_of((row.sort, row.item, row.after) for row in changes)


async def edit(
    tx: Tx, city: City, actor: Actor, number: int, wanted: Draft, version: int | None
) -> Revision:
    """The draft as its author wants it now, written against what is in force now."""
    revision = await procedure.lock_one(tx, REVISIONS, number)
    rule = procedure.permit(REVISIONS, actor, revision, "edit", {}, version)
    changes = await _changes_of(tx, city, actor, wanted)
    place = rules.place_of(city, changes)
    authority.require(actor, DRAFTS, place)
    after = replace(
        revision,
        place=place,
        title=wanted.title,
        reason=wanted.reason,
        effective_on=wanted.effective_on,
        changes=tuple(change.stored() for change in changes),
    )
    facts = {"title": wanted.title, "changes": len(changes)}
    return (await procedure.save(tx, actor, REVISIONS, [Step(revision, after, rule, facts)]))[0]


async def act(
    tx: Tx,
    city: City,
    actor: Actor,
    number: int,
    action: str,
    given: Mapping[str, Any],
    version: int | None = None,
) -> Revision:
    """Submit, approve, reject or withdraw a revision.

    Submitting and approving refuse what changes nothing ("revision.empty"), what does not fit
    what is in force any more ("revision.stale") and what the checker finds ("revision.check").
    """
    revision = await procedure.lock_one(tx, REVISIONS, number)
    facts = parse_facts(given)
    rule = procedure.permit(REVISIONS, actor, revision, action, facts, version)
    if action == "edit":
        raise Refusal("revision.edit")
    after = replace(revision, state=rule.end or revision.state)
    if action in ("submit", "approve"):
        await _require_others(tx, actor, _logins(revision.parts))
        await require_fit(tx, city.pack, revision)
    if action == "submit":
        if revision.effective_on < city.day(tx.now):
            raise Refusal("revision.past", day=revision.effective_on.isoformat())
        after = replace(after, submitted_at=tx.now)
    elif action in ("approve", "reject"):
        after = replace(
            after, decided_by=actor.person, decided_at=tx.now, decision=facts.get("reason")
        )
    return (await procedure.save(tx, actor, REVISIONS, [Step(revision, after, rule, facts)]))[0]


async def require_fit(tx: Tx, pack: Pack, revision: Revision) -> None:
    """Refuse a revision that is empty, stale or does not pass the check."""
    if not revision.changes:
        raise Refusal("revision.empty")
    known = await store.staffed(tx, pack, _logins(revision.parts))
    old = rules.stale(known, revision.parts)
    if old:
        raise Refusal("revision.stale", items=", ".join(row.item for row in old[:10]))
    errors = await check(tx, pack, revision)
    if errors:
        faults = [
            Fault(
                f"/{error.file}",
                "revision.finding",
                {
                    "said": f"{error.message_en} {error.remedy_en}",
                    "said_zh": f"{error.message_zh}{error.remedy_zh}",
                },
            )
            for error in errors[:50]
        ]
        raise Refusal("revision.check", count=len(errors), faults=faults)


async def check(tx: Tx, pack: Pack, revision: Revision) -> tuple[PackError, ...]:
    """What the pack's checker says of the city as the revision would make it."""
    changes = revision.parts
    known = await store.staffed(tx, pack, _logins(changes))
    return checking.check(
        changed(known, changes, revision.id),
        changes,
        await touching.busy_units(tx, touching.removed(changes, Sort.UNITS)),
        await touching.busy_kinds(tx, touching.removed(changes, Sort.KINDS)),
    )


async def touches(tx: Tx, city: City, revision: Revision) -> Touches | None:
    """What it touches of what runs now; None where the changed city does not fit together."""
    if await check(tx, city.pack, revision):
        return None
    changes = revision.parts
    known = await store.staffed(tx, city.pack, _logins(changes))
    revised = city.revised(changed(known, changes, revision.id))
    return await touching.touches(tx, city, revised, changes, revision.effective_on)


async def take_back(tx: Tx, city: City, actor: Actor, number: int) -> Revision:
    """A new draft that restores what a revision in force changed, from today on.

    Refuses one that never came in force ("revision.not_in_force") and one nothing is left of
    ("revision.restored").
    """
    revision = await procedure.find(tx, REVISIONS, number)
    if revision.state != "in_force":
        raise Refusal("revision.not_in_force", state=revision.state)
    known = await store.staffed(tx, city.pack, _logins(revision.parts))
    wishes = rules.reversal(known, revision)
    if not wishes:
        raise Refusal("revision.restored", id=number)
    title = f"↩ {revision.title}"[:200]
    wanted = Draft(title, f"↩ {number}: {revision.reason}"[:2000], city.day(tx.now), wishes)
    return await draft(tx, city, actor, wanted, restores=number)


async def items_as_of(
    tx: Tx, city: City, present: Mapping[str, Body], sort: Sort, day: date
) -> Mapping[str, Body]:
    """The items of a sort on another day than today: of the past, or as approved to come."""
    mark = await store.base(tx)
    past = [
        (city.day(row.in_force_at), row)
        for row in await store.in_force(tx, mark)
        if row.in_force_at is not None
    ]
    return rules.as_of(present, sort, day, past, await store.approved(tx))


def revised_by(revisions: Sequence[Revision], sort: Sort) -> dict[str, int]:
    """Which revision gave each item of a sort its present form."""
    return {
        change.item: revision.id
        for revision in revisions
        for change in revision.parts
        if change.sort is sort
    }


def conflicts(pack: Pack, revisions: Sequence[Revision]) -> list[Change]:
    """What revisions came to that a pack from disk says otherwise: from `before` (the pack's word)
    to `after` (what is in force)."""
    found = []
    for (sort, item), change in rules.folded(revisions).items():
        disk = rules.present(pack, sort, item)
        if not rules.same(sort, disk, change.after):
            found.append(Change(sort, item, disk, change.after))
    return found

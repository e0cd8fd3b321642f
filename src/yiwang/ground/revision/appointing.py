"""Appointments of a revision whose day has come: given and ended, each with its event."""

from __future__ import annotations

from datetime import date, datetime, time

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.identity import service as people
from yiwang.ground.identity.model import Change as Step
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.ground.revision.model import Change, Revision, Sort
from yiwang.kit.db import Tx


async def put(tx: Tx, city: City, actor: Actor, revision: Revision) -> None:
    """Give and end what the revision says, in the revised city, in its author's name."""
    entries: list[Entry] = []
    for change in revision.parts:
        if change.sort is Sort.APPOINTMENTS:
            steps = await _put_one(tx, city, change, f"person:{revision.author}")
            entries += [_entry(city, step, revision) for step in steps]
    await ledger.record(tx, actor, entries)


async def _put_one(tx: Tx, city: City, change: Change, by: str) -> list[Step]:
    login, _, post = change.item.partition("|")
    person = await people.person_called(tx, login)
    steps: list[Step] = []
    if change.before is not None:
        held = await people.appointments_of(tx, [person.id])
        steps += [
            await people.end_appointment(tx, person.id, row.id) for row in held if row.post == post
        ]
    if change.after is not None:
        until = _midnight(city, change.after["until"])
        if until is None or until > tx.now:  # else it was put off until it was over
            told = await people.appoint(tx, person.id, post, city.posts, by=by, until=until)
            steps.append(told[1])
    return steps


def _midnight(city: City, day: str | None) -> datetime | None:
    """When a day begins in the city."""
    return datetime.combine(date.fromisoformat(day), time(), city.zone) if day else None


def _entry(city: City, step: Step, revision: Revision) -> Entry:
    unit = city.posts[str(step.facts["post"])].unit if step.facts["post"] in city.posts else ""
    return Entry(
        action=step.action,
        matter=step.matter,
        matter_id=step.matter_id,
        place=city.unit_paths.get(unit, city.root_path),
        article=step.article,
        rule=f"identity.{step.action}",
        before=step.before,
        after=step.after,
        facts={**step.facts, "revision": revision.id},
    )

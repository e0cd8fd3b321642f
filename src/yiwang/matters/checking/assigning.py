"""Who may take a check: a checker of its unit with no hand in what is checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yiwang.ground.city import City
from yiwang.ground.identity import service as identity
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.checking import rules, store
from yiwang.matters.checking.lifecycle import CHECKS
from yiwang.matters.checking.model import Check


async def people(tx: Tx, city: City, check_id: int) -> list[dict[str, Any]]:
    """Everybody in a check's unit who may take it now, whoever has the fewest open checks first.

    `open` counts the checks they have been assigned and not done yet.
    """
    check = await procedure.find(tx, CHECKS, check_id)
    posts = [post.code for post in city.posts.values() if post.unit == check.unit]
    names = {number: name for number, name, _ in await identity.holders_of(tx, posts)}
    held = await _duties(tx, city, list(names))
    fit = [number for number in names if rules.is_fit(check, number, *held[number])]
    busy = await store.assigned(tx, fit)
    fit.sort(key=lambda number: (busy.get(number, 0), names[number]))
    return [{"id": one, "name": names[one], "open": busy.get(one, 0)} for one in fit]


async def require_fit(tx: Tx, city: City, check: Check, person_id: int) -> None:
    """Refuse whoever holds no checker's post today, or handled something of the case
    ("check.person_unfit")."""
    person = await identity.person_of(tx, person_id)
    held = await _duties(tx, city, [person_id])
    if not person.active or not rules.is_fit(check, person_id, *held[person_id]):
        raise Refusal("check.person_unfit", person=person_id, units=", ".join(check.handlers))


async def _duties(
    tx: Tx, city: City, persons: Sequence[int]
) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
    """For each person the units of the posts they hold today, and the duties these give."""
    posts: dict[int, list[Any]] = {number: [] for number in persons}
    for row in await identity.appointments_of(tx, persons) if persons else ():
        if row.since <= tx.now and row.post in city.posts:
            posts[row.person].append(city.posts[row.post])
    return {
        number: (
            frozenset(post.unit for post in held),
            frozenset(duty for post in held for duty in post.duties),
        )
        for number, held in posts.items()
    }

"""Many actions in one request: each succeeds or fails alone, in the order given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure.facts import parse_facts
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.desk import service
from yiwang.matters.dispatch.service import Step
from yiwang.matters.handling import service as handling

MOST = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One action: of a matter by its id, or by the report another system knows."""

    matter: str
    action: str
    id: int | None = None
    system: str = ""
    external_id: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one item: the matter afterwards, or why not."""

    matter: Any = None
    refusal: Refusal | None = None


async def act_all(tx: Tx, city: City, actor: Actor, items: Sequence[Item]) -> list[Outcome]:
    """Do all items in their order, within the caller's transaction; a refusal undoes its item only.

    Neighbouring actions on orders are done together, so that hundreds cost little more than one.
    """
    outcomes: list[Outcome] = []
    for run in _runs(items):
        if len(run) > 1:
            outcomes += await _act_run(tx, city, actor, run)
        else:
            outcomes.append(await _act_one(tx, city, actor, run[0]))
    return outcomes


def _runs(items: Sequence[Item]) -> list[list[Item]]:
    """Neighbouring items on orders; everything else stands alone."""
    runs: list[list[Item]] = []
    for item in items:
        last = runs[-1] if runs else None
        if last is not None and item.matter == "order" and last[0].matter == "order":
            last.append(item)
        else:
            runs.append([item])
    return runs


async def _act_run(tx: Tx, city: City, actor: Actor, run: Sequence[Item]) -> list[Outcome]:
    """Actions on orders, together as far as they are alike."""
    found: list[Step | Refusal] = []
    for item in run:
        try:
            number = await _find(tx, item)
            facts = parse_facts(item.facts)
            found.append(Step(number, item.action, facts, item.version, item.at))
        except Refusal as refusal:
            found.append(refusal)
    steps = [step for step in found if isinstance(step, Step)]
    answers = iter(await handling.act_many(tx, city, actor, steps))
    rows = [next(answers) if isinstance(step, Step) else step for step in found]
    return [
        Outcome(refusal=row) if isinstance(row, Refusal) else Outcome(matter=row) for row in rows
    ]


async def _act_one(tx: Tx, city: City, actor: Actor, item: Item) -> Outcome:
    try:
        async with tx.savepoint():
            number = await _find(tx, item)
            return Outcome(
                await service.act(
                    tx,
                    city,
                    actor,
                    item.matter,
                    number,
                    item.action,
                    item.facts,
                    item.version,
                    item.at,
                )
            )
    except Refusal as refusal:
        return Outcome(refusal=refusal)


async def _find(tx: Tx, item: Item) -> int:
    if item.id is not None:
        return item.id
    if item.matter == "order":
        return await service.find_lead_order(tx, item.system, item.external_id)
    return await service.find_case(tx, item.system, item.external_id)

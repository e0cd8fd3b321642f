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

    A run of one action on different orders is done in one step, and item by item where that step
    refuses.
    """
    outcomes: list[Outcome] = []
    for run in _runs(items):
        if len(run) > 1:
            done = await _act_run(tx, city, actor, run)
            if done is not None:
                outcomes += done
                continue
        outcomes += [await _act_one(tx, city, actor, item) for item in run]
    return outcomes


def _runs(items: Sequence[Item]) -> list[list[Item]]:
    """Neighbouring items of one action on orders; everything else stands alone."""
    runs: list[list[Item]] = []
    for item in items:
        last = runs[-1] if runs else None
        if (
            last is not None
            and item.matter == "order"
            and last[0].matter == "order"
            and last[0].action == item.action
        ):
            last.append(item)
        else:
            runs.append([item])
    return runs


async def _act_run(tx: Tx, city: City, actor: Actor, run: Sequence[Item]) -> list[Outcome] | None:
    try:
        async with tx.savepoint():
            ids = [await _find(tx, item) for item in run]
            steps = [
                handling.Step(number, item.action, parse_facts(item.facts), item.version, item.at)
                for number, item in zip(ids, run, strict=True)
            ]
            return [Outcome(row) for row in await handling.act_many(tx, city, actor, steps)]
    except Refusal:
        return None


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

"""Keeping the tallies: the record's final events, folded batch by batch, each exactly once.

The cursor moves in the transaction that adds the numbers, so a fold that was killed is done again
from where it stood, and none is done twice.
"""

from __future__ import annotations

from datetime import timedelta

from yiwang.ground.city import City
from yiwang.kit.db import Tx
from yiwang.matters.panels import rules, store

BATCH = 20_000  # events of one step: about a second's work
_BEAT = timedelta(seconds=2)  # an idle fold says so no more often than this


async def tally(tx: Tx, city: City, most: int = BATCH) -> int:
    """Fold the next events; how many were looked at, 0 where nothing is new or another folds.

    Runs under the worker's role in a transaction of its own: the caller calls again while there
    was something.
    """
    if not await store.take_folding(tx):
        return 0
    after, seen = await store.cursor(tx)
    last, count = await store.end_of_batch(tx, after, most)
    hours_from = rules.starts(tx.now - rules.HOURS_KEPT, city.zone)[1]
    if count:
        events = await store.read_events(tx, after, last)
        before = await store.overruns(tx, {e.case_id for e in events if e.case_id is not None})
        await store.add(tx, before, rules.fold(events, before, city.zone, hours_from))
    caught_up = count < most
    if count or seen is None or abs(tx.now - seen) >= _BEAT:
        await store.set_cursor(tx, last, tx.now if caught_up else seen)
    if seen is not None and rules.starts(seen, city.zone)[1] != rules.starts(tx.now, city.zone)[1]:
        await store.forget(tx, hours_from)
    return count


async def start_anew(tx: Tx) -> None:
    """Forget all tallies; the folds that follow tell them from the record's beginning."""
    await store.wait_for_folding(tx)
    await store.clear(tx)

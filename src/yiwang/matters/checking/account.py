"""The account of a case: everything that was done, and who used how much time for it."""

from __future__ import annotations

from datetime import datetime

from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.matters.cases.history import History, HopStage, entries, hops
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.checking import store


async def history(tx: Tx, city: City, case_id: int) -> History:
    """A case's history up to now, as far as whoever asks may see its events.

    Refuses a case that is not there or not to be seen ("procedure.not_found").
    """
    case = await procedure.find(tx, CASES, case_id)
    events = await store.events(tx, case_id)
    dues: dict[tuple[HopStage, int], datetime] = {}
    for stage, at in (
        (HopStage.VERIFY, case.due_verify),
        (HopStage.DISPATCH, case.due_dispatch),
        (HopStage.CHECK, case.due_check),
    ):
        if at is not None:
            dues[stage, case.id] = at
    for row in await store.dues(tx, case_id):
        dues[HopStage(row["stage"]), row["id"]] = row["due_at"]
    found = hops(events, city.calendar, case.centre, tx.now, dues)
    return History(found, entries(events))

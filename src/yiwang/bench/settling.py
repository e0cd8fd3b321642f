"""Waiting until what was loaded at once is no work any more.

No city brings in a million cases in minutes. Their events still have to be sealed and folded into
the tallies, and the database to be put in order, before what happens among them is measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from yiwang.bench.installation import Installation
from yiwang.ground.ledger import store
from yiwang.kit.db import Database, Scope
from yiwang.matters.panels import tallying
from yiwang.matters.panels.store import wait_for_folding

Say = Callable[[str], None]

_LOOK_S = 1.0


async def settle_down(place: Installation, say: Say) -> None:
    """Seal and fold everything, on a core each, and let the database write it out."""
    say("sealing and folding their events")
    await asyncio.gather(wait_sealed(place), _fold(place))
    say("writing them out")
    async with place.database() as conn:
        await conn.execute("vacuum (analyze)")
        await conn.execute("checkpoint")


async def wait_sealed(place: Installation) -> None:
    """Wait for the worker to seal every event there is."""
    async with place.database() as conn:
        while not await _is_sealed(conn):  # noqa: ASYNC110 - the worker is another process
            await asyncio.sleep(_LOOK_S)


async def _is_sealed(conn: asyncpg.Connection) -> bool:
    newest = await conn.fetchrow("select xid, id from events order by xid desc, id desc limit 1")
    batch = await store.last_batch(conn)
    return newest is None or (batch is not None and batch.last >= tuple(newest))


async def _fold(place: Installation) -> None:
    """Fold beside the worker, which has its hands full."""
    scope = Scope("platform", places=(place.city.root_path,), persons=True)
    db = await Database.open(place.home.role_url("yiwang_worker"), size=1)
    try:
        left = tallying.BATCH
        while left >= tallying.BATCH:
            async with db.begin(scope, datetime.now(UTC)) as tx:
                await wait_for_folding(tx)
                left = await tallying.tally(tx, place.city)
    finally:
        await db.close()

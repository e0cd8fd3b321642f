"""How a running process takes up a revised city: it looks for its mark, and builds it aside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

import asyncpg

from yiwang.ground.city import City
from yiwang.ground.packs import store as packs
from yiwang.kit.db import Database, Scope

_LOG = logging.getLogger("yiwang.revision")
_EVERY_S = 1.0
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def look(db: Database, city: City, now: datetime) -> City | None:
    """The city in force, where it is not `city`; else None."""
    mark = city.pack.mark
    async with db.begin(Scope("platform"), now) as tx:
        present = await packs.mark(tx)
        if present is None or present == mark:
            return None
        same_pack = mark is not None and (mark.digest, mark.base) == (present.digest, present.base)
        pack = await packs.load(tx, city.pack if same_pack else None)
    if pack is None:
        return None
    build = city.revised if same_pack else City.build
    return await asyncio.to_thread(build, pack)


async def follow(step: Callable[[], Awaitable[None]]) -> None:
    """Look every second until cancelled; a database that is away is asked again."""
    while True:
        try:
            await step()
        except _AWAY as error:
            _LOG.warning("the city's mark cannot be read: %s", error)
        await asyncio.sleep(_EVERY_S)

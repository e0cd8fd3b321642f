"""Carrying exports out, in the worker: a chunk at a time, each in one transaction with its place.

Stopped or killed at any moment, an export goes on after the last chunk that was recorded. Rows are
read under the service's role and the asker's own scope, so an export holds what its asker may see.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from yiwang.ground.city import City
from yiwang.kit import listing
from yiwang.kit.db import Database, Scope, Tx, scope_sql
from yiwang.kit.errors import Refusal
from yiwang.matters.exports import store, writing
from yiwang.matters.exports.columns import COLUMNS
from yiwang.matters.exports.lists import list_named
from yiwang.matters.exports.model import Export, State

CHUNK = 2000
KEPT = timedelta(days=7)  # how long a finished file is kept


async def continue_exports(db: Database, city: City, home: Path, now: datetime) -> int:
    """Carry one export on by a chunk; 0 when there is nothing to do.

    Files lie in `home/exports`. What a rule refuses ends the export with the refusal's code.
    """
    folder = home / "exports"
    scope = Scope("platform", places=(city.root_path,))
    async with db.begin(scope, now) as tx:
        expired = await store.expire(tx, now - KEPT, 20)
        first = await store.next_open(tx)
    for export_id in expired:
        writing.remove(folder, export_id)
    if first is None:
        return len(expired)
    try:
        if first.total is None:
            await _count(db, city, scope, first, now)
        elif first.read:
            await _complete(db, city, scope, folder, first, now)
        else:
            await _write_chunk(db, city, scope, folder, first.id, now)
    except (Refusal, OSError) as error:
        code = error.code if isinstance(error, Refusal) else "exports.disk"
        async with db.begin(scope, now) as tx:
            await store.finish(tx, first.id, State.FAILED, error=code)
        writing.remove(folder, first.id)
    return 1


@asynccontextmanager
async def _behind_the_wall(tx: Tx, export: Export) -> AsyncIterator[None]:
    """Inside, the transaction sees what whoever asked may see."""
    await tx.execute(f"set local role yiwang_service; {scope_sql(store.scope_of(export))}")
    yield
    await tx.execute(f"reset role; {scope_sql(tx.scope)}")


async def _count(db: Database, city: City, scope: Scope, export: Export, now: datetime) -> None:
    """Count the rows, holding nothing: it takes seconds where there are millions."""
    chosen = list_named(export.wish.list)
    async with db.begin(scope, now) as tx:
        if not await store.is_welcome(tx, export, now):
            raise Refusal("exports.unwelcome")
        question = chosen.ask(
            city, store.scope_of(export), export.wish.filters, export.wish.sort, export.created_at
        )
        async with _behind_the_wall(tx, export):
            total = await listing.count(tx, chosen.listing, question)
    async with db.begin(scope, now) as tx:
        await store.set_total(tx, export.id, total)
    if export.wish.format == "xlsx" and total > writing.XLSX_MOST:
        raise Refusal("exports.too_long", rows=total, most=writing.XLSX_MOST)


async def _write_chunk(
    db: Database, city: City, scope: Scope, folder: Path, export_id: int, now: datetime
) -> None:
    async with db.begin(scope, now) as tx:
        export = await store.hold(tx, export_id)
        if export is None or export.read:
            return
        wish, chosen = export.wish, list_named(export.wish.list)
        if not await store.is_welcome(tx, export, now):
            raise Refusal("exports.unwelcome")
        asker = store.scope_of(export)
        question = chosen.ask(city, asker, wish.filters, wish.sort, export.created_at)
        async with _behind_the_wall(tx, export):
            rows, cursor = await listing.fetch_page(
                tx, chosen.listing, question, chosen.procedure.names(), CHUNK, export.cursor
            )
        columns = COLUMNS[wish.list]
        matters = [chosen.procedure.read(row) for row in rows]

        def write() -> int:
            cells = [[c.cell(city, wish.language, m) for c in columns] for m in matters]
            header = [c.heading(wish.language) for c in columns]
            part = writing.part_file(folder, export.id)
            return writing.append(part, export.size, wish.format, header, cells, city.zone)

        size = await asyncio.to_thread(write)
        await store.advance(tx, export, len(rows), cursor, size, read=cursor is None)


async def _complete(
    db: Database, city: City, scope: Scope, folder: Path, export: Export, now: datetime
) -> None:
    """Make the finished file, outside any transaction: a long sheet takes its time."""
    wish = export.wish
    part = writing.part_file(folder, export.id)
    target = writing.finished_file(folder, export.id, wish.format)
    header = [column.heading(wish.language) for column in COLUMNS[wish.list]]
    size = await asyncio.to_thread(writing.complete, part, target, header, city.zone)
    async with db.begin(scope, now) as tx:
        kept = await store.finish(tx, export.id, State.DONE, size)
    part.unlink(missing_ok=True)
    if not kept:
        writing.remove(folder, export.id)

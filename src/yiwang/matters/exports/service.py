"""Use cases of exports: ask for one, look how far it is, fetch its file, stop it."""

from __future__ import annotations

from pathlib import Path

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.exports import store, writing
from yiwang.matters.exports.columns import file_name
from yiwang.matters.exports.lists import list_named
from yiwang.matters.exports.model import Export, State, Wish

MOST_OPEN = 5


async def ask(tx: Tx, city: City, actor: Actor, wish: Wish) -> Export:
    """Ask for an export; the worker makes it. Recorded: who took which list out.

    Refuses what the list refuses ("listing.*", "exports.list_unknown") at once, and more than
    five unfinished ones ("exports.too_many").
    """
    list_named(wish.list).ask(city, actor.scope, wish.filters, wish.sort, tx.now)
    if await store.count_open(tx) >= MOST_OPEN:
        raise Refusal("exports.too_many", most=MOST_OPEN)
    name = file_name(wish.list, wish.language, tx.now, city, wish.format)
    export = await store.add(tx, wish, name)
    await ledger.record(tx, actor, [_entry(city, actor, export, "ask", None)])
    return export


async def find(tx: Tx, export_id: int) -> Export:
    """One's own export; refuses another's or none ("exports.unknown")."""
    found = await store.find(tx, export_id)
    if found is None:
        raise Refusal("exports.unknown", id=export_id)
    return found


async def file_of(tx: Tx, folder: Path, export_id: int) -> tuple[Path, Export]:
    """The finished file; refuses one that is not finished ("exports.not_ready") or gone."""
    export = await find(tx, export_id)
    path = writing.finished_file(folder, export.id, export.wish.format)
    if export.state is not State.DONE:
        raise Refusal("exports.not_ready", id=export_id, matter="job", state=export.state.value)
    if not path.exists():
        raise Refusal("exports.file_missing", id=export_id)
    return path, export


async def stop(tx: Tx, city: City, actor: Actor, export_id: int) -> Export:
    """Stop an export, or take a finished one's file away. Stopping twice changes nothing."""
    export = await find(tx, export_id)
    if export.state not in (State.STOPPED, State.EXPIRED):
        await store.stop(tx, export_id)
        await ledger.record(tx, actor, [_entry(city, actor, export, "stop", export.state.value)])
    return export


def _entry(city: City, actor: Actor, export: Export, action: str, before: str | None) -> Entry:
    place = actor.holdings[0].place if actor.holdings else city.root_path
    return Entry(
        action=f"export.{action}",
        matter="export",
        matter_id=export.id,
        place=place,
        article="XVII",
        rule=f"export.{action}",
        before=before,
        after="waiting" if action == "ask" else "stopped",
        facts={"list": export.wish.list, "format": export.wish.format}
        | {"filters": dict(export.wish.filters)},
    )

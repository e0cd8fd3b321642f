"""Revisions and the items they change, in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import date
from typing import Any

from yiwang.ground.packs import store as packs
from yiwang.ground.packs.model import Pack
from yiwang.ground.revision.items import follows, marked, name_of
from yiwang.ground.revision.lifecycle import REVISIONS
from yiwang.ground.revision.model import Appointed, Body, Change, Revision, Sort, Staffed
from yiwang.kit.db import Tx

_COLUMNS = ", ".join(REVISIONS.names())


async def page(
    tx: Tx, states: Collection[str], words: str, before: int | None, limit: int
) -> list[Revision]:
    """Revisions in these states (all for none) whose title or reason has `words`, newest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from revisions where (cardinality($1::text[]) = 0 or state = any($1))"
        " and ($2 = '' or position(lower($2) in lower(title || ' ' || reason)) > 0)"
        " and ($3::bigint is null or id < $3) order by id desc limit $4",
        list(states),
        words,
        before,
        limit,
    )
    return [REVISIONS.read(row) for row in rows]


async def of_item(tx: Tx, sort: Sort, item: str) -> list[Revision]:
    """Every revision that changes or changed an item, newest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from revisions where changes @> $1 and state <> 'withdrawn'"
        " order by id desc limit 500",
        [{"sort": sort.value, "item": item}],
    )
    return [REVISIONS.read(row) for row in rows]


async def in_force(tx: Tx, since: int = 0) -> list[Revision]:
    """The revisions that came in force after the one with the number `since`, in their order."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from revisions where number > $1 order by number", since
    )
    return [REVISIONS.read(row) for row in rows]


async def approved(tx: Tx) -> list[Revision]:
    """The revisions that wait for their day."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from revisions where state = 'approved' order by effective_on, id"
    )
    return [REVISIONS.read(row) for row in rows]


async def base(tx: Tx) -> int:
    """The number of the last revision that came before the present pack was installed."""
    mark = await packs.mark(tx)
    return 0 if mark is None else mark.base


async def due(tx: Tx, day: date) -> int | None:
    """The next revision whose day has come, or None."""
    found = await tx.fetchval(
        "select id from revisions where state = 'approved' and effective_on <= $1"
        " order by effective_on, decided_at, id limit 1",
        day,
    )
    return None if found is None else int(found)


async def names(tx: Tx, persons: Iterable[int | None]) -> dict[int, str]:
    """What these people are called."""
    wanted = sorted({number for number in persons if number is not None})
    rows = await tx.fetch("select id, name from persons where id = any($1)", wanted)
    return {row["id"]: row["name"] for row in rows}


async def staffed(tx: Tx, pack: Pack, logins: Collection[str]) -> Pack:
    """The pack with what these people hold and will hold; the pack itself without any."""
    if not logins:
        return pack
    rows = await tx.fetch(
        "select p.login, p.active, a.post, (a.until at time zone $3)::date as until from persons p"
        " left join appointments a on a.person_id = p.id and (a.until is null or a.until > $2)"
        " where p.login = any($1) order by p.login, a.id",
        list(logins),
        tx.now,
        pack.timezone,
    )
    return Staffed(
        **{field.name: getattr(pack, field.name) for field in fields(Pack)},
        appointments=tuple(
            Appointed(row["login"], row["post"], row["until"]) for row in rows if row["post"]
        ),
        logins=frozenset(row["login"] for row in rows if row["active"]),
    )


async def hold_city(tx: Tx) -> None:
    """Until the transaction ends nobody else changes the installed city."""
    await tx.execute("select pg_advisory_xact_lock(8964322)")


async def put(tx: Tx, changes: Iterable[Change], revision: Revision, number: int) -> None:
    """Write the changed items where they stand, new ones behind those they follow."""
    by_sort: dict[Sort, list[Change]] = {}
    for change in changes:
        by_sort.setdefault(change.sort, []).append(change)
    by_sort.pop(Sort.APPOINTMENTS, None)  # these lie with the people
    for sort, rows in by_sort.items():
        stored = await tx.fetch(
            'select key, body from pack_items where sort = $1 order by key collate "C"', sort.value
        )
        keys = [row["key"] for row in stored]
        bodies = [_body(sort, row["key"], row["body"]) for row in stored]
        at = {name_of(sort, body): key for key, body in zip(keys, bodies, strict=True)}
        for turn, change in enumerate(rows):
            await _put_one(tx, change, revision, at, keys, bodies, f"{number:07d}.{turn:04d}")
    await tx.execute(
        "update settings set value = value || $1 where key = 'pack'", {"revision": number}
    )


def _body(sort: Sort, key: str, body: Body) -> dict[str, Any]:
    return {"key": key, **body} if sort is Sort.WORDS else dict(body)


async def _put_one(
    tx: Tx,
    change: Change,
    revision: Revision,
    at: dict[str, str],
    keys: list[str],
    bodies: list[dict[str, Any]],
    behind: str,
) -> None:
    sort, key = change.sort, at.get(change.item)
    if change.after is None:
        await tx.execute("delete from pack_items where sort = $1 and key = $2", sort.value, key)
        return
    body = marked(sort, change.after, revision.id)
    if key is None:
        if sort is Sort.WORDS:
            key = change.item
        else:
            place = follows(sort, bodies, body)
            key = f"{keys[place - 1] if place else '!'}.{behind}"
            keys.insert(place, key)
            bodies.insert(place, body)
    if sort is Sort.WORDS:
        body.pop("key")
    await tx.execute(
        "insert into pack_items (sort, key, body) values ($1, $2, $3)"
        " on conflict (sort, key) do update set body = excluded.body",
        sort.value,
        key,
        body,
    )

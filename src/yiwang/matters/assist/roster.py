"""The duty roster of operation centres; who changed what stands in the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from yiwang.ground.authority import rules as authority
from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.identity import service as identity
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.ground.packs.model import Unit, UnitKind
from yiwang.kit.db import Row, Tx, columns
from yiwang.kit.errors import Refusal
from yiwang.matters.assist import rules
from yiwang.matters.assist.model import Elsewhere, Held, Plan, Role, Shift

_LOCK = 8964325  # one roster at a time: two centres planning one person meet
_SELECT = (
    "select r.id, r.unit, r.role, r.person_id, p.name, r.since, r.until"
    " from roster r join persons p on p.id = r.person_id"
)


def require_centre(city: City, code: str) -> Unit:
    """An operation centre by its code; refuses any other unit ("roster.no_centre")."""
    unit = city.unit(code)
    if unit.kind is not UnitKind.CENTRE:
        raise Refusal("roster.no_centre", unit=code)
    return unit


async def planned(
    tx: Tx, city: City, unit: str, start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """The shifts of a centre that touch the window, in their order."""
    require_centre(city, unit)
    rules.require_window(start, end)
    rows = await tx.fetch(
        f"{_SELECT} where r.unit = $1 and r.since < $3 and r.until > $2"
        " order by r.since, r.role, r.id",
        *(unit, start, end),
    )
    return [_shift(row) for row in rows]


async def plan(tx: Tx, city: City, actor: Actor, wish: Plan) -> list[dict[str, Any]]:
    """Plan all shifts of a centre that begin in the window; what was planned there before goes.

    Only a duty chief over the centre may, and nobody what they have not seen ("roster.changed").
    What did not change stays; what did is one event.
    """
    centre = require_centre(city, wish.unit)
    path = city.unit_paths[centre.code]
    authority.require(actor, "duty_chief", path, (centre.code,))
    rules.require_window(wish.start, wish.end)
    await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
    if wish.seen is not None:
        before = await planned(tx, city, wish.unit, wish.start, wish.end)
        rules.require_seen(before, wish.seen)
    known = await _beginning(tx, wish)
    await _require(tx, city, wish, known.values())
    wanted = set(wish.shifts)
    gone = sorted(shift for shift in known if shift not in wanted)
    new = sorted(shift for shift in wanted if shift not in known)
    if gone:
        await tx.execute("delete from roster where id = any($1)", [known[one] for one in gone])
    if new:
        await _add(tx, actor, wish.unit, path, new)
    if gone or new:
        await ledger.record(tx, actor, [_entry(wish, path, gone, new)])
    return await planned(tx, city, wish.unit, wish.start, wish.end)


async def _beginning(tx: Tx, wish: Plan) -> dict[Shift, int]:
    """The shifts that begin in the window, with their ids."""
    rows = await tx.fetch(
        "select * from roster where unit = $1 and since >= $2 and since < $3",
        *(wish.unit, wish.start, wish.end),
    )
    return {_read(row): row["id"] for row in rows}


async def _add(tx: Tx, actor: Actor, unit: str, path: str, new: Sequence[Shift]) -> None:
    rows = [(one.role.value, one.person, one.since, one.until) for one in new]
    await tx.execute(
        "insert into roster (unit, place, role, person_id, since, until, created_by,"
        " created_at) select $1, $2::text::ltree, role, person, since, until, $3, $4"
        " from unnest($5::text[], $6::bigint[], $7::timestamptz[], $8::timestamptz[])"
        " as t(role, person, since, until)",
        *(unit, path, actor.name, tx.now, *columns(rows)),
    )


def _entry(wish: Plan, path: str, gone: Sequence[Shift], new: Sequence[Shift]) -> Entry:
    return Entry(
        action="roster.plan",
        matter="roster",
        matter_id=0,
        place=path,
        article="III",
        rule="roster.plan",
        before=None,
        after=None,
        facts={
            "unit": wish.unit,
            "from": wish.start.isoformat(),
            "to": wish.end.isoformat(),
            "removed": [one.stored for one in gone],
            "added": [one.stored for one in new],
        },
        unit=wish.unit,
    )


async def _require(tx: Tx, city: City, wish: Plan, replaced: Iterable[int]) -> None:
    """What is known of the people of a plan, and whether it can be."""
    shifts = wish.shifts
    people = sorted({shift.person for shift in shifts})
    if not people:
        return
    names = {
        row["id"]: row["name"]
        for row in await tx.fetch(
            "select id, name from persons where id = any($1) and active", people
        )
    }
    others = await tx.fetch(
        "select * from roster where person_id = any($1) and not id = any($2)"
        " and since < $3 and until > $4",
        *(people, list(replaced), max(s.until for s in shifts), min(s.since for s in shifts)),
    )
    elsewhere = [Elsewhere(row["unit"], _read(row)) for row in others]
    posts = await _posts_of(tx, city, people)
    rules.require_shifts(wish.unit, wish.start, wish.end, shifts, names, posts, elsewhere)


async def _posts_of(tx: Tx, city: City, people: Sequence[int]) -> dict[int, list[Held]]:
    posts: dict[int, list[Held]] = {}
    for row in await tx.fetch(
        "select person_id, post, since, until from appointments where person_id = any($1)", people
    ):
        post = city.posts.get(row["post"])
        if post is not None:
            held = Held(post.unit, tuple(post.duties), row["since"], row["until"])
            posts.setdefault(row["person_id"], []).append(held)
    return posts


async def on_duty(tx: Tx, city: City, place: str | None) -> list[dict[str, Any]]:
    """Who is on duty now in the centres of a place (the city's without one), its own first."""
    path = city.tree.path(place) if place else city.root_path
    centres = city.units_with(UnitKind.CENTRE.value, path)
    rows = await tx.fetch(
        f"{_SELECT} where r.unit = any($1) and r.since <= $2 and r.until > $2"
        " order by r.role = 'operator', r.role = 'deputy', r.since, r.id",
        *([unit.code for unit in centres], tx.now),
    )
    return [
        {
            "unit": unit.code,
            "unit_name": {"zh": unit.name.zh, "en": unit.name.en},
            "place": unit.place,
            "on_duty": [_shift(row) for row in rows if row["unit"] == unit.code],
        }
        for unit in centres
    ]


async def people(tx: Tx, city: City, unit: str) -> list[dict[str, Any]]:
    """Who works in a unit now, with their duties there, by name. Refuses an unknown unit."""
    code = city.unit(unit).code
    posts = {post.code: post.duties for post in city.posts.values() if post.unit == code}
    found: dict[int, dict[str, Any]] = {}
    for number, name, post in await identity.holders_of(tx, posts):
        row = found.setdefault(number, {"id": number, "name": name, "duties": []})
        row["duties"] += [duty for duty in posts[post] if duty not in row["duties"]]
    return list(found.values())


def _read(row: Row) -> Shift:
    return Shift(row["since"], row["until"], Role(row["role"]), row["person_id"])


def _shift(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "role": row["role"],
        "person": row["person_id"],
        "name": row["name"],
        "since": row["since"].isoformat(),
        "until": row["until"].isoformat(),
    }

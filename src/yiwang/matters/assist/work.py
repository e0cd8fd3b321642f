"""One work list for whoever asks: what waits for them, of every kind, by the time that is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.shapes import kind_name, place_name
from yiwang.kit import words
from yiwang.kit.db import Row, Tx
from yiwang.kit.filters import Equals, Flag, OneOf, Within
from yiwang.kit.listing import Listing, Question, Sort, fetch_page
from yiwang.matters.assist import waiting
from yiwang.matters.assist.waiting import BY_MATTER, SORTS, Marks
from yiwang.matters.exports.lists import meanings_of
from yiwang.matters.sources.receipts import number_of

_COUNTED = 1000  # of each kind of matter; whoever has more than that is told so
_STATES = tuple(
    dict.fromkeys(
        state
        for sort in SORTS
        for states in waiting.waiting(sort.procedure.table).values()
        for state in states
    )
)
WORK = Listing(
    "work",
    "",  # put together for whoever asks
    (
        OneOf("matter", "matter", tuple(sort.matter for sort in SORTS)),
        OneOf("state", "state", _STATES),
        Equals("kind", "kind", "kind"),
        Within("place", "place", "place"),
        Equals("unit", "unit", "unit"),
        Flag("overdue", "due < {now}", "(due is null or due >= {now})"),
        Flag("urgent", "urgent", "not urgent"),
        Flag("supervised", "supervised", "not supervised"),
        OneOf("whose", "whose", ("mine", "units", "others"), {"ours": ("mine", "units")}),
    ),
    (Sort("due", "due", datetime, nullable=True),),
)
_COLUMNS = (
    *("id", "matter", "matter_id", "state", "place", "kind", "due", "since", "urgent"),
    *("supervised", "unit", "case_id", "number", "title", "address", "lon", "lat", "whose"),
)


def check(city: City, given: Mapping[str, str], now: datetime) -> Question:
    """A query of the work list; refuses as :meth:`Listing.ask` does."""
    return WORK.ask(given, None, now, meanings_of(city))


async def page(
    tx: Tx, city: City, actor: Actor, given: Mapping[str, str], limit: int, cursor: str | None
) -> dict[str, Any]:
    """One page of what waits for this actor, by the time left; what has no limit comes last.

    `items` say which actions it waits for (`must`) and which may be done at all (`actions`),
    `groups` how much waits of each kind under the other filters.
    """
    question = check(city, given, tx.now)
    marks = Marks(list(question.args))
    selects = dict(waiting.branches(actor, marks))
    if not selects:
        return {"items": [], "next": None, "groups": []}
    union = " union all ".join(f"({sql})" for sql in selects.values())
    listing = replace(WORK, relation=f"({union}) w")
    asked = replace(question, args=tuple(marks.args))
    rows, following = await fetch_page(tx, listing, asked, _COLUMNS, limit, cursor)
    groups = await _groups(tx, city, actor, given)
    return {"items": await _items(tx, city, actor, rows), "next": following, "groups": groups}


async def _groups(
    tx: Tx, city: City, actor: Actor, given: Mapping[str, str]
) -> list[dict[str, Any]]:
    others = {name: text for name, text in given.items() if name != "matter"}
    question = check(city, others, tx.now)
    marks = Marks(list(question.args))
    now = marks.take(tx.now, "timestamptz")
    where = " and ".join(question.conditions) or "true"
    parts = [
        f"(select matter, due, urgent, whose from ({sql}) w where {where} limit {_COUNTED + 1})"
        for _, sql in waiting.branches(actor, marks)
    ]
    rows = await tx.fetch(
        "select matter, count(*) as n, count(*) filter (where due < "
        f"{now}) as overdue, count(*) filter (where urgent) as urgent,"
        " count(*) filter (where whose = 'mine') as mine,"
        " count(*) filter (where whose = 'units') as units"
        f" from ({' union all '.join(parts)}) w group by matter",
        *marks.args,
    )
    found = {row["matter"]: row for row in rows}
    return [
        {
            "matter": name,
            "name": words.label("matter", name),
            "count": min(row["n"], _COUNTED),
            "more": row["n"] > _COUNTED,
            "overdue": row["overdue"],
            "urgent": row["urgent"],
            "mine": row["mine"],
            "units": row["units"],
        }
        for name in BY_MATTER
        if (row := found.get(name)) is not None
    ]


async def _items(tx: Tx, city: City, actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with the actions of each matter, as its procedure table says them."""
    found: dict[tuple[str, int], Any] = {}
    for name, sort in BY_MATTER.items():
        ids = [row["matter_id"] for row in rows if row["matter"] == name]
        if ids:
            kind = sort.procedure
            for row in await tx.fetch(
                f"select {', '.join(kind.names())} from {kind.relation} where id = any($1)", ids
            ):
                found[name, row["id"]] = kind.read(row)
    return [_item(city, actor, row, found[row["matter"], row["matter_id"]], tx.now) for row in rows]


def _item(city: City, actor: Actor, row: Row, matter: Any, now: datetime) -> dict[str, Any]:
    name: str = row["matter"]
    rules = procedure.possible(BY_MATTER[name].procedure, actor, matter)
    due: datetime | None = row["due"]
    unit = city.unit_name(row["unit"]) if row["unit"] else None
    number = number_of(row["matter_id"]) if name == "report" else row["number"]
    return {
        "matter": name,
        "matter_name": words.label("matter", name),
        "id": row["matter_id"],
        "version": matter.version,
        "case_id": row["case_id"],
        "number": number,
        "title": row["title"] or "",
        "address": row["address"] or "",
        "lon": row["lon"],
        "lat": row["lat"],
        "state": row["state"],
        "state_name": words.label("state", row["state"], name),
        "kind": row["kind"],
        "kind_name": kind_name(city, row["kind"]) if row["kind"] else None,
        "place": row["place"].rpartition(".")[2],
        "place_name": place_name(city, row["place"]),
        "unit": row["unit"],
        "unit_name": {"zh": unit.zh, "en": unit.en} if unit else None,
        "since": row["since"].isoformat(),
        "due": due.isoformat() if due else None,
        "left_s": round((due - now).total_seconds()) if due else None,
        "overdue": due is not None and due < now,
        "urgent": bool(row["urgent"]),
        "supervised": bool(row["supervised"]),
        "whose": row["whose"],
        "must": [rule.action for rule in rules if row["state"] in rule.waits],
        "actions": [rule.action for rule in rules],
    }

"""Listings: every filter and order, pages that miss nothing and repeat nothing, good refusals."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from yiwang.kit.db import Database, Row, Scope, columns
from yiwang.kit.errors import Refusal
from yiwang.kit.filters import Equals, Flag, Number, OneOf, Range, Within
from yiwang.kit.listing import Listing, Sort, count, fetch_page
from yiwang.kit.web.paging import Cursor

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
THINGS = Listing(
    "things",
    "things",
    (
        Equals("label", "label"),
        Equals("family", "label", "family"),
        Number("number", "id"),
        OneOf("state", "state", ("new", "old", "gone"), {"open": ("new", "old")}),
        Range("at", "at"),
        Within("place", "place", "path"),
        Flag("late", "at < {now}", "(at is null or at >= {now})"),
        Flag("good", "good", "not good"),
    ),
    (
        Sort("-id", "id", int, descending=True),
        Sort("at", "at", datetime, nullable=True),
        Sort("-at", "at", datetime, descending=True, nullable=True),
        Sort("label", "label", str),
        Sort("open", "at", datetime, nullable=True, only="state in ('new', 'old')"),
    ),
)


def _path(code: str) -> str:
    if code not in ("a", "a.b", "a.c"):
        raise ValueError(code)
    return code


MEANINGS = {"path": _path, "family": lambda name: [f"{name}1", f"{name}2"]}
COLUMNS = ("id", "label", "state", "at", "place", "good")


@pytest.fixture
async def rows(owner_url: str) -> list[dict[str, Any]]:
    """Things with equal, different and no moments."""
    rng = random.Random(7)
    made = [
        {
            "id": number,
            "label": rng.choice(("x1", "x2", "y1", "y2")),
            "state": rng.choice(("new", "old", "gone")),
            "at": rng.choice([None, *(NOW + timedelta(hours=h) for h in range(-4, 5))]),
            "place": rng.choice(("a.b.c", "a.b", "a.c", "a")),
            "good": rng.random() < 0.5,
        }
        for number in range(1, 121)
    ]
    db = await Database.open(owner_url, size=1)
    async with db.begin(Scope("owner"), NOW) as tx:
        await tx.execute(
            "create table things (id bigint primary key, label text not null, state text not null,"
            " at timestamptz, place ltree not null, good boolean not null)"
        )
        await tx.execute(
            "insert into things select i, l, s, t, p::ltree, g from unnest($1::bigint[],"
            " $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::bool[])"
            " as u(i, l, s, t, p, g)",
            *columns([tuple(row.values()) for row in made]),
        )
    await db.close()
    return made


@pytest.fixture
async def db(owner_url: str, rows: list[dict[str, Any]]) -> AsyncIterator[Database]:
    """The database that holds them."""
    assert rows
    found = await Database.open(owner_url, size=1)
    yield found
    await found.close()


async def _read(db: Database, given: Mapping[str, str], sort: str | None, limit: int) -> list[Row]:
    """All pages, one after the other."""
    question = THINGS.ask(given, sort, NOW, MEANINGS)
    found: list[Row] = []
    cursor: str | None = None
    async with db.begin(Scope("owner"), NOW) as tx:
        while True:
            page, cursor = await fetch_page(tx, THINGS, question, COLUMNS, limit, cursor)
            assert len(page) == limit or cursor is None
            found += page
            if cursor is None:
                assert await count(tx, THINGS, question) == len(found)
                return found


_LAST = datetime.max.replace(tzinfo=UTC)
_ORDERS = {
    "-id": lambda row: -row["id"],
    "at": lambda row: (row["at"] or _LAST, row["id"]),
    "-at": lambda row: (
        -(row["at"].timestamp()) if row["at"] else float("inf"),
        -row["id"],
    ),
    "label": lambda row: (row["label"], row["id"]),
}


@pytest.mark.parametrize("sort", sorted(_ORDERS))
@pytest.mark.parametrize("limit", [1, 7, 40, 119, 120, 200])
async def test_pages_hold_every_row_once_in_order(
    db: Database, rows: list[dict[str, Any]], sort: str, limit: int
) -> None:
    found = await _read(db, {}, sort, limit)
    assert [row["id"] for row in found] == [row["id"] for row in sorted(rows, key=_ORDERS[sort])]


_PLUS = (NOW + timedelta(hours=1)).isoformat()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"label": "x1"}, lambda r: r["label"] == "x1"),
        ({"label": "x' or true --"}, lambda _: False),
        ({"family": "x"}, lambda r: r["label"] in ("x1", "x2")),
        ({"number": "17"}, lambda r: r["id"] == 17),
        ({"state": "open"}, lambda r: r["state"] != "gone"),
        ({"state": "gone,new"}, lambda r: r["state"] != "old"),
        ({"at_from": NOW.isoformat()}, lambda r: r["at"] is not None and r["at"] >= NOW),
        (
            {"at_from": NOW.isoformat(), "at_to": _PLUS},
            lambda r: r["at"] is not None and r["at"] == NOW,
        ),
        ({"at_to": "2026-03-01T20:00:00 08:00"}, lambda r: r["at"] is not None and r["at"] < NOW),
        ({"place": "a.b"}, lambda r: r["place"] in ("a.b", "a.b.c")),
        ({"late": "true"}, lambda r: r["at"] is not None and r["at"] < NOW),
        ({"late": "false"}, lambda r: r["at"] is None or r["at"] >= NOW),
        ({"good": "0"}, lambda r: not r["good"]),
        (
            {"state": "open", "good": "true", "place": "a.c"},
            lambda r: r["state"] != "gone" and r["good"] and r["place"] == "a.c",
        ),
    ],
)
async def test_filters(
    db: Database, rows: list[dict[str, Any]], given: dict[str, str], kept: Any
) -> None:
    wanted = {row["id"] for row in rows if kept(row)}
    assert {row["id"] for row in await _read(db, given, "at", 9)} == wanted


async def test_an_order_may_hold_only_what_is_open(
    db: Database, rows: list[dict[str, Any]]
) -> None:
    found = await _read(db, {}, "open", 11)
    assert {row["id"] for row in found} == {row["id"] for row in rows if row["state"] != "gone"}


def test_the_first_order_is_the_usual_one() -> None:
    assert THINGS.ask({}, None, NOW, MEANINGS).sort.name == "-id"


def test_an_unknown_filter_is_refused_with_the_possible_ones() -> None:
    with pytest.raises(Refusal) as refused:
        THINGS.ask({"colour": "red"}, None, NOW, MEANINGS)
    assert refused.value.code == "listing.filter_unknown"
    assert "at_from" in (refused.value.possible or ())
    assert "label" in refused.value.say("en")


def test_an_unknown_order_is_refused_with_the_possible_ones() -> None:
    with pytest.raises(Refusal) as refused:
        THINGS.ask({}, "colour", NOW, MEANINGS)
    assert refused.value.code == "listing.sort_unknown"
    assert refused.value.possible == ("-id", "at", "-at", "label", "open")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("label", " "),
        ("label", "x" * 201),
        ("label", "a\x00b"),
        ("number", "0"),
        ("number", "-1"),
        ("number", "1e3"),
        ("number", "٣"),
        ("number", str(2**63)),
        ("state", "new,"),
        ("state", "new') or true --"),
        ("at_from", "yesterday"),
        ("at_from", "2026-03-01T12:00:00"),
        ("at_to", "2026-03-01"),
        ("place", "a.d"),
        ("late", "yes"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_expected(name: str, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        THINGS.ask({name: text}, None, NOW, MEANINGS)
    assert refused.value.code == "listing.values"
    assert [fault.pointer for fault in refused.value.faults] == [f"/{name}"]
    for language in ("zh", "en"):
        assert "{" not in refused.value.faults[0].say(language)


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(Refusal) as refused:
        THINGS.ask({"late": "yes", "good": "true", "number": "x"}, None, NOW, MEANINGS)
    assert [fault.pointer for fault in refused.value.faults] == ["/late", "/number"]


@pytest.mark.parametrize(
    ("sort", "word"),
    [
        ("-id", "nonsense"),
        ("-id", Cursor.encode(["at", 3, 3])),
        ("at", Cursor.encode(["at", "2026-03-01T12:00:00", 3])),
        ("-id", Cursor.encode(["-id", None, 3])),
        ("label", Cursor.encode(["label", 5, 3])),
        ("label", Cursor.encode(["label", "x"])),
    ],
)
async def test_a_cursor_of_another_list_or_order_is_refused(
    db: Database, sort: str, word: str
) -> None:
    question = THINGS.ask({}, sort, NOW, MEANINGS)
    async with db.begin(Scope("owner"), NOW) as tx:
        with pytest.raises(Refusal) as refused:
            await fetch_page(tx, THINGS, question, COLUMNS, 5, word)
    assert refused.value.code == "listing.cursor_bad"


def test_every_parameter_is_described() -> None:
    names = [row["name"] for row in THINGS.parameters()]
    assert names == [*THINGS.words, "sort"]
    assert len(set(names)) == len(names)
    for row in THINGS.parameters()[:-1]:
        assert row["description"]
        assert row["schema"]["type"] in ("string", "integer", "boolean")

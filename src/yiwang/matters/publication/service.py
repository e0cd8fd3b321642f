"""Use cases of publishing. All run in the public's own scope, which sees no table of matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.ground.city import City
from yiwang.ground.packs.model import Level, Place
from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.listing import fetch_page
from yiwang.matters.cases.model import OPEN
from yiwang.matters.panels import store as tallies
from yiwang.matters.panels.model import Counts, Grain
from yiwang.matters.panels.rules import starts, summed
from yiwang.matters.publication import lists, rules
from yiwang.matters.publication.rules import Figures

TALLIES = "published_tallies"
MONTHS = 24
YEAR = 12
COLUMNS = (
    *("id", "number", "state", "kind", "place", "lon", "lat", "lead", "reported_at", "filed_at"),
    *("dispatched_at", "handled_at", "closed_at", "due", "report_count", "rounds", "reopened"),
    *("passed_check", "forced", "merged_into", "urgent", "synthetic"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The pack's own rules of publishing."""

    least: int
    metres: float
    licence: str
    licence_url: str


def settings_of(city: City, now: datetime) -> Settings:
    """The rules in force; careful ones where the pack sets none."""
    day, root = city.day(now), city.root_path
    return Settings(
        least=int(city.setting("publication.least", root, day, 10)),
        metres=float(city.setting("publication.position_m", root, day, 50)),
        licence=str(city.setting("publication.licence", root, day, "")),
        licence_url=str(city.setting("publication.licence_url", root, day, "")),
    )


async def cases(
    tx: Tx,
    city: City,
    given: Mapping[str, str],
    sort: str | None,
    limit: int,
    cursor: str | None = None,
) -> tuple[list[Row], str | None]:
    """A page of published cases; those of a month where neither days nor open ones are asked for.

    Refuses as every list does ("listing.*").
    """
    asked = dict(given)
    if "days" not in asked and asked.get("state") != "open" and sort != "due":
        asked["days"] = str(lists.DAYS)
    question = lists.CASE_LIST.ask(asked, sort, tx.now, lists.public_meanings(city))
    return await fetch_page(tx, lists.CASE_LIST, question, COLUMNS, limit, cursor)


async def case(tx: Tx, number: str) -> Row:
    """One published case; refuses a number there is not ("publication.no_case")."""
    row = await tx.fetchrow(
        f"select {', '.join(COLUMNS)} from published_cases where number = $1", number
    )
    if row is None:
        raise Refusal("publication.no_case", number=number)
    return row


async def photos(tx: Tx, city: City, found: Row) -> list[dict[str, Any]]:
    """The published photos of a published case, none where the city publishes none."""
    if not city.setting("photos.public", found["place"], city.day(tx.now), False):
        return []
    rows = await tx.fetch(
        "select id, role from published_photos where case_id = $1 order by id", found["id"]
    )
    return [
        {"id": row["id"], "role": row["role"], "url": f"/api/v1/attachments/{row['id']}"}
        for row in rows
    ]


async def open_cases(tx: Tx, path: str) -> list[Row]:
    """Every open case at a place that is published with a position."""
    states = ", ".join(f"'{state}'" for state in OPEN)
    return await tx.fetch(
        "select number, lon, lat, kind, place, state, urgent, synthetic, due, reported_at"
        f" from published_cases where state in ({states}) and lat is not null"
        " and place <@ $1::text::ltree order by id",
        path,
    )


def published_place(city: City, code: str | None) -> Place:
    """A place whose figures are published, the city without a code.

    Refuses an unknown one ("places.unknown") and one below a town ("publication.too_small").
    """
    place = city.tree.root if code is None else city.tree.get(code)
    if not lists.published(place.path):
        raise Refusal("publication.too_small", place=place.code)
    return place


def _months(city: City, now: datetime, count: int) -> list[datetime]:
    local = rules.months(now.astimezone(city.zone), count)
    return [starts(month.astimezone(now.tzinfo), city.zone)[2] for month in local]


async def places(
    tx: Tx, city: City, level: Level, parent: Place, count: int
) -> list[tuple[Place, Figures]]:
    """The figures of the places of a level over the last `count` months."""
    found = [
        place
        for place in city.tree.at_level(level)
        if city.holds(parent.path, place.path) and lists.published(place.path)
    ]
    paths = [place.path for place in found]
    least = settings_of(city, tx.now).least
    since = _months(city, tx.now, count)[0]
    spans: dict[str, list[Counts]] = {}
    for path, _, counts in await tallies.counts_of(tx, paths, Grain.MONTH, since, tx.now, TALLIES):
        spans.setdefault(path, []).append(counts)
    stocks = await tallies.stocks(tx, paths, TALLIES)
    return [
        (place, rules.figures(summed(spans.get(place.path, ())), *stocks[place.path], least))
        for place in found
    ]


@dataclass(frozen=True, slots=True)
class PlacePage:
    """A place's page: the figures of a year, of each month, its rank among its like."""

    place: Place
    figures: Figures
    hottest: list[tuple[str, int]]
    months: list[tuple[datetime, Figures]]
    ranks: Mapping[str, tuple[int, int]]  # figure -> (rank, of how many)


async def place_page(
    tx: Tx, city: City, place: Place, alike: Sequence[tuple[Place, Figures]]
) -> PlacePage:
    """The page of a published place; `alike` are the year's figures of all places of its level."""
    least = settings_of(city, tx.now).least
    begins = _months(city, tx.now, MONTHS)
    rows = await tallies.counts(tx, place.path, Grain.MONTH, begins[0], tx.now, TALLIES)
    known = dict(rows)
    year = summed(known.get(begin, {}) for begin in begins[-YEAR:])
    stock = (await tallies.stocks(tx, [place.path], TALLIES))[place.path]
    monthly = [(begin, rules.figures(known.get(begin, {}), 0, 0, least)) for begin in begins]
    ranked: dict[str, tuple[int, int]] = {}
    if place.parent is not None:
        for name, ascending in (("on_time", False), ("median_days", True)):
            ranks, of = rules.ranks(
                ((one.code, getattr(row, name)) for one, row in alike), ascending=ascending
            )
            if place.code in ranks:
                ranked[name] = (ranks[place.code], of)
    return PlacePage(
        place, rules.figures(year, *stock, least), rules.hottest(year, least), monthly, ranked
    )

"""Nobody sees or touches another's place or unit: at the API, and bypassing it at the database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from tests.system.living import (
    DISTRICT,
    FAR_TOWN,
    OTHER_DISTRICT,
    TOWN,
    Living,
    Someone,
    Thing,
)
from yiwang.app import build_api
from yiwang.ground.gate.doors import authorities
from yiwang.matters.desk.service import PROCEDURES
from yiwang.matters.exports.running import continue_exports
from yiwang.matters.sources import intake_routes
from yiwang.matters.sources.receipts import number_of

SHUT = {401, 403, 404}
PLURAL = {f"/api/v1/{sort}s": sort for sort in PROCEDURES}

# What concerns only whoever asks; their own sessions would end.
OWN = {
    ("DELETE", "/api/v1/session"),
    ("DELETE", "/api/v1/sessions"),
    ("POST", "/api/v1/session/password"),
    ("PATCH", "/api/v1/profile"),
}
# Reports are anybody's to make; that they are kept apart is what the rest is about.
FOR_ALL = {("POST", "/api/v1/reports"), ("POST", "/api/v1/reports/batch")}
ENDLESS = ("/api/v1/events", "/api/v1/picture/changes")
# Large, and the same for everybody: asked for by a few.
SAME = (
    *("/api/v1/lifecycles", "/api/v1/terms", "/api/v1/facts", "/api/v1/kinds", "/api/v1/places"),
    *("/api/v1/areas", "/api/v1/ledger/key", "/open311/v2/services", "/open311/v2/discovery"),
)


def _routes() -> list[tuple[str, str, str | None]]:
    rows = [*authorities(build_api().routes), *intake_routes.AUTHORITIES]
    return sorted(
        (method, path, authority)
        for method, path, authority in rows
        if method not in ("HEAD", "OPTIONS") and path != "/api/v1/openapi.json"
    )


ROUTES = _routes()


def test_every_route_has_an_authority() -> None:
    assert len(ROUTES) > 70
    assert not [(method, path) for method, path, authority in ROUTES if not authority]


def _foreign_texts(town: Living, who: Someone, path: str) -> list[str]:
    """What no answer to them may contain."""
    found = [text for thing in town.foreign(who, "case") for text in thing.secrets]
    if path.startswith("/open311"):  # what was reported and became of it is public there, not who
        found = []
    if path.startswith("/api/v1/public/"):  # the number of a case is public there, no word of it
        found = [text for text in found if text.startswith("暗号")]
    if not who.actor.scope.persons:
        return found + list(town.persons)
    marks = {thing.secrets[0].removeprefix("暗号") for thing in town.foreign(who, "case")}
    return found + [person for person in town.persons if any(m in person for m in marks)]


def _told(answer: httpx.Response, secrets: Sequence[str]) -> list[str]:
    text = answer.text
    return [word for word in secrets if word in text]


async def _state(town: Living) -> dict[str, Any]:
    """All that a stranger could have changed."""
    found: dict[str, Any] = {}
    for name, each in PROCEDURES.items():
        rows = await town.world.rows(f"select id, version, state from {each.relation} order by id")
        found[name] = [tuple(row) for row in rows]
    for table in ("attachments", "webhooks", "api_keys", "persons", "appointments", "jobs"):
        found[table] = (await town.world.row(f"select count(*) as n from {table}"))["n"]
    ended = "select count(*) as n from sessions where ended_at is not null"
    revoked = "select count(*) as n from api_keys where revoked_at is not null"
    found["ended"] = (await town.world.row(ended))["n"]
    found["revoked"] = (await town.world.row(revoked))["n"]
    matters = "select count(*) as n from events where matter = any($1)"
    found["events"] = (await town.world.row(matters, list(PROCEDURES)))["n"]
    return found


def _others(town: Living, who: Someone) -> Mapping[str, str]:
    """The numbers of things of other people, by the route's place."""
    someone = town.people[f"{OTHER_DISTRICT}_centre.dispatcher"]
    if who is someone:
        someone = town.people["310000_centre.evaluator"]
    key = next(p for n, p in town.people.items() if n.startswith("key") and p is not who)
    return {
        "/api/v1/persons/{number}": str(someone.number),
        "/api/v1/keys/{number}": str(key.number),
        "/api/v1/sessions/{name}": someone.session,
    }


def _is_admin(who: Someone, place: str) -> bool:
    return any(
        row.duty in ("sysadmin", "secadmin") and who.sees(place, ()) for row in who.actor.holdings
    )


def _target(town: Living, who: Someone, path: str) -> tuple[str, Thing] | None:
    """The foreign matter a route with a number is asked for, and its whole path."""
    for base, sort in PLURAL.items():
        if path.startswith(base + "/{number}"):
            rows = town.foreign(who, sort)
            if not rows:
                return None
            return path.replace("{number}", str(rows[-1].id)), rows[-1]
    return None


async def _walk(town: Living, who: Someone) -> tuple[int, list[str]]:
    """Ask for everything as somebody; how often they asked, and what was wrong."""
    asked, wrong = 0, []
    others = _others(town, who)
    foreign = town.foreign(who, "case")
    for method, path, _ in ROUTES:
        if (method, path) in OWN | FOR_ALL or "{" not in path:
            continue
        if (found := _target(town, who, path)) is not None:
            where, thing = found
            for action in _some(thing.sort, who) if "{action}" in where else ("",):
                at = where.replace("{action}", action)
                body = _BODIES.get((method, path), {"facts": {}}) if method == "POST" else None
                answer = await town.ask(who, method, at, json=body)
                asked += 1
                if answer.status_code not in SHUT or _told(answer, thing.secrets):
                    wrong.append(f"{who.name}: {method} {at}: {answer.status_code} {answer.text}")
            continue
        for base, number in others.items():
            if path.startswith(base) and not _is_admin(who, _place_of(town, base, number)):
                at = path.replace(base, base.partition("{")[0] + number)
                answer = await town.ask(
                    who, method, at.replace("{appointment}", "1"), json=_BODIES.get((method, path))
                )
                asked += 1
                if answer.status_code not in SHUT:
                    wrong.append(f"{who.name}: {method} {at}: {answer.status_code} {answer.text}")
        if path == "/api/v1/attachments/{number}" and not town.sees_photo(who):
            answer = await town.ask(who, method, f"/api/v1/attachments/{town.photo}")
            asked += 1
            if answer.status_code not in SHUT:
                wrong.append(f"{who.name}: {method} {path}: {answer.status_code}")
        if path.startswith("/api/v1/receipts/{number}"):
            receipt = town.receipts[-1]["number"]
            at = path.replace("{number}", receipt) + "?token=abcdefghijklmnopqrstuvwx"
            plain = {"text": "x"} if method == "POST" else None
            saying = _BODIES.get((method, path), plain)
            answer = await town.ask(who, method, at, json=saying)
            asked += 1
            if answer.status_code not in SHUT:
                wrong.append(f"{who.name}: {method} {path}: {answer.status_code} {answer.text}")
    for path in _lists(town, foreign):
        if path.startswith(SAME) and who.number % 8:
            continue
        answer = await town.ask(who, "GET", path)
        asked += 1
        if answer.status_code >= 500 or _told(answer, _foreign_texts(town, who, path)):
            wrong.append(
                f"{who.name}: {path}: {answer.status_code}"
                f" {_told(answer, _foreign_texts(town, who, path))}"
            )
    return asked, wrong


def _some(sort: str, who: Someone) -> list[str]:
    """Three actions of a table, others for everybody; all of them are tried in bulk."""
    actions = PROCEDURES[sort].table.actions()
    return [actions[(who.number + i * 5) % len(actions)] for i in range(3)]


_BODIES: Mapping[tuple[str, str], Any] = {
    ("POST", "/api/v1/cases/{number}/presence"): {},
    ("POST", "/api/v1/receipts/{number}/rate"): {"satisfied": True},
    ("PATCH", "/api/v1/persons/{number}"): {"active": False},
    ("POST", "/api/v1/persons/{number}/appointments"): {"post": f"{TOWN}_centre.checker"},
}


def _place_of(town: Living, base: str, number: str) -> str:
    """The path where a person or key is administered."""
    tree = town.world.city.tree
    for who in town.people.values():
        if str(who.number) == number and ("keys" in base) == ("X-API-Key" in who.headers):
            return who.actor.holdings[0].place if who.actor.holdings else ""
    return tree.path(OTHER_DISTRICT)


def _lists(town: Living, foreign: Sequence[Thing]) -> list[str]:
    """Every route without a number that is read, plainly and with the words of strangers."""
    found = []
    for method, path, _ in ROUTES:
        if method != "GET" or path in ENDLESS:
            continue
        if "{" not in path:
            found.append(path)
        elif path.startswith("/open311") and "{form}" in path and path.count("{") == 1:
            found += [path.replace("{form}", form) for form in ("json", "xml")]
        elif path.startswith("/open311") and "{number}" in path:
            number = number_of(town.things["report"][-1].id)
            found.append(path.replace("{number}", number).replace("{form}", "json"))
    if foreign:
        mark, number = foreign[-1].secrets
        place = foreign[-1].place.split(".")[1]
        found += [
            f"/api/v1/cases?{query}"
            for query in (
                f"q={mark}",
                f"number={number}",
                f"place={place}",
                "sort=due",
                "limit=200",
            )
        ]
        found += [f"/api/v1/{name}?case={foreign[-1].id}" for name in ("orders", "checks")]
        found += [f"/api/v1/reports?{query}" for query in (f"q={mark}", f"place={place}")]
    return found


async def test_nobody_reaches_another_place_or_unit(town: Living) -> None:
    """Every route, as every duty at every level, with the numbers of what is not theirs."""
    for sort in PROCEDURES:
        places = {row.place.split(".")[1] for row in town.things[sort]}
        assert {DISTRICT, OTHER_DISTRICT} <= places, f"no {sort} in two districts"
    before = await _state(town)
    people = list(town.people.values())
    results = await asyncio.gather(*(_walk(town, who) for who in people))
    assert not [line for _, wrong in results for line in wrong]
    assert await _state(town) == before
    local = [n for who, (n, _) in zip(people, results, strict=True) if town.foreign(who, "case")]
    assert len(local) > 50
    assert min(local) > 50


async def test_what_is_theirs_is_shown(town: Living) -> None:
    """The walls are walls, not a house without doors: everybody sees all that is theirs."""
    for who in town.people.values():
        duties = {row.duty for row in who.actor.holdings}
        if "X-API-Key" in who.headers and "cases:read" not in who.actor.scopes:
            continue
        if not duties:
            continue
        answer = await town.ask(who, "GET", "/api/v1/cases", params={"limit": 200})
        assert answer.status_code == 200, (who.name, answer.text)
        shown = {row["id"] for row in answer.json()["items"]}
        mine = {t.id for t in town.things["case"] if who.sees(t.place, t.parties)}
        assert shown <= mine, who.name
        if who.actor.scope.places:
            assert shown == mine, who.name


async def test_bodies_that_name_what_is_foreign(town: Living) -> None:
    """Filing, appointing, making keys and webhooks for, and acting in bulk on, other places."""
    tree, before = town.world.city.tree, await _state(town)
    kind = next(k.key for k in town.world.city.taxonomy.kinds() if k.parent)
    far = tree.path(FAR_TOWN)
    tried = 0
    for who in town.people.values():
        if who.sees(far, ()):
            continue
        bodies: list[tuple[str, Any]] = [
            ("/api/v1/cases", {"kind": kind, "text": "在别处", "place": FAR_TOWN}),
            ("/api/v1/persons", {"login": "ab", "name": "b", "post": f"{FAR_TOWN}_centre.checker"}),
            (
                "/api/v1/keys",
                {"name": "k", "system": "kk", "scopes": ["a:read"], "place": FAR_TOWN},
            ),
            ("/api/v1/webhooks", {"url": "http://localhost:9/", "place": FAR_TOWN}),
        ]
        for path, body in bodies:
            answer = await town.ask(who, "POST", path, json=body)
            assert answer.status_code in SHUT, (who.name, path, answer.text)
            tried += 1
        items = [
            {"matter": sort, "id": town.foreign(who, sort)[-1].id, "action": action}
            for sort in PROCEDURES
            if sort != "report"
            for action in PROCEDURES[sort].table.actions()
        ]
        answer = await town.ask(who, "POST", "/api/v1/actions", json={"items": items})
        if answer.status_code == 200:
            statuses = {row["problem"]["status"] for row in answer.json()["items"]}
            assert answer.json()["done"] == 0
            assert statuses <= SHUT, (who.name, answer.text)
        else:
            assert answer.status_code in SHUT, (who.name, answer.text)
    assert tried > 100
    assert await _state(town) == before


async def test_live_events_are_ones_own(town: Living) -> None:
    """The whole record, replayed to everybody, tells nobody of another's matters."""

    async def listen(who: Someone) -> tuple[Someone, httpx.Response]:
        headers = {"Last-Event-ID": "0-0"}
        return who, await town.ask(
            who, "GET", "/api/v1/events", params={"seconds": 1}, headers=headers
        )

    heard = 0
    for who, answer in await asyncio.gather(*(listen(who) for who in town.people.values())):
        secrets = _foreign_texts(town, who, "/api/v1/events")
        assert not _told(answer, secrets), who.name
        for sort in PROCEDURES:
            for thing in town.foreign(who, sort):
                assert f'"{sort}/{thing.id}"' not in answer.text, (who.name, thing)
        heard += answer.status_code == 200 and "data:" in answer.text
    assert heard > 20


@pytest.mark.parametrize(
    "name",
    [
        f"{DISTRICT}_centre.dispatcher",
        f"{TOWN}_centre.evaluator",
        f"{OTHER_DISTRICT}_appearance.handler",
    ],
)
async def test_an_export_holds_what_is_ones_own(town: Living, name: str) -> None:
    who = town.people[name]
    other = town.people["310000_centre.dispatcher"]
    for wanted in ("cases", "orders", "checks", "reports"):
        body = {"list": wanted, "format": "csv"}
        answer = await town.ask(who, "POST", "/api/v1/exports", json=body)
        assert answer.status_code == 202, answer.text
        number = answer.json()["id"]
        folder = town.home.folder
        while await continue_exports(town.world.worker, town.world.city, folder, town.world.now):
            pass
        answer = await town.ask(who, "GET", f"/api/v1/exports/{number}/file")
        assert answer.status_code == 200, answer.text
        assert not _told(answer, _foreign_texts(town, who, "")), wanted
        for method, tail in (("GET", ""), ("GET", "/file"), ("DELETE", "")):
            shut = await town.ask(other, method, f"/api/v1/exports/{number}{tail}")
            assert shut.status_code == 404, shut.text

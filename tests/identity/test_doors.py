"""Doors and actors: who passes, and what they then see."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.identity.conftest import DISPATCHER, Lobby

from yiwang.ground.authority.model import Actor, Duty, Holding
from yiwang.ground.city import City
from yiwang.ground.gate.actors import actor_of, key_actor, public_actor
from yiwang.ground.gate.doors import (
    Door,
    anybody_signed_in,
    authorities,
    authority_of,
    guarded,
    holds,
    public,
    scope,
)
from yiwang.ground.identity.model import Appointment, Key, Person
from yiwang.kit.errors import Refusal

NOW = datetime(2026, 3, 10, tzinfo=UTC)
PERSON = Person(7, "li.na", "李娜", None, None, "zh", True, NOW)


def held(*posts: str) -> list[Appointment]:
    return [Appointment(i, 7, post, NOW, None, "x") for i, post in enumerate(posts)]


def key(place: str, unit: str | None = None, *scopes: str) -> Key:
    return Key(3, "k", "kk", b"", scopes or ("reports:write",), place, unit, "x", NOW, None, None)


def test_a_centre_reaches_its_place_and_a_squad_only_its_own(city: City) -> None:
    centre = actor_of(PERSON, held("310101_centre.dispatcher"), city)
    assert centre.holdings == (Holding(Duty.DISPATCHER, "310101_centre", "310000.310101", True),)
    assert centre.scope.places == ("310000.310101",)
    squad = actor_of(PERSON, held("310101002_squad.handler"), city)
    assert squad.scope.places == ()
    assert squad.scope.units == ("310101002_squad",)
    both = actor_of(PERSON, held("310101_centre.dispatcher", "310101002_squad.handler"), city)
    assert both.scope.places == ("310000.310101",)
    assert both.scope.units == ("310101_centre", "310101002_squad")
    assert both.scope.person == 7


@pytest.mark.parametrize(
    ("post", "sees"),
    [
        ("310101002_centre.intake", True),
        ("310101002_centre.checker", True),
        ("310101002_squad.handler", True),
        ("310101002_centre.evaluator", False),
        ("310101002_government.leader", False),
        ("310000_centre.auditor", False),
    ],
)
def test_only_those_who_work_with_reporters_see_them(city: City, post: str, sees: bool) -> None:
    assert actor_of(PERSON, held(post), city).scope.persons is sees


def test_a_post_that_left_the_pack_gives_nothing(city: City) -> None:
    actor = actor_of(PERSON, held("gone.post"), city)
    assert actor.holdings == ()
    assert (actor.scope.places, actor.scope.units, actor.scope.persons) == ((), (), False)


def test_a_key_reaches_its_place_or_its_unit(city: City) -> None:
    over = key_actor(key("310101"), city)
    assert over.scope.places == ("310000.310101",)
    assert over.scope.units == ()
    of_unit = key_actor(key("310101", "310101002_squad"), city)
    assert of_unit.scope.places == ()
    assert of_unit.scope.units == ("310101002_squad",)
    for lost in (key("nowhere"), key("310101", "no_unit")):
        assert key_actor(lost, city).holdings == ()
    assert not over.scope.persons
    assert key_actor(key("310101", None, "persons:read"), city).scope.persons
    assert public_actor().scope.places == ()


def person_with(*duties: str) -> Actor:
    rows = tuple(Holding(Duty(duty), "u", "a.b", True) for duty in duties)
    return Actor("person:1", "x", rows, person=1)


def system_with(*scopes: str) -> Actor:
    return Actor("key:1", "x", (Holding(Duty.SYSTEM, "", "a", True),), scopes=scopes, system="s")


def passes(door: Any, actor: Actor) -> str:
    assert isinstance(door.dependency, Door)
    try:
        door.dependency.judge(actor)
    except Refusal as refusal:
        return refusal.code
    return "passes"


ACTORS = {
    "dispatcher": person_with("dispatcher"),
    "chief": person_with("duty_chief"),
    "handler": person_with("handler"),
    "nobody": person_with(),
    "writer": system_with("reports:write"),
    "reader": system_with("cases:read"),
}
DOORS = {
    "holds": holds("dispatcher|checker"),
    "holds or scope": holds("dispatcher", scope="reports:write"),
    "signed in": anybody_signed_in(),
    "signed in or any key": anybody_signed_in(keys=True),
    "signed in or scope": anybody_signed_in(scope="reports:write"),
    "scope": scope("reports:write"),
    "public": public(),
}
MISSING, ELSE = "authority.duty_missing", "authority.scope_missing"
PERSON_ONLY, KEY_ONLY, YES = "gate.person_only", "gate.key_only", "passes"
EXPECTED = {
    "holds": (YES, YES, MISSING, MISSING, PERSON_ONLY, PERSON_ONLY),
    "holds or scope": (YES, YES, MISSING, MISSING, YES, ELSE),
    "signed in": (YES, YES, YES, YES, PERSON_ONLY, PERSON_ONLY),
    "signed in or any key": (YES,) * 6,
    "signed in or scope": (YES, YES, YES, YES, YES, ELSE),
    "scope": (KEY_ONLY,) * 4 + (YES, ELSE),
    "public": (YES,) * 6,
}


@pytest.mark.parametrize(("door", "actor"), list(product(DOORS, ACTORS)))
def test_every_door_before_everybody(door: str, actor: str) -> None:
    assert passes(DOORS[door], ACTORS[actor]) == EXPECTED[door][list(ACTORS).index(actor)]


async def test_a_plain_endpoint_has_a_door_too(lobby: Lobby) -> None:
    @guarded(holds("dispatcher", scope="reports:write"))
    async def fast(request: Request, actor: Actor) -> Response:
        return PlainTextResponse(actor.name)

    app: FastAPI = lobby.app
    app.router.routes.append(Route("/api/v1/fast", fast, methods=["POST"]))
    rows = {path: row for _, path, row in authorities(app.routes)}
    assert rows["/api/v1/fast"] == "dispatcher or scope reports:write"
    issued = await lobby.hire("li.na", DISPATCHER)
    await lobby.hire("wang")
    async with lobby.client((await lobby.sign_in("li.na")).token) as web:
        answer = await web.post("/fast")
        assert answer.text == f"person:{issued.person.id}"
    async with lobby.client((await lobby.sign_in("wang")).token) as web:
        assert (await web.post("/fast")).json()["code"] == MISSING
    async with lobby.client() as web:
        assert (await web.post("/fast")).status_code == 401


async def test_a_public_door_knows_who_is_signed_in(lobby: Lobby) -> None:
    @guarded(public())
    async def who(request: Request, actor: Actor) -> Response:
        return PlainTextResponse(actor.name)

    lobby.app.router.routes.append(Route("/api/v1/who", who, methods=["GET", "POST"]))
    issued = await lobby.hire("li.na", DISPATCHER)
    token = (await lobby.sign_in("li.na")).token

    async def ask(method: str = "GET", **sent: Any) -> httpx.Response:
        async with lobby.client() as web:
            return await web.request(method, "/who", **sent)

    assert (await ask()).text == "public"
    assert (await ask(headers={"Authorization": "Bearer stale"})).text == "public"
    right = {"Authorization": f"Bearer {token}"}
    assert (await ask(headers=right)).text == f"person:{issued.person.id}"
    cookie = {"Cookie": f"yiwang_session={token}"}
    assert (await ask(headers=cookie)).text == f"person:{issued.person.id}"
    forged = await ask("POST", headers=cookie)
    assert (forged.status_code, forged.json()["code"]) == (403, "gate.csrf")


def test_a_route_without_a_door_is_found() -> None:
    app = FastAPI()

    @app.get("/open")
    async def forgotten() -> None:
        return None

    assert [row for row in authorities(app.routes) if row[1] == "/open"] == [("GET", "/open", None)]
    assert authority_of(app.routes[-1]) is None

"""A living city: a running service, cases in several districts, people of every duty and keys."""

from __future__ import annotations

import asyncio
import io
import secrets
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import uvicorn
from PIL import Image

from tests.world import World
from yiwang import app
from yiwang.ground.authority.model import Actor
from yiwang.ground.authority.rules import covers
from yiwang.ground.gate.actors import actor_of, key_actor
from yiwang.ground.gate.clock import RealClock
from yiwang.ground.identity import service as identity
from yiwang.ground.identity import tokens
from yiwang.ground.identity.model import Appointment, Person
from yiwang.ground.packs.model import Post, Text
from yiwang.home import Home
from yiwang.matters.desk import service as desk

DISTRICT = "310101"
OTHER_DISTRICT = "310115"
TOWN = "310101002"
OTHER_TOWN = "310101019"
FAR_TOWN = "310115004"
ADMIN = f"{DISTRICT}_centre.sysadmin"

# Places of two districts and a third, several towns each.
_POINTS = (
    *((121.478, 31.236), (121.479, 31.237), (121.490, 31.215), (121.467, 31.210)),
    *((121.520, 31.230), (121.521, 31.231), (121.540, 31.220), (121.600, 31.200)),
    (121.440, 31.190),
)
_TEXTS = ("路面塌陷有大坑", "暴露垃圾成堆没人清")
_STATION = "G06_station"
_UNITS = (
    *("310000_centre", "310000_government", "310000_congress", "310000_construction"),
    *("310000_gas", "310101_centre", "310101_government", "310101_construction"),
    *("310115_centre", "310115_appearance", f"{TOWN}_centre", f"{TOWN}_government"),
    *(f"{TOWN}_sanitation", f"{TOWN}_maintenance", TOWN + _STATION),
    *(f"{OTHER_TOWN}_centre", f"{FAR_TOWN}_centre", f"{FAR_TOWN}_sanitation"),
)
_SCOPES = (
    *("cases:read", "cases:write", "reports:read", "reports:write", "events", "webhooks"),
    *("persons:read", "open311:write", "act:dispatcher", "act:handler"),
)


@dataclass(frozen=True)
class Someone:
    """Somebody who asks: what they show of themselves, and as whom the platform knows them."""

    name: str
    actor: Actor
    headers: Mapping[str, str]
    number: int = 0  # of the person or key
    session: str = ""

    def sees(self, place: str, parties: Iterable[str]) -> bool:
        """Whether a matter at a place, with these units in it, is theirs to see."""
        scope = self.actor.scope
        return any(covers(mine, place) for mine in scope.places) or bool(
            set(scope.units) & set(parties)
        )


@dataclass(frozen=True)
class Thing:
    """A matter as it lies in the database, and what must not be told of it to others."""

    sort: str
    id: int
    place: str
    parties: tuple[str, ...]
    secrets: tuple[str, ...] = ()


@dataclass
class Living:
    """One running service over one database."""

    world: World
    home: Home
    service: app.Service
    url: str
    client: httpx.AsyncClient
    people: dict[str, Someone] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    things: dict[str, list[Thing]] = field(default_factory=dict)
    persons: tuple[str, ...] = ()  # names and phones of reporters
    photo: int = 0  # of the last report
    photo_case: int | None = None

    async def ask(self, who: Someone, method: str, path: str, **more: Any) -> httpx.Response:
        """One request of somebody."""
        headers = {**who.headers, **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    def sees_photo(self, who: Someone) -> bool:
        """Whether the photo is theirs to see: with its report, or with the case it became."""
        cases = [row for row in self.things["case"] if row.id == self.photo_case]
        return any(who.sees(row.place, row.parties) for row in (self.things["report"][-1], *cases))

    def foreign(self, who: Someone, sort: str) -> list[Thing]:
        """The matters of a sort that are not theirs to see."""
        return [row for row in self.things[sort] if not who.sees(row.place, row.parties)]


@asynccontextmanager
async def living(world: World, folder: Path) -> AsyncIterator[Living]:
    """The city at work, until the block ends."""
    posts = dict(world.city.posts)
    posts[ADMIN] = Post(
        ADMIN, f"{DISTRICT}_centre", Text("区管理员", "district admin"), ("sysadmin",)
    )
    world.city = replace(world.city, posts=posts)
    home = Home.open(folder)
    with pytest.MonkeyPatch.context() as patch:
        # what is tested here is not how often one may ask
        edge = replace(app._EDGE, stranger_rate=1e6, stranger_burst=10**6)
        patch.setattr(app, "_EDGE", replace(edge, caller_rate=1e6, caller_burst=10**6))
        service = app.Service(home, world.service, world.city, RealClock())
    config = uvicorn.Config(service, log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    works = (service.intake.run(), service.feed.run(), service.picture.run())
    tasks = [asyncio.create_task(work) for work in works]
    # named a TCP socket, it gets TCP_NODELAY; whoever comes early waits in its queue
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    serving = asyncio.create_task(server.serve([listening]))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            found = Living(world, home, service, url, client)
            await _hire(found)
            await _report(found)
            await _work(found)
            await _look(found)
            yield found
    finally:
        server.should_exit = True
        await serving
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hire(found: Living) -> None:
    """Somebody in every post of the chosen units, and a key with each scope."""
    city = found.world.city
    for code, post in city.posts.items():
        if post.unit in _UNITS:
            found.people[code] = await _appoint(found, code, post)
    gate = found.service.gate
    wishes: list[tuple[str, str | None, tuple[str, ...]]] = [
        (DISTRICT, None, (scope,)) for scope in _SCOPES
    ]
    wishes += [
        (DISTRICT, None, tuple(s for s in _SCOPES if s != "persons:read")),
        (OTHER_DISTRICT, None, ("cases:read", "reports:read", "events")),
        (DISTRICT, f"{TOWN}_sanitation", ("cases:read", "cases:write", "act:handler")),
    ]
    for number, (place, unit, scopes) in enumerate(wishes):
        name = f"key{number}"
        async with gate.keeping() as tx:
            key, token, _ = await identity.create_key(
                tx, name, name, scopes, place, by="test", unit=unit
            )
        who = Someone(name, key_actor(key, city), {"X-API-Key": token}, key.id)
        found.people[f"{name} {place} {unit or ''} {'+'.join(scopes)}"] = who
    found.people["public"] = Someone("public", Actor("public", ""), {})


async def _appoint(found: Living, code: str, post: Post) -> Someone:
    """A person in a post with an open session; signing in itself is tested elsewhere."""
    token, now = tokens.generate_token(), datetime.now(UTC)
    async with found.world.as_worker() as tx:
        number = await tx.fetchval(
            "insert into persons (login, name, created_at) values ($1, $1, $2) returning id",
            code.lower(),
            now,
        )
        row = await tx.one(
            "insert into appointments (person_id, post, since, granted_by)"
            " values ($1, $2, $3, 'test') returning id",
            number,
            code,
            now - timedelta(days=1),
        )
        session = tokens.digest(token)
        await tx.execute(
            "insert into sessions (id, person_id, csrf, created_at, seen_at, expires_at)"
            " values ($1, $2, 'x', $3, $3, $4)",
            session,
            number,
            now,
            now + timedelta(hours=9),
        )
    person = Person(number, code.lower(), code.lower(), None, None, "zh", True, now)
    held = Appointment(row["id"], number, code, now, None, "test")
    actor = actor_of(person, [held], found.world.city)
    return Someone(code, actor, {"Authorization": f"Bearer {token}"}, number, session.hex())


async def _report(found: Living) -> None:
    """Reports of people with names and phones, handed in over HTTP."""
    for i, (lon, lat) in enumerate(_POINTS):
        for j, text in enumerate(_TEXTS):
            mark = f"{i}{j}{secrets.token_hex(3)}"
            reporter = {"name": f"证人{mark}", "phone": f"139{i}{j}{mark[2:]}"}
            {"name": f"证人{mark}", "phone": f"139{i}{j}{mark[2:]}"}
            body = {
                "text": f"{text}，暗号{mark}",
                "lon": lon + j * 0.002,
                "lat": lat,
                "reporter": reporter,
                "synthetic": True,
            }
            answer = await found.client.post("/api/v1/reports", json=body)
            assert answer.status_code == 201, answer.text
            found.receipts.append({**answer.json(), "mark": mark})
            found.persons += (reporter["name"], reporter["phone"])
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "brown").save(picture, "JPEG")
    last = found.receipts[-1]
    answer = await found.client.post(
        f"/api/v1/receipts/{last['number']}/photos",
        params={"token": last["token"]},
        files={"photos": ("a.jpg", picture.getvalue(), "image/jpeg")},
    )
    assert answer.status_code == 200, answer.text
    found.photo = answer.json()["photos"][0]["id"]
    found.world.now = datetime.now(UTC)
    await found.world.work()


_Step: TypeAlias = tuple[str, Mapping[str, Any]]
_STEPS: tuple[tuple[_Step, ...], ...] = (
    (("accept", {}), ("finish", {"result": "已清理"})),
    (("accept", {}), ("ask_extension", {"amount": 1, "clock": "working_day", "reason": "缺料"})),
    (("dispute", {"reason": "不属本单位"}),),
    (("return", {"reason": "不属本单位"}),),
)


async def _act(
    found: Living, duty: str, unit: str, matter: str, number: int, *steps: _Step
) -> None:
    """Somebody of a unit does this and that to a matter."""
    world = found.world
    world.now = datetime.now(UTC)
    actor = world.actor(duty, unit)
    async with world.as_(actor) as tx:
        for action, facts in steps:
            await desk.act(tx, world.city, actor, matter, number, action, facts)


async def _work(found: Living) -> None:
    """Checkers see that things are so; every unit does something else with its orders."""
    world = found.world
    checks = await world.rows("select id, unit from checks where state = 'arranged' order by id")
    for row in checks[:-2]:
        await _act(found, "checker", row["unit"], "check", row["id"], ("pass", {}))
    await world.work()
    turns: dict[str, int] = {}
    orders = await world.rows(
        "select id, unit, place::text as place from orders"
        " where state = 'issued' and role = 'lead' order by id"
    )
    for row in orders:
        district = row["place"].split(".")[1]
        turns[district] = turns.get(district, -1) + 1
        steps = [
            (
                action,
                {**facts, "against": f"{district}_housing"} if action == "dispute" else facts,
            )
            for action, facts in _STEPS[turns[district] % len(_STEPS)]
        ]
        await _act(found, "handler", row["unit"], "order", row["id"], *steps)
    await world.work()


async def _look(found: Living) -> None:
    """What lies in the database now, with what must stay secret of it."""
    world = found.world
    marks = {
        row["case_id"]: row["text"].rpartition("暗号")[2]
        for row in await world.rows("select case_id, text from reports where case_id is not null")
    }
    numbers = {row["id"]: row["number"] for row in await world.rows("select id, number from cases")}
    for sort, each in desk.PROCEDURES.items():
        rows = await world.rows(f"select *, place::text as path from {each.relation} order by id")
        found.things[sort] = [
            Thing(
                sort,
                row["id"],
                row["path"],
                tuple(row["parties"]),
                (f"暗号{marks[case]}", numbers[case])
                if (case := _case_of(sort, row)) in marks
                else (),
            )
            for row in rows
        ]
    last = found.things["report"][-1].id
    row = await world.row("select case_id from reports where id = $1", last)
    found.photo_case = row["case_id"]


def _case_of(sort: str, row: Any) -> int | None:
    found: int | None = row["id"] if sort == "case" else row["case_id"]
    return found

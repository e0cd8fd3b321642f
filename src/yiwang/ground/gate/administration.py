"""Routes of the administration of people and of systems' keys.

An administrator reaches what their unit's place holds; nobody appoints or resets themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from yiwang.ground.authority import rules as authority
from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.gate.doors import AtGate, holds
from yiwang.ground.gate.shapes import (
    ActiveIn,
    AppointmentIn,
    AppointmentOut,
    IssuedOut,
    KeyIn,
    KeyMadeOut,
    KeyOut,
    PersonIn,
    PersonOut,
    StepOut,
    appointment_out,
    key_out,
    person_out,
    step_out,
)
from yiwang.ground.identity import service as people
from yiwang.ground.identity import totp
from yiwang.ground.identity.model import Appointment, Issued, Person
from yiwang.ground.ledger import store as record
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.web.paging import After, Cursor, Limit, Page
from yiwang.kit.web.problems import documented

DUTIES = "sysadmin|secadmin"
# What became of an account; who signed in when, and how they like their pages, is their own.
TOLD = frozenset(
    {
        "person.create",
        "person.appoint",
        "person.end_appointment",
        "person.reset",
        "person.open",
        "person.close",
        "person.change_password",
        "person.set_second_factor",
    }
)
_STEPS = 500  # of the record's newest, looked through for these
router = APIRouter(prefix="/api/v1", tags=["administration"])

Admin = Annotated[Actor, holds(DUTIES)]
PersonId = Annotated[int, Path(ge=1, lt=2**63)]
Id = Annotated[int, Path(ge=1, lt=2**63)]
_READ = documented((401, 403, 404, 422, 429, 503))
_WRITE = documented((400, 401, 403, 404, 409, 413, 422, 429, 503))


def _post_place(city: City, post: str) -> tuple[str, str]:
    """The path and the unit a post belongs to; the city's own where it left the pack."""
    found = city.posts.get(post)
    if found is None or found.unit not in city.unit_paths:
        return city.root_path, ""
    return city.unit_paths[found.unit], found.unit


def _reaches(actor: Actor, city: City, post: str) -> bool:
    place, unit = _post_place(city, post)
    return authority.judge(actor, DUTIES, place, (unit,) if unit else ()).allowed


def _require_post(actor: Actor, city: City, post: str) -> str:
    """The path of a known post that this administrator reaches."""
    if post not in city.posts:
        raise Refusal("identity.post_unknown", post=post)
    place, unit = _post_place(city, post)
    authority.require(actor, DUTIES, place, (unit,) if unit else ())
    return place


def _sees(actor: Actor, city: City, held: Iterable[Appointment]) -> bool:
    """Whether any post of a person is reached; one without posts belongs to the whole city."""
    posts = [row.post for row in held]
    if not posts:
        return authority.judge(actor, DUTIES, city.root_path).allowed
    return any(_reaches(actor, city, post) for post in posts)


async def _seen(
    tx: Tx, actor: Actor, city: City, number: int, *, whole: bool = False
) -> tuple[Person, list[Appointment]]:
    """A person this administrator sees; with `whole`, all of whose posts they reach."""
    person = await people.person_of(tx, number)
    held = await people.appointments_of(tx, [number])
    if not _sees(actor, city, held):
        raise Refusal("identity.person_missing", person=number)
    if whole:
        for row in held:
            place, unit = _post_place(city, row.post)
            authority.require(actor, DUTIES, place, (unit,) if unit else ())
    return person, held


def _place(city: City, held: list[Appointment]) -> str:
    return _post_place(city, held[0].post)[0] if held else city.root_path


def _issued(issued: Issued, held: list[Appointment], city: City) -> IssuedOut:
    secret, person = issued.totp_secret, issued.person
    issuer = city.pack.title.say("en")
    return IssuedOut(
        person=person_out(person, held),
        password=issued.password,
        totp_secret=secret,
        enrolment=totp.enrolment(secret, person.login, issuer) if secret else None,
    )


@router.get("/persons", responses=_READ)
async def list_persons(
    gate: AtGate,
    actor: Admin,
    limit: Limit = 50,
    after: After = None,
    search: Annotated[str, Query(max_length=64)] = "",
) -> Page[PersonOut]:
    """The people I administer, by login. 人员列表。"""
    city = gate.city
    last = Cursor.decode(after, str)[0] if after else ""
    found: list[PersonOut] = []
    async with gate.keeping() as tx:
        more = True
        while more and len(found) <= limit:
            rows = await people.persons(tx, last, search, limit + 1)
            more = len(rows) > limit
            held: defaultdict[int, list[Appointment]] = defaultdict(list)
            for row in await people.appointments_of(tx, [row.id for row in rows]):
                held[row.person].append(row)
            found += [person_out(p, held[p.id]) for p in rows if _sees(actor, city, held[p.id])]
            last = rows[-1].login if rows else last
    page = found[:limit]
    following = Cursor.encode([page[-1].login]) if len(found) > limit else None
    return Page(items=page, next=following, total=None)


@router.post("/persons", status_code=201, responses=_WRITE)
async def add_person(body: PersonIn, gate: AtGate, actor: Admin) -> IssuedOut:
    """A new person with their first post; password and second factor are shown once. 新增人员。"""
    place = _require_post(actor, gate.city, body.post)
    async with gate.keeping() as tx:
        issued, created = await people.create_person(
            tx,
            body.login,
            body.name,
            instance=gate.secret,
            phone=body.phone,
            email=body.email,
            language=body.language,
        )
        made, appointed = await people.appoint(
            tx, issued.person.id, body.post, gate.city.posts, by=actor.name, by_person=actor.person
        )
        await gate.record(tx, actor, [created, appointed], place)
    return _issued(issued, [made], gate.city)


@router.get("/persons/{number}", responses=_READ)
async def get_person(number: PersonId, gate: AtGate, actor: Admin) -> PersonOut:
    """One person. 人员。"""
    async with gate.keeping() as tx:
        return person_out(*await _seen(tx, actor, gate.city, number))


@router.patch("/persons/{number}", responses=_WRITE)
async def open_or_close(number: PersonId, body: ActiveIn, gate: AtGate, actor: Admin) -> PersonOut:
    """Open or close an account; closing ends its sessions. 启用或停用账号。"""
    async with gate.keeping() as tx:
        _, held = await _seen(tx, actor, gate.city, number, whole=True)
        person, _, change = await people.set_active(tx, number, body.active, by_person=actor.person)
        await gate.record(tx, actor, [change], _place(gate.city, held))
    gate.forget(name=f"person:{number}")
    return person_out(person, held)


@router.post("/persons/{number}/reset", responses=_WRITE)
async def reset(number: PersonId, gate: AtGate, actor: Admin) -> IssuedOut:
    """A new password and second factor, shown once; all sessions end. 重置凭据。"""
    async with gate.keeping() as tx:
        _, held = await _seen(tx, actor, gate.city, number, whole=True)
        issued, _, change = await people.reset(
            tx, number, instance=gate.secret, by_person=actor.person
        )
        await gate.record(tx, actor, [change], _place(gate.city, held))
    gate.forget(name=f"person:{number}")
    return _issued(issued, held, gate.city)


@router.get("/persons/{number}/appointments", responses=_READ)
async def list_appointments(number: PersonId, gate: AtGate, actor: Admin) -> list[AppointmentOut]:
    """The posts a person holds or will hold. 任职。"""
    async with gate.keeping() as tx:
        _, held = await _seen(tx, actor, gate.city, number)
    return [appointment_out(row) for row in held]


@router.post("/persons/{number}/appointments", status_code=201, responses=_WRITE)
async def appoint(
    number: PersonId, body: AppointmentIn, gate: AtGate, actor: Admin
) -> AppointmentOut:
    """Give a person a post. 任命。"""
    place = _require_post(actor, gate.city, body.post)
    async with gate.keeping() as tx:
        await _seen(tx, actor, gate.city, number)
        made, change = await people.appoint(
            tx,
            number,
            body.post,
            gate.city.posts,
            by=actor.name,
            by_person=actor.person,
            since=body.since,
            until=body.until,
        )
        await gate.record(tx, actor, [change], place)
    gate.forget(name=f"person:{number}")
    return appointment_out(made)


@router.delete("/persons/{number}/appointments/{appointment}", status_code=204, responses=_WRITE)
async def end_appointment(number: PersonId, appointment: Id, gate: AtGate, actor: Admin) -> None:
    """Let an appointment end now. 免职。"""
    async with gate.keeping() as tx:
        _, held = await _seen(tx, actor, gate.city, number)
        place = gate.city.root_path
        for row in held:
            if row.id == appointment:
                place, unit = _post_place(gate.city, row.post)
                authority.require(actor, DUTIES, place, (unit,) if unit else ())
        change = await people.end_appointment(tx, number, appointment, by_person=actor.person)
        await gate.record(tx, actor, [change], place)
    gate.forget(name=f"person:{number}")


@router.get("/persons/{number}/history", responses=_READ)
async def person_history(
    request: Request, number: PersonId, gate: AtGate, actor: Admin
) -> list[StepOut]:
    """What became of an account, the newest first: who appointed, ended, reset. 人员的变更记录。"""
    async with gate.keeping() as tx:
        await _seen(tx, actor, gate.city, number)
    async with gate.begin(request, actor) as tx:
        events = await record.read_matter(tx.conn, "person", number, _STEPS)
        told = [event for event in events if event.action in TOLD]
        makers = {n for row in told if (n := _person_in(row.actor)) is not None}
        names = await people.names_of(tx, makers)
    return [step_out(row, names.get(_person_in(row.actor) or 0)) for row in told]


def _key_path(city: City, place: str, unit: str | None) -> str:
    found = city.tree.find(place)
    if found is None:
        raise Refusal("identity.place_unknown", place=place)
    if unit is not None and unit not in city.units:
        raise Refusal("identity.unit_unknown", unit=unit)
    return found.path


def _require_key(actor: Actor, city: City, place: str, unit: str | None) -> str:
    """The path of a key's place, reached by this administrator, and its unit's too."""
    path = _key_path(city, place, unit)
    authority.require(actor, DUTIES, path, ())
    if unit is not None:
        authority.require(actor, DUTIES, city.unit_paths[unit], (unit,))
    return path


def _sees_key(actor: Actor, city: City, place: str) -> bool:
    found = city.tree.find(place)
    path = city.root_path if found is None else found.path
    return authority.judge(actor, DUTIES, path).allowed


@router.get("/keys", responses=_READ)
async def list_keys(gate: AtGate, actor: Admin) -> list[KeyOut]:
    """The keys of other systems that I administer. 系统密钥。"""
    async with gate.keeping() as tx:
        rows = [row for row in await people.keys(tx) if _sees_key(actor, gate.city, row.place)]
        makers = {n for row in rows if (n := _person_in(row.created_by)) is not None}
        names = await people.names_of(tx, makers)
    return [key_out(row, names.get(_person_in(row.created_by) or 0)) for row in rows]


def _person_in(name: str) -> int | None:
    """The number of the person an actor's name is of; None for a command or the platform."""
    sort, _, number = name.partition(":")
    return int(number) if sort == "person" and number.isdigit() else None


@router.post("/keys", status_code=201, responses=_WRITE)
async def add_key(body: KeyIn, gate: AtGate, actor: Admin) -> KeyMadeOut:
    """A new key; its token is shown once. 新增密钥。"""
    path = _require_key(actor, gate.city, body.place, body.unit)
    async with gate.keeping() as tx:
        made, token, change = await people.create_key(
            tx,
            body.name,
            body.system,
            body.scopes,
            body.place,
            by=actor.name,
            unit=body.unit,
            expires=body.expires_at,
        )
        await gate.record(tx, actor, [change], path)
    return KeyMadeOut(**key_out(made, actor.title).model_dump(), token=token)


@router.delete("/keys/{number}", status_code=204, responses=_WRITE)
async def revoke_key(number: Id, gate: AtGate, actor: Admin) -> None:
    """Take a key away for good. 撤销密钥。"""
    async with gate.keeping() as tx:
        key = await people.key(tx, number)
        if not _sees_key(actor, gate.city, key.place):
            raise Refusal("identity.key_missing", key=number)
        change = await people.revoke_key(tx, number)
        found = gate.city.tree.find(key.place)
        await gate.record(tx, actor, [change], found.path if found else "")
    gate.forget(name=f"key:{number}")

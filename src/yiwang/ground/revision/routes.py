"""Routes of the administration of the city's data: items, revisions, their difference and check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.gate.doors import AtGate, holds
from yiwang.ground.packs.effective import holds as holds_on
from yiwang.ground.procedure import service as procedure
from yiwang.ground.revision import choices, rules, service, store
from yiwang.ground.revision.items import MODELS, items
from yiwang.ground.revision.lifecycle import DRAFTS, REVISIONS
from yiwang.ground.revision.model import Revision, Sort
from yiwang.ground.revision.shapes import (
    ActionIn,
    DraftIn,
    EditIn,
    choice_out,
    difference_out,
    finding_out,
    item_out,
    revision_out,
    row_out,
    schema_of,
)
from yiwang.kit.errors import Refusal
from yiwang.kit.web.conditions import seen_version, tag
from yiwang.kit.web.paging import After, Cursor, Limit
from yiwang.kit.web.problems import documented

router = APIRouter(prefix="/api/v1/administration", tags=["administration"])

Author = Annotated[Actor, holds(DRAFTS)]
Decider = Annotated[Actor, holds("sysadmin|secadmin")]
Reader = Annotated[Actor, holds("sysadmin|secadmin|auditor|steward")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
State = Literal["draft", "submitted", "approved", "in_force", "rejected", "withdrawn"]
Words = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]
Codes = Annotated[Sequence[Annotated[str, Field(max_length=400)]], Query(max_length=200)]
ItemName = Annotated[str, Query(min_length=1, max_length=400, pattern=r"^[^\x00]*$")]

_READ = documented((401, 403, 404, 422, 429, 503))
_WRITE = documented((400, 401, 403, 404, 409, 412, 413, 422, 429, 503))
_ENCODER = msgspec.json.Encoder()


def _reply(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(_ENCODER.encode(body), status, headers, "application/json")


@router.get("/items", responses=_READ, response_model=dict[str, Any])
async def list_sorts(gate: AtGate, _: Reader) -> Response:
    """The sorts of items that can be revised, how many, and their form. 可修订的数据类别。"""
    pack = gate.city.pack
    rows = [
        {"sort": sort.value, "count": len(getattr(pack, sort.value)), "schema": schema_of(sort)}
        for sort in MODELS
        if sort is not Sort.APPOINTMENTS
    ]
    return _reply({"items": rows})


@router.get("/items/{sort}", responses=_READ, response_model=dict[str, Any])
async def list_items(
    request: Request,
    sort: Sort,
    gate: AtGate,
    actor: Reader,
    q: Words = "",
    place: Words = "",
    on: date | None = None,
    valid: bool = False,
    revised: bool | None = None,
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """The items of a sort, as they are or as of a day (`on`): of the past, or as approved to come.
    `valid` keeps those whose own dates hold that day. 数据条目列表，可查看任意日期的状态。"""
    if sort is Sort.APPOINTMENTS:
        raise Refusal("revision.with_people")
    city = gate.city
    today = city.day(gate.now(request))
    found: Any = items(city.pack, sort)
    async with gate.begin(request, actor) as tx:
        if on is not None and on != today:
            found = await service.items_as_of(tx, city, found, sort, on)
        by = service.revised_by(await store.in_force(tx, await store.base(tx)), sort)
    last = max(0, Cursor.decode(after, int)[0]) if after else 0
    wanted = q.lower()
    rows = [
        (name, body)
        for name, body in found.items()
        if (not wanted or wanted in _said(city, name, body))
        and (not place or body.get("place") == place)
        and (revised is None or (name in by) == revised)
        and (not valid or _valid(sort, body, on or today))
    ]
    page = rows[last : last + limit]
    end = last + limit
    return _reply(
        {
            "items": [item_out(name, body, by.get(name)) for name, body in page],
            "next": Cursor.encode([end]) if end < len(rows) else None,
            "total": len(rows),
        }
    )


def _said(city: City, name: str, body: Any) -> str:
    """All that an item says, and what the codes in it are called."""
    texts = [name]
    for said in choices.names_in(city, body):
        texts += [said.zh, said.en]
    for value in body.values():
        if isinstance(value, dict):
            texts += [part for part in value.values() if isinstance(part, str)]
        elif isinstance(value, str):
            texts.append(value)
        elif isinstance(value, list):
            texts += [part for part in value if isinstance(part, str)]
    return "\n".join(texts).lower()


def _valid(sort: Sort, body: Any, day: date) -> bool:
    if "valid_from" not in body:
        return True
    return holds_on(_Dated(str(body.get("place", "")), *_dates(body)), day)


def _dates(body: Any) -> tuple[date | None, date | None]:
    first, last = body["valid_from"], body["valid_to"]
    return (
        date.fromisoformat(first) if first else None,
        date.fromisoformat(last) if last else None,
    )


class _Dated(msgspec.Struct, frozen=True):
    place: str
    valid_from: date | None
    valid_to: date | None


@router.get("/items/{sort}/history", responses=_READ, response_model=dict[str, Any])
async def item_history(
    request: Request, sort: Sort, item: ItemName, gate: AtGate, actor: Reader
) -> Response:
    """Every revision of an item: who, when, why, before and after. 条目的修订历史。"""
    async with gate.begin(request, actor) as tx:
        found = await store.of_item(tx, sort, item)
        names = await _names(tx, found)
        known = await store.staffed(tx, gate.city.pack, rules.logins_of([(sort, item, None)]))
    rows = [
        {**row_out(row, names), "before": change.before, "after": change.after}
        for row in found
        for change in row.parts
        if change.sort is sort and change.item == item
    ]
    present = items(known, sort).get(item)
    if present is None and not rows:
        raise Refusal("revision.item_missing", sort=sort.value, item=item)
    return _reply({"item": item, "present": present, "items": rows})


async def _names(tx: Any, revisions: list[Revision]) -> dict[int, str]:
    return await store.names(tx, [n for row in revisions for n in (row.author, row.decided_by)])


@router.get("/choices/{of}", responses=_READ, response_model=dict[str, Any])
async def list_choices(
    of: choices.Of, gate: AtGate, _: Reader, q: Words = "", code: Codes = (), limit: Limit = 20
) -> Response:
    """Codes that may stand in a field, by what they are called; `code` asks for the names of
    some. 字段可选的代码及名称。"""
    found = choices.named(gate.city, of, code) if code else choices.search(gate.city, of, q, limit)
    return _reply({"items": [choice_out(row) for row in found]})


@router.get("/revisions", responses=_READ, response_model=dict[str, Any])
async def list_revisions(
    request: Request,
    gate: AtGate,
    actor: Reader,
    state: Annotated[list[State] | None, Query()] = None,
    q: Words = "",
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """Revisions, the newest first. 修订列表。"""
    last = Cursor.decode(after, int)[0] if after else None
    async with gate.begin(request, actor) as tx:
        found = await store.page(tx, state or (), q, last, limit + 1)
        names = await _names(tx, found)
    page = found[:limit]
    following = Cursor.encode([page[-1].id]) if len(found) > limit else None
    return _reply({"items": [row_out(row, names) for row in page], "next": following})


@router.post("/revisions", status_code=201, responses=_WRITE, response_model=dict[str, Any])
async def add_revision(request: Request, body: DraftIn, gate: AtGate, actor: Author) -> Response:
    """A new draft. 起草修订。"""
    async with gate.begin(request, actor) as tx:
        made = await service.draft(tx, gate.city, actor, body.wanted())
        names = await _names(tx, [made])
    return _reply(revision_out(gate.city, actor, made, names), 201, etag=tag(made.version))


@router.get("/revisions/{number}", responses=_READ, response_model=dict[str, Any])
async def get_revision(request: Request, number: Number, gate: AtGate, actor: Reader) -> Response:
    """A revision with its changes and what I may do. 修订详情及可执行的动作。"""
    async with gate.begin(request, actor) as tx:
        found = await procedure.find(tx, REVISIONS, number)
        names = await _names(tx, [found])
    return _reply(revision_out(gate.city, actor, found, names), etag=tag(found.version))


@router.put("/revisions/{number}", responses=_WRITE, response_model=dict[str, Any])
async def edit_revision(
    request: Request, number: Number, body: EditIn, gate: AtGate, actor: Author
) -> Response:
    """Write my draft anew, against what is in force now. 修改草稿。"""
    version = body.version if body.version is not None else seen_version(request)
    async with gate.begin(request, actor) as tx:
        found = await service.edit(tx, gate.city, actor, number, body.wanted(), version)
        names = await _names(tx, [found])
    return _reply(revision_out(gate.city, actor, found, names), etag=tag(found.version))


@router.get("/revisions/{number}/difference", responses=_READ, response_model=dict[str, Any])
async def difference(request: Request, number: Number, gate: AtGate, actor: Reader) -> Response:
    """What it changes, field by field, and what that touches of what is open. 差异与影响。"""
    async with gate.begin(request, actor) as tx:
        found = await procedure.find(tx, REVISIONS, number)
        waits = found.state in ("draft", "submitted", "approved")
        touches = await service.touches(tx, gate.city, found) if waits else None
    return _reply(difference_out(found.parts, touches))


@router.get("/revisions/{number}/check", responses=_READ, response_model=dict[str, Any])
async def check(request: Request, number: Number, gate: AtGate, actor: Reader) -> Response:
    """What the pack's checker says of the city as this would make it. 校验结果。"""
    async with gate.begin(request, actor) as tx:
        found = await procedure.find(tx, REVISIONS, number)
        errors = await service.check(tx, gate.city.pack, found)
    return _reply({"ok": not errors, "errors": [finding_out(error) for error in errors]})


@router.post(
    "/revisions/{number}/actions/{action}", responses=_WRITE, response_model=dict[str, Any]
)
async def act(
    request: Request,
    number: Number,
    action: Annotated[str, Path(min_length=1, max_length=40)],
    body: ActionIn,
    gate: AtGate,
    actor: Decider,
) -> Response:
    """Submit or withdraw my draft; approve or reject somebody else's. 提交、撤回、批准、不批准。"""
    version = body.version if body.version is not None else seen_version(request)
    async with gate.begin(request, actor) as tx:
        found = await service.act(tx, gate.city, actor, number, action, body.facts, version)
        names = await _names(tx, [found])
    return _reply(revision_out(gate.city, actor, found, names), etag=tag(found.version))


@router.post(
    "/revisions/{number}/reversal",
    status_code=201,
    responses=_WRITE,
    response_model=dict[str, Any],
)
async def take_back(request: Request, number: Number, gate: AtGate, actor: Author) -> Response:
    """A new draft that restores what a revision in force changed. 回退为修订前的内容（新草稿）。"""
    async with gate.begin(request, actor) as tx:
        made = await service.take_back(tx, gate.city, actor, number)
        names = await _names(tx, [made])
    return _reply(revision_out(gate.city, actor, made, names), 201, etag=tag(made.version))

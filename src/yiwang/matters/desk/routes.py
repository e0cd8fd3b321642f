"""Routes to every matter: one, its history, its actions, and many actions at once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.clock import SimulatedClock
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, gate_of
from yiwang.ground.gate.service import Gate
from yiwang.ground.identity import service as identity
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.shapes import show
from yiwang.kit import words
from yiwang.kit.errors import Refusal
from yiwang.kit.web.conditions import seen_version, tag
from yiwang.kit.web.lanes import NUMBER, Lane, plain_json, plain_key
from yiwang.kit.web.problems import document, documented
from yiwang.matters.checking import account
from yiwang.matters.desk import bulk, once, service
from yiwang.matters.desk.timeline import people_in, show_history

router = APIRouter(prefix="/api/v1", tags=["matters"])

_READERS = anybody_signed_in(scope="cases:read")
_WRITERS = anybody_signed_in(scope="cases:write")
Staff = Annotated[Actor, _READERS]
Actors = Annotated[Actor, _WRITERS]
ActionName = Annotated[str, Path(min_length=1, max_length=40)]
ActionKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern="^[ -~]+$",
        description="One for each action; sent again within 30 days, it is not done again but"
        " answered as it was / 每个动作一个键，30 天内重复发送不会重复执行，返回首次的结果",
    ),
]
Endpoint = Callable[..., Awaitable[Response]]
Number = Annotated[int, Field(ge=1, lt=2**63)]

_ENCODER = msgspec.json.Encoder()
_CANONICAL = msgspec.json.Encoder(order="deterministic")
_JSON = "application/json"
PLURALS = {
    "case": "cases",
    "order": "orders",
    "check": "checks",
    "approval": "approvals",
    "dispute": "disputes",
}


class ActionIn(BaseModel):
    """The facts that come with an action, and the version of the matter that was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"facts": {"reason": "不属于本单位职责"}, "version": 3}]},
    )
    facts: dict[str, Any] = Field(default_factory=dict)
    version: int | None = Field(None, ge=1, lt=2**31)


class ReportRef(BaseModel):
    """A report as another system knows it; it stands for its case, or that case's lead order."""

    model_config = ConfigDict(extra="forbid")
    system: str = Field(min_length=1, max_length=80)
    external_id: str = Field(min_length=1, max_length=200)


class ItemIn(BaseModel):
    """One of many actions: on a matter by its id, or by a report another system knows."""

    model_config = ConfigDict(extra="forbid")
    matter: Literal["case", "order", "check", "approval", "dispute"]
    action: str = Field(min_length=1, max_length=40)
    id: int | None = Field(None, ge=1, lt=2**63)
    report: ReportRef | None = None
    facts: dict[str, Any] = Field(default_factory=dict)
    version: int | None = Field(None, ge=1, lt=2**31)
    at: AwareDatetime | None = None


class BulkIn(BaseModel):
    """Up to 500 actions, done in their order; each succeeds or fails alone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"items": [{"matter": "order", "id": 7, "action": "accept"}]}]
        },
    )
    items: list[ItemIn] = Field(min_length=1, max_length=bulk.MOST)


def reply(body: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer, encoded once."""
    return Response(_ENCODER.encode(body), status, headers, _JSON)


@router.get(
    "/cases/{number}/history",
    responses=documented((401, 403, 404, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def get_history(request: Request, number: Number, gate: AtGate, actor: Staff) -> Response:
    """Everything that happened to a case, and who used how much time. 案件全过程与各环节用时。"""
    async with gate.begin(request, actor) as tx:
        found = await account.history(tx, gate.city, number)
        names = await identity.names_of(tx, people_in(found))
    return reply(show_history(gate.city, found, names))


async def _get(request: Request, gate: Gate, actor: Actor, name: str, number: int) -> Response:
    kind = service.PROCEDURES[name]
    async with gate.begin(request, actor) as tx:
        matter = await procedure.find(tx, kind, number)
    return reply(show(gate.city, actor, kind, matter), etag=tag(matter.version))


def _getter(name: str) -> Endpoint:
    async def get_matter(request: Request, number: Number, gate: AtGate, actor: Staff) -> Response:
        return await _get(request, gate, actor, name, number)

    return get_matter


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An action somebody asks for."""

    matter: str
    number: int
    action: str
    facts: dict[str, Any]
    version: int | None
    key: str | None


async def _act(request: Request, gate: Gate, actor: Actor, wanted: _Wanted) -> Response:
    name, number, action = wanted.matter, wanted.number, wanted.action
    version = wanted.version if wanted.version is not None else seen_version(request)
    async with gate.begin(request, actor) as tx:
        if wanted.key is not None:
            facts = _CANONICAL.encode(wanted.facts)
            digest = once.digest_of(name, number, action, version, facts)
            known = await once.recall(tx, actor, wanted.key, digest)
            if known is not None:
                return Response(known.body, 200, {"ETag": known.etag}, _JSON)
        after = await service.act(tx, gate.city, actor, name, number, action, wanted.facts, version)
        shown = show(gate.city, actor, service.PROCEDURES[name], after)
        given = once.Answer(_ENCODER.encode(shown), tag(after.version))
        if wanted.key is not None:
            await once.remember(tx, actor, wanted.key, given)
    return Response(given.body, 200, {"ETag": given.etag}, _JSON)


def _doer(name: str) -> Endpoint:
    async def act(
        request: Request,
        number: Number,
        action: ActionName,
        body: ActionIn,
        gate: AtGate,
        actor: Actors,
        key: ActionKey = None,
    ) -> Response:
        wanted = _Wanted(name, number, action, body.facts, body.version, key)
        return await _act(request, gate, actor, wanted)

    return act


for _name, _plural in PLURALS.items():
    _said = words.label("matter", _name)
    router.add_api_route(
        f"/{_plural}/{{number}}",
        _getter(_name),
        methods=["GET"],
        operation_id=f"get_{_name}",
        summary=f"One {_said['en']} with the actions I may do now. "
        f"查看{_said['zh']}及可执行的动作。",
        responses=documented((401, 403, 404, 422, 429, 503)),
        response_model=dict[str, Any],
    )
    router.add_api_route(
        f"/{_plural}/{{number}}/actions/{{action}}",
        _doer(_name),
        methods=["POST"],
        operation_id=f"act_on_{_name}",
        summary=f"Do one action to a {_said['en']}; the answer is how it is afterwards. "
        f"对{_said['zh']}执行一个动作，返回执行后的{_said['zh']}。",
        responses=documented((400, 401, 403, 404, 409, 412, 413, 422, 429, 503)),
        response_model=dict[str, Any],
    )


class _PlainAction(msgspec.Struct, forbid_unknown_fields=True):
    """What :class:`ActionIn` holds, where it is plainly right."""

    facts: dict[str, Any] = {}
    version: Annotated[int, msgspec.Meta(ge=1, lt=2**31)] | None = None


_PLAIN_ACTION = msgspec.json.Decoder(_PlainAction)
_MATTERS = {plural: name for name, plural in PLURALS.items()}
_ANY = "|".join(_MATTERS)


async def _plain_get(request: Request, plural: str, number: str) -> Response | None:
    actor = await _READERS.dependency(request)
    return await _get(request, gate_of(request), actor, _MATTERS[plural], int(number))


async def _plain_act(request: Request, plural: str, number: str, action: str) -> Response | None:
    body = await plain_json(request, _PLAIN_ACTION)
    right, key = plain_key(request)
    if body is None or not right:
        return None
    actor = await _WRITERS.dependency(request)
    wanted = _Wanted(_MATTERS[plural], int(number), action, body.facts, body.version, key)
    return await _act(request, gate_of(request), actor, wanted)


LANES = (
    Lane(
        "POST",
        re.compile(f"/api/v1/({_ANY})/{NUMBER}/actions/([a-z_]{{1,40}})"),
        _plain_act,
    ),
    Lane("GET", re.compile(f"/api/v1/({_ANY})/{NUMBER}"), _plain_get),
)


@router.post(
    "/actions",
    responses=documented((400, 401, 403, 413, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def act_bulk(request: Request, body: BulkIn, gate: AtGate, actor: Actors) -> Response:
    """Many actions at once; each item says whether it was done. 批量执行动作，逐项返回结果。"""
    if not isinstance(gate.clock, SimulatedClock) and any(item.at for item in body.items):
        raise Refusal("desk.at_refused")
    items = [_item(row) for row in body.items]
    latest = max((row.at for row in body.items if row.at), default=None)
    async with gate.db.begin(actor.scope, latest or gate.now(request)) as tx:
        outcomes = await bulk.act_all(tx, gate.city, actor, items)
    rows = [_outcome(outcome, actor) for outcome in outcomes]
    return reply({"items": rows, "done": sum(row["ok"] for row in rows)})


def _item(row: ItemIn) -> bulk.Item:
    if (row.id is None) == (row.report is None):
        raise Refusal("desk.item_address")
    at: datetime | None = row.at
    return bulk.Item(
        matter=row.matter,
        action=row.action,
        id=row.id,
        system=row.report.system if row.report else "",
        external_id=row.report.external_id if row.report else "",
        facts=row.facts,
        version=row.version,
        at=at,
    )


def _outcome(outcome: bulk.Outcome, actor: Actor) -> dict[str, Any]:
    if outcome.refusal is not None:
        return {"ok": False, "problem": document(outcome.refusal, actor.language)}
    matter = outcome.matter
    return {"ok": True, "id": matter.id, "state": matter.state, "version": matter.version}

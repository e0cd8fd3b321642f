"""Routes of the desk to reports: what is done to one, and cases that are filed at once."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request, Response

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, gate_of, holds
from yiwang.ground.gate.service import Gate
from yiwang.ground.procedure.facts import parse_facts
from yiwang.ground.procedure.shapes import show
from yiwang.kit.errors import Refusal
from yiwang.kit.web.conditions import seen_version, tag
from yiwang.kit.web.lanes import Lane
from yiwang.kit.web.problems import documented
from yiwang.matters.cases import filing
from yiwang.matters.cases.filing import Filing
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.desk.routes import ActionIn
from yiwang.matters.sources.bodies import CaseBody, read_case
from yiwang.matters.sources.model import Source
from yiwang.matters.sources.receipts import Seals, number_of
from yiwang.matters.sources.receiving import COLUMNS, Receiver, Sender, sender_of
from yiwang.matters.sources.routes import Number, reply, view

router = APIRouter(prefix="/api/v1", tags=["reports"])

Actors = Annotated[Actor, anybody_signed_in(scope="cases:write")]
_FILERS = holds("intake|collector", scope="cases:write")
Filers = Annotated[Actor, _FILERS]

_SCHEMA: dict[str, Any] = msgspec.json.schema(CaseBody)["$defs"]["CaseBody"]
_PARTS: dict[str, Any] = msgspec.json.schema(CaseBody)["$defs"]
_EXAMPLE = {
    "kind": "component/2007/0102",
    "text": "市民来电反映污水井盖破损。",
    "lon": 121.4787,
    "lat": 31.2385,
    "reporter": {"name": "王先生", "phone": "13800000000"},
}


def _inline(schema: Any) -> Any:
    """A schema without references, for a document whose components are made elsewhere."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inline(_PARTS[schema["$ref"].rpartition("/")[2]])
        return {name: _inline(part) for name, part in schema.items()}
    return [_inline(part) for part in schema] if isinstance(schema, list) else schema


@router.post(
    "/reports/{number}/actions/{action}",
    responses=documented((400, 401, 403, 404, 409, 412, 413, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def act_on_report(
    request: Request, number: Number, action: str, body: ActionIn, gate: AtGate, actor: Actors
) -> Response:
    """Do one action to a report at the desk: correct, file, attach, reject ... 处理上报。"""
    version = body.version if body.version is not None else seen_version(request)
    facts = parse_facts(body.facts)
    async with gate.begin(request, actor) as tx:
        after = await filing.act(tx, gate.city, actor, number, action, facts, version)
        found = await view(tx, gate.city, actor, after)
    return reply(found, etag=tag(after.version))


@router.post(
    "/cases",
    status_code=201,
    responses=documented((400, 401, 403, 404, 409, 413, 415, 422, 429, 503)),
    response_model=dict[str, Any],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inline(_SCHEMA), "example": _EXAMPLE}},
        }
    },
)
async def file_case(request: Request, gate: AtGate, actor: Filers) -> Response:
    """File a case at once: what the hotline takes down, what a patrol finds or fixes. 直接立案。

    With the same Idempotency-Key and body the same case is answered again, with 200.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0]
    if kind.strip().lower() != "application/json":
        raise Refusal("web.media_type")
    body = read_case(await request.body())
    sender = sender_of(actor, "cases:write")
    if body.fixed_on_the_spot and body.source is None and Source.PATROL in sender.sources:
        body.source = Source.PATROL
    if body.place is None and body.lon is None:
        raise Refusal("sources.place_needed")
    wanted = _filing(request, gate, body, sender)
    status = 201
    try:
        async with gate.begin(request, actor) as tx:
            case, report = await filing.file_now(tx, gate.city, actor, wanted)
    except Refusal as refusal:
        if refusal.code != "sources.key_known":
            raise
        status = 200
        async with gate.begin(request, actor) as tx:
            case, report = await filing.filed_before(tx, wanted)
    found = show(gate.city, actor, CASES, case)
    number = number_of(report)
    found["receipt"] = {"number": number, "token": Seals(gate.secret).token(number)}
    return reply(found, status, etag=tag(case.version), location=f"/api/v1/cases/{case.id}")


async def _plain_file(request: Request) -> Response | None:
    return await file_case(request, gate_of(request), await _FILERS.dependency(request))


LANES = (Lane("POST", re.compile("/api/v1/cases"), _plain_file),)


def _filing(request: Request, gate: Gate, body: CaseBody, sender: Sender) -> Filing:
    key = request.headers.get("idempotency-key")
    taking = Receiver.of(gate.city).receive(body, sender, key, gate.now(request))
    row = dict(zip(COLUMNS, taking.row, strict=True))
    return Filing(
        kind=row["kind"],
        text=row["text"],
        source=Source(row["source"]),
        system=row["system"],
        digest=taking.digest,
        key=row["key"],
        title=row["title"],
        address=row["address"],
        place=body.place,
        lon=row["lon"],
        lat=row["lat"],
        happened_at=row["happened_at"],
        external_id=row["external_id"],
        attributes=row["attributes"],
        language=row["language"],
        synthetic=row["synthetic"],
        urgent=row["urgent"],
        dispatch=body.dispatch is not False,
        fixed=bool(body.fixed_on_the_spot),
        reporter=(row["name"], row["phone"], row["email"]),
        collector=row["collector"],
    )

"""The route that answers while somebody writes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, public
from yiwang.ground.gate.service import Gate
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.shapes import place_name, show_plain
from yiwang.kit.db import Tx
from yiwang.kit.errors import Fault, Refusal
from yiwang.kit.web.limits import Buckets
from yiwang.kit.web.problems import documented
from yiwang.matters.assist import suggesting
from yiwang.matters.assist.suggesting import Judged, Likeness, Wish
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.sources.routes import reply

router = APIRouter(prefix="/api/v1", tags=["assistance"])

Public = Annotated[Actor, public()]
_TOWN = 3  # steps of a path down to a town: city, district, town
_RATE, _BURST = 8.0, 60  # of one stranger's address: somebody types, a household shares it


class SuggestIn(BaseModel):
    """What is written so far; `kind` is the key its writer chose, if any."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "路边垃圾箱满了没人清", "lon": 121.478, "lat": 31.236}]
        },
    )
    text: str = Field("", max_length=10_000, pattern=r"^[^\x00]*$")
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)
    address: str = Field("", max_length=500, pattern=r"^[^\x00]*$")
    kind: str | None = Field(None, min_length=1, max_length=200)


def new_buckets() -> Buckets:
    """How often strangers may ask, one for each service (`app.state.suggesting`)."""
    return Buckets(_RATE, _BURST)


def _require_patience(request: Request, actor: Actor) -> None:
    """Refuse a stranger who asks faster than anybody types."""
    if actor.holdings:
        return
    buckets: Buckets = request.app.state.suggesting
    address = request.client.host if request.client else ""
    grant = buckets.take(address, time.monotonic())
    if not grant.granted:
        raise Refusal("web.too_many", retry_s=math.ceil(grant.wait_s), rate=f"{_RATE:g}")


def _wish(body: SuggestIn) -> Wish:
    if (body.lon is None) != (body.lat is None):
        missing = "lat" if body.lat is None else "lon"
        fault = Fault(f"/{missing}", "sources.position_incomplete", {"field": missing})
        raise Refusal("web.request_invalid", faults=[fault])
    return Wish(body.text, body.lon, body.lat, body.address, body.kind)


@router.post(
    "/suggest",
    responses=documented((400, 403, 404, 413, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def suggest(request: Request, body: SuggestIn, gate: AtGate, actor: Public) -> Response:
    """Kind, place, limit and similar open cases of what is being written; staff also see the unit
    and the cases in full. 边写边建议：类别、地点、时限与附近相似案件。"""
    _require_patience(request, actor)
    city, now = gate.city, gate.now(request)
    judged = suggesting.judge(city, _wish(body), now)
    place = suggesting.show_place(judged)
    if place is not None:
        path = judged.report.place
        place["name"] = place_name(city, path)
        place["town_name"] = place_name(city, ".".join(path.split(".")[:_TOWN]))
    found: dict[str, Any] = {
        "kinds": suggesting.show_kinds(city, judged.kinds),
        "place": place,
        "limit": suggesting.show_limit(city, judged, now),
        "similar": await _similar(request, gate, actor, judged),
    }
    if actor.holdings:
        found["unit"] = suggesting.show_unit(city, judged, now)
    return reply(found)


async def _similar(
    request: Request, gate: Gate, actor: Actor, judged: Judged
) -> list[dict[str, Any]]:
    """What is alike, in public columns; whoever may see a case gets it whole beside them."""
    if judged.report.spot is None:
        return []
    async with gate.begin(request, actor) as tx:
        alike = await suggesting.similar(tx, gate.city, judged)
        found = [one.found for one in alike]
        whole = await _whole(tx, gate, actor, found) if actor.holdings else {}
    shown = []
    for one in alike:
        case = whole.get(one.found.case_id)
        if one.public is not None:
            shown.append(one.public | ({"case": case} if case else {}))
    return shown


async def _whole(
    tx: Tx, gate: Gate, actor: Actor, alike: Sequence[Likeness]
) -> dict[int, dict[str, Any]]:
    rows = await tx.fetch(
        f"select {', '.join(CASES.names())} from cases where id = any($1)",
        [one.case_id for one in alike],
    )
    cases = [CASES.read(row) for row in rows]
    return {
        case.id: {
            **show_plain(gate.city, CASES, case),
            "actions": [rule.action for rule in procedure.possible(CASES, actor, case)],
        }
        for case in cases
    }

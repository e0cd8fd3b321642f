"""Routes to people at work: who is on a case, who is on duty, what a caller reported before, whom a
handler has to contact."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, holds
from yiwang.kit.web.problems import documented
from yiwang.matters.assist import callers, presence, reporters, roster
from yiwang.matters.assist.model import Role, Shift
from yiwang.matters.sources.routes import reply

router = APIRouter(prefix="/api/v1", tags=["assistance"])

Staff = Annotated[Actor, anybody_signed_in(scope="cases:read")]
Person = Annotated[Actor, anybody_signed_in()]
Chief = Annotated[Actor, holds("duty_chief")]
Planner = Annotated[Actor, holds("duty_chief|checker")]
Agent = Annotated[Actor, holds("intake", scope="persons:read")]
Handler = Annotated[Actor, holds("handler", scope="persons:read")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Code = Annotated[str, Query(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]
Start = Annotated[AwareDatetime, Query(alias="from")]
End = Annotated[AwareDatetime, Query(alias="to")]
Words = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]

_READ = documented((401, 403, 404, 422, 429, 503))
_READ_IN_HAND = documented((401, 403, 404, 409, 422, 429, 503))
_WRITE = documented((400, 401, 403, 404, 409, 413, 422, 429, 503))


class PresenceIn(BaseModel):
    """A heartbeat: whether one writes just now, or leaves."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"writing": True}]})
    writing: bool = False
    leaving: bool = False


@router.post("/cases/{number}/presence", responses=_WRITE, response_model=dict[str, Any])
async def beat(
    request: Request, number: Number, body: PresenceIn, gate: AtGate, actor: Person
) -> Response:
    """Say that I have a case open, every 20 s; the answer is who else has. 同时在看本案的人员。"""
    # people meet by the real clock, also where the matters run on a simulated one
    async with gate.db.begin(actor.scope, gate.real.now()) as tx:
        if body.leaving:
            await presence.leave(tx, actor, number)
            found = []
        else:
            await presence.beat(tx, actor, number, writing=body.writing)
            found = await presence.others(tx, actor, number)
    seconds = round(presence.BEAT.total_seconds())
    return reply({"others": found, "again_in_s": seconds})


class ShiftIn(BaseModel):
    """One person on duty from `since` until `until`."""

    model_config = ConfigDict(extra="forbid")
    role: Role
    person: int = Field(ge=1, lt=2**63)
    since: AwareDatetime
    until: AwareDatetime


class RosterIn(BaseModel):
    """All shifts of the centre that begin in the window."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "shifts": [
                        {
                            "role": "duty_chief",
                            "person": 12,
                            "since": "2026-03-10T08:00:00+08:00",
                            "until": "2026-03-10T20:00:00+08:00",
                        }
                    ]
                }
            ]
        },
    )
    shifts: list[ShiftIn] = Field(max_length=1000)


@router.get("/roster", responses=_READ, response_model=dict[str, Any])
async def get_roster(
    request: Request, gate: AtGate, actor: Staff, unit: Code, start: Start, end: End
) -> Response:
    """Who is on duty in a centre in a window of time. 值班表。"""
    async with gate.begin(request, actor) as tx:
        found = await roster.planned(tx, gate.city, unit, start, end)
    return reply({"unit": unit, "items": found})


@router.put("/roster", responses=_WRITE, response_model=dict[str, Any])
async def put_roster(
    request: Request,
    body: RosterIn,
    gate: AtGate,
    actor: Chief,
    unit: Code,
    start: Start,
    end: End,
) -> Response:
    """Plan a window of a centre's roster, recorded; only its duty chief may. 编排值班表。"""
    shifts = [_shift(row) for row in body.shifts]
    async with gate.begin(request, actor) as tx:
        found = await roster.plan(tx, gate.city, actor, unit, start, end, shifts)
    return reply({"unit": unit, "items": found})


def _shift(row: ShiftIn) -> Shift:
    since: datetime = row.since
    until: datetime = row.until
    return Shift(since, until, row.role, row.person)


@router.get("/roster/now", responses=_READ, response_model=dict[str, Any])
async def get_roster_now(
    request: Request,
    gate: AtGate,
    actor: Staff,
    place: Annotated[str | None, Query(min_length=1, max_length=80)] = None,
) -> Response:
    """Who is on duty now, for a place and above it. 当前值班人员。"""
    async with gate.begin(request, actor) as tx:
        found = await roster.on_duty(tx, gate.city, place)
        moment = tx.now
    return reply({"moment": moment.isoformat(), "centres": found})


@router.get("/roster/people", responses=_READ, response_model=dict[str, Any])
async def get_people(request: Request, gate: AtGate, actor: Planner, unit: Code) -> Response:
    """Who works in a unit and may be planned or assigned there. 单位在岗人员。"""
    async with gate.begin(request, actor) as tx:
        found = await roster.people(tx, gate.city, unit)
    return reply({"unit": unit, "items": found})


@router.get("/callers", responses=_READ, response_model=dict[str, Any])
async def look_up_caller(
    request: Request,
    gate: AtGate,
    actor: Agent,
    phone: Annotated[str, Query(min_length=1, max_length=40, pattern=r"^[^\x00]*$")],
    reason: Words = "call",
) -> Response:
    """What was reported from this number before; every look-up is recorded with its reason.
    来电历史：该号码的既往上报（每次查询留痕）。"""
    async with gate.begin(request, actor) as tx:
        found = await callers.look_up(tx, gate.city, actor, phone, reason, gate.secret)
    return reply(found)


@router.get("/orders/{number}/reporters", responses=_READ_IN_HAND, response_model=dict[str, Any])
async def look_up_reporters(
    request: Request, number: Number, gate: AtGate, actor: Handler
) -> Response:
    """Whom to contact about an order my unit has in hand; every look is recorded.
    先行联系：本单位在办工单的反映人（每次查看留痕）。"""
    async with gate.begin(request, actor) as tx:
        found = await reporters.look_up(tx, actor, number)
    return reply(found)

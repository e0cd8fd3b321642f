"""Routes to people at work: who is on a case, who is on duty, what a caller reported before, whom a
handler has to contact."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, holds
from yiwang.kit.web.conditions import seen_tags
from yiwang.kit.web.problems import documented
from yiwang.matters.assist import callers, presence, reporters, roster, rules
from yiwang.matters.assist.model import Plan, Role, Shift
from yiwang.matters.checking import assigning
from yiwang.matters.feed.streaming import Poller
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
_PLAN = documented((400, 401, 403, 404, 409, 412, 413, 422, 429, 503))


class PresenceIn(BaseModel):
    """A heartbeat: whether one writes just now, or leaves."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"writing": True}]})
    writing: bool = False
    leaving: bool = False


@router.post("/cases/{number}/presence", responses=_WRITE, response_model=dict[str, Any])
async def beat(
    request: Request, number: Number, body: PresenceIn, gate: AtGate, actor: Person
) -> Response:
    """Say that I have a case open, every 20 s; the answer is who else has. What changes between is
    told as `presence` by the stream of events. 同时在看本案的人员。"""
    # people meet by the real clock, also where the matters run on a simulated one
    async with gate.db.begin(actor.scope, gate.real.now()) as tx:
        news = True
        if body.leaving:
            await presence.leave(tx, actor, number)
        else:
            news = await presence.beat(tx, actor, number, writing=body.writing)
        here = await presence.here(tx, number)
    if news:
        _feed(request).tell_presence(number, here)
    others = [] if body.leaving else [row for row in here if row["person"] != actor.person]
    seconds = round(presence.BEAT.total_seconds())
    return reply({"others": others, "again_in_s": seconds})


def _feed(request: Request) -> Poller:
    feed = request.app.state.feed
    if not isinstance(feed, Poller):
        raise TypeError("app.state.feed is not a Poller")
    return feed


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
    """Who is on duty in a centre in a window of time; its ETag is what `PUT` wants to see in
    If-Match. 值班表。"""
    async with gate.begin(request, actor) as tx:
        found = await roster.planned(tx, gate.city, unit, start, end)
    return _roster(unit, found)


@router.put("/roster", responses=_PLAN, response_model=dict[str, Any])
async def put_roster(
    request: Request,
    body: RosterIn,
    gate: AtGate,
    actor: Chief,
    unit: Code,
    start: Start,
    end: End,
) -> Response:
    """Plan a window of a centre's roster, recorded; only its duty chief may. With If-Match only
    what was seen is replaced. 编排值班表。"""
    wish = Plan(unit, start, end, tuple(_shift(row) for row in body.shifts), seen_tags(request))
    async with gate.begin(request, actor) as tx:
        found = await roster.plan(tx, gate.city, actor, wish)
    return _roster(unit, found)


def _roster(unit: str, found: list[dict[str, Any]]) -> Response:
    return reply({"unit": unit, "items": found}, etag=f'"{rules.digest_of(found)}"')


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


@router.get("/checks/{number}/people", responses=_READ, response_model=dict[str, Any])
async def get_checkers(request: Request, number: Number, gate: AtGate, actor: Planner) -> Response:
    """Who of its unit may take a check, whoever has the fewest first. 可承接该核查的人员。"""
    async with gate.begin(request, actor) as tx:
        found = await assigning.people(tx, gate.city, number)
    return reply({"items": found})


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

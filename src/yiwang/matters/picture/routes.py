"""Routes of the picture: areas, the open cases and their changes, past moments, hexagons."""

from __future__ import annotations

import asyncio
import gzip
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, public
from yiwang.ground.packs.model import Level
from yiwang.kit.web.conditions import unchanged
from yiwang.kit.web.problems import documented
from yiwang.kit.web.sse import last_event_id
from yiwang.matters.picture import cells, rules, service
from yiwang.matters.picture.audience import FRAME_S
from yiwang.matters.picture.service import PictureRoom
from yiwang.matters.picture.streaming import ChangeStream

__all__ = ["PictureRoom", "router"]

router = APIRouter(prefix="/api/v1", tags=["picture"])

LASTS_S = 900  # a stream ends after this, and the next one begins with today's duties
_AREAS_S = 300  # how long an answer about areas is good without asking again

Public = Annotated[Actor, public(unasked=True)]
Staff = Annotated[Actor, anybody_signed_in(scope="cases:read")]
Code = Annotated[
    str | None, Query(max_length=80, description="A place; the whole city without it / 地点编码")
]
At = Annotated[
    AwareDatetime | None, Query(description="A past moment, from the record / 过去的时刻")
]
_PROBLEMS = documented((401, 403, 404, 422, 429, 503))
_CHANGE = {
    "type": "object",
    "description": "One event of the stream (HTML, 9.2); comments keep it alive",
    "properties": {
        "id": {"type": "string", "description": "The cursor, for `since` or `Last-Event-ID`"},
        "event": {"enum": ["changes", "reset", "lag"]},
        "data": {
            "type": "string",
            "description": (
                "JSON. changes: cursor, set [id, number, lon, lat, kind, place, state, flags, due,"
                " reported, what], gone [id], steps [seconds, id, action]; reset: ask for the"
                " picture again; lag: read too slowly, go on with the cursor"
            ),
        },
    },
}


def _room(request: Request) -> PictureRoom:
    room = request.app.state.picture
    if not isinstance(room, PictureRoom):
        raise TypeError("app.state.picture is not a PictureRoom")
    return room


async def _answer(
    request: Request, body: bytes, media_type: str = "application/json", **headers: str
) -> Response:
    """A gzipped body as the caller takes it."""
    headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = await asyncio.to_thread(gzip.decompress, body)
    return Response(body, media_type=media_type, headers=headers)


@router.get(
    "/areas",
    responses={**documented((404, 422, 429, 503)), 304: {"description": "Not changed"}},
    response_model=dict[str, Any],
)
async def areas(
    request: Request, _: Public, parent: Code = None, level: Level | None = None
) -> Response:
    """The areas within a place to be drawn, as GeoJSON; neighbours share their border exactly.
    地图底图：某地点之下的区划边界。"""
    sheet = await _room(request).areas(parent, level)
    kept = {"ETag": sheet.tag, "Cache-Control": f"public, max-age={_AREAS_S}"}
    if unchanged(request, sheet.tag):
        return Response(status_code=304, headers={**kept, "Vary": "Accept-Encoding"})
    return await _answer(request, sheet.body, **kept)


@router.get("/picture", responses=_PROBLEMS, response_model=dict[str, Any])
async def picture(
    request: Request, gate: AtGate, actor: Staff, place: Code = None, at: At = None
) -> Response:
    """All open cases I may see, in columns: now, or at a past moment.
    实时全景：我可见的全部未结案件，可回看任意时刻。"""
    reach = service.reach_of(actor, gate.city, place)
    now = gate.now(request)
    if at is None:
        return await _answer(request, await _room(request).pictures.show(reach, now))
    rules.check_moment(at, now)
    async with gate.begin(request, actor) as tx:
        body = await service.show_moment(tx, at, reach.within)
    return await _answer(request, body)


@router.get("/picture/past", responses=_PROBLEMS, response_model=dict[str, Any])
async def past(
    request: Request,
    gate: AtGate,
    actor: Staff,
    since: Annotated[AwareDatetime, Query(alias="from")],
    until: Annotated[AwareDatetime, Query(alias="to")],
    place: Code = None,
) -> Response:
    """Every change of a window, to play it back from the picture at its beginning: seconds, id,
    state (null: no longer open, or no longer mine to see), lon, lat, kind, place, flags, action.
    时段回放：某时段内的全部变化。"""
    rules.check_window(since, until)
    reach = service.reach_of(actor, gate.city, place)
    async with gate.begin(request, actor) as tx:
        body = await service.play_back(tx, since, until, reach.within)
    return await _answer(request, body)


@router.get(
    "/picture/changes",
    response_class=Response,
    responses={
        **_PROBLEMS,
        200: {
            "description": "Server-sent events, at most four a second",
            "content": {"text/event-stream": {"schema": _CHANGE}},
        },
    },
)
async def changes(
    request: Request,
    gate: AtGate,
    actor: Staff,
    since: Annotated[
        str | None, Query(max_length=60, description="The cursor of a picture")
    ] = None,
    place: Code = None,
    seconds: Annotated[
        float, Query(gt=0, le=LASTS_S, description="How long the stream lasts / 持续秒数")
    ] = LASTS_S,
) -> Response:
    """What changes in the picture after a cursor, as it happens; Last-Event-ID counts for `since`.
    全景的实时变化，凭游标续接。"""
    given = last_event_id(request) or since
    cursor = rules.parse_cursor(given) if given else None
    reach = service.reach_of(actor, gate.city, place)
    audience = _room(request).audience
    audience.require_room(actor.name)
    await audience.follower.catch_up(FRAME_S)
    return ChangeStream(audience, actor.name, reach, cursor, seconds)


@router.get("/cells", responses=_PROBLEMS, response_model=dict[str, Any])
async def count_cells(
    request: Request,
    gate: AtGate,
    actor: Staff,
    resolution: Annotated[
        int, Query(ge=cells.COARSEST, le=cells.FINEST, description="H3 / 六边形级别")
    ] = 8,
    place: Code = None,
    at: At = None,
) -> Response:
    """The open cases I may see by hexagon (H3), with how many are overdue, now or at a past moment.
    热力：按六边形统计的未结案件。"""
    reach = service.reach_of(actor, gate.city, place)
    now = gate.now(request)
    if at is None:
        return await _answer(request, await _room(request).count_cells(reach, resolution, now))
    rules.check_moment(at, now)
    async with gate.begin(request, actor) as tx:
        body = await service.count_cells_at(tx, at, reach.within, resolution)
    return await _answer(request, body)

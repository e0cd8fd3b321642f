"""Routes of the screen: its layout, and each panel's figures."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, holds
from yiwang.kit.errors import Refusal
from yiwang.kit.web.problems import documented
from yiwang.matters.panels import service, shapes
from yiwang.matters.panels.model import Lookback

router = APIRouter(prefix="/api/v1/panels", tags=["screen"])

Staff = Annotated[Actor, anybody_signed_in(scope="cases:read")]
Chief = Annotated[Actor, holds(service.DUTY)]
Mode = Annotated[str, Path(min_length=1, max_length=40, description="daily, special, emergency")]
Name = Annotated[str, Path(min_length=1, max_length=40)]
PlaceCode = Annotated[
    str | None, Query(max_length=80, description="Code of a place, else one's own / 区域代码")
]
At = Annotated[
    AwareDatetime | None, Query(description="A past moment, else now / 过去时刻，默认当前")
]
_ENCODE = msgspec.json.Encoder().encode


def _json(body: Any) -> Response:
    return Response(_ENCODE(body), media_type="application/json")


@router.get(
    "",
    response_model=shapes.ScreenOut,
    responses=documented((401, 403, 404, 422, 429, 503)),
)
async def get_screen(
    request: Request, gate: AtGate, actor: Staff, place: PlaceCode = None
) -> Response:
    """What the screen shows in each mode, as its centre arranged it or by the pack. 大屏布局。"""
    city = gate.city
    found = service.reach(city, actor, place)
    async with gate.begin(request, actor) as tx:
        layouts = await service.layouts(tx, city, found)
        screen = service.screen_of(city, found.path, tx.now)
    try:
        service.own_place(city, actor, found.code)
        may = True
    except Refusal:
        may = False
    return _json(shapes.show_screen(found, screen, layouts, may))


@router.put(
    "/{mode}",
    response_model=shapes.LayoutOut,
    responses=documented((400, 401, 403, 404, 413, 422, 429, 503)),
)
async def arrange(
    request: Request,
    mode: Mode,
    body: shapes.LayoutIn,
    gate: AtGate,
    actor: Chief,
    place: PlaceCode = None,
) -> Response:
    """Arrange one mode of one's centre's screen. 布置本中心大屏的一种模式。"""
    panels = [row.model_dump() for row in body.panels]
    async with gate.begin(request, actor) as tx:
        layout = await service.arrange(tx, gate.city, actor, mode, place, panels)
    return _json(shapes.show_layout(layout))


@router.delete(
    "/{mode}",
    response_model=shapes.LayoutOut,
    responses=documented((401, 403, 404, 422, 429, 503)),
)
async def reset(
    request: Request, mode: Mode, gate: AtGate, actor: Chief, place: PlaceCode = None
) -> Response:
    """Go back to the layout above one's own; the answer is what holds now. 恢复上级布局。"""
    async with gate.begin(request, actor) as tx:
        layout = await service.reset(tx, gate.city, actor, mode, place)
    return _json(shapes.show_layout(layout))


@router.get(
    "/{mode}/{panel}",
    response_model=shapes.PanelOut,
    responses=documented((401, 403, 404, 422, 429, 503)),
)
async def get_panel(
    request: Request,
    mode: Mode,
    panel: Name,
    gate: AtGate,
    actor: Staff,
    place: PlaceCode = None,
    at: At = None,
    span: Annotated[
        Lookback, Query(description="How far the trend goes back / 趋势跨度")
    ] = Lookback.DAY,
) -> Response:
    """One panel's figures at a place, now or at a past moment. 面板数据。"""
    async with gate.begin(request, actor) as tx:
        shown = await service.ask(tx, gate.city, actor, mode, panel, place, at, span)
    return _json(shapes.show_panel(gate.city, shown))

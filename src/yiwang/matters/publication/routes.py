"""Routes of what the city publishes; everybody may ask, and everybody shares the answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, public
from yiwang.ground.gate.service import Gate
from yiwang.ground.packs.model import Level, Place
from yiwang.kit.db import Scope, Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.web.paging import Limit
from yiwang.kit.web.problems import documented
from yiwang.matters.publication import service, shapes
from yiwang.matters.publication.lists import CASE_LIST
from yiwang.matters.publication.rules import Figures
from yiwang.matters.publication.shelf import Shelf

router = APIRouter(prefix="/api/v1/public", tags=["publication"])

Anybody = Annotated[Actor, public(unasked=True)]
Next = Annotated[
    str | None, Query(max_length=512, description="`next` of the page before / 上一页的 `next`")
]
PlaceCode = Annotated[str | None, Query(max_length=80)]
Number = Annotated[str, Path(min_length=1, max_length=60)]
FILE_MOST = 5_000
_PAGE = 200
_FIGURES_S = 60.0  # figures of months are shared for a minute: adding up all towns is work
_ENCODE = msgspec.json.Encoder().encode
_SCOPE = Scope("public")
_PAGING = ("limit", "cursor", "sort", "format", "language")
_JSON = "application/json"


def _shelf(request: Request) -> Shelf:
    state = request.app.state
    if not hasattr(state, "public_shelf"):
        state.public_shelf = Shelf()
    shelf: Shelf = state.public_shelf
    return shelf


async def _at_shelf(request: Request) -> Shelf:
    return _shelf(request)


AtShelf = Annotated[Shelf, Depends(_at_shelf)]


def _begin(gate: Gate, request: Request) -> AbstractAsyncContextManager[Tx]:
    return gate.db.begin(_SCOPE, gate.now(request))


def _given(request: Request) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if name in found:
            raise Refusal("listing.filter_twice", filter=name)
        found[name] = text
    return {name: text for name, text in found.items() if name not in _PAGING}


def _key(request: Request, **asked: Any) -> str:
    parts = sorted(_given(request).items()) + sorted(asked.items())
    return f"{request.url.path}?{parts!r}"


def _made(make: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[bytes]]:
    async def encoded() -> bytes:
        return _ENCODE(await make())

    return encoded


_LIST = documented((404, 422, 429, 503))
_FILTERS = {"parameters": CASE_LIST.parameters()}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file 文件",
        "content": {
            "text/csv": {"schema": {"type": "string", "format": "binary"}},
            "application/geo+json": {"schema": {"type": "object"}},
        },
    }
}


@router.get("/cases", response_model=shapes.PublicCases, responses=_LIST, openapi_extra=_FILTERS)
async def list_cases(
    request: Request,
    gate: AtGate,
    shelf: AtShelf,
    _: Anybody,
    limit: Limit = 50,
    cursor: Next = None,
) -> Response:
    """Published cases: of the last 30 days, or as `days` or `state=open` says. 公开案件。"""
    city, sort = gate.city, request.query_params.get("sort")
    given = _given(request)

    async def make() -> Any:
        async with _begin(gate, request) as tx:
            rows, following = await service.cases(tx, city, given, sort, limit, cursor)
            now = tx.now
        settings = service.settings_of(city, now)
        return {
            "items": [shapes.show_case(city, row, now) for row in rows],
            "next": following,
            "licence": shapes.licence(settings),
            "position_m": settings.metres,
        }

    key = _key(request, limit=limit, cursor=cursor, sort=sort)
    return await shelf.answer(request, key, _JSON, _made(make))


@router.get(
    "/export",
    response_class=Response,
    responses={**_LIST, **_FILES},
    openapi_extra=_FILTERS,
)
async def export_cases(
    request: Request,
    gate: AtGate,
    shelf: AtShelf,
    _: Anybody,
    form: Annotated[Literal["csv", "geojson"], Query(alias="format")] = "csv",
    language: Literal["zh", "en"] = "zh",
) -> Response:
    """Published cases as open data, under the licence in the file. 开放数据下载。"""
    city, sort = gate.city, request.query_params.get("sort")
    given = _given(request)

    async def make() -> bytes:
        rows: list[Any] = []
        async with _begin(gate, request) as tx:
            cursor: str | None = None
            while True:
                page, cursor = await service.cases(tx, city, given, sort, _PAGE, cursor)
                rows += page
                if cursor is None:
                    break
                if len(rows) >= FILE_MOST:
                    raise Refusal("publication.too_many_rows", most=FILE_MOST)
            now = tx.now
        settings = service.settings_of(city, now)
        if form == "csv":
            return shapes.as_csv(city, rows, settings, language, now)
        return _ENCODE(shapes.as_geojson(city, rows, settings, now))

    media = "text/csv; charset=utf-8" if form == "csv" else "application/geo+json"
    key = _key(request, form=form, language=language, sort=sort)
    name = f"cases.{form}"
    return await shelf.answer(request, key, media, make, name=name)


@router.get("/cases/{number}", response_model=shapes.PublicCasePage, responses=_LIST)
async def get_case(
    request: Request, number: Number, gate: AtGate, shelf: AtShelf, _: Anybody
) -> Response:
    """One published case: in plain words, what happened and what comes next. 公开案件详情。"""
    city = gate.city

    async def make() -> Any:
        async with _begin(gate, request) as tx:
            row = await service.case(tx, number)
            shown = await service.photos(tx, city, row)
            now = tx.now
        return shapes.show_page(city, row, shown, service.settings_of(city, now), now)

    return await shelf.answer(request, _key(request), _JSON, _made(make))


@router.get("/map", response_model=shapes.PublicMap, responses=_LIST)
async def get_map(
    request: Request, gate: AtGate, shelf: AtShelf, _: Anybody, place: PlaceCode = None
) -> Response:
    """Every open case that has a published position, by columns. 公开地图。"""
    city = gate.city
    found = service.published_place(city, place)

    async def make() -> Any:
        async with _begin(gate, request) as tx:
            rows = await service.open_cases(tx, found.path)
            now = tx.now
        return shapes.show_map(rows, service.settings_of(city, now), now)

    return await shelf.answer(request, _key(request), _JSON, _made(make))


@router.get("/places", response_model=shapes.PublicPlaces, responses=_LIST)
async def list_places(
    request: Request,
    gate: AtGate,
    shelf: AtShelf,
    _: Anybody,
    level: Literal["city", "district", "town"] = "town",
    parent: PlaceCode = None,
    months: Annotated[int, Field(ge=1, le=24), Query()] = service.YEAR,
) -> Response:
    """The figures of every place of a level over some months. 各区、街镇公开统计。"""
    city = gate.city
    above = service.published_place(city, parent)

    async def make() -> Any:
        rows = await _places(request, gate, shelf, Level(level), above, months)
        settings = service.settings_of(city, gate.now(request))
        return {
            "months": months,
            "least": settings.least,
            "note": shapes.note(settings.least),
            "licence": shapes.licence(settings),
            "items": [shapes.show_place(place, figures) for place, figures in rows],
        }

    return await shelf.answer(request, _key(request), _JSON, _made(make), kept_s=_FIGURES_S)


async def _places(
    request: Request, gate: Gate, shelf: Shelf, level: Level, above: Place, months: int
) -> list[tuple[Place, Figures]]:
    """The figures of places, which pages of places share for their ranks."""

    async def make() -> list[tuple[Place, Figures]]:
        async with _begin(gate, request) as tx:
            return await service.places(tx, gate.city, level, above, months)

    return await shelf.hold(f"figures {level} {above.code} {months}", make, _FIGURES_S)


@router.get("/places/{code}", response_model=shapes.PublicPlace, responses=_LIST)
async def get_place(
    request: Request,
    code: Annotated[str, Path(min_length=1, max_length=80)],
    gate: AtGate,
    shelf: AtShelf,
    _: Anybody,
) -> Response:
    """A place's page: a year's figures, 24 months, hottest kinds, ranks. 区域公开页面。"""
    city = gate.city
    place = service.published_place(city, code)

    async def make() -> Any:
        alike = await _places(request, gate, shelf, place.level, city.tree.root, service.YEAR)
        async with _begin(gate, request) as tx:
            page = await service.place_page(tx, city, place, alike)
            settings = service.settings_of(city, tx.now)
        return shapes.show_place_page(city, page, settings)

    return await shelf.answer(request, _key(request), _JSON, _made(make), kept_s=_FIGURES_S)

"""Routes of lists and exports."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, gate_of
from yiwang.ground.gate.service import Gate
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.shapes import show_plain
from yiwang.home import Home
from yiwang.kit import words
from yiwang.kit.errors import Refusal
from yiwang.kit.listing import fetch_page
from yiwang.kit.web.lanes import Lane, plain_number
from yiwang.kit.web.paging import MOST, Limit, Page
from yiwang.kit.web.problems import documented
from yiwang.matters.exports import service, store, writing
from yiwang.matters.exports.lists import LISTS, MatterList
from yiwang.matters.exports.model import Export, State, Wish

router = APIRouter(prefix="/api/v1")

_READERS = anybody_signed_in(scope="cases:read")
Staff = Annotated[Actor, _READERS]
_MANY = 50
_LONGEST_CURSOR = 512
ExportId = Annotated[int, Path(ge=1, lt=2**63)]
Next = Annotated[
    str | None,
    Query(max_length=_LONGEST_CURSOR, description="`next` of the page before / 上一页的 `next`"),
]
_ENCODE = msgspec.json.Encoder().encode
_PAGING = ("limit", "cursor", "sort")
_SHOWN = 50
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_ENCODE(body), status, dict(headers or {}), "application/json")


def _given(request: Request) -> tuple[dict[str, str], str | None]:
    """The filters of a query, and its order."""
    found: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if name in found:
            raise Refusal("listing.filter_twice", filter=name)
        found[name] = text
    sort = found.get("sort")
    return {name: text for name, text in found.items() if name not in _PAGING}, sort


async def _page(
    request: Request, gate: Gate, actor: Actor, chosen: MatterList, limit: int, cursor: str | None
) -> Response:
    filters, sort = _given(request)
    city, kind = gate.city, chosen.procedure
    async with gate.look(request, actor) as tx:
        question = chosen.ask(city, actor.scope, filters, sort, tx.now)
        rows, following = await fetch_page(
            tx, chosen.listing, question, kind.names(), limit, cursor
        )
    items = []
    for row in rows:
        matter = kind.read(row)
        item = show_plain(city, kind, matter)
        item["actions"] = [rule.action for rule in procedure.possible(kind, actor, matter)]
        items.append(item)
    return _json({"items": items, "next": following})


def _lister(chosen: MatterList) -> Callable[..., Awaitable[Response]]:
    async def lister(
        request: Request, gate: AtGate, actor: Staff, limit: Limit = _MANY, cursor: Next = None
    ) -> Response:
        return await _page(request, gate, actor, chosen, limit, cursor)

    return lister


async def _plain_list(request: Request, name: str) -> Response | None:
    given = dict(request.query_params)
    limit = plain_number(given, "limit", _MANY, MOST)
    cursor = given.get("cursor")
    if limit is None or len(cursor or "") > _LONGEST_CURSOR:
        return None
    actor = await _READERS.dependency(request)
    return await _page(request, gate_of(request), actor, LISTS[name], limit, cursor)


_DESCRIBED = {
    "cases": "Cases I may see. `sort=due` is the work list: open ones by the clock that runs. "
    "案件列表；`sort=due` 为按时限排序的在办案件。",
    "orders": "Orders I may see; a handler without a place sees those of their own units. "
    "派单列表；处置人员默认查看本单位的派单。",
    "checks": "Checks I may see. 核查列表。",
    "approvals": "Wishes for more time or a pause. 延期与挂账申请列表。",
    "disputes": "Disputes over whose task it is. 权责争议列表。",
}
for _name, _words in _DESCRIBED.items():
    router.add_api_route(
        f"/{_name}",
        _lister(LISTS[_name]),
        methods=["GET"],
        name=f"list_{_name}",
        operation_id=f"list_{_name}",
        tags=["lists"],
        description=_words,
        summary=f"List {_name}",
        response_model=Page[dict[str, Any]],
        responses=documented((401, 403, 422, 429, 503)),
        openapi_extra={"parameters": LISTS[_name].listing.parameters()},
    )

LANES = (Lane("GET", re.compile(f"/api/v1/({'|'.join(_DESCRIBED)})"), _plain_list),)


class ExportIn(BaseModel):
    """A list as a file: the same filters and orders as the list's own route."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "list": "cases",
                    "filters": {"state": "open", "place": "310101"},
                    "sort": "due",
                    "format": "xlsx",
                    "language": "zh",
                }
            ]
        },
    )
    list: Literal["cases", "orders", "checks", "approvals", "disputes", "reports"]
    filters: dict[str, str] = Field(default_factory=dict, max_length=30)
    sort: str | None = Field(None, max_length=40)
    format: Literal["csv", "xlsx"] = "csv"
    language: Literal["zh", "en"] | None = None


class ExportOut(BaseModel):
    """How far an export is. `file` is where to fetch it once it is done."""

    id: int
    state: State
    list: str
    format: str
    language: str
    done: int
    total: int | None
    name: str
    size: int | None
    file: str | None
    error: dict[str, str] | None
    created_at: str
    finished_at: str | None


def _shown(export: Export) -> ExportOut:
    ready = export.state is State.DONE
    code = export.error
    facts = {"rows": export.total, "most": writing.XLSX_MOST}
    told = code and {
        "code": code,
        "zh": words.sentence(code, "zh", facts),
        "en": words.sentence(code, "en", facts),
    }
    return ExportOut(
        id=export.id,
        state=export.state,
        list=export.wish.list,
        format=export.wish.format,
        language=export.wish.language,
        done=export.done,
        total=export.total,
        name=export.file,
        size=export.size if ready else None,
        file=f"/api/v1/exports/{export.id}/file" if ready else None,
        error=told or None,
        created_at=export.created_at.isoformat(),
        finished_at=export.finished_at.isoformat() if export.finished_at else None,
    )


def _home(request: Request) -> Home:
    home = request.app.state.home
    if not isinstance(home, Home):
        raise TypeError("app.state.home is not a Home")
    return home


_READ = documented((401, 403, 404, 422, 429, 503))


@router.post(
    "/exports",
    status_code=202,
    tags=["exports"],
    responses=documented((400, 401, 403, 409, 413, 422, 429, 503)),
)
async def ask_export(
    request: Request, response: Response, body: ExportIn, gate: AtGate, actor: Staff
) -> ExportOut:
    """Ask for a list as a file; it is made in the background. 申请导出，后台生成文件。"""
    language = body.language or actor.language
    wish = Wish(body.list, body.filters, body.sort, body.format, language)
    async with gate.begin(request, actor) as tx:
        export = await service.ask(tx, gate.city, actor, wish)
    response.headers["Location"] = f"/api/v1/exports/{export.id}"
    return _shown(export)


@router.get("/exports", tags=["exports"], responses=documented((401, 403, 429, 503)))
async def list_exports(request: Request, gate: AtGate, actor: Staff) -> list[ExportOut]:
    """My newest exports. 我的导出任务。"""
    async with gate.begin(request, actor) as tx:
        return [_shown(export) for export in await store.latest(tx, _SHOWN)]


@router.get("/exports/{number}", tags=["exports"], responses=_READ)
async def get_export(request: Request, number: ExportId, gate: AtGate, actor: Staff) -> ExportOut:
    """How far an export is. 导出进度。"""
    async with gate.begin(request, actor) as tx:
        return _shown(await service.find(tx, number))


@router.get(
    "/exports/{number}/file",
    tags=["exports"],
    response_class=FileResponse,
    responses={
        **documented((401, 403, 404, 409, 422, 429, 503)),
        200: {
            "description": "The file",
            "content": {
                "text/csv": {"schema": {"type": "string", "format": "binary"}},
                _XLSX: {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
)
async def get_export_file(
    request: Request, number: ExportId, gate: AtGate, actor: Staff
) -> FileResponse:
    """The finished file. 下载导出文件。"""
    async with gate.begin(request, actor) as tx:
        path, export = await service.file_of(tx, _home(request).exports, number)
    media = _XLSX if export.wish.format == "xlsx" else "text/csv"
    return FileResponse(path, media_type=media, filename=export.file)


@router.delete("/exports/{number}", status_code=204, tags=["exports"], responses=_READ)
async def stop_export(request: Request, number: ExportId, gate: AtGate, actor: Staff) -> None:
    """Stop an export and take its file away. 停止导出并删除文件。"""
    async with gate.begin(request, actor) as tx:
        export = await service.stop(tx, gate.city, actor, number)
    writing.remove(_home(request).exports, export.id)

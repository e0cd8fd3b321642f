"""Routes to what is one's own: the work that waits, notices, saved filters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in
from yiwang.kit.errors import Refusal
from yiwang.kit.web.paging import After, Limit
from yiwang.kit.web.problems import documented
from yiwang.matters.assist import filters, notices, work
from yiwang.matters.assist.filters import Wish
from yiwang.matters.sources.routes import reply

router = APIRouter(prefix="/api/v1", tags=["assistance"])

Staff = Annotated[Actor, anybody_signed_in(scope="cases:read")]
Person = Annotated[Actor, anybody_signed_in()]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Id = Annotated[int, Field(ge=1, lt=2**63)]
ListName = Literal["work", "cases", "orders", "checks", "approvals", "disputes", "reports"]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")]
Words = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Unit = Annotated[str, Field(min_length=1, max_length=80)]

_READ = documented((401, 403, 422, 429, 503))
_WRITE = documented((400, 401, 403, 404, 409, 413, 422, 429, 503))


@router.get(
    "/work",
    responses=_READ,
    response_model=dict[str, Any],
    openapi_extra={"parameters": [p for p in work.WORK.parameters() if p["name"] != "sort"]},
)
async def list_work(
    request: Request,
    gate: AtGate,
    actor: Staff,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """What waits for me, of every kind, by the time that is left; with the actions open to me.
    我的待办：按剩余时间排列的各类事项。"""
    given: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if name in given:
            raise Refusal("listing.filter_twice", filter=name)
        if name not in ("limit", "cursor"):
            given[name] = text
    async with gate.begin(request, actor) as tx:
        found = await work.page(tx, gate.city, actor, given, limit, cursor)
    return reply(found)


@router.get("/notices", responses=_READ, response_model=dict[str, Any])
async def list_notices(
    request: Request,
    gate: AtGate,
    actor: Person,
    limit: Limit = 50,
    after: After = None,
    unread: Annotated[bool, Query(description="Only unread ones / 只看未读")] = False,
) -> Response:
    """My notices and my units', unread first. 我的通知与本单位通知，未读在前。"""
    async with gate.begin(request, actor) as tx:
        found = await notices.page(tx, gate.city, actor, limit, after, unread=unread)
    return reply(found)


class ReadIn(BaseModel):
    """Which notices were read: some, or all up to one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"up_to": 120}]})
    ids: list[Id] = Field(default_factory=list, max_length=500)
    up_to: Id | None = None


@router.post("/notices/read", responses=_WRITE, response_model=dict[str, Any])
async def read_notices(request: Request, body: ReadIn, gate: AtGate, actor: Person) -> Response:
    """Mark notices as read, for me alone. 标为已读（仅对本人）。"""
    async with gate.begin(request, actor) as tx:
        left = await notices.mark(tx, actor, body.ids, body.up_to)
    return reply({"unread": left})


class FilterIn(BaseModel):
    """A filter to be kept: the parameters of a list, with `sort` for its order."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"list": "work", "name": "超期", "query": {"overdue": "true"}}]
        },
    )
    list: ListName
    name: Name
    query: dict[str, Words] = Field(default_factory=dict, max_length=30)
    unit: Unit | None = Field(None, description="Share it with this unit of mine / 共享给本单位")


class FilterChangeIn(BaseModel):
    """What changes of a filter; `unit` null takes it back from the unit."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "急"}]})
    name: Name | None = None
    query: dict[str, Words] | None = Field(None, max_length=30)
    unit: Unit | None = None


@router.get("/filters", responses=_READ, response_model=dict[str, Any])
async def list_filters(
    request: Request,
    gate: AtGate,
    actor: Person,
    name: Annotated[ListName | None, Query(alias="list")] = None,
) -> Response:
    """My saved filters, and those shared with my units. 我的筛选与本单位共享的筛选。"""
    async with gate.begin(request, actor) as tx:
        found = await filters.mine(tx, gate.city, actor, name)
    return reply({"items": found})


@router.post("/filters", status_code=201, responses=_WRITE, response_model=dict[str, Any])
async def keep_filter(request: Request, body: FilterIn, gate: AtGate, actor: Person) -> Response:
    """Save a filter of a list. 保存筛选。"""
    wish = Wish(body.list, body.name, body.query, body.unit)
    async with gate.begin(request, actor) as tx:
        found = await filters.keep(tx, gate.city, actor, wish)
    return reply(found, 201)


@router.patch("/filters/{number}", responses=_WRITE, response_model=dict[str, Any])
async def change_filter(
    request: Request, number: Number, body: FilterChangeIn, gate: AtGate, actor: Person
) -> Response:
    """Change a filter of mine. 修改筛选。"""
    given = body.model_dump(exclude_unset=True)
    given = {key: value for key, value in given.items() if key == "unit" or value is not None}
    async with gate.begin(request, actor) as tx:
        found = await filters.change(tx, gate.city, actor, number, given)
    return reply(found)


@router.delete("/filters/{number}", status_code=204, responses=_WRITE)
async def remove_filter(request: Request, number: Number, gate: AtGate, actor: Person) -> None:
    """Take a filter of mine away. 删除筛选。"""
    async with gate.begin(request, actor) as tx:
        await filters.remove(tx, actor, number)

"""What screens and integrators look up: kinds, places, units, lifecycles, facts, figures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, public
from yiwang.ground.packs.model import Level
from yiwang.ground.procedure.facts import VOCABULARY
from yiwang.ground.procedure.shapes import place_name, show_action, show_fact
from yiwang.kit import words
from yiwang.kit.db import Scope
from yiwang.kit.lifecycle import draw
from yiwang.kit.web.problems import documented
from yiwang.matters.desk import figures
from yiwang.matters.desk.routes import reply
from yiwang.matters.desk.service import TABLES

router = APIRouter(prefix="/api/v1", tags=["reference"])

Public = Annotated[Actor, public()]
Staff = Annotated[Actor, anybody_signed_in(scope="cases:read")]
_OPEN_ANSWERS = documented((422, 429, 503))


@router.get("/lifecycles", responses=_OPEN_ANSWERS, response_model=dict[str, Any])
async def lifecycles(_: Public) -> Response:
    """Every lifecycle table: what the platform itself obeys. 全部流程表。"""
    return reply({"items": [_table(name) for name in TABLES]})


def _table(name: str) -> dict[str, Any]:
    table = TABLES[name]
    return {
        "matter": name,
        "label": words.label("matter", name),
        "states": list(table.states),
        "initial": list(table.initial),
        "final": list(table.final),
        "names": {state: words.label("state", state, name) for state in table.states},
        "rules": [
            {
                **show_action(name, rule),
                "start": list(rule.start),
                "end": rule.end,
                "duty": rule.duty,
                "system": rule.system,
                "waits": list(rule.waits),
            }
            for rule in table.rules
        ],
        "diagram": draw(table),
    }


@router.get("/facts", responses=_OPEN_ANSWERS, response_model=dict[str, Any])
async def facts(_: Public) -> Response:
    """The vocabulary of facts that actions take. 动作所需信息的词汇表。"""
    return reply({"items": [show_fact(name) for name in VOCABULARY]})


@router.get("/terms", responses=_OPEN_ANSWERS, response_model=dict[str, Any])
async def terms(_: Public) -> Response:
    """What every code is called: matters, states, actions, duties ... 全部代码的名称。"""
    return reply(words.terms())


@router.get("/kinds", responses=_OPEN_ANSWERS, response_model=dict[str, Any])
async def kinds(request: Request, gate: AtGate, _: Public) -> Response:
    """The kinds of matter that may be filed today. 当前可立案的类别。"""
    city = gate.city
    rows = [
        {
            "key": kind.key,
            "scheme": kind.scheme,
            "version": kind.version,
            "code": kind.code,
            "parent": kind.parent,
            "family": kind.family,
            "name": {"zh": kind.name.zh, "en": kind.name.en},
            "filing": {"zh": kind.filing.zh, "en": kind.filing.en},
            "closing": {"zh": kind.closing.zh, "en": kind.closing.en},
            "urgent": kind.urgent,
            "leaf": not city.taxonomy.children(kind.key),
        }
        for kind in city.taxonomy.kinds(city.day(gate.now(request)))
    ]
    return reply({"items": rows})


@router.get("/places", responses=documented((404, 422, 429, 503)), response_model=dict[str, Any])
async def places(
    gate: AtGate,
    _: Public,
    parent: Annotated[str | None, Query(max_length=80)] = None,
    level: Level | None = None,
    q: Annotated[str | None, Query(max_length=80, description="Part of a name / 名称")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Of what `q` finds")] = 20,
) -> Response:
    """Places under a parent (the city's districts without one), all of a level, or those of any
    level by what is typed of their names. 区域：按上级、层级或名称查找。"""
    tree = gate.city.tree
    if parent is not None:
        tree.get(parent)
    if q is not None:
        path = tree.path(parent) if parent else gate.city.root_path
        found = gate.city.names.find(q, limit, level, path)
    elif level is not None:
        path = tree.path(parent) if parent else gate.city.root_path
        found = [p for p in tree.at_level(level) if gate.city.holds(path, p.path)]
    else:
        found = list(tree.children(parent or gate.city.pack.root))
    rows = [
        {
            "code": place.code,
            "parent": place.parent,
            "level": place.level.value,
            "path": place.path,
            "name": {"zh": place.name.zh, "en": place.name.en},
            "path_name": place_name(gate.city, place.path),
            "origin": place.origin.value,
            "children": len(tree.children(place.code)),
        }
        for place in found
    ]
    return reply({"items": rows})


@router.get(
    "/units", responses=documented((401, 403, 404, 422, 429, 503)), response_model=dict[str, Any]
)
async def units(
    gate: AtGate,
    _: Staff,
    place: Annotated[str | None, Query(max_length=80)] = None,
    function: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """Units, of a place or with a function. 单位。"""
    city = gate.city
    if place is not None:
        city.tree.get(place)
    rows = [
        {
            "code": unit.code,
            "parent": unit.parent,
            "kind": unit.kind.value,
            "place": unit.place,
            "level": unit.level.value,
            "name": {"zh": unit.name.zh, "en": unit.name.en},
            "functions": list(unit.functions),
            "origin": unit.origin.value,
        }
        for unit in city.units.values()
        if (place is None or unit.place == place)
        and (function is None or function in unit.functions)
    ]
    return reply({"items": rows})


@router.get("/figures", responses=documented((401, 403, 429, 503)), response_model=dict[str, Any])
async def get_figures(request: Request, gate: AtGate, actor: Staff) -> Response:
    """Counts, punctuality and the four times of what I may see. 统计：数量、按期率与四项用时。"""
    async with gate.begin(request, actor) as tx:
        found = await figures.figures_of(tx, gate.city)
    return reply(found)


@router.get("/status", responses=documented((429, 503)), response_model=dict[str, Any])
async def status(request: Request, gate: AtGate, _: Public) -> Response:
    """Whether the platform keeps up: what waits, what failed. 运行状态。"""
    scope = Scope("status", places=(gate.city.root_path,))
    async with gate.db.begin(scope, gate.now(request)) as tx:
        found = await figures.status_of(tx)
    city = gate.city.pack
    return reply(
        {
            "city": {"name": city.name, "zh": city.title.zh, "en": city.title.en},
            "pack": city.version,
            "timezone": city.timezone,
            "clock": gate.now(request).isoformat(),
            "notices": list(city.notices),
            **found,
        }
    )

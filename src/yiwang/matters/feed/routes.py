"""Routes of live events and webhooks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, holds
from yiwang.ground.gate.service import Gate
from yiwang.kit.db import Scope
from yiwang.kit.errors import Refusal
from yiwang.kit.web.problems import documented
from yiwang.kit.web.sse import last_event_id
from yiwang.matters.feed import rules, service, store
from yiwang.matters.feed.model import MATTERS, Key, Wanted, Webhook
from yiwang.matters.feed.streaming import Poller, reach_of
from yiwang.matters.feed.webhooks import reachable_in

__all__ = ["Poller", "router"]

router = APIRouter(prefix="/api/v1")

LASTS_S = 900  # a stream ends after this, and the next one begins with today's duties

_EVENT = {
    "type": "object",
    "description": "One event of the stream (HTML, 9.2); comments keep it alive",
    "properties": {
        "id": {"type": "string", "description": "What `Last-Event-ID` resumes after"},
        "event": {"type": "string"},
        "data": {"type": "string", "description": "JSON"},
        "retry": {"type": "integer"},
    },
}

Listening = Annotated[Actor, anybody_signed_in(scope="events")]
Integrating = Annotated[Actor, holds("sysadmin", scope="webhooks")]
Words = Annotated[str | None, Query(max_length=400)]


def _poller(request: Request) -> Poller:
    feed = request.app.state.feed
    if not isinstance(feed, Poller):
        raise TypeError("app.state.feed is not a Poller")
    return feed


def _parts(text: str | None) -> list[str]:
    return [part for part in (text or "").split(",") if part]


def _wanted(
    gate: Gate, matter: str | None, action: str | None, place: str | None, case: int | None
) -> Wanted:
    matters = _parts(matter)
    for name in matters:
        if name not in MATTERS:
            raise Refusal("feed.matter_unknown", matter=name, possible=MATTERS)
    actions = rules.check_actions(_parts(action))
    path = gate.city.tree.path(place) if place else ""
    return Wanted(frozenset(matters), frozenset(actions), path, case)


@router.get(
    "/events",
    tags=["feed"],
    response_class=StreamingResponse,
    responses={
        **documented((401, 403, 404, 422, 429, 503)),
        200: {
            "description": "Server-sent events; each `data` is a CloudEvent 1.0",
            "content": {"text/event-stream": {"schema": _EVENT}},
        },
    },
)
async def listen(
    request: Request,
    gate: AtGate,
    actor: Listening,
    matter: Annotated[str | None, Query(max_length=200, description="case,order …")] = None,
    action: Annotated[str | None, Query(max_length=400, description="case.file,order.* …")] = None,
    place: Annotated[str | None, Query(max_length=80)] = None,
    case: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    seconds: Annotated[
        float, Query(gt=0, le=LASTS_S, description="How long the stream lasts / 持续秒数")
    ] = LASTS_S,
) -> StreamingResponse:
    """What happens, as it happens, as far as it concerns me; Last-Event-ID goes on after an event.
    实时事件，断线后凭 Last-Event-ID 续传。"""
    feed = _poller(request)
    wanted = _wanted(gate, matter, action, place, case)
    given = last_event_id(request)
    resume = rules.parse_key(given) if given else None
    reach = reach_of(actor)
    feed.require_room(reach)
    return StreamingResponse(
        feed.stream(reach, wanted, resume, seconds),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


class WebhookIn(BaseModel):
    """A receiver to be registered. Without `place` and `unit` it gets all the caller reaches;
    `after` names the event (its CloudEvents id) that it begins after, else it begins now."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"url": "https://receiver.example/yiwang", "actions": ["case.*"]}]
        },
    )
    url: str = Field(min_length=8, max_length=2000)
    actions: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field(
        default=["*"], min_length=1, max_length=50
    )
    place: str | None = Field(None, min_length=1, max_length=80)
    unit: str | None = Field(None, min_length=1, max_length=80)
    after: str | None = Field(None, max_length=40)


class WebhookOut(BaseModel):
    """A receiver and how it fares. `cursor` is the id of the last event it took."""

    id: int
    url: str
    actions: list[str]
    place: str
    unit: str | None
    active: bool
    created_at: datetime
    cursor: str
    delivered: int
    delivered_at: datetime | None
    failures: int
    failing_since: datetime | None
    next_at: datetime
    last_error: str | None
    end_reason: str | None


class WebhookMadeOut(WebhookOut):
    """A new receiver with the secret its deliveries are signed with, shown here and never again."""

    secret: str


def _shown(row: Webhook) -> WebhookOut:
    return WebhookOut(
        id=row.id,
        url=row.url,
        actions=list(row.actions),
        place=row.place.rpartition(".")[2],
        unit=row.unit,
        active=row.active,
        created_at=row.created_at,
        cursor=f"{row.cursor[0]}-{row.cursor[1]}",
        delivered=row.delivered,
        delivered_at=row.delivered_at,
        failures=row.failures,
        failing_since=row.failing_since,
        next_at=row.next_at,
        last_error=row.last_error,
        end_reason=row.end_reason,
    )


async def _now(gate: Gate) -> Key:
    """Where the ledger ends now."""
    scope = Scope("platform", places=(gate.city.root_path,))
    async with gate.db.begin(scope, datetime.now(UTC)) as tx:
        return await store.newest(tx)


@router.post(
    "/webhooks",
    status_code=201,
    tags=["feed"],
    responses=documented((400, 401, 403, 404, 409, 413, 422, 429, 503)),
)
async def add_webhook(
    body: WebhookIn, response: Response, gate: AtGate, actor: Integrating
) -> WebhookMadeOut:
    """Register a receiver; its secret is shown once. 登记事件推送地址，密钥仅显示一次。"""
    after = rules.parse_key(body.after) if body.after else await _now(gate)
    await service.check_target(body.url, reachable_in(gate.city, datetime.now(UTC)))
    wish = service.Wish(body.url, body.actions, body.place, body.unit)
    async with gate.keeping() as tx:
        made = await service.register(tx, gate.city, actor, wish, after)
    response.headers["Location"] = f"/api/v1/webhooks/{made.id}"
    return WebhookMadeOut(**_shown(made).model_dump(), secret=rules.secret_text(made.secret))


@router.get("/webhooks", tags=["feed"], responses=documented((401, 403, 429, 503)))
async def list_webhooks(gate: AtGate, actor: Integrating) -> list[WebhookOut]:
    """My receivers, and as an administrator those of my place. 事件推送列表。"""
    async with gate.keeping() as tx:
        return [_shown(row) for row in await service.list_seen(tx, actor)]


@router.delete(
    "/webhooks/{number}",
    status_code=204,
    tags=["feed"],
    responses=documented((401, 403, 404, 422, 429, 503)),
)
async def remove_webhook(
    number: Annotated[int, Path(ge=1, lt=2**63)], gate: AtGate, actor: Integrating
) -> None:
    """Take a receiver away. 删除事件推送。"""
    async with gate.keeping() as tx:
        await service.remove(tx, actor, number)

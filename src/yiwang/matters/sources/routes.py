"""Routes to reports at the desk, and to the photos of every matter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParam
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import FileResponse

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, holds, public
from yiwang.ground.packs.checking import matching
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.shapes import show
from yiwang.home import Home
from yiwang.kit.db import Scope, Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.web.conditions import seen_version, tag
from yiwang.kit.web.problems import documented
from yiwang.matters.media import files as pictures
from yiwang.matters.media import service as media
from yiwang.matters.media import store as photos_store
from yiwang.matters.media.lifecycle import PHOTOS
from yiwang.matters.media.model import Photo, Variant
from yiwang.matters.sources import attachments, listing
from yiwang.matters.sources.attachments import Attachment
from yiwang.matters.sources.lifecycle import REPORTS
from yiwang.matters.sources.model import Report, Source
from yiwang.matters.sources.receipts import Seals, number_of

router = APIRouter(prefix="/api/v1", tags=["reports"])

Staff = Annotated[Actor, anybody_signed_in(scope="reports:read")]
Public = Annotated[Actor, public()]
Number = Annotated[int, Field(ge=1, lt=2**63)]
State = Literal["received", "queued", "filed", "attached", "rejected", "withdrawn"]
Short = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]

_ENCODER = msgspec.json.Encoder()


def home_of(request: Request) -> Home:
    """The home of the service that answers this request (`app.state.home`)."""
    home = request.app.state.home
    if not isinstance(home, Home):
        raise TypeError("app.state.home is not a Home")
    return home


AtHome = Annotated[Home, Depends(home_of)]


def reply(body: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer, encoded once."""
    return Response(_ENCODER.encode(body), status, headers, "application/json")


@router.get(
    "/reports",
    responses=documented((401, 403, 404, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def list_reports(
    request: Request,
    gate: AtGate,
    actor: Staff,
    state: Annotated[list[State] | None, Query()] = None,
    source: Annotated[list[Source] | None, Query()] = None,
    system: Short = None,
    external_id: Short = None,
    kind: Short = None,
    place: Short = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    after_id: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    case: Annotated[int | None, Query(ge=1, lt=2**63, description="Of one case / 某案件的")] = None,
    q: Short = None,
    sort: Literal["id", "-id", "received_at", "-received_at"] = "-id",
    fields: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """Reports I may see, with the case each became. 上报列表（含所属案件）。"""
    wanted = listing.Wanted(
        states=tuple(state or ()),
        sources=tuple(source or ()),
        system=system,
        external_id=external_id,
        kind=kind,
        place=place,
        start=since,
        end=until,
        after_id=after_id,
        case=case,
        search=q,
        sort=sort,
        fields=tuple(fields.split(",")) if fields else listing.FIELDS,
        limit=limit,
        cursor=cursor,
    )
    async with gate.begin(request, actor) as tx:
        found = await listing.reports(tx, gate.city, wanted)
    return reply(found)


@router.get(
    "/reports/{number}",
    responses=documented((401, 403, 404, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def get_report(request: Request, number: Number, gate: AtGate, actor: Staff) -> Response:
    """One report with its photos and what I may do. 查看上报、照片及可执行的动作。"""
    async with gate.begin(request, actor) as tx:
        report = await procedure.find(tx, REPORTS, number)
        found = await view(tx, gate.city, actor, report)
    return reply(found, etag=tag(report.version))


async def view(tx: Tx, city: City, actor: Actor, report: Report) -> dict[str, Any]:
    """A report for whoever asks; its reporter only where they may know who it is."""
    found = show(city, actor, REPORTS, report)
    found["number"] = number_of(report.id)
    photos = (await attachments.of_reports(tx, [report.id])).get(report.id, [])
    found["photos"] = [photo_view(photo) for photo in photos]
    row = await tx.fetchrow(
        "select name, phone, email from reporters where report_id = $1", report.id
    )
    found["reporter"] = dict(row) if row else None
    return found


def photo_view(photo: Attachment, query: str = "") -> dict[str, Any]:
    """A photo as it is listed: where to get it, not the picture itself.

    `href` and `thumbnail` show what is published; the original is for staff (`variant=original`).
    """
    href = f"/api/v1/attachments/{photo.id}{query}"
    return {
        "id": photo.id,
        "role": photo.role,
        "media_type": photo.media_type,
        "size": photo.size,
        "width": photo.width,
        "height": photo.height,
        "lon": photo.lon,
        "lat": photo.lat,
        "taken_at": photo.taken_at,
        "sha256": photo.sha256,
        "state": photo.state,
        "href": href,
        "thumbnail": f"{href}{'&' if query else '?'}variant=thumbnail",
    }


@router.get(
    "/attachments/{number}",
    responses=documented((401, 403, 404, 422, 429, 503))
    | {200: {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}}},
    response_class=Response,
)
async def get_attachment(
    request: Request,
    number: Number,
    gate: AtGate,
    home: AtHome,
    actor: Public,
    receipt: Annotated[str | None, Query(max_length=40)] = None,
    token: Annotated[str, Query(max_length=64)] = "",
    variant: Variant = Variant.PUBLISHED,
) -> Response:
    """A photo with faces and plates blurred: of a public case, or with the receipt of its report.
    Staff who see its matter may ask for the original. 查看照片（人脸和车牌已模糊处理）。"""
    scope, report = actor.scope, None
    if receipt is not None:
        report = Seals(gate.secret).open(receipt, token)
    stranger = report is None and not actor.holdings
    if report is not None or stranger:
        if variant is Variant.ORIGINAL:
            raise Refusal("photo.original")
        scope = Scope("publication", places=(gate.city.root_path,))
    async with gate.db.begin(scope, gate.now(request)) as tx:
        if report is not None:
            mine = (await attachments.of_reports(tx, [report])).get(report, [])
            if number not in {photo.id for photo in mine}:
                raise Refusal("procedure.not_found", matter="photo", id=number)
        elif stranger:
            await _require_public(tx, gate.city, number)
        photo = await photos_store.find(tx, number)
    return picture(home.attachments, photo, variant)


async def _require_public(tx: Tx, city: City, number: int) -> None:
    """Refuse a photo that is not published to everybody.

    The city's settings say whether photos are at all; those of kinds whose cases are published
    without a position never are, for a picture tells the place.
    """
    found = await photos_store.public_case(tx, number)
    if found is not None:
        (place, kind), day = found, city.day(tx.now)
        hidden = city.setting("publication.without_position", city.root_path, day, ())
        shown = city.setting("photos.public", place, day, False)
        if shown and not any(matching(pattern, (kind,)) for pattern in hidden):
            return
    raise Refusal("web.sign_in")


def picture(folder: Path, photo: Photo, variant: Variant) -> Response:
    """The bytes of a photo. What is published of it may change; the original never does."""
    sha256, media_type = media.shown(photo, variant)
    path = pictures.path_of(folder, sha256, media_type)
    if not path.exists():
        raise Refusal("sources.photo_gone", id=photo.id)
    age = 31536000 if variant is Variant.ORIGINAL else 60
    headers = {
        "Cache-Control": f"private, max-age={age}",
        "ETag": f'"{sha256[:32]}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'inline; filename="{sha256[:16]}{path.suffix}"',
    }
    return FileResponse(path, headers=headers, media_type=media_type)


class PhotoAction(BaseModel):
    """The facts that come with an action on a photo, and the version that was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"facts": {"regions": [{"x": 10, "y": 20, "width": 80, "height": 60}]}}]
        },
    )
    facts: dict[str, Any] = Field(default_factory=dict)
    version: int | None = Field(None, ge=1, lt=2**31)


Handlers = Annotated[Actor, holds("intake|dispatcher|checker")]


@router.get(
    "/photos/{number}",
    responses=documented((401, 403, 404, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def get_photo(request: Request, number: Number, gate: AtGate, actor: Staff) -> Response:
    """A photo's state, what was blurred in it and why, and what I may do. 照片状态与模糊区域。"""
    async with gate.begin(request, actor) as tx:
        photo = await photos_store.find(tx, number)
    return reply(show(gate.city, actor, PHOTOS, photo), etag=tag(photo.version))


@router.post(
    "/photos/{number}/actions/{action}",
    responses=documented((400, 401, 403, 404, 409, 412, 413, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def act_on_photo(
    request: Request,
    number: Number,
    action: Annotated[str, PathParam(min_length=1, max_length=40)],
    body: PhotoAction,
    gate: AtGate,
    actor: Handlers,
) -> Response:
    """Blur more of a photo (`blur`), withhold it, release it. 补充模糊、不予公开、恢复公开。"""
    version = body.version if body.version is not None else seen_version(request)
    async with gate.begin(request, actor) as tx:
        after = await media.act(tx, actor, number, action, body.facts, version)
    return reply(show(gate.city, actor, PHOTOS, after), etag=tag(after.version))

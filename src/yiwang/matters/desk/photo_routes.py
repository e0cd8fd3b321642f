"""Routes of the photos that handlers and checkers take: evidence for what they do next.

A photo is kept with its matter first; an action then names it by its id (`evidence`). Where and
when it was taken is read from the photo; what the photo does not say, its sender may (`lon`,
`lat`, `taken_at`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in
from yiwang.ground.procedure import service as procedure
from yiwang.kit import words
from yiwang.kit.errors import Refusal
from yiwang.kit.web.problems import documented
from yiwang.matters.desk import service
from yiwang.matters.desk.routes import PLURALS, Actors, Endpoint
from yiwang.matters.sources import attachments
from yiwang.matters.sources.attachments import MOST_PHOTOS, ROLES, Belonging
from yiwang.matters.sources.forms import read_form
from yiwang.matters.sources.photo_stated import read_stated
from yiwang.matters.sources.routes import AtHome, Number, photo_view, reply

router = APIRouter(prefix="/api/v1", tags=["matters"])

Staff = Annotated[Actor, anybody_signed_in(scope="cases:read")]
_TAKEN_FOR = ("case", "order", "check")
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photos"],
                    "properties": {
                        "photos": {
                            "type": "array",
                            "maxItems": MOST_PHOTOS,
                            "items": {"type": "string", "format": "binary"},
                        },
                        "role": {"type": "string", "enum": list(ROLES)},
                        "lon": {"type": "number", "minimum": -180, "maximum": 180},
                        "lat": {"type": "number", "minimum": -90, "maximum": 90},
                        "taken_at": {"type": "string", "format": "date-time"},
                    },
                }
            }
        },
    }
}


def _belonging(name: str, matter: Any) -> Belonging:
    own: Mapping[str, int] = {} if name == "case" else {name: matter.id}
    return Belonging(matter.place, case=matter.id if name == "case" else matter.case_id, **own)


def _adder(name: str) -> Endpoint:
    kind = service.PROCEDURES[name]

    async def add(
        request: Request, number: Number, gate: AtGate, home: AtHome, actor: Actors
    ) -> Response:
        async with gate.begin(request, actor) as tx:
            matter = await procedure.find(tx, kind, number)
        if not procedure.possible(kind, actor, matter):
            raise Refusal(
                "procedure.not_possible",
                matter=name,
                action="photos",
                state=matter.state,
                possible=[],
            )
        async with read_form(request, most_files=2 * MOST_PHOTOS) as form:
            files = [file for _, file in form.multi_items() if isinstance(file, UploadFile)]
            role = form.get("role")
            now = gate.now(request)
            stated = read_stated(form, now)
            found = [stated.fill(p) for p in await attachments.judge(files, gate.city, now)]
        await attachments.keep(home.attachments, found)
        chosen = role if isinstance(role, str) and role else "other"
        async with gate.begin(request, actor) as tx:
            kept = await attachments.attach(tx, actor, _belonging(name, matter), found, chosen)
        return reply({"items": [photo_view(photo) for photo in kept]}, 201)

    return add


@router.get(
    "/cases/{number}/photos",
    operation_id="list_case_photos",
    responses=documented((401, 403, 404, 422, 429, 503)),
    response_model=dict[str, Any],
)
async def case_photos(request: Request, number: Number, gate: AtGate, actor: Staff) -> Response:
    """The photos of a case: of its reports, its handlers and its checkers. 案件照片。"""
    async with gate.begin(request, actor) as tx:
        await procedure.find(tx, service.PROCEDURES["case"], number)
        found = await attachments.of_case(tx, number)
    return reply({"items": [photo_view(photo) for photo in found]})


for _name in _TAKEN_FOR:
    _said = words.label("matter", _name)
    router.add_api_route(
        f"/{PLURALS[_name]}/{{number}}/photos",
        _adder(_name),
        methods=["POST"],
        status_code=201,
        operation_id=f"add_{_name}_photos",
        summary=f"Keep up to eight photos with a {_said['en']} on which I may act. "
        f"为可办理的{_said['zh']}上传照片。",
        responses=documented((400, 401, 403, 404, 409, 413, 415, 422, 429, 503)),
        response_model=dict[str, Any],
        openapi_extra=_FORM,
    )

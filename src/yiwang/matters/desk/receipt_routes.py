"""Routes for reporters: what became of their report, and what they still have to say about it.

Whoever holds number and token is the reporter; nobody signs in here.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from starlette.datastructures import UploadFile

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.gate.doors import AtGate, public
from yiwang.ground.gate.service import Gate
from yiwang.ground.places.coordinates import Plausibility
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.web.problems import documented
from yiwang.matters.cases import answering
from yiwang.matters.sources import attachments
from yiwang.matters.sources import service as sources
from yiwang.matters.sources.attachments import MOST_PHOTOS, Belonging
from yiwang.matters.sources.forms import read_form
from yiwang.matters.sources.lifecycle import REPORTS
from yiwang.matters.sources.model import Report
from yiwang.matters.sources.photos import Photo
from yiwang.matters.sources.receipts import Seals, number_of
from yiwang.matters.sources.receiving import Receiver
from yiwang.matters.sources.routes import AtHome, photo_view, reply

router = APIRouter(prefix="/api/v1/receipts", tags=["receipts"])

Public = Annotated[Actor, public()]
Number = Annotated[str, Path(max_length=40, description="As it stands on the receipt / 回执编号")]
Token = Annotated[str, Query(max_length=64, description="As it stands on the receipt / 回执凭证")]

_ANSWERS = documented((404, 422, 429, 503))
_CHANGES = documented((400, 404, 409, 413, 422, 429, 503))
_PHOTO_FORM = {
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
                        "role": {"type": "string", "enum": ["near", "far", "reference", "other"]},
                    },
                }
            }
        },
    }
}


class Saying(BaseModel):
    """What a reporter says."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "垃圾又堆起来了。"}]}
    )
    text: str = Field(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")


class RatingIn(BaseModel):
    """Whether a reporter is satisfied with what was done, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"satisfied": True, "text": "很快。"}]}
    )
    satisfied: StrictBool
    text: str = Field("", max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")


async def _view(tx: Tx, city: City, seals: Seals, report_id: int) -> dict[str, Any]:
    found = await answering.answer(tx, city, report_id)
    number = number_of(report_id)
    query = f"?receipt={number}&token={seals.token(number)}"
    photos = (await attachments.of_reports(tx, [report_id])).get(report_id, [])
    return {
        "number": number,
        **answering.view(found, city),
        "photos": [photo_view(photo, query) for photo in photos],
    }


@router.get("/{number}", responses=_ANSWERS, response_model=dict[str, Any])
async def get_receipt(
    request: Request, number: Number, gate: AtGate, _: Public, token: Token = ""
) -> Response:
    """What became of my report, in plain words. 查询我的上报进展。"""
    seals = Seals(gate.secret)
    report_id = seals.open(number, token)
    async with gate.begin(request, answering.reporter_of(gate.city, number_of(report_id))) as tx:
        found = await _view(tx, gate.city, seals, report_id)
    return reply(found)


async def _say(
    request: Request, gate: Gate, number: str, token: str, action: str, text: str
) -> Response:
    seals = Seals(gate.secret)
    report_id = seals.open(number, token)
    actor = answering.reporter_of(gate.city, number_of(report_id))
    carry_out = _SAYINGS[action]
    async with gate.begin(request, actor) as tx:
        await carry_out(tx, gate.city, actor, report_id, text.strip())
        found = await _view(tx, gate.city, seals, report_id)
    return reply(found)


_SAYINGS = {
    "withdraw": answering.withdraw,
    "add": answering.add,
    "not-fixed": answering.reopen,
}


@router.post("/{number}/withdraw", responses=_CHANGES, response_model=dict[str, Any])
async def withdraw(
    request: Request, number: Number, body: Saying, gate: AtGate, _: Public, token: Token = ""
) -> Response:
    """Take my report back. 撤回上报。"""
    return await _say(request, gate, number, token, "withdraw", body.text)


@router.post("/{number}/add", responses=_CHANGES, response_model=dict[str, Any])
async def add(
    request: Request, number: Number, body: Saying, gate: AtGate, _: Public, token: Token = ""
) -> Response:
    """Add something to my report. 补充说明。"""
    return await _say(request, gate, number, token, "add", body.text)


@router.post("/{number}/not-fixed", responses=_CHANGES, response_model=dict[str, Any])
async def not_fixed(
    request: Request, number: Number, body: Saying, gate: AtGate, _: Public, token: Token = ""
) -> Response:
    """Say that a closed case is not fixed: it begins again. 反映未解决，案件重办。"""
    return await _say(request, gate, number, token, "not-fixed", body.text)


@router.post("/{number}/rate", responses=_CHANGES, response_model=dict[str, Any])
async def rate(
    request: Request, number: Number, body: RatingIn, gate: AtGate, _: Public, token: Token = ""
) -> Response:
    """Say how well it was done, once for every time the case is closed. 评价办理结果。"""
    seals = Seals(gate.secret)
    report_id = seals.open(number, token)
    actor = answering.reporter_of(gate.city, number_of(report_id))
    async with gate.begin(request, actor) as tx:
        await answering.rate(
            tx,
            gate.city,
            actor,
            report_id,
            satisfied=body.satisfied,
            note=body.text.strip(),
        )
        found = await _view(tx, gate.city, seals, report_id)
    return reply(found)


@router.post(
    "/{number}/photos",
    responses=documented((400, 404, 409, 413, 415, 422, 429, 503)),
    response_model=dict[str, Any],
    openapi_extra=_PHOTO_FORM,
)
async def add_photos(
    request: Request, number: Number, gate: AtGate, home: AtHome, _: Public, token: Token = ""
) -> Response:
    """Add up to eight photos to my report; their place is read, then stripped. 上传照片。"""
    seals = Seals(gate.secret)
    report_id = seals.open(number, token)
    actor = answering.reporter_of(gate.city, number_of(report_id))
    async with gate.begin(request, actor) as tx:
        known = await answering.answer(tx, gate.city, report_id)
    if "photos" not in known.actions:
        raise Refusal(
            "receipt.not_possible",
            action="photos",
            state=known.report.state,
            possible=known.actions,
        )
    photos, role = await _photos(request, gate)
    await attachments.keep(home.attachments, photos)
    async with gate.begin(request, actor) as tx:
        report = await procedure.lock_one(tx, REPORTS, report_id)
        belonging = Belonging(report.place, report=report_id, case=report.case_id)
        await attachments.attach(tx, actor, belonging, photos, role)
        await _locate(tx, gate.city, actor, report, photos)
        found = await _view(tx, gate.city, seals, report_id)
    return reply(found)


async def _photos(request: Request, gate: Gate) -> tuple[list[Photo], str]:
    async with read_form(request, most_files=2 * MOST_PHOTOS) as form:
        files = [file for _, file in form.multi_items() if isinstance(file, UploadFile)]
        role = form.get("role")
        found = await attachments.judge(files, gate.city, gate.now(request))
    return found, role if isinstance(role, str) and role else "other"


async def _locate(tx: Tx, city: City, actor: Actor, report: Report, photos: list[Photo]) -> None:
    """A report without a position takes that of its first photo, and is looked at anew."""
    if report.lon is not None or report.state not in ("received", "queued"):
        return
    edge = Receiver.of(city).edge
    for photo in photos:
        lon, lat = photo.lon, photo.lat
        if lon is None or lat is None or edge.judge(lon, lat) is not Plausibility.INSIDE:
            continue
        facts = {"lon": lon, "lat": lat, "note": "photo"}
        await sources.act(tx, city, actor, report.id, "correct", facts)
        return

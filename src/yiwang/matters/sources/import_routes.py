"""Routes to imports: preview, start, progress, the rows that were refused, stop and resume."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, holds
from yiwang.ground.places.coordinates import Crs
from yiwang.kit.errors import Refusal
from yiwang.kit.web.problems import documented
from yiwang.matters.sources import importing
from yiwang.matters.sources.forms import read_form
from yiwang.matters.sources.importing import Job
from yiwang.matters.sources.routes import AtHome, Number, reply
from yiwang.matters.sources.sheet_bytes import Bounds
from yiwang.matters.sources.sheets import Preview

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])

Intake = Annotated[Actor, holds("intake")]
_MOST_FAULTS = 100
_READS = documented((401, 403, 404, 422, 429, 503))
_CHANGES = documented((400, 401, 403, 404, 409, 413, 415, 422, 429, 503))
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "crs": {"type": "string", "enum": [crs.value for crs in Crs]},
                    },
                }
            }
        },
    }
}


class StartIn(BaseModel):
    """Which column fills which field (by heading, or by place from 0); left out: as suggested."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"columns": {"text": "内容", "address": "地址"}}]},
    )
    columns: dict[str, str | Annotated[int, Field(ge=0, lt=1000)]] | None = Field(
        None, max_length=50
    )
    crs: Crs | None = None


def _view(job: Job, *, preview: Preview | None = None, language: str = "zh") -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": job.id,
        "version": job.version,
        "state": job.state,
        "filename": job.params["filename"],
        "crs": job.params["crs"],
        "columns": job.params["columns"],
        "done": job.done,
        "total": job.total,
        "result": {"taken": 0, "repeated": 0, "refused": 0} | job.result,
        "error": job.error,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "actions": importing.possible(job),
        "errors": f"/api/v1/imports/{job.id}/errors.csv",
    }
    if preview is not None:
        faults = list(preview.faults.items())
        found["preview"] = {
            "header": list(preview.columns.header),
            "rows": [{"row": row.number, "cells": list(row.cells)} for row in preview.first_rows],
            "valid": preview.valid,
            "faulty": len(faults),
            "faults": [
                {"row": number, "says": [fault.say(language) for fault in rows]}
                for number, rows in faults[:_MOST_FAULTS]
            ],
        }
    return found


@router.post(
    "", status_code=201, responses=_CHANGES, response_model=dict[str, Any], openapi_extra=_FORM
)
async def upload(request: Request, gate: AtGate, home: AtHome, actor: Intake) -> Response:
    """Send a CSV or XLSX table and see what bringing it in would do. 上传表格并预览。"""
    async with read_form(request, most_files=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refusal("sources.file_needed")
        crs = _crs(form.get("crs"))
        data = await file.read(Bounds().max_bytes + 1)
        name = file.filename or "table"
    async with gate.begin(request, actor) as tx:
        job, preview = await importing.create(tx, actor, home.folder, gate.city, data, name, crs)
    return reply(_view(job, preview=preview, language=actor.language), 201)


def _crs(given: object) -> Crs:
    if given in (None, ""):
        return Crs.WGS84
    names = [crs.value for crs in Crs]
    if given not in names:
        raise Refusal("sources.list_choice", given=str(given)[:40], possible=names)
    return Crs(str(given))


@router.get("", responses=_READS, response_model=dict[str, Any])
async def list_imports(request: Request, gate: AtGate, actor: Intake) -> Response:
    """My imports, the latest first. 我的导入。"""
    async with gate.begin(request, actor) as tx:
        found = await importing.jobs(tx)
    return reply({"items": [_view(job) for job in found], "next": None})


@router.get("/{number}", responses=_READS, response_model=dict[str, Any])
async def get_import(request: Request, number: Number, gate: AtGate, actor: Intake) -> Response:
    """One import and how far it is. 查看导入进度。"""
    async with gate.begin(request, actor) as tx:
        job = await importing.find(tx, number)
    return reply(_view(job))


@router.get(
    "/{number}/errors.csv",
    responses=_READS | {200: {"content": {"text/csv": {}}}},
    response_class=Response,
)
async def get_errors(
    request: Request,
    number: Number,
    gate: AtGate,
    home: AtHome,
    actor: Intake,
    language: Annotated[Literal["zh", "en"] | None, Query()] = None,
) -> Response:
    """The rows that were refused, with the reasons; mend it and send it again. 下载错误行。"""
    async with gate.begin(request, actor) as tx:
        job = await importing.find(tx, number)
    told = language or actor.language
    data = await asyncio.to_thread(importing.error_file, home.folder, job, told)
    headers = {"Content-Disposition": f'attachment; filename="import-{number}-errors.csv"'}
    return Response(data, 200, headers, "text/csv; charset=utf-8")


@router.post("/{number}/start", responses=_CHANGES, response_model=dict[str, Any])
async def start(
    request: Request,
    number: Number,
    gate: AtGate,
    home: AtHome,
    actor: Intake,
    body: StartIn | None = None,
) -> Response:
    """Bring the table in, with these columns. 开始导入。"""
    columns = body.columns if body else None
    crs = body.crs if body else None
    async with gate.begin(request, actor) as tx:
        job = await importing.act(tx, home.folder, number, "start", columns, crs)
    return reply(_view(job))


@router.post("/{number}/stop", responses=_CHANGES, response_model=dict[str, Any])
async def stop(
    request: Request, number: Number, gate: AtGate, home: AtHome, actor: Intake
) -> Response:
    """Stop after the present piece. 暂停导入。"""
    async with gate.begin(request, actor) as tx:
        job = await importing.act(tx, home.folder, number, "stop")
    return reply(_view(job))


@router.post("/{number}/resume", responses=_CHANGES, response_model=dict[str, Any])
async def resume(
    request: Request, number: Number, gate: AtGate, home: AtHome, actor: Intake
) -> Response:
    """Go on where it stopped; nothing is taken twice. 继续导入。"""
    async with gate.begin(request, actor) as tx:
        job = await importing.act(tx, home.folder, number, "resume")
    return reply(_view(job))

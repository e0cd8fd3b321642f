"""Routes to the record: a case's receipt, the signed head, the key it is signed with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, public
from yiwang.ground.ledger import store as ledger_store
from yiwang.ground.ledger.proving import CaseReceipt, Viewer, receipt_for
from yiwang.ground.ledger.signing import write_note
from yiwang.ground.procedure import service as procedure
from yiwang.home import Home
from yiwang.kit.db import Scope
from yiwang.kit.errors import Refusal
from yiwang.kit.web.problems import documented
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.sources.receipts import Seals

router = APIRouter(prefix="/api/v1", tags=["record"])

Staff = Annotated[Actor, anybody_signed_in(scope="cases:read")]
Number = Annotated[int, Field(ge=1, lt=2**63)]
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}}, "description": "The receipt file 回执文件"}
}
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {}}, "description": "Text 文本"}
}


async def _home(request: Request) -> Home:
    home: Home = request.app.state.home
    return home


AtHome = Annotated[Home, Depends(_home)]


def _file(receipt: CaseReceipt, number: str) -> Response:
    headers = {
        "content-disposition": f'attachment; filename="{number}.receipt.json"',
        "yiwang-pending": str(len(receipt.pending)),
    }
    return Response(receipt.file, 200, headers, "application/json")


@router.get(
    "/cases/{number}/receipt",
    response_class=Response,
    responses={**_FILE, **documented((401, 403, 404, 409, 422, 429, 503))},
)
async def case_receipt(
    request: Request, number: Number, gate: AtGate, home: AtHome, actor: Staff
) -> Response:
    """A file that proves what is recorded of a case, checked offline. 可离线验证的案件回执。"""
    origin, key = home.secrets["origin"], home.signing_key.public
    async with gate.begin(request, actor) as tx:
        case = await procedure.find(tx, CASES, number)
        receipt = await receipt_for(tx, origin, key, case.id, Viewer.STAFF)
    return _file(receipt, case.number)


@router.get(
    "/receipts/{number}/record",
    response_class=Response,
    responses={**_FILE, **documented((403, 404, 409, 422, 429, 503))},
)
async def public_receipt(
    request: Request,
    number: str,
    token: Annotated[str, Query(min_length=1, max_length=100)],
    gate: AtGate,
    home: AtHome,
    _: Annotated[Actor, public()],
) -> Response:
    """The same file for whoever reported, without names and free text. 上报人的可验证回执。"""
    report_id = Seals(gate.secret).open(number, token)
    scope = Scope("receipt", places=(gate.city.root_path,))
    async with gate.db.begin(scope, gate.now(request)) as tx:
        row = await tx.fetchrow(
            "select c.id, c.number from reports r join cases c on c.id = r.case_id where r.id = $1",
            report_id,
        )
        if row is None:
            raise Refusal("desk.no_case_yet", number=number)
        receipt = await receipt_for(
            tx, home.secrets["origin"], home.signing_key.public, row["id"], Viewer.PUBLIC
        )
    return _file(receipt, row["number"])


@router.get(
    "/ledger/head", response_class=Response, responses={**_TEXT, **documented((404, 429, 503))}
)
async def head(
    request: Request, gate: AtGate, home: AtHome, _: Annotated[Actor, public()]
) -> Response:
    """The newest signed head of the record, for whoever keeps copies. 最新签名账本头。"""
    scope = Scope("receipt", places=(gate.city.root_path,))
    async with gate.db.begin(scope, gate.now(request)) as tx:
        found = await ledger_store.last_head(tx.conn, home.secrets["origin"])
    if found is None:
        raise Refusal("desk.no_head")
    return Response(write_note(found, home.signing_key.public), media_type="text/plain")


@router.get("/ledger/key", response_class=Response, responses={**_TEXT, **documented((429, 503))})
async def key(home: AtHome, _: Annotated[Actor, public()]) -> Response:
    """The public key the record is signed with (PEM). 账本签名公钥。"""
    return Response(home.signing_key.public.pem(), media_type="text/plain")

"""Routes of Open311 GeoReport v2, in JSON and XML, with real data and nobody's identity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi import Request as HttpRequest
from starlette.datastructures import UploadFile
from starlette.requests import Request as Asked

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.gate.doors import AtGate, public
from yiwang.ground.gate.service import Gate
from yiwang.kit.errors import Refusal
from yiwang.kit.web.note import language_of
from yiwang.kit.web.problems import unexpected
from yiwang.matters.media import store as photos_store
from yiwang.matters.media.model import Variant
from yiwang.matters.sources import attachments, open311, open311_reading
from yiwang.matters.sources.attachments import Belonging
from yiwang.matters.sources.bodies import ReportBody, Reporter
from yiwang.matters.sources.drafts import ReportDraft
from yiwang.matters.sources.forms import read_form
from yiwang.matters.sources.intake import Intake
from yiwang.matters.sources.model import Source
from yiwang.matters.sources.open311 import Document, Endpoint, Format
from yiwang.matters.sources.open311_form import draft_of, parse_form
from yiwang.matters.sources.open311_query import parse_query
from yiwang.matters.sources.open311_reading import NAME, Codes, scope_of
from yiwang.matters.sources.receipts import number_of, report_id_of
from yiwang.matters.sources.receiving import Receiver, Sender
from yiwang.matters.sources.routes import AtHome, picture

router = APIRouter(prefix="/open311/v2", tags=["open311"])

Public = Annotated[Actor, public()]
Form = Annotated[str, Path(pattern="^(json|xml)$", description="json or xml")]
Text = Annotated[str | None, Query(max_length=20_000)]

_WRITES = "open311:write"
_DOCUMENT: dict[str, Any] = {"schema": {}}
_CONTENT = {"application/json": _DOCUMENT, "text/xml": _DOCUMENT}


def _documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Errors have the standard's own shape here, in the format that was asked for."""
    known = {
        400: "Bad request",
        403: "No key, or one that may not do this",
        404: "Not found",
        409: "The key was used for another request",
        413: "Too large",
        415: "Not a form",
        422: "Not readable",
        429: "Too many requests",
        503: "Not available for the moment",
    }
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": known[status], "content": _CONTENT} for status in statuses
    }
    found[200] = {"description": "The document", "content": _CONTENT}
    return found


async def _answered(
    request: HttpRequest, form: str, make: Callable[[], Awaitable[Document]]
) -> Response:
    """The document, or what was wrong in the standard's shape."""
    shape = Format(form)
    language = language_of(request.scope)
    status, headers = 200, {"Content-Language": language, "Access-Control-Allow-Origin": "*"}
    try:
        document = await make()
    except Exception as error:
        refusal = error if isinstance(error, Refusal) else unexpected(error)
        if refusal is None:
            raise
        document, status = open311.refused(refusal, language), refusal.status
        if "retry_s" in refusal.facts:
            headers["Retry-After"] = str(refusal.facts["retry_s"])
    return Response(open311.write(document, shape), status, headers, shape.content_type)


def _require_jurisdiction(city: City, given: str | None) -> None:
    if given not in (None, "", city.pack.name, city.pack.root):
        raise Refusal("sources.jurisdiction_unknown", given=given, known=city.pack.name)


def _address(request: HttpRequest) -> str:
    return str(request.base_url).rstrip("/")


@router.get("/discovery.{form}", responses=_documented(422, 429), response_class=Response)
async def discovery(request: HttpRequest, form: Form, gate: AtGate, _: Public) -> Response:
    """Where this interface is, and how to get a key. 服务发现。"""

    async def make() -> Document:
        city, url = gate.city, _address(request)
        moment = gate.now(request).astimezone(city.zone).replace(hour=0, minute=0, second=0)
        language = language_of(request.scope)
        return open311.discovery(
            [Endpoint(f"{url}/open311/v2", moment)],
            changed_at=moment,
            contact=city.pack.title.say(language),
            key_service=f"{url}/api/v1/openapi.json",
        )

    return await _answered(request, form, make)


@router.get("/services.{form}", responses=_documented(404, 422, 429, 503), response_class=Response)
async def services(
    request: HttpRequest, form: Form, gate: AtGate, _: Public, jurisdiction_id: Text = None
) -> Response:
    """The kinds of request that can be made. 可受理的服务类别。"""

    async def make() -> Document:
        _require_jurisdiction(gate.city, jurisdiction_id)
        codes = Codes.of(gate.city, gate.now(request))
        language = language_of(request.scope)
        return open311.services(open311_reading.services(codes, gate.city, language))

    return await _answered(request, form, make)


@router.get(
    "/services/{code}.{form}", responses=_documented(404, 422, 429, 503), response_class=Response
)
async def service(
    request: HttpRequest,
    code: Annotated[str, Path(max_length=200)],
    form: Form,
    gate: AtGate,
    _: Public,
    jurisdiction_id: Text = None,
) -> Response:
    """The definition of one kind of request. 服务定义。"""

    async def make() -> Document:
        _require_jurisdiction(gate.city, jurisdiction_id)
        codes = Codes.of(gate.city, gate.now(request))
        language = language_of(request.scope)
        return open311.service_definition(open311_reading.definition(codes, code, language))

    return await _answered(request, form, make)


@router.get(
    "/requests.{form}", responses=_documented(400, 404, 422, 429, 503), response_class=Response
)
async def requests(
    request: HttpRequest,
    form: Form,
    gate: AtGate,
    _: Public,
    service_request_id: Text = None,
    service_code: Text = None,
    start_date: Text = None,
    end_date: Text = None,
    status: Text = None,
    jurisdiction_id: Text = None,
    lat: Text = None,
    long: Text = None,
    radius: Text = None,
    page: Text = None,
    page_size: Text = None,
) -> Response:
    """Requests with all filters of the standard; 90 days and 1000 rows at most. 查询诉求。"""

    async def make() -> Document:
        city, now = gate.city, gate.now(request)
        query = parse_query(request.query_params.multi_items(), now=now, zone=city.zone)
        _require_jurisdiction(city, query.jurisdiction)
        language = language_of(request.scope)
        async with gate.db.begin(scope_of(city), now) as tx:
            rows = await open311_reading.requests(tx, city, query, _address(request), language)
        return open311.requests(rows)

    return await _answered(request, form, make)


@router.get(
    "/requests/{number}.{form}", responses=_documented(404, 422, 429, 503), response_class=Response
)
async def one_request(
    request: HttpRequest,
    number: Annotated[str, Path(max_length=200)],
    form: Form,
    gate: AtGate,
    _: Public,
    jurisdiction_id: Text = None,
) -> Response:
    """One request. 查询单条诉求。"""

    async def make() -> Document:
        city = gate.city
        _require_jurisdiction(city, jurisdiction_id)
        query = parse_query([("service_request_id", number)], now=gate.now(request), zone=city.zone)
        language = language_of(request.scope)
        async with gate.db.begin(scope_of(city), gate.now(request)) as tx:
            rows = await open311_reading.requests(tx, city, query, _address(request), language)
        if not rows:
            raise Refusal("sources.request_unknown", number=number[:80])
        return open311.requests(rows)

    return await _answered(request, form, make)


@router.get(
    "/tokens/{token}.{form}", responses=_documented(404, 422, 429, 503), response_class=Response
)
async def token(
    request: HttpRequest,
    token: Annotated[str, Path(max_length=200)],
    form: Form,
    gate: AtGate,
    _: Public,
    jurisdiction_id: Text = None,
) -> Response:
    """The number of a request by its token; here a request is its own token. 按令牌查编号。"""

    async def make() -> Document:
        city = gate.city
        _require_jurisdiction(city, jurisdiction_id)
        found = report_id_of(token)
        async with gate.db.begin(scope_of(city), gate.now(request)) as tx:
            known = found and await tx.fetchval("select id from reports where id = $1", found)
        if not known:
            raise Refusal("sources.request_unknown", number=token[:80])
        return open311.resolved_token(token, number_of(known))

    return await _answered(request, form, make)


_FORM_FIELDS = {
    name: {"type": "string"}
    for name in (
        *("api_key", "service_code", "lat", "long", "address_string", "address_id", "email"),
        *("first_name", "last_name", "phone", "description", "media_url", "jurisdiction_id"),
    )
}
_FORM_SCHEMA = {"type": "object", "required": ["service_code"], "properties": _FORM_FIELDS}
_FILE_SCHEMA = {
    **_FORM_SCHEMA,
    "properties": {**_FORM_FIELDS, "media": {"type": "string", "format": "binary"}},
}


@router.post(
    "/requests.{form}",
    responses=_documented(400, 403, 404, 409, 413, 415, 422, 429, 503),
    response_class=Response,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {"schema": _FORM_SCHEMA},
                "multipart/form-data": {"schema": _FILE_SCHEMA},
            },
        }
    },
)
async def create(
    request: HttpRequest, form: Form, gate: AtGate, home: AtHome, _: Public
) -> Response:
    """A new request, with a picture if it has one; needs an api_key. 提交诉求。"""

    async def make() -> Document:
        async with read_form(request, most_files=4, urlencoded=True) as sent:
            pairs = [(name, text) for name, text in sent.multi_items() if isinstance(text, str)]
            files = [file for _, file in sent.multi_items() if isinstance(file, UploadFile)]
            pairs += request.query_params.multi_items()
            sender = await _sender(request, gate, dict(pairs).get("api_key"))
            _require_jurisdiction(gate.city, dict(pairs).get("jurisdiction_id"))
            body = _body(pairs, gate, request)
            now = gate.now(request)
            given = [file for file in files if file.size]
            photos = await attachments.judge(given, gate.city, now) if given else []
            key = request.headers.get("idempotency-key")
            taking = Receiver.of(gate.city).receive(body, sender, key, now)
        await attachments.keep(home.attachments, photos)
        intake: Intake = request.app.state.intake
        taken = await intake.take(taking)
        if photos:
            actor = Actor(sender.name, NAME, scope=scope_of(gate.city))
            belonging = Belonging(gate.city.root_path, report=taken.id)
            async with gate.db.begin(actor.scope, now) as tx:
                await attachments.attach(tx, actor, belonging, photos, "other")
        return open311.created(service_request_id=number_of(taken.id))

    return await _answered(request, form, make)


async def _sender(request: HttpRequest, gate: Gate, key: str | None) -> Sender:
    """The system behind an api_key; the standard answers 403 to none or a wrong one."""
    headers = request.headers.raw
    if key:
        headers = [(b"x-api-key", key.encode("utf-8", "replace"))]
    scope = {**request.scope, "headers": headers}
    scope.pop("yiwang.known", None)
    try:
        actor = await gate.asking(Asked(scope))
    except Refusal as refusal:
        raise Refusal("sources.api_key") from refusal
    if _WRITES not in actor.scopes:
        raise Refusal("sources.api_key")
    return Sender(actor.name, actor.system, (Source.OPEN311,))


def _body(pairs: list[tuple[str, str]], gate: Gate, request: HttpRequest) -> ReportBody:
    form = parse_form(pairs)
    now = gate.now(request)
    kind = Codes.of(gate.city, now).kind(form.service_code)
    draft: ReportDraft = draft_of(form, source=NAME)
    text = draft.text or kind.name.say(language_of(request.scope))
    return ReportBody(
        text=text,
        address=draft.address,
        lon=draft.lon,
        lat=draft.lat,
        crs=draft.crs,
        kind=kind.key,
        reporter=Reporter(
            name=draft.reporter_name, phone=draft.reporter_phone, email=draft.reporter_email
        ),
        attributes={
            name: list(value) if isinstance(value, tuple) else value
            for name, value in draft.attributes.items()
        },
    )


@router.get(
    "/media/{number}",
    responses={404: {"description": "Not found"}, 422: {"description": "Not a number"}},
    response_class=Response,
)
async def media(
    request: HttpRequest,
    number: Annotated[int, Path(ge=1, lt=2**63)],
    gate: AtGate,
    home: AtHome,
    _: Public,
) -> Response:
    """A picture that came with a public request. 公开诉求的图片。"""
    async with gate.db.begin(scope_of(gate.city), gate.now(request)) as tx:
        if not await open311_reading.shown_photo(tx, number):
            raise Refusal("procedure.not_found", matter="attachment", id=number)
        photo = await photos_store.find(tx, number)
    return picture(home.attachments, photo, Variant.PUBLISHED)

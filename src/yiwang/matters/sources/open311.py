"""Open311 GeoReport v2, the shapes: what a city answers with, in JSON and XML.

Every answer is a :class:`Document`: a root, the name of its items, and plain data. JSON is that
data (the standard's Spark convention: lists without wrapping), XML its elements. Missing values
are null in JSON and empty elements in XML. Times carry their offset (W3C date and time note).
Standard: GeoReport v2, wiki.open311.org/GeoReport_v2, with Service Discovery.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from yiwang.kit import words
from yiwang.kit.errors import Refusal
from yiwang.matters.sources.open311_xml import to_xml


class Format(StrEnum):
    """The two formats; the value is the ending of the address."""

    JSON = "json"
    XML = "xml"

    @property
    def content_type(self) -> str:
        """The header the standard demands for this format."""
        return (
            "text/xml; charset=utf-8" if self is Format.XML else "application/json; charset=utf-8"
        )


class Answer(StrEnum):
    """How a service tells the number of a new request (the standard's `type`)."""

    REALTIME = "realtime"
    BATCH = "batch"
    BLACKBOX = "blackbox"


class DataType(StrEnum):
    """What the value of an attribute may be."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE_VALUE_LIST = "singlevaluelist"
    MULTI_VALUE_LIST = "multivaluelist"


class RequestStatus(StrEnum):
    """The two states the standard knows."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of request that can be made; `metadata` where it has a definition."""

    service_code: str
    service_name: str
    description: str
    metadata: bool
    group: str
    keywords: tuple[str, ...] = ()
    type: Answer = Answer.REALTIME


@dataclass(frozen=True, slots=True)
class Attribute:
    """A further question of a service. Not `variable` means: shown, not asked."""

    code: str
    description: str
    datatype: DataType
    required: bool
    order: int
    variable: bool = True
    datatype_description: str | None = None
    values: tuple[tuple[str, str], ...] = ()  # key, name


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """All further questions of one service."""

    service_code: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the public may see it; `lon` and `lat` are WGS-84 degrees."""

    service_request_id: str
    status: RequestStatus
    service_code: str
    service_name: str
    requested_at: datetime
    updated_at: datetime
    description: str | None = None
    status_notes: str | None = None
    agency_responsible: str | None = None
    service_notice: str | None = None
    expected_at: datetime | None = None
    address: str | None = None
    address_id: str | None = None
    zipcode: str | None = None
    lon: float | None = None
    lat: float | None = None
    media_url: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address where the interface is served, for discovery; `kind`: production, test, dev."""

    url: str
    changed_at: datetime
    kind: str = "production"


@dataclass(frozen=True, slots=True)
class Document:
    """An answer before it is written: the root's name, the items' name, and plain data."""

    root: str
    item: str | None
    content: Any


def write(document: Document, form: Format) -> bytes:
    """The bytes of a document, in UTF-8."""
    if form is Format.XML:
        return to_xml(document.root, document.item, document.content)
    return json.dumps(document.content, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def w3c(moment: datetime) -> str:
    """A moment as the W3C note writes it, to the second, with its offset; naive ones raise."""
    if moment.tzinfo is None:
        raise ValueError("a moment without an offset has no place in Open311")
    return moment.isoformat(timespec="seconds")


def services(rows: Iterable[Service]) -> Document:
    """The list of services."""
    content = [
        {
            "service_code": row.service_code,
            "service_name": row.service_name,
            "description": row.description,
            "metadata": row.metadata,
            "type": row.type.value,
            "keywords": ", ".join(row.keywords),
            "group": row.group,
        }
        for row in rows
    ]
    return Document("services", "service", content)


def service_definition(definition: ServiceDefinition) -> Document:
    """The definition of one service."""
    attributes = [
        {
            "variable": row.variable,
            "code": row.code,
            "datatype": row.datatype.value,
            "required": row.required,
            "datatype_description": row.datatype_description,
            "order": row.order,
            "description": row.description,
            "values": [{"key": key, "name": name} for key, name in row.values],
        }
        for row in sorted(definition.attributes, key=lambda row: row.order)
    ]
    content = {"service_code": definition.service_code, "attributes": attributes}
    return Document("service_definition", None, content)


def requests(rows: Iterable[Request]) -> Document:
    """Requests, one or many; the standard wraps a single one in a list too."""
    content = [
        {
            "service_request_id": row.service_request_id,
            "status": row.status.value,
            "status_notes": row.status_notes,
            "service_name": row.service_name,
            "service_code": row.service_code,
            "description": row.description,
            "agency_responsible": row.agency_responsible,
            "service_notice": row.service_notice,
            "requested_datetime": w3c(row.requested_at),
            "updated_datetime": w3c(row.updated_at),
            "expected_datetime": w3c(row.expected_at) if row.expected_at else None,
            "address": row.address,
            "address_id": row.address_id,
            "zipcode": row.zipcode,
            "lat": row.lat,
            "long": row.lon,
            "media_url": row.media_url,
        }
        for row in rows
    ]
    return Document("service_requests", "request", content)


def created(
    *,
    service_request_id: str | None = None,
    token: str | None = None,
    service_notice: str | None = None,
    account_id: str | None = None,
) -> Document:
    """The answer to a new request: its number, or a token to ask for it later, never both."""
    if (service_request_id is None) == (token is None):
        raise ValueError("either the number of the request or a token")
    identity = {"service_request_id": service_request_id} if token is None else {"token": token}
    content = [{**identity, "service_notice": service_notice, "account_id": account_id}]
    return Document("service_requests", "request", content)


def resolved_token(token: str, service_request_id: str | None) -> Document:
    """The number behind a token; null while the request has none yet."""
    content = [{"service_request_id": service_request_id, "token": token}]
    return Document("service_requests", "request", content)


def errors(rows: Iterable[tuple[int, str]]) -> Document:
    """Errors as (HTTP status, sentence)."""
    content = [{"code": code, "description": description} for code, description in rows]
    return Document("errors", "error", content)


def refused(refusal: Refusal, language: str) -> Document:
    """A refusal in the standard's shape: one error for each wrong field, or one for the whole."""
    if not refusal.faults:
        return errors([(refusal.status, refusal.say(language))])
    return errors((words.status(row.code), row.say(language)) for row in refusal.faults)


def discovery(
    endpoints: Sequence[Endpoint], *, changed_at: datetime, contact: str, key_service: str
) -> Document:
    """Where the interface is served and how to get a key (Service Discovery)."""
    content = {
        "changeset": w3c(changed_at),
        "contact": contact,
        "key_service": key_service,
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": row.url,
                "changeset": w3c(row.changed_at),
                "type": row.kind,
                "formats": ["text/xml", "application/json"],
            }
            for row in endpoints
        ],
    }
    return Document("discovery", None, content)

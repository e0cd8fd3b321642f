"""Open311 GeoReport v2, a new request: the form of `POST requests`, read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from urllib.parse import urlsplit

from yiwang.ground.packs.coordinates import Crs
from yiwang.matters.sources.drafts import AttributeValue, ReportDraft
from yiwang.matters.sources.model import SAME_AS
from yiwang.matters.sources.open311 import Attribute, DataType, ServiceDefinition
from yiwang.matters.sources.open311_query import Fields, read_moment, shown

LONGEST_TEXT = 4000  # the standard's limit for a description
_MOST_ATTRIBUTES = 100
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,100})\](\[\])?")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?", re.ASCII)
_HAN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Form:
    """A new request as it was sent; one of (`lon` and `lat`), `address`, `address_id` is given.

    `attributes` holds every text sent for a code, in their order.
    """

    service_code: str
    description: str = ""
    lon: float | None = None
    lat: float | None = None
    address: str | None = None
    address_id: str | None = None
    email: str | None = None
    device_id: str | None = None
    account_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    media_url: str | None = None
    jurisdiction: str | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse_form(pairs: Iterable[tuple[str, str]]) -> Form:
    """A new request from the texts of a form (files of a multipart form left out).

    Refuses `sources.open311_refused` (400) with every fault: no service code, no location,
    half a location, swapped or impossible coordinates, texts too long, an address of a picture
    that is none.
    """
    fields = Fields(pairs)
    service_code = fields.one("service_code")
    if service_code is None and not fields.faults:
        fields.blame("service_code", "sources.service_code_missing")
    lon, lat = _position(fields)
    form = Form(
        service_code=service_code or "",
        description=fields.one("description", longest=LONGEST_TEXT) or "",
        lon=lon,
        lat=lat,
        address=fields.one("address_string", longest=500),
        address_id=fields.one("address_id"),
        email=_email(fields),
        device_id=fields.one("device_id"),
        account_id=fields.one("account_id"),
        first_name=fields.one("first_name"),
        last_name=fields.one("last_name"),
        phone=fields.one("phone", longest=40),
        media_url=_media_url(fields),
        jurisdiction=fields.one("jurisdiction_id"),
        attributes=_attributes(fields),
    )
    if not any(fields.all(name) for name in ("lat", "long", "address_string", "address_id")):
        fields.blame("lat", "sources.location_missing")
    fields.settle()
    return form


def check_attributes(form: Form, definition: ServiceDefinition, *, zone: tzinfo) -> None:
    """Refuse `sources.open311_refused` where a required attribute is missing or a value is not
    of its type. Codes the definition does not know are kept as they are."""
    fields = Fields(())
    for attribute in definition.attributes:
        if not attribute.variable:
            continue
        name, texts = f"attribute[{attribute.code}]", form.attributes.get(attribute.code, ())
        if not texts and attribute.required:
            fields.blame(name, "sources.attribute_missing", about=attribute.description)
        if len(texts) > 1 and attribute.datatype is not DataType.MULTI_VALUE_LIST:
            fields.blame(name, "sources.attribute_repeated")
        for text in texts:
            if not _fits(attribute, text, zone):
                fields.blame(
                    name,
                    "sources.attribute_refused",
                    value=shown(text),
                    datatype=attribute.datatype.value,
                    possible=", ".join(key for key, _ in attribute.values) or "–",
                )
    fields.settle()


def draft_of(form: Form, *, source: str, language: str | None = None) -> ReportDraft:
    """The report in a form; what has no field of its own goes to `attributes`.

    `attribute[same_as]` is the number of a case that the sender says is the same thing.
    """
    extra: dict[str, AttributeValue] = {
        f"attribute.{code}": texts[0] if len(texts) == 1 else texts
        for code, texts in form.attributes.items()
    }
    if named := form.attributes.get(SAME_AS):
        extra[SAME_AS] = named[0]
    for name in ("address_id", "device_id", "account_id", "media_url"):
        if text := getattr(form, name):
            extra[name] = text
    return ReportDraft(
        source=source,
        text=form.description,
        address=form.address,
        lon=form.lon,
        lat=form.lat,
        crs=Crs.WGS84 if form.lon is not None else None,
        kind=form.service_code,
        reporter_name=_full_name(form.first_name or "", form.last_name or ""),
        reporter_phone=form.phone,
        reporter_email=form.email,
        language=language,
        attributes=extra,
    )


def _position(fields: Fields) -> tuple[float | None, float | None]:
    lat = fields.number("lat", -180, 180)
    lon = fields.number("long", -180, 180)
    for name, other in (("lat", "long"), ("long", "lat")):
        if fields.all(name) and not fields.all(other):
            fields.blame(other, "sources.coordinate_incomplete")
    if lat is None or lon is None:
        return None, None
    if abs(lat) > 90:
        code = "sources.coordinates_swapped" if abs(lon) <= 90 else "sources.latitude_refused"
        fields.blame("lat", code, lat=lat, lon=lon)
        return None, None
    return lon, lat


def _email(fields: Fields) -> str | None:
    text = fields.one("email", longest=254)
    if text is not None and not _EMAIL.fullmatch(text):
        fields.blame("email", "sources.email_refused", value=shown(text))
    return text


def _media_url(fields: Fields) -> str | None:
    text = fields.one("media_url", longest=2000)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        good = False
    if not good or re.search(r"\s", text):
        fields.blame("media_url", "sources.media_url_refused", value=shown(text))
    return text


def _attributes(fields: Fields) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in fields.names():
        if not name.startswith("attribute"):
            continue
        match = _ATTRIBUTE.fullmatch(name)
        if match is None or not match[1].isprintable():
            fields.blame("attribute", "sources.attribute_malformed", value=shown(name))
            continue
        texts = fields.all(name)
        if any(len(text) > LONGEST_TEXT for text in texts):
            fields.blame(name, "sources.field_too_long", limit=LONGEST_TEXT)
        found[match[1]] = found.get(match[1], ()) + texts
    if sum(len(texts) for texts in found.values()) > _MOST_ATTRIBUTES:
        fields.blame("attribute", "sources.list_too_long", limit=_MOST_ATTRIBUTES)
    return found


def _fits(attribute: Attribute, text: str, zone: tzinfo) -> bool:
    match attribute.datatype:
        case DataType.NUMBER:
            return _NUMBER.fullmatch(text) is not None
        case DataType.DATETIME:
            return read_moment(text, zone) is not None
        case DataType.STRING:
            return "\n" not in text
        case DataType.TEXT:
            return True
        case DataType.SINGLE_VALUE_LIST | DataType.MULTI_VALUE_LIST:
            return any(text == key for key, _ in attribute.values)


def _full_name(first: str, last: str) -> str | None:
    """Family name first and unspaced where both names are Chinese, as they are written there."""
    if _HAN.fullmatch(first) and _HAN.fullmatch(last):
        return last + first
    return " ".join(part for part in (first, last) if part) or None

"""The JSON body of a report: decoded fast, and where it is wrong, every fault named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from yiwang.ground.places.coordinates import Crs
from yiwang.kit.errors import Fault, Refusal
from yiwang.matters.sources.model import Source

LONGEST_BODY = 65_536
MOST_ITEMS = 500
_MOST_ATTRIBUTES = 50
_LONGEST_ATTRIBUTES = 16_384  # bytes as JSON
_DEEPEST = 4

S = TypeVar("S", bound=Struct)
Language = Literal["zh", "en"]
Short = Annotated[str, Meta(max_length=200)]
Line = Annotated[str, Meta(max_length=500)]


class Reporter(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Who reports, where they say so. `confidential`: known to the centre that takes the report,
    and not to the unit that handles the matter."""

    name: Annotated[str, Meta(max_length=100)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    confidential: bool | None = None


class ReportBody(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One report as it is sent; `lon` and `lat` are degrees in `crs`.

    `same_as` is the number of an open case that the sender says is the same thing ("me too").
    """

    text: Annotated[str, Meta(min_length=1, max_length=10_000)]
    title: Short | None = None
    source: Source | None = None
    external_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    address: Line | None = None
    lon: float | None = None
    lat: float | None = None
    crs: Crs | None = None
    kind: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    happened_at: Annotated[datetime, Meta(tz=True)] | None = None
    reporter: Reporter | None = None
    attributes: dict[str, Any] | None = None
    language: Language | None = None
    synthetic: bool | None = None
    urgent: bool | None = None
    same_as: Annotated[str, Meta(min_length=1, max_length=60)] | None = None


class CaseBody(ReportBody, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A report that is filed as it comes; `place` is a code, where no position is given."""

    kind: Annotated[str, Meta(min_length=1, max_length=200)]
    place: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    dispatch: bool | None = None
    fixed_on_the_spot: bool | None = None


class Batch(Struct, forbid_unknown_fields=True):
    """Several reports of one system; each is taken or refused alone."""

    items: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_ITEMS)]


_DECODER = msgspec.json.Decoder(ReportBody)
_BATCH = msgspec.json.Decoder(Batch)
_CANONICAL = msgspec.json.Encoder(order="deterministic")

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# Characters that neither PostgreSQL nor XML holds and no citizen means, raw or escaped. JSON has
# no raw controls below 0x20, so only their escapes are looked for.
_SUSPECT = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xef\xbf[\xbe\xbf]|\\[bf]|\\u(?:00[0189]|007[fF]|[dD][89a-fA-F]|[fF]{3})"
)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def read_report(body: bytes) -> ReportBody:
    """The report in a body; refuses with every wrong field ("web.request_invalid") or with the
    place where it stops being JSON ("web.json_malformed")."""
    try:
        found = _DECODER.decode(body)
    except _UNREADABLE as error:
        raise _refusal(body, error) from None
    _require_sound(found, body)
    return found


def read_case(body: bytes) -> CaseBody:
    """The report to be filed at once in a body, refused as :func:`read_report` does."""
    found = read_struct(body, CaseBody)
    _require_sound(found, body)
    if found.same_as is not None:  # what is filed at once is a case of its own
        fault = Fault("/same_as", "web.field_unknown", {"field": "same_as"})
        raise Refusal("web.request_invalid", faults=[fault])
    return found


def _require_sound(report: ReportBody, body: bytes) -> None:
    """Refuse what a well-formed report may still not hold."""
    faults = _unprintable(report) if _SUSPECT.search(body) else []
    if report.attributes is not None:
        faults += _wrong_attributes(report.attributes)
    if not report.text.strip():
        faults.append(Fault("/text", "web.field_short", {"field": "text", "min_length": 1}))
    if faults:
        raise Refusal("web.request_invalid", faults=faults)


def read_struct(body: bytes, sort: type[S]) -> S:
    """Any other body of ours, with the same refusals."""
    try:
        found = msgspec.json.decode(body, type=sort)
    except _UNREADABLE as error:
        raise _refusal(body, error, sort) from None
    faults = _unprintable(found) if _SUSPECT.search(body) else []
    if faults:
        raise Refusal("web.request_invalid", faults=faults)
    return found


def read_batch(body: bytes) -> list[bytes]:
    """The bodies of a batch, each still to be read."""
    try:
        return [bytes(item) for item in _BATCH.decode(body).items]
    except _UNREADABLE as error:
        raise _refusal(body, error, Batch) from None


def canonical(report: ReportBody) -> bytes:
    """The one form of a body, however its fields were ordered and spaced."""
    return _CANONICAL.encode(report)


def _unprintable(report: Struct) -> list[Fault]:
    return [
        Fault(pointer, "sources.unprintable", {"field": pointer.rpartition("/")[2]})
        for pointer, text in _texts("", msgspec.to_builtins(report))
        if _UNPRINTABLE.search(text)
    ]


def _texts(pointer: str, value: Any) -> Iterable[tuple[str, str]]:
    """Every text in a value with its JSON pointer; keys of objects count as texts too."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            step = f"{pointer}/" + key.replace("~", "~0").replace("/", "~1")
            if _UNPRINTABLE.search(key):
                yield pointer, key
            yield from _texts(step, inner)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _texts(f"{pointer}/{i}", inner)


def _wrong_attributes(given: Mapping[str, Any]) -> list[Fault]:
    facts: dict[str, Any] = {"field": "attributes"}
    if len(given) > _MOST_ATTRIBUTES:
        return [Fault("/attributes", "web.list_long", facts | {"max_length": _MOST_ATTRIBUTES})]
    if _depth(given) > _DEEPEST or len(msgspec.json.encode(given)) > _LONGEST_ATTRIBUTES:
        limits = {"bytes": _LONGEST_ATTRIBUTES, "depth": _DEEPEST}
        return [Fault("/attributes", "sources.attributes_large", facts | limits)]
    return []


def _depth(value: Any, above: int = 0) -> int:
    """How deep a value nests; counted no deeper than what is refused anyway."""
    inner = value.values() if isinstance(value, Mapping) else value
    if above > _DEEPEST or not isinstance(value, Mapping | list):
        return above
    return max((_depth(one, above + 1) for one in inner), default=above + 1)


def _refusal(body: bytes, error: Exception, sort: type[Struct] = ReportBody) -> Refusal:
    if isinstance(error, msgspec.ValidationError):
        try:
            raw = msgspec.json.decode(body)
        except _UNREADABLE as worse:
            return _malformed(worse)
        return Refusal("web.request_invalid", faults=_faults("", raw, sort))
    return _malformed(error)


def _malformed(error: Exception) -> Refusal:
    if isinstance(error, UnicodeDecodeError):
        return Refusal("web.json_malformed", position=error.start, reason="UTF-8")
    if isinstance(error, RecursionError):
        return Refusal("web.json_malformed", position="–", reason="nested too deep")
    text = str(error)
    found = re.search(r"\(byte (\d+)\)", text)
    reason = text.removeprefix("JSON is malformed: ").partition(" (byte")[0]
    return Refusal("web.json_malformed", position=found[1] if found else "–", reason=reason)


def _faults(pointer: str, raw: Any, sort: type[Struct]) -> list[Fault]:
    """Everything wrong with `raw` as a `sort`, field by field."""
    field = pointer.rpartition("/")[2] or "body"
    if not isinstance(raw, dict):
        return [Fault(pointer, "web.field_object", {"field": field})]
    faults: list[Fault] = []
    fields = {row.name: row for row in msgspec.structs.fields(sort)}
    for name in raw:
        if name not in fields:
            step = name.replace("~", "~0").replace("/", "~1")[:80]
            faults.append(Fault(f"{pointer}/{step}", "web.field_unknown", {"field": name[:80]}))
    for name, row in fields.items():
        where = f"{pointer}/{name}"
        value = raw.get(name, UNSET)
        if isinstance(value, UnsetType):
            if row.required:
                faults.append(Fault(where, "web.field_missing", {"field": name}))
            continue
        if name == "reporter" and isinstance(value, dict):
            faults += _faults(where, value, Reporter)
            continue
        try:
            msgspec.convert(value, row.type, strict=True)
        except msgspec.ValidationError as error:
            faults.append(_fault(where, name, str(error), row.type))
    return faults


_EXPECTED = (
    ("Expected `str", "web.field_text"),
    ("Expected `float", "web.field_number"),
    ("Expected `bool", "web.field_boolean"),
    ("Expected `object", "web.field_object"),
    ("Expected `array", "web.field_list"),
    ("Expected `datetime", "web.field_time"),
    ("Invalid RFC3339", "web.field_time"),
)
_LENGTH = re.compile(r"of length ([<>])= (\d+)")


def _fault(pointer: str, field: str, message: str, sort: Any) -> Fault:
    facts: dict[str, Any] = {"field": field}
    if length := _LENGTH.search(message):
        name = "min_length" if length[1] == ">" else "max_length"
        items = "list" if "array" in message else "field"
        size = "short" if length[1] == ">" else "long"
        return Fault(pointer, f"web.{items}_{size}", facts | {name: length[2]})
    choices = _choices(sort)
    if choices:
        return Fault(pointer, "web.field_choice", facts | {"expected": ", ".join(choices)})
    if "datetime" in message:
        return Fault(pointer, "web.field_time", facts)
    for start, code in _EXPECTED:
        if message.startswith(start):
            return Fault(pointer, code, facts)
    return Fault(pointer, "web.field_wrong", facts | {"reason": message.partition(" - at")[0]})


def _choices(sort: Any) -> list[str]:
    found: list[str] = []
    for part in get_args(sort):
        if isinstance(part, type) and issubclass(part, Crs | Source):
            found += [one.value for one in part]
        elif part is Language:
            found += get_args(Language)
    return found

"""One event, one sequence of bytes: the form in which events are hashed.

JSON is written after RFC 8785 (JCS): no spaces, keys sorted by UTF-16 code units, shortest
escapes, numbers as ECMAScript writes the double of the same value. Times are UTC with
microseconds and a Z, which is what PostgreSQL keeps.

What is hashed has to equal what is read back from `jsonb`, which keeps no key order, no
duplicate keys, no exponents and no negative zero, but does keep trailing zeros. Hence a number
is written by its value alone: 1, 1.0 and 1e0 give `1`; 1e22 and the integer that jsonb returns
for it give `1e+22`; -0.0 gives `0`. What jsonb cannot hold or a double cannot tell apart is
refused when the event is recorded (:func:`check_facts`), not later when it is sealed: NaN and
infinities, integers beyond 2^53 - 1 that are not a double's own shortest decimal (write them as
text), NUL and lone surrogates.

The leaf of an event is its :class:`Statement`. Actor and facts enter it as commitments:

    blind(label)  = HMAC-SHA-256(salt, label)
    commitment    = SHA-256(blind(label) || canonical([name, value]))
    facts digest  = SHA-256(commitments of all facts, in the order of their names)

The blind of one member says nothing about the salt or any other blind, so a receipt can show
single facts, and a short value (a staff number) cannot be guessed from its commitment.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from yiwang.ground.ledger.model import DIGEST_BYTES, SALT_BYTES, Event, Statement
from yiwang.kit.errors import Refusal

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1  # RFC 7493: every reader of JSON agrees on integers up to here
_TIME_LENGTH = len("2026-01-31T23:59:59.000001")  # without the zone
_PLAIN_DIGITS = 21  # ECMA-262, Number::toString: longer integers get an exponent
_PLAIN_ZEROS = -6  # ECMA-262: smaller fractions get an exponent

_sha256 = hashlib.sha256
_BLOCK = 64  # bytes of a block of SHA-256
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))

_TEXTS = ("action", "article", "matter", "place", "rule")
_OPTIONAL_TEXTS = ("after", "before", "unit")
_INTEGERS = ("id", "matter_id", "xid")
_DIGESTS = ("actor_digest", "facts_digest")
_FIELDS = frozenset({*_TEXTS, *_OPTIONAL_TEXTS, *_INTEGERS, *_DIGESTS, "at", "case_id"})


def write(value: Any) -> bytes:
    """Canonical bytes of a JSON value; refuses what is no JSON value (codes `ledger.value_*`)."""
    return _utf8(_text(value, 0))


def check_facts(facts: Mapping[str, Any]) -> None:
    """Refuse facts that could not be sealed later; call it before an event is stored."""
    write(facts)


def _text(value: Any, depth: int) -> str:
    if type(value) is str and "\x00" not in value:  # most values
        return encode_basestring(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        if "\x00" in value:
            raise Refusal("ledger.value_text")
        return encode_basestring(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _double(value)
    if depth >= MAX_DEPTH:
        raise Refusal("ledger.value_depth", limit=MAX_DEPTH)
    if isinstance(value, Mapping):
        members = [f"{_text(k, depth)}:{_text(value[k], depth + 1)}" for k in _names(value)]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([_text(item, depth + 1) for item in value]) + "]"
    raise Refusal("ledger.value_type", type=type(value).__name__)


def _names(members: Mapping[str, Any]) -> list[str]:
    for name in members:
        if not isinstance(name, str):
            raise Refusal("ledger.value_type", type=type(name).__name__)
    if all(map(str.isascii, members)):
        return sorted(members)
    try:
        return sorted(members, key=lambda name: name.encode("utf-16-be"))
    except UnicodeEncodeError:
        raise Refusal("ledger.value_text") from None


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refusal("ledger.value_text") from None


def _integer(value: int) -> str:
    if -MAX_INTEGER <= value <= MAX_INTEGER:
        return int.__repr__(value)
    try:
        double = float(value)
    except OverflowError:
        raise Refusal("ledger.value_number") from None
    if Decimal(repr(double)) != value:
        raise Refusal("ledger.value_number")
    return _double(double)


def _double(value: float) -> str:
    """The shortest decimal of a double in the notation of ECMA-262, Number::toString."""
    if not math.isfinite(value):
        raise Refusal("ledger.value_number")
    if value.is_integer() and abs(value) <= MAX_INTEGER:
        return str(int(value))
    sign, figures, exponent = Decimal(float.__repr__(value)).normalize().as_tuple()
    digits = "".join(map(str, figures))
    point = len(digits) + int(exponent)
    if len(digits) <= point <= _PLAIN_DIGITS:
        body = digits.ljust(point, "0")
    elif 0 < point <= _PLAIN_DIGITS:
        body = f"{digits[:point]}.{digits[point:]}"
    elif _PLAIN_ZEROS < point <= 0:
        body = "0." + "0" * -point + digits
    else:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        body = f"{digits[0]}{fraction}e{point - 1:+d}"
    return f"-{body}" if sign else body


def write_time(at: datetime) -> str:
    """A time as `2026-01-31T23:59:59.000001Z`; refuses a time without a zone."""
    if at.utcoffset() is None:
        raise Refusal("ledger.value_time")
    local = at if at.tzinfo is UTC else at.astimezone(UTC)
    return local.isoformat(timespec="microseconds")[:_TIME_LENGTH] + "Z"


def read_time(text: str) -> datetime:
    """The time of :func:`write_time`; ValueError for any other spelling."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    if write_time(at) != text:
        raise ValueError("not the canonical spelling of a time")
    return at


def _keys(salt: bytes) -> tuple[bytes, bytes]:
    """The inner and the outer key of HMAC-SHA-256 (RFC 2104): one pair serves a whole event."""
    if len(salt) != SALT_BYTES:
        raise Refusal("ledger.salt_length", length=len(salt), wanted=SALT_BYTES)
    key = salt.ljust(_BLOCK, b"\0")
    return key.translate(_INNER), key.translate(_OUTER)


def _blind(keys: tuple[bytes, bytes], label: str) -> bytes:
    inner, outer = keys
    return _sha256(outer + _sha256(inner + _utf8(label)).digest()).digest()


def blind(salt: bytes, label: str) -> bytes:
    """The blinding value of one member ("actor" or "fact:<name>"), from the event's salt."""
    return _blind(_keys(salt), label)


def commit(blinding: bytes, name: str, value: Any) -> bytes:
    """The commitment to one named value."""
    return _sha256(blinding + _utf8(f"[{_text(name, 1)},{_text(value, 1)}]")).digest()


def commit_actor(salt: bytes, actor: str) -> bytes:
    """The commitment to who did it."""
    return commit(blind(salt, "actor"), "actor", actor)


def commit_facts(salt: bytes, facts: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
    """Name and commitment of every fact, in canonical order."""
    keys = _keys(salt)
    return tuple([(n, commit(_blind(keys, f"fact:{n}"), n, facts[n])) for n in _names(facts)])


def join_commitments(commitments: list[bytes]) -> bytes:
    """The digest of all facts from their commitments, in canonical order of their names."""
    return hashlib.sha256(b"".join(commitments)).digest()


def state(event: Event) -> Statement:
    """What the ledger says of an event in public."""
    return Statement(
        id=event.id,
        xid=event.xid,
        at=event.at,
        actor_digest=commit_actor(event.salt, event.actor),
        unit=event.unit,
        action=event.action,
        matter=event.matter,
        matter_id=event.matter_id,
        case_id=event.case_id,
        place=event.place,
        article=event.article,
        rule=event.rule,
        before=event.before,
        after=event.after,
        facts_digest=join_commitments([made for _, made in commit_facts(event.salt, event.facts)]),
    )


def show(statement: Statement) -> dict[str, str | int | None]:
    """The statement as a JSON object, its keys in canonical order."""
    return {
        "action": statement.action,
        "actor_digest": statement.actor_digest.hex(),
        "after": statement.after,
        "article": statement.article,
        "at": write_time(statement.at),
        "before": statement.before,
        "case_id": statement.case_id,
        "facts_digest": statement.facts_digest.hex(),
        "id": statement.id,
        "matter": statement.matter,
        "matter_id": statement.matter_id,
        "place": statement.place,
        "rule": statement.rule,
        "unit": statement.unit,
        "xid": statement.xid,
    }


def content(statement: Statement) -> bytes:
    """The canonical bytes of a statement: the content of its leaf in the tree."""
    numbers = (statement.id, statement.xid, statement.matter_id, statement.case_id or 0)
    if max(numbers) > MAX_INTEGER or min(numbers) < -MAX_INTEGER:
        raise Refusal("ledger.value_number")
    said, quote = statement, encode_basestring
    before = "null" if said.before is None else quote(said.before)
    after = "null" if said.after is None else quote(said.after)
    unit = "null" if said.unit is None else quote(said.unit)
    case_id = "null" if said.case_id is None else said.case_id
    return _utf8(
        f'{{"action":{quote(said.action)},"actor_digest":"{said.actor_digest.hex()}",'
        f'"after":{after},"article":{quote(said.article)},"at":"{write_time(said.at)}",'
        f'"before":{before},"case_id":{case_id},"facts_digest":"{said.facts_digest.hex()}",'
        f'"id":{said.id},"matter":{quote(said.matter)},"matter_id":{said.matter_id},'
        f'"place":{quote(said.place)},"rule":{quote(said.rule)},"unit":{unit},"xid":{said.xid}}}'
    )


def leaf(event: Event) -> bytes:
    """The content of an event's leaf; refuses an event that could not have been recorded."""
    return content(state(event))


def parse(data: bytes) -> Statement:
    """The statement whose canonical bytes are `data`; ValueError for anything else."""
    statement = parse_object(json.loads(data.decode("utf-8")))
    if content(statement) != data:
        raise ValueError("not the canonical bytes of a statement")
    return statement


def parse_object(value: Any) -> Statement:
    """The statement of a JSON object made by :func:`show`; ValueError for anything else."""
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise ValueError("a statement has exactly its own fields")
    if not all(isinstance(value[name], str) for name in _TEXTS):
        raise ValueError("a text is missing")
    if not all(isinstance(value[name], str | None) for name in _OPTIONAL_TEXTS):
        raise ValueError("a text is of another type")
    if not all(_is_integer(value[name]) for name in _INTEGERS):
        raise ValueError("an integer is missing or too large")
    if value["case_id"] is not None and not _is_integer(value["case_id"]):
        raise ValueError("case_id is no integer")
    if not isinstance(value["at"], str):
        raise ValueError("the time is no text")
    digests = {name: read_hex(value[name], DIGEST_BYTES) for name in _DIGESTS}
    return Statement(**{**value, **digests, "at": read_time(value["at"])})


def _is_integer(value: object) -> bool:
    return type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER


def read_hex(value: object, length: int) -> bytes:
    """`length` bytes from lower-case hexadecimal; ValueError for any other spelling."""
    if not isinstance(value, str) or len(value) != 2 * length:
        raise ValueError("wrong length of a hexadecimal value")
    data = bytes.fromhex(value)
    if data.hex() != value:
        raise ValueError("hexadecimal is written in lower case, without spaces")
    return data

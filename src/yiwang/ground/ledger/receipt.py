"""The receipt of a case: a JSON file with which anybody can check its record, offline.

    {"format": "yiwang-receipt", "version": 1,
     "case": {"id": 7, "number": "..."},
     "key": {"id": "<16 hex>", "public": "<64 hex>"},
     "head": {"origin", "size", "root", "at", "signature"},
     "events": [{"position", "statement", "leaf", "path", "actor", "facts"}, ...]}

`statement` is what the ledger hashed (see `canonical`); `leaf` its hash, `path` the proof that
leads from it to the signed root. Actor and facts stay out unless the one who writes the receipt
shows them. A shown member carries its blind; of a fact that stays hidden only the commitment is
there, and where no fact is shown not even their number. Every binary value is lower-case
hexadecimal; unknown fields are an error, so nothing unproven can ride along.

Whoever holds a receipt may take shown members out again (`null` in place of actor or facts)
before passing it on; it stays valid and says less.

A receipt proves that each of its events is in the signed record, unaltered and in this order. It
cannot prove that the case has no further events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from yiwang.ground.ledger import canonical, merkle
from yiwang.ground.ledger.canonical import read_hex
from yiwang.ground.ledger.model import DIGEST_BYTES, Event, Head, Proof, Statement
from yiwang.ground.ledger.signing import PUBLIC_BYTES, SIGNATURE_BYTES, PublicKey
from yiwang.kit.errors import Refusal

FORMAT = "yiwang-receipt"
VERSION = 1
NUMBER = "number"  # the fact that carries a case's number; a receipt always shows it
MAX_BYTES = 16 * 2**20
MAX_EVENTS = 20_000
MAX_PATH = 64


class Malformed(ValueError):
    """The bytes are no receipt; `where` is the field that is wrong."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What of an event a receipt shows beyond its statement."""

    actor: bool = False
    facts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shown:
    """A member that a receipt shows, with the blind that opens its commitment."""

    name: str
    value: Any
    blind: bytes

    @property
    def commitment(self) -> bytes:
        """The commitment that this opens."""
        return canonical.commit(self.blind, self.name, self.value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a receipt. `facts` are all its facts in order, or None where none is shown."""

    position: int
    statement: Statement
    leaf: bytes
    path: tuple[bytes, ...]
    actor: Shown | None
    facts: tuple[Shown | bytes, ...] | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The content of a receipt file."""

    case_id: int
    number: str | None
    key_id: str
    key: PublicKey
    head: Head
    entries: tuple[Entry, ...]


def make_receipt(
    head: Head,
    key: PublicKey,
    case_id: int,
    events: Sequence[tuple[Event, Proof]],
    disclose: Callable[[Event], Disclosure],
) -> Receipt:
    """A receipt over these events of one case, in ledger order, each with its proof.

    The case's number is taken from the events themselves (fact `number` of a case's event) and
    always shown, since a number that no event proves has no place in a receipt.
    """
    entries: list[Entry] = []
    number: str | None = None
    for event, proof in events:
        if event.case_id != case_id or proof.size != head.size:
            raise Refusal("ledger.receipt_events", position=proof.position)
        shown = disclose(event)
        if event.matter == "case" and isinstance(event.facts.get(NUMBER), str):
            number = event.facts[NUMBER]
            shown = Disclosure(shown.actor, shown.facts | {NUMBER})
        entries.append(_enter(event, proof, shown))
    return Receipt(case_id, number, key.key_id, key, head, tuple(entries))


def _enter(event: Event, proof: Proof, shown: Disclosure) -> Entry:
    statement = canonical.state(event)
    actor = None
    if shown.actor:
        actor = Shown("actor", event.actor, canonical.blind(event.salt, "actor"))
    facts: tuple[Shown | bytes, ...] | None = None
    if shown.facts & event.facts.keys():
        facts = tuple(
            Shown(name, event.facts[name], canonical.blind(event.salt, f"fact:{name}"))
            if name in shown.facts
            else commitment
            for name, commitment in canonical.commit_facts(event.salt, event.facts)
        )
    leaf = merkle.hash_leaf(canonical.content(statement))
    return Entry(proof.position, statement, leaf, proof.path, actor, facts)


def write_receipt(receipt: Receipt) -> bytes:
    """The receipt as a file: JSON in UTF-8, indented for the human eye."""
    head = receipt.head
    value = {
        "format": FORMAT,
        "version": VERSION,
        "case": {"id": receipt.case_id, "number": receipt.number},
        "key": {"id": receipt.key_id, "public": receipt.key.raw.hex()},
        "head": {
            "origin": head.origin,
            "size": head.size,
            "root": head.root.hex(),
            "at": canonical.write_time(head.at),
            "signature": head.signature.hex(),
        },
        "events": [_write_entry(entry) for entry in receipt.entries],
    }
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _write_entry(entry: Entry) -> dict[str, Any]:
    facts = None
    if entry.facts is not None:
        facts = [m.hex() if isinstance(m, bytes) else _write_shown(m) for m in entry.facts]
    return {
        "position": entry.position,
        "statement": canonical.show(entry.statement),
        "leaf": entry.leaf.hex(),
        "path": [hash_.hex() for hash_ in entry.path],
        "actor": None if entry.actor is None else _write_shown(entry.actor),
        "facts": facts,
    }


def _write_shown(member: Shown) -> dict[str, Any]:
    return {"name": member.name, "value": member.value, "blind": member.blind.hex()}


def read_receipt(data: bytes) -> Receipt:
    """The receipt in a file; :class:`Malformed`, and nothing else, for any other bytes.

    Reading checks the form only; whether it is true is for `inspection.verify_receipt`.
    """
    if len(data) > MAX_BYTES:
        raise Malformed("size")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise Malformed("json") from None
    top = _object(value, "", "format", "version", "case", "key", "head", "events")
    if top["format"] != FORMAT:
        raise Malformed("format")
    if type(top["version"]) is not int or top["version"] != VERSION:
        raise Malformed("version")
    case = _object(top["case"], "case", "id", "number")
    number = case["number"]
    if not isinstance(number, str | None):
        raise Malformed("case.number")
    key = _object(top["key"], "key", "id", "public")
    key_id = _read_text(key["id"], "key.id")
    public = PublicKey(_hex(key["public"], PUBLIC_BYTES, "key.public"))
    rows = _list(top["events"], MAX_EVENTS, "events")
    entries = tuple(_read_entry(row, f"events[{n}]") for n, row in enumerate(rows))
    head = _read_head(top["head"], key_id)
    return Receipt(_integer(case["id"], "case.id"), number, key_id, public, head, entries)


def _read_head(value: Any, key_id: str) -> Head:
    head = _object(value, "head", "origin", "size", "root", "at", "signature")
    try:
        at = canonical.read_time(_read_text(head["at"], "head.at"))
    except ValueError:
        raise Malformed("head.at") from None
    return Head(
        origin=_read_text(head["origin"], "head.origin"),
        size=_integer(head["size"], "head.size"),
        root=_hex(head["root"], DIGEST_BYTES, "head.root"),
        at=at,
        key_id=key_id,
        signature=_hex(head["signature"], SIGNATURE_BYTES, "head.signature"),
    )


def _read_entry(value: Any, where: str) -> Entry:
    row = _object(value, where, "position", "statement", "leaf", "path", "actor", "facts")
    try:
        statement = canonical.parse_object(row["statement"])
        canonical.content(statement)
    except (ValueError, Refusal):
        raise Malformed(f"{where}.statement") from None
    facts: tuple[Shown | bytes, ...] | None = None
    if row["facts"] is not None:
        members = _list(row["facts"], MAX_EVENTS, f"{where}.facts")
        facts = tuple(_read_fact(member, f"{where}.facts") for member in members)
    actor = None if row["actor"] is None else _read_shown(row["actor"], f"{where}.actor")
    if actor is not None and (actor.name != "actor" or not isinstance(actor.value, str)):
        raise Malformed(f"{where}.actor")
    path = _list(row["path"], MAX_PATH, f"{where}.path")
    return Entry(
        position=_integer(row["position"], f"{where}.position"),
        statement=statement,
        leaf=_hex(row["leaf"], DIGEST_BYTES, f"{where}.leaf"),
        path=tuple(_hex(step, DIGEST_BYTES, f"{where}.path") for step in path),
        actor=actor,
        facts=facts,
    )


def _read_fact(value: Any, where: str) -> Shown | bytes:
    if isinstance(value, str):
        return _hex(value, DIGEST_BYTES, where)
    return _read_shown(value, where)


def _read_shown(value: Any, where: str) -> Shown:
    row = _object(value, where, "name", "value", "blind")
    name = _read_text(row["name"], f"{where}.name")
    shown = Shown(name, row["value"], _hex(row["blind"], DIGEST_BYTES, f"{where}.blind"))
    try:
        canonical.write([name, shown.value])
    except Refusal:
        raise Malformed(f"{where}.value") from None
    return shown


def _object(value: Any, where: str, *names: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise Malformed(where or "json")
    return value


def _list(value: Any, limit: int, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > limit:
        raise Malformed(where)
    return value


def _read_text(value: Any, where: str) -> str:
    if not isinstance(value, str) or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise Malformed(where)
    return value


def _integer(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value <= canonical.MAX_INTEGER:
        raise Malformed(where)
    return value


def _hex(value: Any, length: int, where: str) -> bytes:
    try:
        return read_hex(value, length)
    except ValueError:
        raise Malformed(where) from None


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a name is written twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON value")

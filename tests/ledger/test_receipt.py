"""Receipts: what they show, what they keep, and that no altered one passes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from string import Formatter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yiwang.ground.ledger import canonical, merkle, receipt, signing, tiles
from yiwang.ground.ledger.inspection import Verdict, verify_receipt
from yiwang.ground.ledger.model import Event, Proof
from yiwang.ground.ledger.receipt import Disclosure, Malformed, Receipt
from yiwang.ground.ledger.signing import SigningKey
from yiwang.kit.errors import Refusal
from yiwang.kit.words import problems

MakeEvent = Callable[..., Event]

_NUMBER = "3101012026030100001"
_CASE = 5
_POSITIONS = (3, 40, 41, 299)


def _events(make_event: MakeEvent) -> list[Event]:
    events = [make_event(n, matter_id=n, case_id=n + 1000) for n in range(300)]
    private = {"reporter": "王某某", "phone": "13800000000", "text": "路面破损，请尽快处理"}
    events[3] = make_event(3, action="case.report", before=None, after="reported", facts=private)
    events[40] = make_event(40)
    events[41] = make_event(
        41, matter="order", matter_id=9, action="order.finish", facts={"result": "已修复", "n": 2}
    )
    events[299] = make_event(299, action="case.close", facts={})
    return events


def _disclose(event: Event) -> Disclosure:
    if event.matter == "order":
        return Disclosure(actor=True, facts=frozenset({"result"}))
    return Disclosure()


def _fields(code: str) -> set[str]:
    """The facts that the sentences of a code need."""
    row = problems()[code]
    return {name for _, name, _, _ in Formatter().parse(row["zh"] + row["en"]) if name}


@pytest.fixture(scope="module")
def made(make_event: MakeEvent, key: SigningKey, origin: str) -> Receipt:
    events = _events(make_event)
    growth = tiles.append(0, {}, _hashes(events))
    head = signing.sign(key, origin, 300, growth.root, events[-1].at)
    proven = [(events[p], tiles.inclusion(p, 300, growth.changed)) for p in _POSITIONS]
    return receipt.make_receipt(head, key.public, _CASE, proven, _disclose)


def _hashes(events: list[Event]) -> list[bytes]:
    return [merkle.hash_leaf(canonical.leaf(event)) for event in events]


@pytest.fixture(scope="module")
def file(made: Receipt) -> bytes:
    return receipt.write_receipt(made)


def _codes(verdict: Verdict) -> list[str]:
    assert verdict.ok == (not verdict.findings)
    for finding in verdict.findings:
        assert _fields(finding.code) <= finding.facts.keys()
    return [finding.code for finding in verdict.findings]


def _rewrite(file: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    value = json.loads(file)
    change(value)
    return json.dumps(value).encode()


def test_a_true_receipt_passes(file: bytes, made: Receipt, key: SigningKey) -> None:
    verdict = verify_receipt(file, key.public)
    assert (verdict.ok, verdict.trusted, verdict.receipt) == (True, True, made)
    assert made.number == _NUMBER
    assert [entry.position for entry in made.entries] == list(_POSITIONS)


def test_without_a_trusted_key_it_is_true_to_itself_only(file: bytes) -> None:
    verdict = verify_receipt(file)
    assert (verdict.ok, verdict.trusted) == (True, False)


def test_layout_does_not_matter(file: bytes, key: SigningKey) -> None:
    assert verify_receipt(_rewrite(file, lambda value: None), key.public).ok


def test_it_shows_what_was_disclosed_and_nothing_else(file: bytes) -> None:
    text = file.decode()
    for shown in ("已修复", "person:6", _NUMBER):  # event 41 is by person 41 mod 7
        assert shown in text
    for hidden in ("王某某", "13800000000", "路面", "reporter", "person:3", "reason", "0.25"):
        assert hidden not in text


def test_where_nothing_is_shown_not_even_the_count_is(made: Receipt) -> None:
    assert made.entries[0].facts is None
    assert made.entries[0].actor is None


def test_another_case_or_head_is_refused(made: Receipt, make_event: MakeEvent) -> None:
    for event, proof in (
        (make_event(case_id=6), Proof(0, 300, ())),
        (make_event(), Proof(0, 299, ())),
    ):
        with pytest.raises(Refusal, match="receipt_events"):
            receipt.make_receipt(made.head, made.key, _CASE, [(event, proof)], _disclose)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_that_matters_fails(
    file: bytes, made: Receipt, key: SigningKey, data: st.DataObject
) -> None:
    raw = bytearray(file)
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[at]))
    verdict = verify_receipt(bytes(raw), key.public)
    _codes(verdict)
    # Between the values a byte may become another space; then the content is the same.
    assert not verdict.ok or verdict.receipt == made


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_missing_byte_that_matters_fails(
    file: bytes, made: Receipt, key: SigningKey, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(file) - 1))
    verdict = verify_receipt(file[:at] + file[at + 1 :], key.public)
    assert not verdict.ok or verdict.receipt == made


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"")
@example(b"null")
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"9" * 10_000)
@example(b"\xff\xfe")
@example(b'{"format": "yiwang-receipt", "format": "yiwang-receipt"}')
def test_rubbish_is_said_to_be_rubbish(data: bytes) -> None:
    verdict = verify_receipt(data)
    assert _codes(verdict) == ["receipt.malformed"]
    assert verdict.receipt is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value of a JSON document lies."""
    found = [path] if path else []
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in inner:
        found += _leaves(item, (*path, name))
    return found


def _shows_no_more(one: Receipt | None, other: Receipt) -> bool:
    """Whether a receipt says the same, but for shown members that were taken out again."""
    if one is None or replace(one, entries=()) != replace(other, entries=()):
        return False
    return len(one.entries) == len(other.entries) and all(
        replace(a, actor=None, facts=None) == replace(b, actor=None, facts=None)
        and a.actor in (None, b.actor)
        and a.facts in (None, (), b.facts)
        for a, b in zip(one.entries, other.entries, strict=True)
    )


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_replaced_value_fails(
    file: bytes, made: Receipt, key: SigningKey, data: st.DataObject
) -> None:
    value = json.loads(file)
    *path, last = data.draw(st.sampled_from(_leaves(value)))
    holder = value
    for name in path:
        holder = holder[name]
    holder[last] = data.draw(_json)
    verdict = verify_receipt(json.dumps(value).encode(), key.public)
    _codes(verdict)
    assert not verdict.ok or _shows_no_more(verdict.receipt, made)


def _set(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(value: Any) -> None:
        for name in path[:-1]:
            value = value[name]
        value[path[-1]] = to

    return change


def _swap(value: dict[str, Any]) -> None:
    value["events"][1], value["events"][2] = value["events"][2], value["events"][1]


def _twice(value: dict[str, Any]) -> None:
    value["events"].append(value["events"][-1])


def _exchange_statements(value: dict[str, Any]) -> None:
    one, other = value["events"][1], value["events"][2]
    one["statement"], other["statement"] = other["statement"], one["statement"]


def _hide_number(value: dict[str, Any]) -> None:
    value["events"][1]["facts"] = None


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (_set("events", 2, "statement", "after", to="closed"), ["receipt.event_altered"]),
        (_set("events", 2, "leaf", to="00" * 32), ["receipt.event_altered", "receipt.proof"]),
        (_set("events", 2, "path", 0, to="00" * 32), ["receipt.proof"]),
        (_set("events", 2, "path", to=[]), ["receipt.proof"]),
        (_set("events", 2, "position", to=42), ["receipt.proof"]),
        (_set("events", 3, "position", to=300), ["receipt.beyond_head"]),
        (_set("events", 2, "actor", "value", to="person:1"), ["receipt.actor_altered"]),
        (_set("events", 2, "facts", 1, "value", to="未修复"), ["receipt.facts_altered"]),
        (_set("events", 2, "facts", to=[]), ["receipt.facts_altered"]),
        (_set("case", "id", to=6), ["receipt.other_case"] * 4),
        (_set("case", "number", to="3101012026030100002"), ["receipt.number"]),
        (_set("case", "number", to=None), ["receipt.number"]),
        (_hide_number, ["receipt.number"]),
        (_set("head", "size", to=301), ["receipt.signature", "receipt.proof"]),
        (_set("head", "origin", to="other.example"), ["receipt.signature"]),
        (_set("head", "at", to="2026-03-01T08:05:00.000299Z"), ["receipt.signature"]),
        (_set("key", "id", to="0" * 16), ["receipt.key_id"]),
        (_set("events", to=[]), ["receipt.empty", "receipt.number"]),
        (_swap, ["receipt.reordered"]),
        (_twice, ["receipt.reordered"]),
        (
            _exchange_statements,
            ["receipt.reordered", "receipt.event_altered", "receipt.facts_altered"],
        ),
    ],
)
def test_findings_are_precise(
    file: bytes, key: SigningKey, change: Callable[[dict[str, Any]], None], codes: list[str]
) -> None:
    found = _codes(verify_receipt(_rewrite(file, change), key.public))
    assert [code for code in codes if code not in found] == []
    if "receipt.signature" not in codes and change is not _exchange_statements:
        assert found == codes


def test_a_finding_names_the_position(file: bytes) -> None:
    altered = _rewrite(file, _set("events", 1, "statement", "unit", to="gas"))
    (finding,) = verify_receipt(altered).findings
    assert (finding.code, finding.facts["position"]) == ("receipt.event_altered", 40)
    assert "40" in finding.zh
    assert "40" in finding.en


def test_a_forger_with_a_key_of_his_own_is_known(made: Receipt, key: SigningKey) -> None:
    forger = SigningKey.create()
    head = signing.sign(forger, made.head.origin, 300, made.head.root, made.head.at)
    forged = replace(made, head=head, key=forger.public, key_id=forger.public.key_id)
    data = receipt.write_receipt(forged)
    assert verify_receipt(data).ok
    verdict = verify_receipt(data, key.public)
    assert _codes(verdict) == ["receipt.key_unknown"]
    assert not verdict.trusted
    unsigned = receipt.write_receipt(replace(made, key=forger.public, key_id=head.key_id))
    assert _codes(verify_receipt(unsigned)) == ["receipt.signature"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (_set("more", to=1), "json"),
        (_set("format", to="other"), "format"),
        (_set("version", to=2), "version"),
        (_set("version", to=True), "version"),
        (_set("case", to=[]), "case"),
        (_set("case", "id", to=-1), "case.id"),
        (_set("case", "number", to=5), "case.number"),
        (_set("key", "public", to="AB" * 32), "key.public"),
        (_set("key", "id", to="\ud800"), "key.id"),
        (_set("head", "at", to="today"), "head.at"),
        (_set("head", "size", to=10.0), "head.size"),
        (_set("head", "size", to=2**60), "head.size"),
        (_set("events", to=None), "events"),
        (_set("events", 1, "statement", to=None), "events[1].statement"),
        (_set("events", 1, "statement", "id", to=0.5), "events[1].statement"),
        (_set("events", 1, "statement", "rule", to="\ud800"), "events[1].statement"),
        (_set("events", 1, "path", to=["00" * 32] * 65), "events[1].path"),
        (_set("events", 2, "actor", "name", to="other"), "events[2].actor"),
        (_set("events", 2, "facts", 1, "value", to=2**53 + 1), "events[2].facts.value"),
        (_set("events", 2, "facts", 1, "value", to="\ud800"), "events[2].facts.value"),
        (_set("events", 2, "facts", 1, "value", to=float("nan")), "json"),
    ],
)
def test_the_wrong_field_is_named(
    file: bytes, change: Callable[[dict[str, Any]], None], where: str
) -> None:
    data = _rewrite(file, change)
    with pytest.raises(Malformed) as wrong:
        receipt.read_receipt(data)
    assert wrong.value.where == where
    assert _codes(verify_receipt(data)) == ["receipt.malformed"]


def test_files_have_a_size_limit(file: bytes) -> None:
    assert verify_receipt(file + b" " * (receipt.MAX_BYTES - len(file))).ok
    assert not verify_receipt(file + b" " * receipt.MAX_BYTES).ok

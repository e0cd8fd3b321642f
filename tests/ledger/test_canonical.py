"""The bytes of an event: one for each meaning, the same before and after jsonb."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from yiwang.ground.ledger import canonical
from yiwang.ground.ledger.model import Event
from yiwang.kit.errors import Refusal

MakeEvent = Callable[..., Event]

_texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
_numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_values = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)


def _jsonb(text: str) -> str:
    """What PostgreSQL gives back for a jsonb made of `text`.

    Keys by length, then by bytes; the last of equal keys; numbers as `numeric` prints them:
    plain digits, trailing zeros kept, no negative zero.
    """

    def write(value: Any) -> str:
        if isinstance(value, dict):
            names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
            return "{" + ", ".join(f"{json.dumps(n)}: {write(value[n])}" for n in names) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(write(item) for item in value) + "]"
        if isinstance(value, Decimal):
            plain = f"{value:f}"
            return plain.removeprefix("-") if not value else plain
        return json.dumps(value)

    return write(json.loads(text, parse_int=Decimal, parse_float=Decimal))


@settings(deadline=None)
@given(_values)
def test_a_value_gives_the_same_bytes_before_and_after_jsonb(value: Any) -> None:
    stored = json.loads(_jsonb(json.dumps(value)))
    assert canonical.write(stored) == canonical.write(value)


@settings(deadline=None)
@given(_values)
def test_writing_what_was_written_changes_nothing(value: Any) -> None:
    once = canonical.write(value)
    assert canonical.write(json.loads(once)) == once


def _plain(value: Any) -> Any:
    """A value in which equal means the same JSON: numbers exact, truth no number."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return ("truth", value) if isinstance(value, bool) else value


@settings(deadline=None)
@given(_values, _values)
def test_different_values_give_different_bytes(one: Any, other: Any) -> None:
    same = canonical.write(one) == canonical.write(other)
    assert same == (_plain(one) == _plain(other))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1, "1"),
        (0.1, "0.1"),
        (333333333.33333329, "333333333.3333333"),  # RFC 8785, 3.2.2.3
        (1e30, "1e+30"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
        (1e-27, "1e-27"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1e16, "10000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (-1.25e300, "-1.25e+300"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (10**22, "1e+22"),
        (10**23, "1e+23"),  # what jsonb gives back for 1e23
        (2**53 - 1, "9007199254740991"),
        (True, "true"),
        (None, "null"),
        ('\u20ac$\u000f\nA\'B"\\\\"/\x7f', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'),
        ([], "[]"),
        ((1, "二"), '[1,"二"]'),
        ({"": {}, "b": 2, "a": 1}, '{"":{},"a":1,"b":2}'),
        # by UTF-16 units a letter beyond the first plane comes before U+FB33 (RFC 8785, 3.2.3)
        ({"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "1": 4}, '{"1":4,"€":3,"😀":2,"\ufb33":1}'),
    ],
)
def test_forms(value: Any, text: str) -> None:
    assert canonical.write(value).decode() == text


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (math.nan, "ledger.value_number"),
        (math.inf, "ledger.value_number"),
        (2**53 + 1, "ledger.value_number"),
        (2**63, "ledger.value_number"),
        (10**400, "ledger.value_number"),
        ("a\x00b", "ledger.value_text"),
        ("\ud800", "ledger.value_text"),
        ({"\udc00": 1}, "ledger.value_text"),
        ({"\x00": 1}, "ledger.value_text"),
        ({1: 1}, "ledger.value_type"),
        ({"a": {1, 2}}, "ledger.value_type"),
        (datetime(2026, 1, 1, tzinfo=UTC), "ledger.value_type"),
        (Decimal(1), "ledger.value_type"),
        (b"raw", "ledger.value_type"),
    ],
)
def test_refused(value: Any, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        canonical.check_facts({"fact": value})
    assert refused.value.code == code


def test_depth_is_limited() -> None:
    value: Any = 0
    for _ in range(canonical.MAX_DEPTH):
        value = [value]
    canonical.write(value)
    with pytest.raises(Refusal):
        canonical.write([value])


@settings(deadline=None)
@given(st.datetimes(timezones=st.timezones()))
def test_times_round_trip(at: datetime) -> None:
    assume(2 < at.year < 9998)
    text = canonical.write_time(at)
    assert len(text) == 27
    assert canonical.read_time(text) == at.astimezone(UTC)


@pytest.mark.parametrize(
    "text", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z", "2026-1-01T00:00:00.000000Z", ""]
)
def test_times_have_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        canonical.read_time(text)


def test_a_time_needs_a_zone(make_event: MakeEvent) -> None:
    naive = make_event().at.replace(tzinfo=None)
    with pytest.raises(Refusal, match="value_time"):
        canonical.leaf(make_event(at=naive))


def test_the_zone_of_a_time_does_not_matter(make_event: MakeEvent) -> None:
    event = make_event()
    moved = replace(event, at=event.at.astimezone(timezone(timedelta(hours=8))))
    assert canonical.leaf(moved) == canonical.leaf(event)


_OTHER: dict[str, Any] = {
    "unit": None,
    "case_id": None,
    "before": None,
    "after": "",
    "facts": {},
    "salt": bytes(16),
    "at": datetime(2026, 3, 1, 8, 0, 0, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("name", [field.name for field in fields(Event)])
def test_every_field_is_in_the_leaf(make_event: MakeEvent, name: str) -> None:
    event = make_event()
    value = getattr(event, name)
    other = _OTHER.get(name, value + 1 if isinstance(value, int) else f"{value}x")
    assert canonical.leaf(replace(event, **{name: other})) != canonical.leaf(event)


def test_empty_is_not_absent(make_event: MakeEvent) -> None:
    leaves = {canonical.leaf(make_event(unit=unit)) for unit in (None, "", "null")}
    assert len(leaves) == 3


def test_the_leaf_holds_no_actor_and_no_fact(make_event: MakeEvent) -> None:
    text = canonical.leaf(make_event()).decode()
    for hidden in ("person:", "路面", "0.25", "31010120", "reason"):
        assert hidden not in text


def test_equal_facts_do_not_show_as_equal(make_event: MakeEvent) -> None:
    one = canonical.state(make_event(1))
    other = canonical.state(make_event(2))
    assert one.facts_digest != other.facts_digest


def test_a_statement_round_trips(make_event: MakeEvent) -> None:
    for event in (make_event(), make_event(unit=None, case_id=None, before=None, after=None)):
        statement = canonical.state(event)
        assert canonical.parse(canonical.content(statement)) == statement


@settings(deadline=None)
@given(data=st.data())
def test_one_changed_byte_gives_no_or_another_statement(
    make_event: MakeEvent, data: st.DataObject
) -> None:
    statement = canonical.state(make_event())
    raw = bytearray(canonical.content(statement))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[at]))
    try:
        parsed = canonical.parse(bytes(raw))
    except ValueError:
        return
    assert parsed != statement


@pytest.mark.parametrize(
    "change",
    [
        {"id": "10"},
        {"id": True},
        {"id": 2**53},
        {"xid": None},
        {"case_id": 1.5},
        {"unit": 4},
        {"action": None},
        {"at": 5},
        {"actor_digest": "00"},
        {"facts_digest": "A" * 64},
        {"facts_digest": " " * 64},
        {"more": 1},
    ],
)
def test_statements_are_read_strictly(make_event: MakeEvent, change: dict[str, Any]) -> None:
    shown = canonical.show(canonical.state(make_event()))
    with pytest.raises(ValueError, match=r".+"):
        canonical.parse_object({**shown, **change})


def test_a_statement_with_a_field_less_is_none(make_event: MakeEvent) -> None:
    shown = canonical.show(canonical.state(make_event()))
    for name in shown:
        rest = {n: v for n, v in shown.items() if n != name}
        with pytest.raises(ValueError, match="exactly"):
            canonical.parse_object(rest)


def test_identifiers_beyond_what_json_holds_are_refused(make_event: MakeEvent) -> None:
    with pytest.raises(Refusal, match="value_number"):
        canonical.leaf(make_event(xid=2**53))


def test_a_salt_has_sixteen_bytes(make_event: MakeEvent) -> None:
    with pytest.raises(Refusal, match="salt_length"):
        canonical.leaf(make_event(salt=b"short"))


def test_a_fact_cannot_move_to_another_name(make_event: MakeEvent) -> None:
    one = canonical.leaf(make_event(facts={"a": 1, "b": 2}))
    other = canonical.leaf(make_event(facts={"a": 2, "b": 1}))
    assert one != other

"""Cursors and conditional requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from yiwang.kit.errors import Refusal
from yiwang.kit.web import conditions
from yiwang.kit.web.paging import Cursor, cut

INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
EPOCH = datetime(1990, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
MOMENT = st.integers(0, 4 * 10**15).map(lambda us: EPOCH + timedelta(microseconds=us))


@given(MOMENT, INT64, TEXT)
def test_a_cursor_gives_back_what_it_was_made_of(at: datetime, number: int, text: str) -> None:
    word = Cursor.encode([at, number, text])
    assert word.isascii()
    assert "=" not in word
    assert Cursor.decode(word, datetime, int, str) == (at, number, text)


@given(st.text(max_size=60))
def test_whatever_else_is_refused(word: str) -> None:
    with pytest.raises(Refusal, match=r"web\.cursor_bad"):
        Cursor.decode(word, datetime, int, str)


@pytest.mark.parametrize(
    "values", [[1], ["1", 2], [1, 2, 3], [None, 1], [2**63, 1], [1, -(2**63) - 1], [1.5, 1]]
)
def test_the_cursor_of_another_list_is_refused(values: list[object]) -> None:
    with pytest.raises(Refusal, match=r"web\.cursor_bad"):
        Cursor.decode(Cursor.encode(values), int, int)


def test_a_text_the_database_cannot_hold_is_refused() -> None:
    with pytest.raises(Refusal, match=r"web\.cursor_bad"):
        Cursor.decode(Cursor.encode(["a\x00"]), str)


@given(st.lists(st.integers(0, 10**6), unique=True), st.integers(1, 9))
def test_pages_hold_every_row_once(numbers: list[int], limit: int) -> None:
    rows = sorted(numbers)
    found: list[int] = []
    last = -1
    while True:
        asked = [n for n in rows if n > last][: limit + 1]
        page, following = cut(asked, limit, lambda n: [n])
        found += page
        if following is None:
            break
        (last,) = Cursor.decode(following, int)
    assert found == rows


def request(**headers: str) -> Request:
    rows = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": rows})


@pytest.mark.parametrize(
    ("given", "seen"), [('"7"', 7), ('W/"7"', 7), (' "12" ', 12), ("*", None), (None, None)]
)
def test_the_version_seen(given: str | None, seen: int | None) -> None:
    asked = request() if given is None else request(if_match=given)
    assert conditions.seen_version(asked) == seen


@pytest.mark.parametrize("given", ["7", '"a"', '"1", "2"', "", '"-1"', '"99999999999"'])
def test_a_malformed_condition_is_refused(given: str) -> None:
    with pytest.raises(Refusal, match=r"web\.if_match_bad"):
        conditions.seen_version(request(if_match=given))


def test_only_the_seen_version_is_changed() -> None:
    conditions.require_version("order", 7, 7)
    conditions.require_version("order", 7, None)
    with pytest.raises(Refusal, match=r"procedure\.version") as refused:
        conditions.require_version("order", 7, 6)
    assert refused.value.status == 412


@pytest.mark.parametrize(
    ("given", "same"),
    [
        (None, False),
        ("*", True),
        ('"7"', True),
        ('W/"7"', True),
        ('"6", "7"', True),
        ('"6"', False),
    ],
)
def test_whether_the_caller_has_it_already(given: str | None, same: bool) -> None:
    asked = request() if given is None else request(if_none_match=given)
    assert conditions.unchanged(asked, conditions.tag(7)) is same


@pytest.mark.parametrize(
    ("given", "seen"),
    [(None, None), ("*", None), ('"a1"', ("a1",)), ('W/"a1", "b2"', ("a1", "b2"))],
)
def test_what_the_caller_has_seen(given: str | None, seen: tuple[str, ...] | None) -> None:
    asked = request() if given is None else request(if_match=given)
    assert conditions.seen_tags(asked) == seen


@pytest.mark.parametrize("given", ["a1", "", '"a1", b2', '""', '"a b"'])
def test_what_is_no_tag_is_refused(given: str) -> None:
    with pytest.raises(Refusal, match=r"web\.if_match_bad"):
        conditions.seen_tags(request(if_match=given))

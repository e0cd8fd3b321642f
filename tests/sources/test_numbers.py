"""Numbers of reports: what people mistype is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.kit.errors import Refusal
from yiwang.kit.ids import ALPHABET, decode, encode
from yiwang.matters.sources.receipts import Seals, number_of

IDS = st.integers(min_value=0, max_value=2**63 - 1)


@given(IDS)
def test_a_number_is_read_back(number: int) -> None:
    text = encode("R", number)
    assert decode("R", text) == number
    assert decode("R", f" {text.lower()[:4]}-{text.lower()[4:]} ") == number
    assert decode("C", text) is None


@given(IDS, st.data())
def test_a_single_wrong_character_is_found(number: int, data: st.DataObject) -> None:
    text = encode("R", number)
    place = data.draw(st.integers(1, len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(text[place], "")))
    assert decode("R", text[:place] + other + text[place + 1 :]) is None


@given(IDS, st.data())
def test_exchanged_neighbours_are_found(number: int, data: st.DataObject) -> None:
    text = encode("R", number)
    place = data.draw(st.integers(1, len(text) - 2))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert (decode("R", swapped) == number) == (text[place] == text[place + 1])


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = decode("R", text)
    assert found is None or 0 <= found < 2**63


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    text = encode("R", 1)
    assert decode("R", text.replace("1", "I").replace("0", "o")) == 1


@given(IDS, IDS)
def test_a_token_opens_its_own_receipt_only(one: int, other: int) -> None:
    seals = Seals(b"secret")
    token = seals.token(number_of(one))
    assert seals.open(number_of(one), token.upper()) == one
    if other != one:
        with pytest.raises(Refusal, match="receipt_unknown"):
            seals.open(number_of(other), token)
    assert Seals(b"another").token(number_of(one)) != token

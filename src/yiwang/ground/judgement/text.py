"""Texts brought to one form, and how alike two of them are."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from unicodedata import normalize

_BEGINNING = 300


def plain(text: str) -> str:
    """Full-width letters and digits made ordinary, capitals made small."""
    return text.casefold() if text.isascii() else normalize("NFKC", text).casefold()


@lru_cache(maxsize=512)  # an open case is compared again and again; about 10 MB
def bigrams(text: str) -> frozenset[str]:
    """The pairs of neighbouring letters and digits in the beginning of a text.

    Spaces and marks do not count; 300 characters say what a matter is.
    """
    letters = "".join(filter(str.isalnum, plain(text[:_BEGINNING])))
    if len(letters) == 1:
        return frozenset(letters)
    return frozenset(map("".join, pairwise(letters)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard likeness of two sets, 0..1; 0 where one of them is empty."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0

"""Texts brought to one form, and how alike two of them are."""

from __future__ import annotations

from itertools import pairwise
from unicodedata import normalize


def plain(text: str) -> str:
    """Full-width letters and digits made ordinary, capitals made small."""
    return text.casefold() if text.isascii() else normalize("NFKC", text).casefold()


def bigrams(text: str) -> frozenset[str]:
    """The pairs of neighbouring letters and digits of a text; spaces and marks do not count."""
    letters = "".join(filter(str.isalnum, plain(text)))
    if len(letters) == 1:
        return frozenset(letters)
    return frozenset(map("".join, pairwise(letters)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard likeness of two sets, 0..1; 0 where one of them is empty."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0

"""The sentences the platform itself says, and what it calls its own things, in every language.

Sentences lie in `yiwang/words/problems/*.yaml` as `code: {status, en, zh}`, terms (matters, states,
actions, duties, facts ...) in `yiwang/words/terms.yaml`. A city's own words (names of kinds, units,
places) belong to its pack and are not here.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import yaml

LANGUAGES = ("zh", "en")

Term: TypeAlias = Mapping[str, str]

# Codes that one works with are said behind their name: whoever reads may have to type them.
_WITH_CODE = frozenset(("action", "fact", "stage"))
_OF_A_MATTER = frozenset(("state", "action"))
_SPOKEN = ("matter", "state", "action", "duty", "fact", "sort", "stage")


@cache
def problems() -> Mapping[str, Mapping[str, Any]]:
    """All problem codes with their status and sentences; a code written twice is an error."""
    found: dict[str, Mapping[str, Any]] = {}
    folder = files("yiwang") / "words" / "problems"
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".yaml"):
            continue
        for code, row in (yaml.safe_load(entry.read_text(encoding="utf-8")) or {}).items():
            if code in found:
                raise ValueError(f"{entry.name}: {code} is written twice")
            found[code] = row
    return found


@cache
def terms() -> Mapping[str, Mapping[str, Any]]:
    """All terms: sort -> code -> {zh, en}; states and actions by matter: sort -> matter -> code."""
    text = (files("yiwang") / "words" / "terms.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return found


def term(sort: str, code: str, matter: str = "") -> Term | None:
    """What a code is called; None where it is no term.

    States and actions are their matter's. Where the matter is not known, that of the first one
    with such a code.
    """
    rows: Mapping[str, Any] = terms().get(sort, {})
    if sort not in _OF_A_MATTER:
        found: Term | None = rows.get(code)
        return found
    first = rows.get(matter, {}).get(code)
    if first is not None:
        return dict(first)
    return next((row[code] for row in rows.values() if code in row), None)


def label(sort: str, code: str, matter: str = "") -> dict[str, str]:
    """What a code is called in every language; the code itself where it is no term."""
    found = term(sort, code, matter) or {}
    return {language: found.get(language, code) for language in LANGUAGES}


def say(code: str, language: str, sorts: Iterable[str]) -> str:
    """What a code of one of these sorts is called; the code itself where none knows it."""
    found = next((row for sort in sorts if (row := term(sort, code))), None)
    return found[language] if found else code


class _Lenient(string.Formatter):
    """Leaves a field that was not given as it stands: a sentence is never worth a crash."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), "{" + str(key) + "}")


def status(code: str) -> int:
    """The HTTP status of a problem code; KeyError where nobody wrote the sentence."""
    return int(problems()[code]["status"])


def sentence(code: str, language: str, facts: Mapping[str, Any]) -> str:
    """The sentence of a problem code in `language`, filled with `facts`, their terms named."""
    row = problems()[code]
    text = row.get(language) or row["en"]
    matter = str(facts.get("matter") or code.partition(".")[0])
    said = _spoken(facts, matter, language if language == "zh" else "en")
    return _Lenient().vformat(text, (), said)


def _spoken(facts: Mapping[str, Any], matter: str, language: str) -> dict[str, Any]:
    """The facts with terms for codes; whatever is no code of ours stands as it is."""
    found = dict(facts)
    for sort in _SPOKEN:
        value = facts.get(sort)
        if isinstance(value, str):
            found[sort] = _named(sort, value, matter, language)
    possible = facts.get("possible")
    sort = "action" if "action" in facts else "matter"
    if isinstance(possible, str) and sort in facts:
        parts = [_named(sort, part, matter, language) for part in possible.split(", ")]
        found["possible"] = ("、" if language == "zh" else ", ").join(parts)
    return found


def _named(sort: str, value: str, matter: str, language: str) -> str:
    """A code by its name, or several ("intake|dispatcher") by theirs."""
    names = []
    for code in value.split("|"):
        known = term(sort, code, matter)
        if known is None:
            return value
        name = known[language]
        behind = f"({code})" if language == "zh" else f" ({code})"
        names.append(name + behind if sort in _WITH_CODE and name != code else name)
    return ("或" if language == "zh" else " or ").join(names)

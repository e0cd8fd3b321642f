"""The sentences the platform itself says, by code, in every language it speaks.

They lie in `yiwang/words/problems/*.yaml` as `code: {status, en, zh}`. A city's own words
(names of kinds, units, places) belong to its pack and are not here.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LANGUAGES = ("zh", "en")


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


class _Lenient(string.Formatter):
    """Leaves a field that was not given as it stands: a sentence is never worth a crash."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), "{" + str(key) + "}")


def status(code: str) -> int:
    """The HTTP status of a problem code; KeyError where nobody wrote the sentence."""
    return int(problems()[code]["status"])


def sentence(code: str, language: str, facts: Mapping[str, Any]) -> str:
    """The sentence of a problem code in `language`, filled with `facts`."""
    row = problems()[code]
    text = row.get(language) or row["en"]
    return _Lenient().vformat(text, (), facts)

"""Every code the ledger uses has its sentences, in both languages with the same facts."""

from __future__ import annotations

import re
from importlib.resources import files
from string import Formatter

import yaml

_ROWS = yaml.safe_load(
    (files("yiwang") / "words" / "problems" / "ledger.yaml").read_text(encoding="utf-8")
)


def _fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_codes_and_sentences_belong_together() -> None:
    used: set[str] = set()
    for entry in (files("yiwang") / "ground" / "ledger").iterdir():
        if entry.name.endswith(".py"):
            used.update(re.findall(r'"((?:ledger|receipt)\.[a-z_]+)"', entry.read_text("utf-8")))
    assert used == set(_ROWS)


def test_both_languages_say_the_same_facts() -> None:
    for code, row in _ROWS.items():
        assert _fields(row["zh"]) == _fields(row["en"]), code

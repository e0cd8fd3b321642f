"""The platform's own sentences: there in both languages, for every code that is raised."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from yiwang.kit import words
from yiwang.kit.errors import Fault, Refusal

SOURCE = Path(__file__).resolve().parents[2] / "src" / "yiwang"
RAISED = re.compile(r"""Refusal\(\s*"([a-z0-9_]+\.[a-z0-9_]+)\"""")


def _fields(text: str) -> set[str]:
    """The fields of a sentence; a field may come in each language."""
    names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    return {re.sub(r"(^|_)(zh|en)$", "", name) for name in names}


@pytest.mark.parametrize("code", sorted(words.problems()))
def test_a_sentence_says_the_same_in_both_languages(code: str) -> None:
    row = words.problems()[code]
    assert 200 <= words.status(code) < 600
    assert _fields(row["en"]) == _fields(row["zh"])
    assert re.search(r"[\u4e00-\u9fff]", row["zh"])
    assert not re.search(r"[\u4e00-\u9fff]", row["en"])


def test_every_refusal_in_the_source_has_its_sentence() -> None:
    raised = {
        code
        for file in SOURCE.rglob("*.py")
        for code in RAISED.findall(file.read_text(encoding="utf-8"))
    }
    assert len(raised) > 50
    assert raised <= set(words.problems())


def test_a_missing_field_is_left_standing() -> None:
    assert "{number}" in words.sentence("case.itself", "en", {})
    assert "42" in words.sentence("case.itself", "zh", {"number": 42})
    with pytest.raises(KeyError):
        words.sentence("no.such_code", "en", {})


def test_a_refusal_speaks_both_languages_and_lists_what_is_possible() -> None:
    refusal = Refusal("case.itself", number="N1", possible=["note", "flag"])
    assert refusal.facts["possible"] == "note, flag"
    assert refusal.say("zh") != refusal.say("en")
    assert str(refusal).startswith("case.itself: ")
    fault = Fault("/facts/reason", "procedure.fact_missing", {"fact": "reason", "action": "x"})
    assert "reason" in fault.say("en")

"""What a text is about, by the words of the kinds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.ground.judgement import Classifier, Hints, KeywordClassifier, Question
from yiwang.ground.packs.model import Kind, Text


def kind(code: str, zh: str, en: str, *keywords: str, parent: str | None = None) -> Kind:
    return Kind(
        key=code,
        scheme="s",
        version="1",
        code=code,
        parent=parent,
        family="event",
        name=Text(zh, en),
        keywords=keywords,
        filing=Text("", ""),
        closing=Text("", ""),
        urgent=False,
    )


KINDS = (
    kind("light", "路灯", "street lamp", "路灯不亮", "灯杆", "street light", parent="public"),
    kind("cover", "雨水井盖", "rainwater cover", "井盖", "窨井盖", "manhole", parent="public"),
    kind("sewage", "污水井盖", "sewage cover", "井盖", "manhole", parent="public"),
    kind("public", "公用设施", "public facilities", "设施"),
    kind("refuse", "暴露垃圾", "exposed refuse", "垃圾", "trash", "X"),
    kind("tree", "行道树", "street tree", "树枝", "倒伏", "tree"),
)
JUDGE: Classifier = KeywordClassifier.build(KINDS)


def best(text: str, hints: Hints | None = None) -> str | None:
    guesses = JUDGE.classify(text, None, hints or Hints())
    return guesses[0].value if guesses else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("人民路12号门口路灯不亮三天了", "light"),
        ("雨水井盖破损，行人危险", "cover"),
        ("污水井盖缺失", "sewage"),
        ("小区门口垃圾堆放无人清理", "refuse"),
        ("ＴＲＡＳＨ not collected", "refuse"),
        ("Two street LIGHTS are out", "light"),
        ("a tree fell on the road", "tree"),
        ("the streets and treetops", None),
        ("请问办事大厅几点开门", None),
        ("", None),
        ("井", None),
        # a kind with others below it is never the answer
        ("公用设施", None),
        # denied, with what it is instead
        ("这不是路灯的问题，是行道树倒伏", "tree"),
        ("不是垃圾，而是路灯", "light"),
        ("It is not a street light but a tree", "tree"),
        # not a denial: a question, another clause, or a lack
        ("是不是路灯坏了", "light"),
        ("不是第一次了，路灯又坏了", "light"),
        ("这里没有路灯", "light"),
    ],
)
def test_known_texts(text: str, expected: str | None) -> None:
    assert best(text) == expected


def test_a_word_of_two_kinds_is_not_enough() -> None:
    assert best("井盖坏了") is None
    assert best("井盖坏了", Hints(among=frozenset({"sewage"}))) == "sewage"
    assert best("路灯坏了", Hints(among=frozenset({"sewage"}))) is None


def test_a_kind_outside_its_dates_is_no_answer() -> None:
    lamp = replace(KINDS[0], valid_from=date(2024, 1, 1), valid_to=date(2025, 1, 1))
    judge = KeywordClassifier.build((lamp, *KINDS[1:]))
    for on, found in ((date(2023, 12, 31), 0), (date(2024, 1, 1), 1), (date(2025, 1, 1), 0)):
        assert len(judge.classify("路灯坏了", "zh", Hints(on=on))) == found
    assert judge.classify("路灯坏了")


def test_the_beginning_and_the_title_weigh_more() -> None:
    far = "。" * 40
    assert best("行道树" + far + "垃圾桶边") == "tree"
    (first, *_), (titled, *_) = (
        JUDGE.classify("路灯" + far + "垃圾"),
        JUDGE.classify("路灯" + far + "垃圾", "zh", Hints(title="暴露垃圾问题")),
    )
    assert (first.value, titled.value) == ("light", "refuse")


def test_a_word_inside_a_longer_word_does_not_count() -> None:
    guesses = JUDGE.classify("雨水井盖")
    assert [guess.value for guess in guesses] == ["cover"]
    assert set(guesses[0].reason["words"]) == {"雨水井盖"}


def test_the_reason_names_words_denials_and_runners_up() -> None:
    guess, other = JUDGE.classify("路灯灯杆旁，不是垃圾，窨井盖也松动")
    assert (guess.value, other.value) == ("light", "cover")
    assert set(guess.reason["words"]) == {"路灯", "灯杆"}
    assert guess.reason["denied"] == ["垃圾"]
    assert guess.reason["runners_up"] == {"cover": other.reason["score"]}
    assert guess.reason["score"] == pytest.approx(sum(guess.reason["words"].values()), abs=0.01)
    assert 0 < other.confidence < guess.confidence <= 1


def test_many_texts_are_answered_in_their_order() -> None:
    questions = [Question("路灯坏了"), Question("?"), Question("a tree", "en")]
    answers = JUDGE.classify_many(questions)
    assert answers == [JUDGE.classify(*question) for question in questions]
    assert [bool(answer) for answer in answers] == [True, False, True]


@settings(deadline=None)
@given(st.text(st.sampled_from("路灯井盖雨水污垃圾暴露不是而树枝ab e。,sTree"), max_size=60))
def test_any_text_has_an_answer_that_holds_together(text: str) -> None:
    guesses = JUDGE.classify(text)
    assert all(0 < guess.confidence <= 1 for guess in guesses)
    assert not guesses or guesses[0].confidence >= 0.5
    ordered = [guess.confidence for guess in guesses]
    assert ordered == sorted(ordered, reverse=True)
    assert len({guess.value for guess in guesses}) == len(guesses)

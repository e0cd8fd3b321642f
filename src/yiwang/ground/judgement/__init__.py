"""Judgement: what a machine thinks of a report, always with its confidence and its reason.

In: the text and facts of a report. Out: guesses of its kind (Articles IV, XI) and the open case it
may repeat (Article XIII: no repeated dispatching). The rules here are plain; trained models take
their place behind the same interfaces. Whatever is not sure enough is no guess and goes to a desk.
"""

from yiwang.ground.judgement.keywords import KeywordClassifier
from yiwang.ground.judgement.matching import RuleMatcher, match
from yiwang.ground.judgement.model import (
    Classifier,
    Guess,
    Hints,
    KindRule,
    Matcher,
    MatchSettings,
    MatchVerdict,
    OpenCase,
    Question,
    ReportFacts,
)
from yiwang.ground.judgement.settings import read_match_settings

__all__ = [
    "Classifier",
    "Guess",
    "Hints",
    "KeywordClassifier",
    "KindRule",
    "MatchSettings",
    "MatchVerdict",
    "Matcher",
    "OpenCase",
    "Question",
    "ReportFacts",
    "RuleMatcher",
    "match",
    "read_match_settings",
]

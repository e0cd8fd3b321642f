"""Whether a report repeats an open case."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.ground.judgement import (
    KindRule,
    Matcher,
    MatchSettings,
    MatchVerdict,
    OpenCase,
    ReportFacts,
    RuleMatcher,
    match,
)
from yiwang.ground.judgement.matching import distance_m
from yiwang.ground.judgement.text import bigrams, likeness

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
HERE = (121.47, 31.23)
RULE = KindRule(likelihood=1.0, radius_m=100, hours=48, half_m=50, half_hours=24)
SETTINGS = MatchSettings(
    default=RULE,
    kinds={"pickup": replace(RULE, likelihood=0.0), "road": replace(RULE, radius_m=10)},
    threshold=0.4,
    placeholders=((121.0, 31.0, 0.0001),),
)
REPORT = ReportFacts("lamp", "public", NOW, HERE, "路灯不亮", "人民路12号")
CASE = OpenCase(7, "lamp", "public", NOW - timedelta(hours=1), HERE, "路灯不亮")


def north(metres: float) -> tuple[float, float]:
    return (HERE[0], HERE[1] + metres / 111_195)


def ask(*cases: OpenCase, report: ReportFacts = REPORT) -> MatchVerdict:
    return match(report, cases, SETTINGS)


def test_the_same_thing_at_the_same_spot_is_a_repeat() -> None:
    matcher: Matcher = RuleMatcher(SETTINGS)
    verdict = matcher.match(REPORT, [CASE])
    assert verdict.case_id == 7
    assert verdict.score == pytest.approx(24 / 25, abs=1e-4)
    assert verdict.reason["why"] == "repeat"
    assert json.loads(json.dumps(verdict.reason)) == verdict.reason


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "road"},
        {"kind": "cover", "text": "窨井缺失"},
        {"kind": "cover", "parent": "green"},
        {"point": north(101)},
        {"at": NOW - timedelta(hours=49)},
        {"at": NOW + timedelta(hours=49)},
        {"point": (121.0, 31.0)},
    ],
)
def test_what_cannot_be_the_same_is_not_considered(other: dict[str, object]) -> None:
    if other.get("kind") == "road":
        other = {**other, "parent": "traffic"}
    verdict = ask(replace(CASE, **other))  # type: ignore[arg-type]
    nothing = {"why": "nothing_near", "threshold": 0.4, "considered": [], "left_out": 0}
    assert verdict == MatchVerdict(None, 0.0, nothing)


def test_kinds_of_one_family_match_only_in_like_words() -> None:
    kin = replace(CASE, kind="cover")
    assert ask(kin).case_id == 7
    assert ask(kin).reason["considered"][0]["same_kind"] is False
    assert ask(replace(kin, text="")).case_id is None
    unknown = replace(REPORT, kind="", parent="")
    assert ask(replace(CASE, kind="", parent=""), report=unknown).case_id is None


def test_a_placeholder_or_no_place_repeats_nothing() -> None:
    for point, why in ((None, "no_place"), ((121.00005, 30.99995), "placeholder")):
        verdict = ask(CASE, report=replace(REPORT, point=point))
        assert (verdict.case_id, verdict.reason["why"]) == (None, why)


def test_the_same_address_is_as_good_as_no_distance() -> None:
    far = replace(CASE, point=north(90))
    assert ask(far).case_id is None
    assert ask(far).reason["why"] == "below_threshold"
    there = ask(replace(far, address="人民路 12号"))
    assert there.case_id == 7
    assert there.reason["considered"][0]["nearness"] == 1
    nowhere = replace(REPORT, address="")
    assert ask(far, report=nowhere).reason["considered"][0]["same_address"] is False


def test_each_kind_has_its_own_rule_or_its_major_kind_s() -> None:
    for kind, parent in (("pickup", "public"), ("x", "pickup")):
        report = replace(REPORT, kind=kind, parent=parent)
        verdict = ask(replace(CASE, kind=kind, parent=parent), report=report)
        assert (verdict.case_id, verdict.score) == (None, 0)
    road = replace(REPORT, kind="road")
    assert ask(replace(CASE, kind="road", point=north(9)), report=road).case_id == 7
    assert ask(replace(CASE, kind="road", point=north(11)), report=road).case_id is None
    # A likelihood of 0 is never a repeat, whatever the threshold.
    never = replace(SETTINGS, threshold=0.0)
    pickup = replace(REPORT, kind="pickup")
    assert match(pickup, [replace(CASE, kind="pickup")], never).case_id is None


def test_the_best_case_wins_and_all_numbers_are_kept() -> None:
    cases = [
        replace(CASE, case_id=3, point=north(40)),
        replace(CASE, case_id=2),
        replace(CASE, case_id=1, at=NOW - timedelta(hours=20)),
        replace(CASE, case_id=4),
        replace(CASE, case_id=5, text="黑灯瞎火"),
    ]
    verdict = ask(*cases)
    considered = verdict.reason["considered"]
    assert verdict.case_id == 2  # of two equals the older case
    assert [entry["case"] for entry in considered] == [2, 4, 5, 1, 3]
    assert verdict.score == considered[0]["score"]
    assert considered[4]["metres"] == 40
    assert considered[2]["text"] == 0
    for entry in considered:
        product = entry["likelihood"] * entry["nearness"] * entry["freshness"] * entry["words"]
        assert entry["score"] == pytest.approx(product, abs=2e-4)


def test_of_many_cases_the_best_are_kept_and_the_rest_counted() -> None:
    verdict = ask(*(replace(CASE, case_id=n, point=north(n)) for n in range(30)))
    assert [entry["case"] for entry in verdict.reason["considered"]] == list(range(10))
    assert verdict.reason["left_out"] == 20


_metres = st.floats(0, 99)


@settings(deadline=None)
@given(_metres, _metres, st.floats(0, 47), st.floats(0, 47))
def test_nearer_and_fresher_never_score_less(
    one: float, other: float, young: float, old: float
) -> None:
    near, far = sorted((one, other))
    young, old = sorted((young, old))
    better = replace(CASE, point=north(near), at=NOW - timedelta(hours=young))
    worse = replace(CASE, point=north(far), at=NOW - timedelta(hours=old))
    assert ask(better).score >= ask(worse).score


def test_distance_against_known_places() -> None:
    # One minute of latitude is a nautical mile, 1 852 m, within half a percent on a sphere.
    assert distance_m((121.0, 31.0), (121.0, 31 + 1 / 60)) == pytest.approx(1852, rel=5e-3)
    assert distance_m((121.0, 60.0), (121.01, 60.0)) == pytest.approx(555.98, rel=1e-3)


def test_likeness_of_texts() -> None:
    assert bigrams("路灯, 不亮") == {"路灯", "灯不", "不亮"}
    assert bigrams("Ａb") == bigrams("aB") == {"ab"}
    assert bigrams("灯") == {"灯"}
    assert likeness(bigrams("路灯不亮"), bigrams("路灯不亮了")) == 0.75
    assert likeness(bigrams(""), bigrams("")) == 0

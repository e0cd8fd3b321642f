"""The rules for repeats as a pack writes them."""

from __future__ import annotations

from typing import Any

import pytest

from yiwang.ground.judgement import KindRule, MatchSettings, read_match_settings


def test_a_city_that_says_nothing_has_the_usual_rule() -> None:
    settings = read_match_settings({"other.room": 3})
    assert settings == MatchSettings(default=KindRule(1, 50, 24, 25, 12))


def test_a_kind_names_only_what_differs() -> None:
    settings = read_match_settings(
        {
            "match.radius_m": 80,
            "match.half_hours": 6,
            "match.same_kind": True,
            "match.kinds": {"lamp": {"likelihood": 0.5, "hours": 100}},
            "match.threshold": 0.6,
            "location.placeholders": [[-71.0587, 42.3594], [-71, 42, 0.01]],
        }
    )
    assert settings == MatchSettings(
        default=KindRule(1, 80, 24, 40, 6),
        kinds={"lamp": KindRule(0.5, 80, 100, 40, 6)},
        threshold=0.6,
        kin_text=2.0,
        placeholders=((-71.0587, 42.3594, 0.0001), (-71, 42, 0.01)),
    )
    assert settings.rule("lamp", "") != settings.rule("cover", "") == settings.default


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"match.radius_m": 0}, "match"),
        ({"match.radius_m": "near"}, "match radius_m"),
        ({"match.same_kind": "yes"}, "match.same_kind"),
        ({"match.kinds": ["lamp"]}, "match.kinds"),
        ({"match.kinds": {"lamp": 3}}, "match.kinds lamp"),
        ({"match.kinds": {"lamp": {"radius": 3}}}, "match.kinds lamp"),
        ({"match.kinds": {"lamp": {"likelihood": 1.1}}}, "match.kinds lamp"),
        ({"match.kinds": {"lamp": {"half_m": 0}}}, "match.kinds lamp"),
        ({"match.kinds": {"lamp": {"hours": -1}}}, "match.kinds lamp hours"),
        ({"match.kinds": {"lamp": {"hours": True}}}, "match.kinds lamp hours"),
        ({"match.threshold": "high"}, "match.threshold"),
        ({"match.text_weight": 2}, "match.text_weight"),
        ({"match.kin_text": float("nan")}, "match.kin_text"),
        ({"location.placeholders": [[42.3]]}, "location.placeholders"),
        ({"location.placeholders": [[31, 121]]}, "location.placeholders"),
        ({"location.placeholders": [[121, 31, -1]]}, "location.placeholders"),
        ({"location.placeholders": [[121, 31, 0.1, 0.1]]}, "location.placeholders"),
    ],
)
def test_what_cannot_be_meant_is_named(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read_match_settings(values)

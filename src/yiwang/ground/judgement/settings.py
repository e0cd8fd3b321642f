"""The rules for repeats as a city pack writes them.

    match.radius_m, match.hours          beyond these nothing is a repeat
    match.half_m, match.half_hours       where the score has halved; half of the above if not given
    match.likelihood                     0 to 1, see KindRule
    match.kinds                          {key of a kind or major kind: {likelihood: 0, ...}, ...}
    match.same_kind                      true: kinds that differ are never compared
    match.same_as_m                      how far off the sender of a "me too" may be, metres
    match.threshold, match.kin_text, match.text_weight    0 to 1, see MatchSettings
    location.placeholders                [[longitude, latitude, degrees if not 0.0001], ...]

Each may be overlaid by place and date. A kind's rule names only what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from yiwang.ground.judgement.model import KindRule, MatchSettings

_FIELDS = tuple(field.name for field in fields(KindRule))
# Where a city says nothing: within 50 m and 24 h, the usual default of such platforms.
_USUAL = {"likelihood": 1.0, "radius_m": 50.0, "hours": 24.0}
_NEVER = 2.0  # no texts are that much alike
_NEAR = 0.0001  # degrees, about 10 m


def read_match_settings(values: Mapping[str, Any]) -> MatchSettings:
    """The rules from a city's settings by key; keys of other rooms are passed over.

    ValueError, naming the key, for a value that cannot be meant.
    """
    own = {name: values[f"match.{name}"] for name in _FIELDS if f"match.{name}" in values}
    kinds = values.get("match.kinds", {})
    if not isinstance(kinds, Mapping):
        raise ValueError(f"match.kinds must be rules by kind, not {kinds!r}")
    usual = MatchSettings(_rule("match", _USUAL | own))

    def share(key: str, fallback: float) -> float:
        return _number(key, values[key], 1.0) if key in values else fallback

    same_kind = values.get("match.same_kind", False)
    if not isinstance(same_kind, bool):
        raise ValueError(f"match.same_kind must be true or false, not {same_kind!r}")
    return MatchSettings(
        default=usual.default,
        kinds={
            key: _rule(f"match.kinds {key}", _USUAL | own | _given(key, rule))
            for key, rule in kinds.items()
        },
        threshold=share("match.threshold", usual.threshold),
        kin_text=_NEVER if same_kind else share("match.kin_text", usual.kin_text),
        text_weight=share("match.text_weight", usual.text_weight),
        placeholders=tuple(_placeholder(row) for row in values.get("location.placeholders", ())),
        same_as_m=_number("match.same_as_m", values.get("match.same_as_m", usual.same_as_m)),
    )


def _given(key: str, rule: object) -> dict[str, Any]:
    if not isinstance(rule, Mapping) or not set(rule) <= set(_FIELDS):
        raise ValueError(f"match.kinds {key} may hold {', '.join(_FIELDS)}, not {rule!r}")
    return dict(rule)


def _rule(key: str, given: Mapping[str, Any]) -> KindRule:
    numbers = {name: _number(f"{key} {name}", value) for name, value in given.items()}
    rule = KindRule(
        likelihood=numbers["likelihood"],
        radius_m=numbers["radius_m"],
        hours=numbers["hours"],
        half_m=numbers.get("half_m", numbers["radius_m"] / 2),
        half_hours=numbers.get("half_hours", numbers["hours"] / 2),
    )
    if rule.likelihood > 1 or not (rule.half_m > 0 and rule.half_hours > 0):
        raise ValueError(f"{key}: likelihood is at most 1, all distances and times above 0")
    return rule


def _number(key: str, value: object, most: float = 1e9) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{key} must be a number from 0 to {most:g}, not {value!r}")
    return float(value)


def _placeholder(row: object) -> tuple[float, float, float]:
    match row:
        case [int() | float() as lon, int() | float() as lat, *rest] if (
            abs(lon) <= 180 and abs(lat) <= 90 and len(rest) <= 1
        ):
            near = _number("location.placeholders", rest[0], 1.0) if rest else _NEAR
            return float(lon), float(lat), near
    raise ValueError(f"location.placeholders holds [longitude, latitude], not {row!r}")

"""Whether a new report repeats an open case: a plain rule that can be read and argued with.

    score = likelihood of the kind x nearness x freshness x words

Each factor lies between 0 and 1 and is stored with the verdict for the best cases considered,
so that a desk can see why a report was attached, and why another was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, hypot, radians
from typing import Any

from yiwang.ground.judgement.model import (
    KindRule,
    MatchSettings,
    MatchVerdict,
    OpenCase,
    ReportFacts,
)
from yiwang.ground.judgement.text import bigrams, likeness, plain

_METRES_PER_DEGREE = 111_195.0  # on a sphere of 6 371.0 km, IUGG's mean radius
_KEPT = 10  # considered cases whose numbers are stored; the rest are counted


def match(report: ReportFacts, nearby: Sequence[OpenCase], settings: MatchSettings) -> MatchVerdict:
    """The open case that `report` repeats, if any; among equals the nearest, then the oldest.

    `nearby` are the open cases around the report, closed ones left out by the caller; those
    opened after the report count with their distance in time. A report without a place, or at
    a placeholder, repeats nothing.
    """
    if report.point is None:
        return MatchVerdict(None, 0.0, _nothing("no_place"))
    if is_placeholder(report.point, settings):
        return MatchVerdict(None, 0.0, _nothing("placeholder"))
    rule = settings.rule(report.kind, report.parent)
    considered = [
        entry for case in nearby if (entry := _consider(report, case, rule, settings)) is not None
    ]
    considered.sort(key=lambda entry: (-entry["score"], entry["metres"], entry["case"]))
    score = considered[0]["score"] if considered else 0.0
    found = score >= settings.threshold and score > 0
    why = "repeat" if found else "below_threshold" if considered else "nothing_near"
    reason = {
        "why": why,
        "threshold": settings.threshold,
        "considered": considered[:_KEPT],
        "left_out": len(considered[_KEPT:]),
    }
    return MatchVerdict(considered[0]["case"] if found else None, score, reason)


def _nothing(why: str) -> dict[str, Any]:
    return {"why": why, "considered": [], "left_out": 0}


def is_placeholder(point: tuple[float, float], settings: MatchSettings) -> bool:
    """Whether a point only stands for "place unknown"."""
    return any(
        abs(point[0] - lon) <= near and abs(point[1] - lat) <= near
        for lon, lat, near in settings.placeholders
    )


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two near points (longitude, latitude); under 0.1 % off within 1 km."""
    width = cos(radians((one[1] + other[1]) / 2))
    return _METRES_PER_DEGREE * hypot((one[0] - other[0]) * width, one[1] - other[1])


def _consider(
    report: ReportFacts,
    case: OpenCase,
    rule: KindRule,
    settings: MatchSettings,
) -> dict[str, Any] | None:
    """The numbers of one case; None where it cannot be the same thing at all."""
    assert report.point is not None
    same_kind = report.kind == case.kind and report.kind != ""
    if not same_kind and (report.parent != case.parent or report.parent == ""):
        return None
    metres = distance_m(report.point, case.point)
    hours = abs((report.at - case.at).total_seconds()) / 3600
    if metres > rule.radius_m or hours > rule.hours or is_placeholder(case.point, settings):
        return None
    words, other = bigrams(report.text), bigrams(case.text)
    alike = likeness(words, other)
    if not same_kind and alike < settings.kin_text:
        return None
    same_address = report.address != "" and _address(report.address) == _address(case.address)
    nearness = 1.0 if same_address else 1 / (1 + metres / rule.half_m)
    freshness = 1 / (1 + hours / rule.half_hours)
    # Silence is no difference: without words on both sides the words say nothing.
    spoken = 1 - settings.text_weight * (1 - alike) if words and other else 1.0
    return {
        "case": case.case_id,
        "score": round(rule.likelihood * nearness * freshness * spoken, 4),
        "likelihood": rule.likelihood,
        "metres": round(metres, 1),
        "hours": round(hours, 2),
        "same_kind": same_kind,
        "same_address": same_address,
        "nearness": round(nearness, 4),
        "freshness": round(freshness, 4),
        "text": round(alike, 4),
        "words": round(spoken, 4),
    }


def _address(address: str) -> str:
    return "".join(filter(str.isalnum, plain(address)))


class RuleMatcher:
    """:func:`match` with the rules of one city, as a :class:`~.model.Matcher`."""

    __slots__ = ("settings",)

    def __init__(self, settings: MatchSettings) -> None:
        self.settings = settings

    def match(self, report: ReportFacts, nearby: Sequence[OpenCase]) -> MatchVerdict:
        """The verdict on one report among the open cases around it."""
        return match(report, nearby, self.settings)

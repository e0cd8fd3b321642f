"""Pure decisions about reports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from yiwang.ground.city import City
from yiwang.ground.judgement.model import corrected
from yiwang.kit.lifecycle import Facts
from yiwang.matters.sources.model import SAME_AS, Report

NOTES = "notes"
RATING = "rating"
_MOST_NOTES = 50
_PRIVATE = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.])\d{17}[\dXx](?!\w)"
    r"|(?<![\d.])\+?\d{7,19}(?!\.?\d)"
    r"|(?<![\d.])(?:\+?\d{1,3}[ .-]?)?\(?\d{3,4}\)?[ .-]\d{3,4}[ .-]?\d{4}(?!\.?\d)",
    re.ASCII,
)


def missing(report: Report, *, located: bool) -> str | None:
    """What still has to be found at the desk before the report can be filed, or None."""
    if not located and report.kind is None:
        return "place_and_kind"
    if not located:
        return "place"
    return "kind" if report.kind is None else None


def named_case(report: Report) -> str | None:
    """The number of the case its sender says it repeats ("me too"), or None."""
    named = report.attributes.get(SAME_AS)
    return named.strip() or None if isinstance(named, str) else None


def settle(report: Report, missing: str | None = None) -> Report:
    """Place and kind are found; what comes next is matching.

    A report that names its case may go on without them: `missing` says what it lacks should the
    case not take it in.
    """
    waiting = {"by": "waiting"}
    return replace(report, match_reason=waiting | ({"missing": missing} if missing else {}))


def is_settled(report: Report) -> bool:
    """Whether place and kind were found since the report came in or was last corrected."""
    return report.match_reason.get("by") == "waiting"


def is_placeholder(
    lon: float | None, lat: float | None, placeholders: Sequence[Sequence[float]]
) -> bool:
    """Whether a position is one the senders put where they know none (within about 10 m).

    `placeholders` are rows of longitude, latitude and optionally a tolerance in degrees.
    """
    if lon is None or lat is None:
        return False
    return any(
        abs(lon - row[0]) <= (row[2] if len(row) > 2 else 1e-4)
        and abs(lat - row[1]) <= (row[2] if len(row) > 2 else 1e-4)
        for row in placeholders
    )


def correct(report: Report, facts: Facts, city: City) -> Report:
    """The report as the desk corrects it; it then goes the ordinary way again."""
    after = report
    if facts.get("kind"):
        kind = city.taxonomy.current(facts["kind"], city.day(report.received_at))
        why = corrected(after.kind_reason, after.kind, facts.get("note"))
        after = replace(after, kind=kind.key, kind_reason=why)
    if "lon" in facts and "lat" in facts:
        spot = city.frame.to_local(facts["lon"], facts["lat"])
        after = replace(after, lon=facts["lon"], lat=facts["lat"], spot=spot, place_reason={})
    if facts.get("address"):
        after = replace(after, address=facts["address"], place_reason={})
    if facts.get("place"):
        why = corrected(report.place_reason, report.place, facts.get("note"))
        after = replace(after, place=city.tree.path(facts["place"]), place_reason=why)
    return after


def add_note(report: Report, note: str, now: datetime) -> Report:
    """The report with what its reporter, or the desk, adds to it later."""
    notes = [*report.attributes.get(NOTES, ()), {"at": now.isoformat(), "note": note}]
    return replace(report, attributes={**report.attributes, NOTES: notes[-_MOST_NOTES:]})


def rate(report: Report, facts: Facts, now: datetime) -> Report:
    """The report with what its reporter thinks of the work: {at, satisfied, note}."""
    rating = {"at": now.isoformat(), "satisfied": facts["satisfied"], "note": facts.get("note", "")}
    return replace(report, attributes={**report.attributes, RATING: rating})


def redact(text: str) -> str:
    """A text for everybody's eyes: without telephone, identity and bank numbers, and addresses of
    mailboxes, which reporters write into it."""
    return _PRIVATE.sub("***", text)

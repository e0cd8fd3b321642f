"""Pure decisions about reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from yiwang.ground.city import City
from yiwang.kit.lifecycle import Facts
from yiwang.matters.sources.model import Report


def missing(report: Report, *, located: bool) -> str | None:
    """What still has to be found at the desk before the report can be filed, or None."""
    if not located and report.kind is None:
        return "place_and_kind"
    if not located:
        return "place"
    return "kind" if report.kind is None else None


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
        after = replace(after, kind=kind.key, kind_reason={"by": "hand"})
    if "lon" in facts and "lat" in facts:
        after = replace(after, lon=facts["lon"], lat=facts["lat"])
    if facts.get("address"):
        after = replace(after, address=facts["address"])
    if facts.get("place"):
        after = replace(after, place=city.tree.path(facts["place"]), place_reason={"by": "hand"})
    return after

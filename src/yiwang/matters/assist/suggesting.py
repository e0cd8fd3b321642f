"""What a report will come to, said while it is still being written.

Place, kind, limit, unit and repeats are found by the very rules that judge the report once it is
in (settle, absorb, propose), so that a suggestion is a promise the platform keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from yiwang.ground.city import City, start_clocks
from yiwang.ground.judgement.matching import distance_m, match
from yiwang.ground.judgement.model import Guess, Hints, KindRule, MatchSettings, ReportFacts
from yiwang.ground.packs.model import Stage
from yiwang.ground.procedure.shapes import kind_name, place_name
from yiwang.kit import words
from yiwang.kit.db import Row, Tx
from yiwang.matters.cases.absorbing import facts_of, open_case
from yiwang.matters.dispatch.rules import resolve
from yiwang.matters.sources import service as sources
from yiwang.matters.sources.model import Report

_MOST_KINDS = 3  # compared with what lies around
_MOST_NEARBY = 80
_SHOWN = 5
_LEAST_SCORE = 0.02  # less is no likeness worth showing
_DAYS = 30  # a thing that is open for so long is still worth a "me too"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is written so far; `kind` is the key its writer chose, if any."""

    text: str = ""
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """An open case like what is written: how far (metres), how alike (0 to 1), why.

    `repeat`: a report like this would be attached to it without being asked.
    """

    case_id: int
    distance_m: float
    score: float
    repeat: bool
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """A wish as the platform would take it: the report it would be, and the kinds it may be."""

    report: Report
    kinds: tuple[Guess, ...]
    located: bool


def judge(city: City, wish: Wish, now: datetime) -> Judged:
    """Place and kinds of what is written. Refuses an unknown chosen kind."""
    day = city.day(now)
    report = replace(_draft(city, wish, now))
    path, reason = sources.locate(city, [report])[0]
    if wish.kind is not None:
        key = city.taxonomy.current(wish.kind, day).key
        kinds: tuple[Guess, ...] = (Guess(key, 1.0, {"by": "reporter"}),)
    else:
        kinds = city.classifier.rank(wish.text, None, Hints(on=day)) if wish.text.strip() else ()
    spot = None
    if wish.lon is not None and wish.lat is not None and path is not None:
        spot = city.frame.to_local(wish.lon, wish.lat)
    known = replace(
        report,
        place=path or report.place,
        place_reason=reason,
        spot=spot,
        kind=kinds[0].value if kinds else None,
    )
    return Judged(known, kinds, path is not None)


def _draft(city: City, wish: Wish, now: datetime) -> Report:
    return Report(
        id=0,
        version=1,
        state="received",
        source="citizen",
        system="citizen",
        external_id=None,
        received_at=now,
        happened_at=now,
        title="",
        text=wish.text,
        address=wish.address,
        lon=wish.lon,
        lat=wish.lat,
        spot=None,
        kind=wish.kind,
        kind_reason={},
        place=city.root_path,
        place_reason={},
        match_reason={},
        attributes={},
        language="zh",
        synthetic=False,
        urgent=False,
        case_id=None,
        parties=(),
        collector=None,
        reason=None,
    )


def show_kinds(city: City, kinds: Sequence[Guess]) -> list[dict[str, Any]]:
    """The kinds, the likeliest first."""
    return [
        {
            "key": guess.value,
            "name": kind_name(city, guess.value),
            "score": round(guess.confidence, 4),
            "reason": dict(guess.reason),
        }
        for guess in kinds
    ]


def show_place(judged: Judged) -> dict[str, Any] | None:
    """The place with its confidence (1 for a position inside it); None where it is unknown."""
    if not judged.located:
        return None
    report = judged.report
    return {
        "code": report.place.rpartition(".")[2],
        "confidence": report.place_reason.get("confidence", 1.0),
        "reason": dict(report.place_reason),
    }


def show_limit(city: City, judged: Judged, now: datetime) -> dict[str, Any] | None:
    """By when such a thing is usually done, of the likeliest kind; None where nothing limits it."""
    if not judged.kinds:
        return None
    stages = (Stage.TOTAL, Stage.HANDLE)
    kind, place = judged.kinds[0].value, judged.report.place
    clocks = start_clocks(city, kind, place, stages, now)
    for stage in stages:
        clock = next((one for one in clocks.get(stage, ()) if not one.milestone), None)
        if clock is not None and clock.at is not None:
            return {
                "kind": kind,
                "stage": stage.value,
                "stage_name": words.label("stage", stage.value),
                "due": clock.at.isoformat(),
                "amount": clock.stored["amount"],
                "clock": clock.stored["clock"],
                "clock_name": words.label("clock", clock.stored["clock"]),
                "origin": clock.stored["origin"],
                "source": clock.stored["source"],
                "basis": clock.stored["basis"],
            }
    return None


def show_unit(city: City, judged: Judged, now: datetime) -> dict[str, Any] | None:
    """The unit that would lead, and why; None without kind or place."""
    if not judged.kinds or not judged.located:
        return None
    found = resolve(city, judged.kinds[0].value, judged.report.place, city.day(now))
    if found.lead is None:
        return None
    name = city.unit_name(found.lead)
    return {
        "code": found.lead,
        "name": {"zh": name.zh, "en": name.en},
        "assist": list(found.assist),
        "reason": found.reason,
    }


@dataclass(frozen=True, slots=True)
class Alike:
    """A similar case: how alike, and as everybody sees it. None where it is not published with
    its position: nearness to it would tell where it is."""

    found: Likeness
    public: dict[str, Any] | None


async def similar(tx: Tx, city: City, judged: Judged) -> list[Alike]:
    """Open cases around that may be the same thing, the likeliest first.

    Judged by the matcher that absorbs reports; only its reach is wider here, as far as a "me too"
    is believed. Before anything is written, whatever is open here is shown, the nearest first.
    """
    report = judged.report
    settings = city.match_settings(report.place, city.day(report.received_at))
    if report.spot is None or report.lon is None or report.lat is None:
        return []
    x, y = report.spot
    since = report.received_at - timedelta(days=_DAYS)
    rows = await tx.fetch(
        "select * from cases_near($1, $2, $3, $4, $5)",
        *(x, y, settings.same_as_m, since, _MOST_NEARBY),
    )
    known = {row["id"]: row for row in rows}
    alike = compare(city, judged, rows, settings)
    spots = {
        row["id"]: (row["lon"], row["lat"])
        for row in await tx.fetch(
            "select id, lon, lat from published_cases where id = any($1) and lat is not null",
            [one.case_id for one in alike],
        )
    }
    here = (report.lon, report.lat)
    return [
        Alike(one, _public(city, known[one.case_id], one, spots[one.case_id], here))
        if one.case_id in spots
        else Alike(one, None)
        for one in alike
    ]


def compare(
    city: City, judged: Judged, rows: Sequence[Row], settings: MatchSettings
) -> list[Likeness]:
    """The open cases in `rows` that may be what is written, the likeliest first."""
    report = judged.report
    if not judged.kinds:
        return _nearest(city, report, rows, settings)
    wide = _widened(settings)
    cases = [open_case(city, row) for row in rows]
    found: dict[int, Likeness] = {}
    for guess in judged.kinds[:_MOST_KINDS]:
        facts = facts_of(city, replace(report, kind=guess.value), settings)
        share = guess.confidence / judged.kinds[0].confidence
        for entry in match(facts, cases, wide).reason["considered"]:
            one = _likeness(entry, guess.value, share, facts, settings)
            best = found.get(one.case_id)
            if one.score >= _LEAST_SCORE and (best is None or one.score > best.score):
                found[one.case_id] = one
    ranked = sorted(found.values(), key=lambda one: (-one.score, one.distance_m, one.case_id))
    return ranked[:_SHOWN]


def _likeness(
    entry: Mapping[str, Any], kind: str, share: float, facts: ReportFacts, settings: MatchSettings
) -> Likeness:
    """An entry of the matcher; a kind that is less sure than the likeliest counts less."""
    rule = settings.rule(facts.kind, facts.parent)
    near = entry["metres"] <= rule.radius_m and entry["hours"] <= rule.hours
    repeat = share == 1.0 and near and entry["score"] >= settings.threshold
    reason = {key: value for key, value in entry.items() if key != "case"}
    return Likeness(
        case_id=entry["case"],
        distance_m=entry["metres"],
        score=round(entry["score"] * share, 4),
        repeat=repeat,
        reason={**reason, "why": "alike", "as_kind": kind, "kind_share": round(share, 4)},
    )


def _widened(settings: MatchSettings) -> MatchSettings:
    """The same rules with a longer reach; where scores halve stays as it is."""

    def wider(rule: KindRule) -> KindRule:
        radius = max(rule.radius_m, settings.same_as_m)
        return replace(rule, radius_m=radius, hours=max(rule.hours, 24.0 * _DAYS))

    kinds = {key: wider(rule) for key, rule in settings.kinds.items()}
    return replace(settings, default=wider(settings.default), kinds=kinds)


def _nearest(
    city: City, report: Report, rows: Sequence[Row], settings: MatchSettings
) -> list[Likeness]:
    assert report.lon is not None
    assert report.lat is not None
    point = (report.lon, report.lat)
    found = []
    for row in rows:
        case = open_case(city, row)
        rule = settings.rule(case.kind, case.parent)
        metres = round(distance_m(point, case.point), 1)
        if rule.likelihood > 0 and metres <= settings.same_as_m:
            score = round(rule.likelihood / (1 + metres / rule.half_m), 4)
            reason = {"why": "nearby", "metres": metres, "likelihood": rule.likelihood}
            found.append(Likeness(case.case_id, metres, score, False, reason))
    found.sort(key=lambda one: (one.distance_m, one.case_id))
    return found[:_SHOWN]


_EXACT = ("metres", "nearness", "score")  # from a few of them a position could be reckoned


def _public(
    city: City, row: Row, one: Likeness, spot: tuple[float, float], here: tuple[float, float]
) -> dict[str, Any]:
    """A case without the words of any reporter, and no nearer to its place than it is published."""
    path = ".".join(row["place"].split(".")[:3])  # city, district, town
    holder = city.unit_name(row["lead"] or row["centre"])
    due: datetime | None = row["due_handle"] or row["due_total"]
    return {
        "number": row["number"],
        "kind": row["kind"],
        "kind_name": kind_name(city, row["kind"]),
        "place": path.rpartition(".")[2],
        "place_name": place_name(city, path),
        "state": row["state"],
        "state_name": words.label("state", row["state"], "case"),
        "reported_at": row["reported_at"].isoformat(),
        "due": due.isoformat() if due else None,
        "unit_name": {"zh": holder.zh, "en": holder.en},
        "report_count": row["report_count"],
        "lon": round(spot[0], 6),
        "lat": round(spot[1], 6),
        "distance_m": round(distance_m(here, spot), 1),
        "score": round(one.score, 2),
        "repeat": one.repeat,
        "reason": {key: value for key, value in one.reason.items() if key not in _EXACT},
    }

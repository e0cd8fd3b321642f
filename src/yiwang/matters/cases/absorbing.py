"""From settled reports to cases: a repeat is attached, whatever is new is filed.

One thing is one case (Article XIII): each report is compared with the open cases around it and
with those that the same batch has just opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from yiwang.ground.city import City
from yiwang.ground.judgement.matching import is_placeholder, match
from yiwang.ground.judgement.model import MatchSettings, OpenCase, ReportFacts
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Row, Tx
from yiwang.matters.cases import me_too, service, store
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.opening import Draft, open_cases
from yiwang.matters.cases.service import Move
from yiwang.matters.sources import service as sources
from yiwang.matters.sources.lifecycle import REPORTS
from yiwang.matters.sources.model import Report
from yiwang.matters.sources.rules import is_settled

_LOCK = 8964322  # one absorber at a time: two repeats in two batches must meet
_MOST_NEARBY = 25
_CELL_M = 500.0  # wider than any radius of matching; within a batch only neighbours are compared


@dataclass(frozen=True, slots=True)
class _Question:
    facts: ReportFacts
    settings: MatchSettings


@dataclass
class _Batch:
    """What a batch of reports comes to."""

    drafts: list[Draft] = field(default_factory=list)
    first: list[int] = field(default_factory=list)  # the report each draft comes from
    new: dict[int, int] = field(default_factory=dict)  # report -> index of its draft
    repeats: dict[int, int] = field(default_factory=dict)  # report -> case
    reasons: dict[int, dict[str, Any]] = field(default_factory=dict)


async def absorb(tx: Tx, city: City, report_ids: Sequence[int]) -> None:
    """Attach each settled report to the case it repeats, or open a case for it.

    A report that already has its case is passed over, so that running twice changes nothing.
    """
    await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
    held = await procedure.lock(tx, REPORTS, report_ids)
    fresh = sorted(
        (r for r in held.values() if r.state == "received" and is_settled(r)),
        key=lambda report: (report.received_at, report.id),
    )
    if not fresh:
        return
    by_name = await me_too.named(tx, city, fresh)
    fresh = await _join_named(tx, city, fresh, by_name, held)
    asked = {}
    for report in fresh:
        settings = city.match_settings(report.place, city.day(report.received_at))
        asked[report.id] = _Question(facts_of(city, report, settings), settings)
    if not fresh:
        return
    around = await _around(tx, city, fresh, asked)
    batch = _decide(city, fresh, asked, around)
    for report_id in asked.keys() & by_name.keys():
        batch.reasons[report_id] |= {"same_as": by_name[report_id].reason}
    await _carry_out(tx, city, batch, held)


async def _join_named(
    tx: Tx,
    city: City,
    reports: Sequence[Report],
    by_name: Mapping[int, me_too.Named],
    held: Mapping[int, Report],
) -> list[Report]:
    """Attach what names its case; the reports that go the ordinary way are left.

    One that counted on its case for place or kind and was not taken in goes to the desk.
    """
    taken = {number: one.case for number, one in by_name.items() if one.case is not None}
    repeats = {number: case.id for number, case in taken.items()}
    reasons = {number: dict(me_too.reason_of(by_name[number])) for number in taken}
    kinds = {number: case.kind for number, case in taken.items()}
    await attach(tx, city, repeats, reasons, held, kinds)
    lost: dict[int, str] = {}
    for report in reports:
        missing = report.match_reason.get("missing")
        if missing is not None and report.id not in taken:
            lost[report.id] = missing
    refused = {number: {"same_as": by_name[number].reason} for number in lost}
    await sources.queue(tx, sources.keeper(city), lost, refused, held)
    return [report for report in reports if report.id not in taken and report.id not in lost]


def facts_of(city: City, report: Report, settings: MatchSettings) -> ReportFacts:
    """The report as matching sees it; without a point where its position says nothing."""
    kind = report.kind or ""
    point = None
    if report.lon is not None and report.lat is not None and report.spot is not None:
        point = (report.lon, report.lat)
    if point is not None and is_placeholder(point, settings):
        point = None
    return ReportFacts(
        kind=kind,
        parent=city.taxonomy.kind(kind).parent or "",
        at=report.received_at,
        point=point,
        text=f"{report.title}\n{report.text}",
        address=report.address,
    )


async def _around(
    tx: Tx, city: City, reports: Sequence[Report], asked: Mapping[int, _Question]
) -> dict[int, list[OpenCase]]:
    spots = []
    hours = 0.0
    for report in reports:
        question = asked[report.id]
        if question.facts.point is not None:
            rule = question.settings.rule(question.facts.kind, question.facts.parent)
            if rule.likelihood > 0:
                hours = max(hours, rule.hours)
                spots.append((report.id, report.spot.x, report.spot.y, rule.radius_m))
    since = min(report.received_at for report in reports) - timedelta(hours=hours)
    found: dict[int, list[OpenCase]] = {}
    for row in await store.nearby(tx, spots, since, _MOST_NEARBY):
        found.setdefault(row["report_id"], []).append(open_case(city, row))
    return found


def open_case(city: City, row: Row) -> OpenCase:
    """A row of :func:`store.nearby` as matching sees it."""
    return OpenCase(
        case_id=row["id"],
        kind=row["kind"],
        parent=city.taxonomy.kind(row["kind"]).parent or "",
        at=row["reported_at"],
        point=(row["lon"], row["lat"]),
        text=f"{row['title']}\n{row['text']}",
        address=row["address"],
    )


def _decide(
    city: City,
    reports: Sequence[Report],
    asked: Mapping[int, _Question],
    around: Mapping[int, Sequence[OpenCase]],
) -> _Batch:
    """Which reports repeat which cases; new ones of this batch count as cases -1, -2, ..."""
    batch = _Batch()
    opened: dict[tuple[int, int], list[OpenCase]] = {}
    for report in reports:
        question = asked[report.id]
        near = list(around.get(report.id, ()))
        cells = _cells(report)
        for cell in cells:
            near += opened.get(cell, ())
        verdict = match(question.facts, near, question.settings)
        batch.reasons[report.id] = verdict.reason
        if verdict.case_id is None:
            batch.new[report.id] = len(batch.drafts)
            batch.first.append(report.id)
            batch.drafts.append(_draft(city, report))
            if question.facts.point is not None:
                facts = question.facts
                opened.setdefault(cells[0], []).append(
                    OpenCase(
                        case_id=-len(batch.drafts),
                        kind=facts.kind,
                        parent=facts.parent,
                        at=facts.at,
                        point=question.facts.point,
                        text=facts.text,
                        address=facts.address,
                    )
                )
        elif verdict.case_id < 0:
            batch.new[report.id] = -verdict.case_id - 1
        else:
            batch.repeats[report.id] = verdict.case_id
    return batch


def _cells(report: Report) -> list[tuple[int, int]]:
    """The square of _CELL_M metres the report lies in, then its eight neighbours."""
    if report.spot is None:
        return [(0, 0)]
    x, y = int(report.spot.x // _CELL_M), int(report.spot.y // _CELL_M)
    around = [(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    return [(x, y), *around]


def _draft(city: City, report: Report) -> Draft:
    day = city.day(report.received_at)
    verified = city.setting("verify.sources", report.place, day, [])
    return Draft(
        kind=report.kind or "",
        kind_reason=report.kind_reason,
        place=report.place,
        place_reason=report.place_reason,
        title=report.title,
        text=report.text,
        address=report.address,
        lon=report.lon,
        lat=report.lat,
        source=report.source,
        synthetic=report.synthetic,
        urgent=report.urgent,
        discovered_at=report.happened_at,
        reported_at=report.received_at,
        state="verifying" if report.source in verified else "filed",
    )


async def _carry_out(tx: Tx, city: City, batch: _Batch, held: Mapping[int, Report]) -> None:
    actor = sources.keeper(city)
    counts = [0] * len(batch.drafts)
    for index in batch.new.values():
        counts[index] += 1
    cases = await open_cases(tx, city, actor, batch.drafts)
    firsts = {report: cases[batch.new[report]].id for report in batch.first}
    await sources.assign(tx, actor, firsts, "file", batch.reasons, held=held)
    repeats = dict(batch.repeats)
    for report, index in batch.new.items():
        if report not in firsts:
            repeats[report] = cases[index].id
    await attach(tx, city, repeats, batch.reasons, held)


async def attach(
    tx: Tx,
    city: City,
    repeats: Mapping[int, int],
    reasons: Mapping[int, dict[str, Any]],
    held: Mapping[int, Report],
    kinds: Mapping[int, str] | None = None,
) -> None:
    """Attach reports to cases: counted, recorded on both sides, and the reporters told."""
    if not repeats:
        return
    actor = sources.keeper(city)
    await sources.assign(tx, actor, repeats, "attach", reasons, held=held, kinds=kinds)
    by_case: dict[int, list[int]] = {}
    for report, case in repeats.items():
        by_case.setdefault(case, []).append(report)
    moves = [
        Move(case, "attach", {"reports": reports}, at=tx.moment(_last(held, reports)))
        for case, reports in by_case.items()
    ]
    done: Sequence[Case] = await service.move(tx, city, actor, moves)
    notices = [
        (report, case.id, "report.attached", {"number": case.number, "count": case.report_count})
        for case in done
        for report in by_case[case.id]
    ]
    await store.tell(tx, notices)


def _last(held: Mapping[int, Report], reports: Sequence[int]) -> datetime:
    return max(held[report].received_at for report in reports)

"""Reports after their receipt: where it is, what it is, and whose case it became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from yiwang.ground.authority.model import Actor, platform
from yiwang.ground.city import City
from yiwang.ground.judgement.model import Hints, Question
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.sources import rules
from yiwang.matters.sources.lifecycle import REPORTS
from yiwang.matters.sources.model import Report


def keeper(city: City) -> Actor:
    """The platform acting by rule over the whole city."""
    return platform(city.root_path)


async def settle(tx: Tx, city: City, report_ids: Sequence[int]) -> None:
    """Find place and kind of received reports, each with its reason; what has none waits on the
    desk. A report that was settled before stays as it is.
    """
    held = await procedure.lock(tx, REPORTS, report_ids)
    fresh = [
        report
        for report in held.values()
        if report.state == "received" and not rules.is_settled(report)
    ]
    if not fresh:
        return
    actor = keeper(city)
    located = locate(city, fresh)
    guesses = _classify(city, fresh)
    changes = []
    for report, (path, place_reason), (kind, kind_reason) in zip(
        fresh, located, guesses, strict=True
    ):
        known = replace(
            report,
            place=path or report.place,
            place_reason=place_reason,
            kind=kind,
            kind_reason=kind_reason,
            spot=_spot(city, report),
            match_reason={},
        )
        missing = rules.missing(known, located=path is not None)
        named = rules.named_case(known)
        queued = missing is not None and named is None
        facts: dict[str, Any] = {"reason": missing} if queued else {}
        rule = procedure.permit(REPORTS, actor, known, "queue" if queued else "settle", facts)
        after = replace(known, state=rule.end or known.state, reason=missing if queued else None)
        after = after if queued else rules.settle(after, missing)
        told = facts if queued else {"kind": kind, "place": path}
        if named is not None:
            told["same_as"] = named
        changes.append(Change(report, after, rule, told, tx.moment(report.received_at)))
    await procedure.save(tx, actor, REPORTS, changes)


def _spot(city: City, report: Report) -> Any:
    if report.lon is None or report.lat is None:
        return None
    return city.frame.to_local(report.lon, report.lat)


def locate(city: City, reports: Sequence[Report]) -> list[tuple[str | None, dict[str, Any]]]:
    """For each report the path of its place (None where unknown) and why."""
    answers: list[tuple[str | None, dict[str, Any]]] = [(None, {})] * len(reports)
    pointed = [i for i, r in enumerate(reports) if r.lon is not None and r.lat is not None]
    if pointed:
        lons = np.array([reports[i].lon for i in pointed], dtype=float)
        lats = np.array([reports[i].lat for i in pointed], dtype=float)
        for i, index in zip(pointed, city.locator.locate_many(lons, lats), strict=True):
            if index >= 0:
                answers[i] = (city.locator.places[index].path, {"by": "point"})
            else:
                found = city.locator.locate(reports[i].lon or 0.0, reports[i].lat or 0.0)
                answers[i] = (None, {"found": found.reason.value})
    placeholders = city.setting(
        "location.placeholders", city.root_path, city.day(reports[0].received_at), []
    )
    for i, report in enumerate(reports):
        if report.place_reason.get("by") == "hand":
            answers[i] = (report.place, report.place_reason)  # the desk has said where it is
            continue
        path = answers[i][0]
        doubtful = rules.is_placeholder(report.lon, report.lat, placeholders)
        if path is not None and not doubtful and path != city.root_path:
            continue
        words = " ".join(filter(None, (report.address, report.title, report.text)))
        match = city.addresses.match(words)
        surest = city.setting(
            "location.confidence", city.root_path, city.day(report.received_at), 0.4
        )
        if match.path is not None and match.confidence >= surest:
            answers[i] = (
                match.path,
                {
                    "by": "address",
                    "confidence": round(match.confidence, 3),
                    "reason": match.reason.value,
                },
            )
        elif doubtful and path is not None:
            answers[i] = (path, {"by": "point", "placeholder": True})
    return answers


def _classify(city: City, reports: Sequence[Report]) -> list[tuple[str | None, dict[str, Any]]]:
    """For each report its kind (None where no guess is good enough) and why."""
    answers: list[tuple[str | None, dict[str, Any]]] = [(None, {})] * len(reports)
    unknown = []
    for i, report in enumerate(reports):
        if report.kind is not None:
            reason = report.kind_reason or {"by": "reporter"}
            try:
                kind = city.taxonomy.current(report.kind, city.day(report.received_at))
                answers[i] = (kind.key, reason)
                continue
            except Refusal as refusal:
                answers[i] = (None, {"by": "reporter", "refused": refusal.code})
        unknown.append(i)
    if unknown:
        questions = [
            Question(r.text, r.language, Hints(title=r.title))
            for r in (reports[i] for i in unknown)
        ]
        for i, guesses in zip(unknown, city.classifier.classify_many(questions), strict=True):
            if guesses:
                best = guesses[0]
                reason = {"by": "text", "confidence": round(best.confidence, 3), **best.reason}
                answers[i] = (best.value, reason)
    return answers


async def queue(
    tx: Tx,
    actor: Actor,
    reports: Mapping[int, str],
    reasons: Mapping[int, dict[str, Any]],
    held: Mapping[int, Report],
) -> None:
    """Put settled reports on the desk after all: report id -> what is still missing."""
    changes = []
    for report_id, missing in reports.items():
        report = held[report_id]
        facts = {"reason": missing}
        rule = procedure.permit(REPORTS, actor, report, "queue", facts)
        after = replace(
            report,
            state=rule.end or report.state,
            reason=missing,
            match_reason=reasons.get(report_id, {}),
        )
        changes.append(Change(report, after, rule, facts, tx.moment(report.received_at)))
    await procedure.save(tx, actor, REPORTS, changes)


async def assign(
    tx: Tx,
    actor: Actor,
    cases: Mapping[int, int],
    action: str,
    reasons: Mapping[int, dict[str, Any]],
    at: datetime | None = None,
    held: Mapping[int, Report] | None = None,
    kinds: Mapping[int, str] | None = None,
) -> None:
    """Give reports to their cases (report id -> case id) by "file", "attach" or "move".

    A report without a kind takes the one in `kinds`.
    """
    found = held or await procedure.lock(tx, REPORTS, cases)
    changes = []
    for report_id, case_id in cases.items():
        report = found[report_id]
        facts = {} if action == "file" else {"case": case_id}
        rule = procedure.permit(REPORTS, actor, report, action, facts)
        after = replace(
            report,
            state=rule.end or report.state,
            case_id=case_id,
            kind=report.kind or (kinds or {}).get(report_id),
            match_reason=reasons.get(report_id, report.match_reason),
            reason=None,
        )
        moment = at or tx.moment(report.received_at)
        changes.append(Change(report, after, rule, {"case": case_id}, moment))
    await procedure.save(tx, actor, REPORTS, changes)


async def act(
    tx: Tx,
    city: City,
    actor: Actor,
    report_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None = None,
) -> Report:
    """Do one action to a report on the desk: correct, reject, withdraw, add a note, rate.

    Filing and attaching by hand go through the cases' service, which opens or feeds the case.
    """
    report = await procedure.lock_one(tx, REPORTS, report_id)
    rule = procedure.permit(REPORTS, actor, report, action, facts, version)
    after = replace(report, state=rule.end or report.state, reason=facts.get("reason"))
    if action == "correct":
        # Whoever sends a report to another place keeps it in sight.
        parties = tuple(dict.fromkeys((*after.parties, *actor.units)))
        after = replace(rules.correct(after, facts, city), parties=parties, match_reason={})
    elif action == "add":
        after = rules.add_note(report, facts["note"], tx.now)
    elif action == "rate":
        after = rules.rate(report, facts, tx.now)
    saved = await procedure.save(tx, actor, REPORTS, [Change(report, after, rule, facts)])
    return saved[0]

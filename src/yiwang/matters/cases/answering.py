"""What became of a report, told to its reporter, and what they may still say (Article XIV)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from yiwang.ground.authority.model import Actor, Duty, Holding
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.kit import words
from yiwang.kit.db import Row, Scope, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case
from yiwang.matters.sources import service as sources
from yiwang.matters.sources.lifecycle import REPORTS
from yiwang.matters.sources.model import Report
from yiwang.matters.sources.rules import NOTES, RATING

REOPEN_DAYS = 30  # where the city's setting "receipt.reopen_days" says nothing
_ENDS = ("closed", "cancelled", "merged")


def reporter_of(city: City, number: str) -> Actor:
    """Whoever holds the receipt, speaking about their own report and nothing else."""
    holding = Holding(Duty.PLATFORM, "", city.root_path, True)
    name = f"reporter:{number}"
    return Actor(name, number, (holding,), scope=Scope(name, places=(city.root_path,)))


@dataclass(frozen=True, slots=True)
class Answer:
    """A report with its case, what was told about it, and what its reporter may do now."""

    report: Report
    case: Case | None
    notices: tuple[Row, ...]
    actions: tuple[str, ...]


async def answer(tx: Tx, city: City, report_id: int) -> Answer:
    """What became of one report; refuses ("sources.receipt_unknown") one that is not there."""
    try:
        report = await procedure.find(tx, REPORTS, report_id)
    except Refusal as refusal:
        raise Refusal("sources.receipt_unknown") from refusal
    case = None if report.case_id is None else await procedure.find(tx, CASES, report.case_id)
    notices = await tx.fetch(
        "select code, facts, at from notices where report_id = $1 order by id", report_id
    )
    return Answer(report, case, tuple(notices), _possible(report, case, city, tx.now))


def _possible(report: Report, case: Case | None, city: City, now: datetime) -> tuple[str, ...]:
    if report.state in ("rejected", "withdrawn"):
        return ()
    found = ["add", "photos"]
    if case is None or case.state not in _ENDS:
        found.append("withdraw")
    if case is not None and _reopens(case, city, now):
        found.append("not-fixed")
    if case is not None and _rates(report, case):
        found.append("rate")
    return tuple(found)


def _reopens(case: Case, city: City, now: datetime) -> bool:
    """Whether a reporter may still say that a closed case is not fixed."""
    if case.state != "closed" or case.closed_at is None:
        return False
    days = city.setting("receipt.reopen_days", case.place, city.day(now), REOPEN_DAYS)
    return now - case.closed_at <= timedelta(days=float(days))


def _rates(report: Report, case: Case) -> bool:
    """Whether a reporter may still say how well it was done: once for every time it is closed."""
    if case.state != "closed" or case.closed_at is None:
        return False
    given = report.attributes.get(RATING)
    return given is None or datetime.fromisoformat(given["at"]) < case.closed_at


async def withdraw(tx: Tx, city: City, actor: Actor, report_id: int, reason: str) -> None:
    """The reporter takes the report back; a case that stands on it goes on."""
    found = await answer(tx, city, report_id)
    _require(found, "withdraw")
    await sources.act(tx, city, actor, report_id, "withdraw", {"reason": reason})


async def add(tx: Tx, city: City, actor: Actor, report_id: int, note: str) -> None:
    """The reporter adds something; whoever has the case sees it in its history."""
    found = await answer(tx, city, report_id)
    _require(found, "add")
    await sources.act(tx, city, actor, report_id, "add", {"note": note})
    if found.case is not None:
        await service.act(tx, city, actor, found.case.id, "note", {"note": note})


async def reopen(tx: Tx, city: City, actor: Actor, report_id: int, reason: str) -> None:
    """The reporter says that it is not fixed: the case begins again, with the reason."""
    found = await answer(tx, city, report_id)
    _require(found, "not-fixed")
    if found.case is not None:
        await service.act(tx, city, actor, found.case.id, "reopen", {"reason": reason})


async def rate(
    tx: Tx, city: City, actor: Actor, report_id: int, *, satisfied: bool, note: str
) -> None:
    """The reporter says how well it was done; counted for the places of the case."""
    found = await answer(tx, city, report_id)
    _require(found, "rate")
    facts = {"satisfied": satisfied, **({"note": note} if note else {})}
    await sources.act(tx, city, actor, report_id, "rate", facts)


def _require(found: Answer, action: str) -> None:
    if action not in found.actions:
        state = found.case.state if found.case else found.report.state
        raise Refusal("receipt.not_possible", action=action, state=state, possible=found.actions)


def view(found: Answer, city: City) -> dict[str, Any]:
    """An answer in plain words, in both languages, without anybody else's identity."""
    report, case = found.report, found.case
    shown: dict[str, Any] = {
        "state": report.state,
        "says": _says(f"receipt.report_{report.state}", {"reason": report.reason or "–"}),
        "received_at": report.received_at,
        "title": report.title,
        "text": report.text,
        "address": report.address,
        "lon": report.lon,
        "lat": report.lat,
        "synthetic": report.synthetic,
        "notes": report.attributes.get(NOTES, []),
        "rating": report.attributes.get(RATING),
        "case": None if case is None else _case(case, city),
        "notices": [
            {"at": row["at"], "code": row["code"], "says": _notice(row)} for row in found.notices
        ],
        "actions": list(found.actions),
    }
    return shown


def _case(case: Case, city: City) -> dict[str, Any]:
    unit = city.unit_name(case.lead or case.centre)
    facts = {"number": case.number, "unit_zh": unit.zh, "unit_en": unit.en}
    state = "forced" if case.state == "closed" and case.forced else case.state
    kind = city.taxonomy.kind(case.kind).name if case.kind in city.taxonomy else None
    return {
        "number": case.number,
        "state": case.state,
        "says": _says(f"receipt.case_{state}", facts | {"reason": case.reason or "–"}),
        "next": words.label("public_next", case.state),
        "kind": None if kind is None else {"zh": kind.zh, "en": kind.en},
        "unit": {"zh": unit.zh, "en": unit.en},
        "due": case.due_handle or case.due_total,
        "filed_at": case.filed_at,
        "dispatched_at": case.dispatched_at,
        "handled_at": case.handled_at,
        "closed_at": case.closed_at,
        "reports": case.report_count,
        "reopened": case.reopened,
    }


def _notice(row: Row) -> dict[str, str]:
    facts = dict(row["facts"])
    code = row["code"].split(".")
    name = "_".join(code[:2])
    if name == "case_ended":
        name = f"case_{facts.get('state', 'closed')}"
        if facts.get("forced"):
            name = "case_forced"
        facts |= {"reason": facts.get("reason") or "–"}
    return _says(f"receipt.{name}", facts)


def _says(code: str, facts: dict[str, Any]) -> dict[str, str]:
    return {language: words.sentence(code, language, facts) for language in words.LANGUAGES}

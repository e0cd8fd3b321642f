"""Filing by hand: a report from the desk becomes a case, repeats one, or comes as one at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from yiwang.ground.authority import rules as authority
from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.ground.procedure.model import Change
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service, store
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case
from yiwang.matters.cases.opening import Draft, open_cases
from yiwang.matters.cases.service import Move
from yiwang.matters.sources import arrivals
from yiwang.matters.sources import rules as source_rules
from yiwang.matters.sources import service as sources
from yiwang.matters.sources.arrivals import Arrival
from yiwang.matters.sources.lifecycle import REPORTS
from yiwang.matters.sources.model import Report, Source

_BY_HAND = {"by": "hand"}


async def act(
    tx: Tx,
    city: City,
    actor: Actor,
    report_id: int,
    action: str,
    facts: Mapping[str, Any],
    version: int | None = None,
    at: datetime | None = None,
) -> Report:
    """Do one action to a report at the desk, whatever room carries it out."""
    if action == "file":
        return await file_report(tx, city, actor, report_id, facts, version)
    if action == "attach":
        return await attach_report(tx, city, actor, report_id, facts, version)
    return await sources.act(tx, city, actor, report_id, action, facts, version)


async def file_report(
    tx: Tx,
    city: City,
    actor: Actor,
    report_id: int,
    facts: Mapping[str, Any],
    version: int | None = None,
) -> Report:
    """Open a case for a report that waits at the desk, with kind and place as the facts say.

    Refuses "sources.kind_needed" and "sources.place_needed" where neither they nor the report do.
    """
    report = await procedure.lock_one(tx, REPORTS, report_id)
    rule = procedure.permit(REPORTS, actor, report, "file", facts, version)
    known = source_rules.correct(report, facts, city)
    if known.kind is None:
        raise Refusal("sources.kind_needed")
    if known.place == city.root_path and known.place_reason.get("by") != "hand":
        raise Refusal("sources.place_needed")
    draft = Draft(
        kind=known.kind,
        kind_reason=known.kind_reason or _BY_HAND,
        place=known.place,
        place_reason=known.place_reason,
        title=known.title,
        text=known.text,
        address=known.address,
        lon=known.lon,
        lat=known.lat,
        source=known.source,
        synthetic=known.synthetic,
        urgent=known.urgent,
        discovered_at=known.happened_at,
        reported_at=known.received_at,
    )
    case = (await open_cases(tx, city, actor, [draft], at=tx.now))[0]
    after = replace(
        known, state=rule.end or known.state, case_id=case.id, match_reason=_BY_HAND, reason=None
    )
    saved = await procedure.save(tx, actor, REPORTS, [Change(report, after, rule, facts)])
    return saved[0]


async def attach_report(
    tx: Tx,
    city: City,
    actor: Actor,
    report_id: int,
    facts: Mapping[str, Any],
    version: int | None = None,
) -> Report:
    """Say at the desk that a report repeats an open case; its reporter is told and counted."""
    report = await procedure.lock_one(tx, REPORTS, report_id)
    rule = procedure.permit(REPORTS, actor, report, "attach", facts, version)
    case = await procedure.lock_one(tx, CASES, int(facts["case"]))
    told = {"reports": [report.id]}
    moved = (await service.move(tx, city, sources.keeper(city), [Move(case.id, "attach", told)]))[0]
    after = replace(
        report,
        state=rule.end or report.state,
        case_id=case.id,
        kind=report.kind or case.kind,
        match_reason=_BY_HAND | {"actor": actor.name},
        reason=None,
    )
    saved = await procedure.save(tx, actor, REPORTS, [Change(report, after, rule, facts)])
    news = {"number": moved.number, "count": moved.report_count}
    await store.tell(tx, [(report.id, moved.id, "report.attached", news)])
    return saved[0]


@dataclass(frozen=True, slots=True)
class Filing:
    """A case that the desk or a patrol files at once; one of `place` (a code) and `lon` with `lat`
    says where. `fixed`: whoever found it has fixed it on the spot (自行处置)."""

    kind: str
    text: str
    source: Source
    system: str
    digest: bytes
    key: str
    title: str = ""
    address: str = ""
    place: str | None = None
    lon: float | None = None
    lat: float | None = None
    happened_at: datetime | None = None
    external_id: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    language: str = "zh"
    synthetic: bool = False
    urgent: bool = False
    dispatch: bool = True
    fixed: bool = False
    reporter: tuple[str, str, str] = ("", "", "")  # name, phone, email
    collector: int | None = None


async def file_now(tx: Tx, city: City, actor: Actor, filing: Filing) -> tuple[Case, int]:
    """A case and the id of its report in one step; verifying and waiting are left out.

    Refuses an unknown kind or place, a position outside the city, whoever has no duty there, and
    ("sources.key_known") a key or number that was used before: see :func:`filed_before`.
    """
    kind = city.taxonomy.current(filing.kind, city.day(tx.now))
    place, reason = _place(city, filing)
    authority.require(actor, "collector" if filing.fixed else "intake|collector", place)
    draft = Draft(
        kind=kind.key,
        kind_reason=_BY_HAND,
        place=place,
        place_reason=reason,
        title=filing.title,
        text=filing.text,
        address=filing.address,
        lon=filing.lon,
        lat=filing.lat,
        source=filing.source.value,
        synthetic=filing.synthetic,
        urgent=filing.urgent,
        discovered_at=filing.happened_at or tx.now,
        reported_at=tx.now,
        state="checking" if filing.fixed else "filed",
        manual=not filing.dispatch,
        on_the_spot=filing.fixed,
    )
    case = (await open_cases(tx, city, actor, [draft]))[0]
    arrival = Arrival(
        state="filed",
        source=filing.source.value,
        system=filing.system,
        external_id=filing.external_id,
        key=filing.key,
        digest=filing.digest,
        received_at=tx.now,
        happened_at=draft.discovered_at,
        title=filing.title,
        text=filing.text,
        address=filing.address,
        lon=filing.lon,
        lat=filing.lat,
        spot=case.spot,
        kind=kind.key,
        place=place,
        place_reason=reason,
        attributes=filing.attributes,
        language=filing.language,
        synthetic=filing.synthetic,
        urgent=filing.urgent,
        case_id=case.id,
        collector=filing.collector,
        reporter=filing.reporter,
    )
    return case, await arrivals.receive_filed(tx, actor, arrival)


async def filed_before(tx: Tx, filing: Filing) -> tuple[Case, int]:
    """The case that was filed under this key or number with the same body, and its report.

    Refuses ("sources.key_reused") where that had another body.
    """
    row = await tx.fetchrow(
        "select id, case_id, digest from reports where system = $1"
        " and (idempotency_key = $2 or external_id = $3) order by id limit 1",
        *(filing.system, filing.key, filing.external_id),
    )
    if row is None or row["case_id"] is None or row["digest"] != filing.digest:
        raise Refusal("sources.key_reused")
    return await procedure.find(tx, CASES, row["case_id"]), row["id"]


def _place(city: City, filing: Filing) -> tuple[str, dict[str, Any]]:
    if filing.place is not None:
        return city.tree.path(filing.place), dict(_BY_HAND)
    if filing.lon is None or filing.lat is None:
        raise Refusal("sources.place_needed")
    found = city.locator.locate(filing.lon, filing.lat)
    if found.path is None:
        raise Refusal("sources.place_needed")
    return found.path, {"by": "point"}

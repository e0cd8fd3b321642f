"""New cases: numbered, their clocks started, their beginning recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service as procedure
from yiwang.kit.db import Tx
from yiwang.matters.cases import rules
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.cases.model import Case


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new case begins with."""

    kind: str
    kind_reason: dict[str, Any]
    place: str
    place_reason: dict[str, Any]
    title: str
    text: str
    address: str
    lon: float | None
    lat: float | None
    source: str
    synthetic: bool
    urgent: bool
    discovered_at: datetime
    reported_at: datetime
    report_count: int = 1
    state: str = "filed"
    manual: bool = False  # a dispatcher decides, not the rule
    on_the_spot: bool = False
    parent_id: int | None = None


_BEGINNINGS = {
    "filed": "file",
    "verifying": "send_verify",
    "checking": "fix",
    "reported": "report",
}


async def open_cases(
    tx: Tx, city: City, actor: Actor, drafts: Sequence[Draft], at: datetime | None = None
) -> list[Case]:
    """Open new cases, number them, start their clocks and record how they began.

    A draft begins "filed" (event `case.file`), "verifying" (`case.send_verify`), "reported"
    (`case.report`) or, fixed by whoever found it, "checking" (`case.fix`).
    """
    if not drafts:
        return []
    ids = await procedure.new_ids(tx, CASES, len(drafts))
    numbers = await _numbers(tx, city, drafts)
    cases = [
        _begin(city, case_id, number, draft, at or tx.moment(draft.reported_at))
        for case_id, number, draft in zip(ids, numbers, drafts, strict=True)
    ]
    for state in dict.fromkeys(case.state for case in cases):
        some = [case for case in cases if case.state == state]
        await procedure.create(
            tx,
            actor,
            CASES,
            some,
            _BEGINNINGS[state],
            "V",
            [{"kind": case.kind, "number": case.number} for case in some],
            [at or case.filed_at or case.reported_at for case in some],
        )
    return cases


async def _numbers(tx: Tx, city: City, drafts: Sequence[Draft]) -> list[str]:
    keys = []
    for draft in drafts:
        day = city.day(draft.reported_at)
        keys.append((rules.division(city, draft.place), f"{day:%Y%m%d}", day))
    wanted: dict[str, int] = {}
    for division, day_text, _ in keys:
        name = f"case:{division}:{day_text}"
        wanted[name] = wanted.get(name, 0) + 1
    taken = {name: iter(numbers) for name, numbers in (await tx.numbers.take(wanted)).items()}
    default = "{division}{date}{sequence:05d}"
    numbers = []
    for division, day_text, day in keys:
        name = f"case:{division}:{day_text}"
        pattern = city.setting("case.number_pattern", city.root_path, day, default)
        numbers.append(rules.number(pattern, division, day_text, next(taken[name])))
    return numbers


def _begin(city: City, case_id: int, number: str, draft: Draft, now: datetime) -> Case:
    day = city.day(now)
    whose = city.taxonomy.responsibility_for(draft.kind, draft.place, day)
    centre = city.centre(draft.place, whose.level if whose else None)
    kind = city.taxonomy.kind(draft.kind)
    spot = None
    if draft.lon is not None and draft.lat is not None:
        spot = city.frame.to_local(draft.lon, draft.lat)
    case = Case(
        id=case_id,
        version=1,
        state=draft.state,
        number=number,
        source=draft.source,
        kind=draft.kind,
        kind_reason=draft.kind_reason,
        place=draft.place,
        place_reason=draft.place_reason,
        parties=(),
        title=draft.title,
        text=draft.text,
        address=draft.address,
        lon=draft.lon,
        lat=draft.lat,
        spot=spot,
        synthetic=draft.synthetic,
        urgent=draft.urgent or kind.urgent,
        supervised=False,
        typical=False,
        forced=False,
        on_the_spot=draft.on_the_spot,
        discovered_at=draft.discovered_at,
        reported_at=draft.reported_at,
        filed_at=now if draft.state in ("filed", "checking") else None,
        dispatched_at=None,
        handled_at=now if draft.state == "checking" else None,
        closed_at=None,
        due_verify=None,
        due_dispatch=None,
        due_handle=None,
        due_check=None,
        due_total=None,
        due_next=None,
        limit_reason={},
        lead=None,
        centre=centre.code,
        dispatch_reason={"manual": True} if draft.manual else {},
        parent_id=draft.parent_id,
        merged_into=None,
        open_children=0,
        report_count=draft.report_count,
        rounds=0,
        reopened=0,
        returned=0,
        passed_check=False,
        reason=None,
        overdue=(),
        alarm_at=None,
    )
    stages = rules.FIRST_CLOCKS[draft.state]
    return rules.watch(rules.begin_clocks(case, city, stages, now))

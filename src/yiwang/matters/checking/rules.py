"""Pure decisions about checks: whether there is one, of what sort, and by whom."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from yiwang.ground.city import City
from yiwang.ground.packs.model import Unit
from yiwang.kit.lifecycle import Facts, Rule
from yiwang.matters.cases.model import Case
from yiwang.matters.checking.model import Check

_RESULTS = {"pass": "note", "fail": "reason", "unable": "reason"}


@dataclass(frozen=True, slots=True)
class Sampling:
    """Whether a case is checked, and why, in words that can be contested."""

    checked: bool
    reason: dict[str, Any]


def draw(number: str) -> float:
    """A case's lot, 0 to 100: from the SHA-256 of its number, so that anybody can draw it again."""
    first = hashlib.sha256(number.encode()).digest()[:8]
    return int.from_bytes(first, "big") / 2**64 * 100


def share(setting: Any, family: str) -> float:
    """The percentage to be checked: one for all kinds, or one for each family of them."""
    value = setting.get(family, 100) if isinstance(setting, Mapping) else setting
    return float(value)


def mode(setting: Any, source: str, *, reachable: bool) -> str:
    """On the spot or by asking the reporter: by the case's source; nobody to ask, nobody asked."""
    wanted = setting.get(source) if isinstance(setting, Mapping) else setting
    return "callback" if wanted == "callback" and reachable else "onsite"


def sample(case: Case, percent: float, *, failed_before: bool) -> Sampling:
    """Whether a case is checked: by the lot, and always where somebody must be sure."""
    always = (
        ("supervised", case.supervised),
        ("urgent", case.urgent),
        ("reopened", case.reopened > 0),
        ("failed_before", failed_before),
    )
    for why, holds in always:
        if holds:
            return Sampling(True, {"why": why})
    lot = round(draw(case.number), 4)
    reason = {"why": "lot", "percent": percent, "draw": lot}
    return Sampling(lot < percent, reason)


def choose_checker(
    city: City, path: str, handlers: Collection[str], centre: str
) -> tuple[str, str]:
    """The unit that checks and as what it was chosen: the deepest over the place that did not
    handle.

    A unit below one that handled looks at its superior's work and comes second; the case's centre
    is the last resort, even where it handled itself (then somebody from above must do it).
    """
    units = city.checkers(path)
    others = [unit for unit in units if unit.code not in handlers]
    for unit in others:
        if not is_below(city, unit, handlers):
            return unit.code, "independent"
    if others:
        return others[0].code, "subordinate"
    return centre, "centre" if centre not in handlers else "nobody_independent"


def is_below(city: City, unit: Unit, others: Collection[str]) -> bool:
    """Whether any of the others is above the unit in the organisation."""
    seen = {unit.code}
    above = unit.parent
    while above is not None and above not in seen:
        if above in others:
            return True
        seen.add(above)
        parent = city.units.get(above)
        above = parent.parent if parent else None
    return False


def apply(check: Check, rule: Rule, facts: Facts, now: datetime, by: Any) -> Check:
    """The check after an action that its rule permits."""
    if rule.action == "assign":
        return replace(check, assignee=facts["person"])
    return replace(
        check,
        state=rule.end or check.state,
        done_at=now,
        done_by=by.name,
        result=facts.get(_RESULTS.get(rule.action, "reason")),
        evidence=tuple(facts.get("evidence", ())),
    )


def has_ended(case: Case, sort: str) -> bool:
    """Whether a check of this sort is no longer asked for by its case."""
    return case.state != ("verifying" if sort == "verify" else "checking")


def is_fit(check: Check, person: int, units: Collection[str], duties: Collection[str]) -> bool:
    """Whether somebody with posts in these units and with these duties may take a check: a
    checker who handled nothing of it, and none of whose units did."""
    clean = person not in check.hands and not set(units) & set(check.handlers)
    return clean and "checker" in duties

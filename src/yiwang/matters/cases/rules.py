"""What an action does to a case: pure, with the moment and the city as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from yiwang.ground.city import City, clock_from, renew_clock, start_clocks
from yiwang.ground.judgement.model import corrected
from yiwang.ground.packs.model import Level, Stage
from yiwang.kit.lifecycle import Facts, Rule
from yiwang.matters.cases.model import Case

_DUE = {
    Stage.VERIFY: "due_verify",
    Stage.DISPATCH: "due_dispatch",
    Stage.HANDLE: "due_handle",
    Stage.CHECK: "due_check",
    Stage.TOTAL: "due_total",
}
FIRST_CLOCKS = {
    "reported": (Stage.TOTAL,),
    "verifying": (Stage.VERIFY,),
    "filed": (Stage.DISPATCH, Stage.TOTAL),
    "checking": (Stage.CHECK, Stage.TOTAL),
}
_RUNNING = {
    "verifying": Stage.VERIFY,
    "filed": Stage.DISPATCH,
    "dispatched": Stage.HANDLE,
    "checking": Stage.CHECK,
}


def begin_clocks(case: Case, city: City, stages: Iterable[Stage], now: datetime) -> Case:
    """Start the case's clocks of these stages; a stage without a limit has no due time.

    A clock that starts anew has not run over; that an earlier one did stays in the record.
    """
    stages = tuple(stages)
    found = start_clocks(city, case.kind, case.place, stages, now)
    values: dict[str, Any] = {}
    kept = dict(case.limit_reason)
    for stage in stages:
        clocks = found.get(stage)
        main = clocks[0] if clocks and not clocks[0].milestone else None
        values[_DUE[stage]] = main.at if main else None
        if main:
            kept[stage.value] = main.stored
        else:
            kept.pop(stage.value, None)
    overdue = tuple(name for name in case.overdue if name not in {s.value for s in stages})
    return replace(case, limit_reason=kept, overdue=overdue, **values)


def watch(case: Case) -> Case:
    """Set which clock runs now and when the platform must look again."""
    stage = _RUNNING.get(case.state)
    due: datetime | None = getattr(case, _DUE[stage]) if stage else None
    if stage is None:
        due = case.due_total if case.state == "reported" else None
    alarm = None
    if case.state in _RUNNING or case.state == "reported":
        waiting = [
            at
            for name, at in ((stage.value if stage else "", due), ("total", case.due_total))
            if at is not None and name not in case.overdue
        ]
        alarm = min(waiting, default=None)
    elif case.state == "suspended":
        alarm = case.alarm_at
    return replace(case, due_next=due, alarm_at=alarm)


def late_stage(case: Case, now: datetime) -> str | None:
    """The stage that has just run over its limit, or None."""
    stage = _RUNNING.get(case.state)
    if stage is not None and stage.value not in case.overdue:
        due: datetime | None = getattr(case, _DUE[stage])
        if due is not None and due <= now:
            return stage.value
    if case.due_total is not None and case.due_total <= now and "total" not in case.overdue:
        return "total"
    return None


def apply(case: Case, rule: Rule, facts: Facts, now: datetime, city: City) -> Case:
    """The case after an action that its rule permits."""
    after = replace(case, state=rule.end or case.state)
    effect = _EFFECTS.get(rule.action)
    if effect is not None:
        after = effect(after, facts, now, city)
    return watch(after)


def _name(after: Case, facts: Facts, city: City) -> Case:
    """Kind and place as the facts correct them."""
    if facts.get("kind"):
        kind = city.taxonomy.kind(facts["kind"])
        after = replace(
            after,
            kind=kind.key,
            urgent=after.urgent or kind.urgent,
            kind_reason=corrected(after.kind_reason, after.kind, facts.get("reason")),
        )
    if facts.get("place"):
        path = city.tree.path(facts["place"])
        why = corrected(after.place_reason, after.place, facts.get("reason"))
        after = replace(after, place=path, place_reason=why)
    return after


def _file(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    after = replace(_name(after, facts, city), filed_at=now)
    return begin_clocks(after, city, (Stage.DISPATCH, Stage.TOTAL), now)


def _verify(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return begin_clocks(after, city, (Stage.VERIFY,), now)


def _end(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    """The end; a pause that still lasts ends with the case, or it would outlast a reopening."""
    reason = facts.get("reason")
    after = replace(after, closed_at=now, reason=reason or after.reason)
    return _end_pause(after, now)


def _end_pause(case: Case, now: datetime) -> Case:
    pauses = [dict(row) for row in case.limit_reason.get("pauses", ())]
    if not pauses or pauses[-1]["until"]:
        return case
    pauses[-1]["until"] = now.isoformat()
    return replace(case, limit_reason={**case.limit_reason, "pauses": pauses})


def _force(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(_end(after, facts, now, city), forced=True)


def _dispatch(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    units = (facts["unit"], *facts.get("assist", ()))
    after = replace(
        after,
        lead=facts["unit"],
        dispatched_at=after.dispatched_at or now,
        rounds=after.rounds + 1,
        parties=tuple(dict.fromkeys((*after.parties, *units))),
    )
    return begin_clocks(after, city, (Stage.HANDLE,), now)


def _undispatch(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    after = replace(after, lead=None, due_handle=None)
    return begin_clocks(after, city, (Stage.DISPATCH,), now)


def _return(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(_undispatch(after, facts, now, city), returned=after.returned + 1)


def _finish(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return begin_clocks(replace(after, handled_at=now), city, (Stage.CHECK,), now)


def _fail(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    """Rework runs on a new clock; what ran over before stays on record in the events."""
    after = replace(
        after,
        rounds=after.rounds + 1,
        handled_at=None,
        passed_check=False,
        overdue=tuple(name for name in after.overdue if name != "check"),
    )
    return begin_clocks(after, city, (Stage.HANDLE,), now)


def _reopen(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    after = replace(
        after,
        closed_at=None,
        handled_at=None,
        lead=None,
        forced=False,
        passed_check=False,
        reopened=after.reopened + 1,
        reason=None,
        overdue=(),
    )
    return begin_clocks(after, city, (Stage.DISPATCH, Stage.TOTAL), now)


def _suspend(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    until = datetime.fromisoformat(facts["until"]) if facts.get("until") else None
    kept = dict(after.limit_reason)
    kept["pauses"] = [*kept.get("pauses", ()), {"since": now.isoformat(), "until": None}]
    return replace(after, reason=facts["reason"], alarm_at=until, limit_reason=kept)


def _resume(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return recompute(_end_pause(after, now), city)


def recompute(case: Case, city: City) -> Case:
    """All running due times computed again from their stored clocks and pauses."""
    kept = dict(case.limit_reason)
    pauses = kept.get("pauses", ())
    values: dict[str, Any] = {}
    for stage, column in _DUE.items():
        if stage.value not in kept or getattr(case, column) is None:
            continue
        spans = pauses if stage in (Stage.HANDLE, Stage.TOTAL) else ()
        clock = clock_from(city, stage, kept[stage.value], spans)
        if clock.at is not None:
            values[column] = clock.at
        kept[stage.value] = clock.stored
    return replace(case, limit_reason=kept, **values)


def _reclass(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    """The new kind's limits count from when each clock began: no time is won by a wrong class."""
    return _relimit(_name(after, facts, city), city)


def _relimit(case: Case, city: City) -> Case:
    """The running clocks by the limits of the case's kind and place as they are now."""
    kept = dict(case.limit_reason)
    values: dict[str, Any] = {}
    for stage, column in _DUE.items():
        if stage.value not in kept or getattr(case, column) is None:
            continue
        fresh = renew_clock(city, case.kind, case.place, stage, kept.pop(stage.value))
        values[column] = fresh.at if fresh else None
        if fresh:
            kept[stage.value] = fresh.stored
    return recompute(replace(case, limit_reason=kept, **values), city)


def _relocate(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    after = _name(after, facts, city)
    if "lon" in facts and "lat" in facts:
        found = city.locator.locate(facts["lon"], facts["lat"])
        after = replace(
            after,
            lon=facts["lon"],
            lat=facts["lat"],
            spot=city.frame.to_local(facts["lon"], facts["lat"]),
            place=found.path or after.place if not facts.get("place") else after.place,
            place_reason=corrected(after.place_reason, after.place, facts.get("reason")),
        )
    if facts.get("address"):
        after = replace(after, address=facts["address"])
    return _relimit(after, city)


def _flag(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(
        after,
        supervised=facts.get("supervised", after.supervised),
        urgent=facts.get("urgent", after.urgent),
        typical=facts.get("typical", after.typical),
    )


def _attach(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(after, report_count=after.report_count + len(facts["reports"]))


def _split(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(after, report_count=after.report_count - len(facts["reports"]))


def _merge(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(after, merged_into=facts["case"], closed_at=now)


def _adopt(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(after, parent_id=facts["parent"])


def _release(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(after, parent_id=None)


def _overdue(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return replace(after, overdue=(*after.overdue, facts["reason"]))


def _recompute(after: Case, facts: Facts, now: datetime, city: City) -> Case:
    return recompute(after, city)


_EFFECTS = {
    "send_verify": _verify,
    "exist": _file,
    "file": _file,
    "not_exist": _end,
    "cancel": _end,
    "dispatch": _dispatch,
    "redispatch": _dispatch,
    "recall": _undispatch,
    "return": _return,
    "finish": _finish,
    "pass": _end,
    "fail": _fail,
    "close": _force,
    "reopen": _reopen,
    "suspend": _suspend,
    "resume": _resume,
    "reclass": _reclass,
    "relocate": _relocate,
    "flag": _flag,
    "attach": _attach,
    "split": _split,
    "merge": _merge,
    "adopt": _adopt,
    "release": _release,
    "overdue": _overdue,
    "recompute": _recompute,
}


def number(pattern: str, division: str, day: str, sequence: int) -> str:
    """A case number by the city's pattern; a sequence past its width grows, never repeats."""
    return pattern.format(division=division, date=day, sequence=sequence)


def division(city: City, path: str) -> str:
    """The code that begins a case's number: the district's, or the city's where none is known."""
    district = city.tree.ancestor_at(path.rpartition(".")[2], Level.DISTRICT)
    return district.code if district else city.pack.root

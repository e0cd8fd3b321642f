"""What a replay came to, beside what the city itself recorded. Pure arithmetic."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from yiwang.replay.dataset import Record
from yiwang.replay.service import CaseView, ReportView

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Times:
    """How long one step took, in hours; `count` is 0 where nothing reached it."""

    count: int
    median_h: float | None
    p90_h: float | None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Our clocks beside the city's verdict, over the cases' first reports."""

    both_on_time: int
    both_overdue: int
    only_city_overdue: int
    only_ours_overdue: int
    city_silent: int

    @property
    def agreement(self) -> float | None:
        """The share of the judged on which both agree."""
        judged = self.both_on_time + self.both_overdue
        judged += self.only_city_overdue + self.only_ours_overdue
        return (self.both_on_time + self.both_overdue) / judged if judged else None


@dataclass(frozen=True, slots=True)
class Matching:
    """Attached repeats beside the city's own marks, which name only some of the real ones."""

    attached: int
    marked: int
    attached_and_marked: int
    with_parent: int  # marked reports that share the case of their marked parent

    @property
    def precision(self) -> float | None:
        """The share of the attached that the city marked."""
        return self.attached_and_marked / self.attached if self.attached else None

    @property
    def recall(self) -> float | None:
        """The share of the marked that were attached."""
        return self.attached_and_marked / self.marked if self.marked else None

    @property
    def parent(self) -> float | None:
        """The share of the marked that lie in the case of their parent."""
        return self.with_parent / self.marked if self.marked else None


@dataclass(frozen=True, slots=True)
class Summary:
    """The final figures of a replay."""

    reports: int
    cases: int
    attached: int
    desk: int  # still waiting there
    dispatched: int
    returned: int
    closed: int
    open: int
    on_time: int
    overdue: int
    city_on_time: int
    city_overdue: int
    verdicts: Verdicts
    times: Mapping[str, Times]
    matching: Matching
    queue_share: float | None  # of the dispatched, those that ended with the recorded queue


def summarise(
    records: Iterable[Record],
    views: Iterable[ReportView],
    marks: Mapping[str, str],
    units: Mapping[str, str],
    until: datetime,
) -> Summary:
    """The figures at the moment `until`.

    `marks` are the city's duplicates, child to parent; `units` the unit each record's queue is.
    A case is late that was handled after its limit, or was open when its limit passed.
    """
    by_id = {record.id: record for record in records}
    seen = {view.external_id: view for view in views if view.external_id in by_id}
    first = {name: view for name, view in seen.items() if view.state == "filed" and view.case}
    cases = {view.case.id: view.case for view in seen.values() if view.case is not None}
    late = {case.id: is_late(case, until) for case in cases.values()}
    led = {name: view.case.lead for name, view in first.items() if view.case and view.case.lead}
    right = sum(units.get(name) == lead for name, lead in led.items())
    return Summary(
        reports=len(seen),
        cases=len(cases),
        attached=sum(view.state == "attached" for view in seen.values()),
        desk=sum(view.state in ("received", "queued") for view in seen.values()),
        dispatched=sum(case.dispatched_at is not None for case in cases.values()),
        returned=sum(case.returned for case in cases.values()),
        closed=sum(case.state == "closed" for case in cases.values()),
        open=sum(case.state not in ("closed", "cancelled", "merged") for case in cases.values()),
        on_time=sum(not value for value in late.values()),
        overdue=sum(late.values()),
        city_on_time=sum(by_id[name].on_time is True for name in seen),
        city_overdue=sum(by_id[name].on_time is False for name in seen),
        verdicts=_compare(first, by_id, late),
        times=_times(cases.values()),
        matching=_matching(seen, marks),
        queue_share=right / len(led) if led else None,
    )


def is_late(case: CaseView, until: datetime) -> bool:
    """Whether the case ran over its limit for handling, seen at the moment `until`."""
    if case.due_handle is None:
        return False
    return (case.handled_at or case.closed_at or until) > case.due_handle


def _compare(
    first: Mapping[str, ReportView], records: Mapping[str, Record], late: Mapping[int, bool]
) -> Verdicts:
    counts: Counter[tuple[bool | None, bool]] = Counter()
    for name, view in first.items():
        assert view.case is not None  # a report without a case is not among the first
        counts[records[name].on_time, late[view.case.id]] += 1
    return Verdicts(
        both_on_time=counts[True, False],
        both_overdue=counts[False, True],
        only_city_overdue=counts[False, False],
        only_ours_overdue=counts[True, True],
        city_silent=counts[None, False] + counts[None, True],
    )


def _times(cases: Iterable[CaseView]) -> dict[str, Times]:
    """The four times: from seen to reported, to filed, to dispatched, to handled."""
    hours: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        steps = {
            "discover": (case.discovered_at, case.reported_at),
            "file": (case.reported_at, case.filed_at),
            "dispatch": (case.filed_at, case.dispatched_at),
            "handle": (case.dispatched_at, case.handled_at),
        }
        for name, (start, end) in steps.items():
            if start is not None and end is not None:
                hours[name].append((end - start).total_seconds() / _HOUR)
    return {name: _spread(hours[name]) for name in ("discover", "file", "dispatch", "handle")}


def _spread(hours: Sequence[float]) -> Times:
    if not hours:
        return Times(0, None, None)
    median, p90 = np.percentile(hours, (50, 90))
    return Times(len(hours), round(float(median), 3), round(float(p90), 3))


def _matching(seen: Mapping[str, ReportView], marks: Mapping[str, str]) -> Matching:
    attached = {name for name, view in seen.items() if view.state == "attached"}
    marked = {name for name in marks if name in seen}
    return Matching(
        attached=len(attached),
        marked=len(marked),
        attached_and_marked=len(attached & marked),
        with_parent=sum(_share_case(seen[name], seen.get(marks[name])) for name in marked),
    )


def _share_case(one: ReportView, other: ReportView | None) -> bool:
    return (
        one.case is not None
        and other is not None
        and other.case is not None
        and one.case.id == other.case.id
    )

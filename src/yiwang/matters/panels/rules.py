"""Pure decisions of tallies: what each event adds to which numbers, and what numbers say.

The fold is a function of the events in their final order, so tallies kept event by event equal
tallies told anew from the beginning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from yiwang.matters.cases.model import OPEN
from yiwang.matters.panels.model import (
    Bilingual,
    Counts,
    Fold,
    Grain,
    Judged,
    Moment,
    Occurred,
    Sender,
    Status,
    Threshold,
)

HOURS_KEPT = timedelta(days=35)  # how long single hours are told apart
STAGES = ("discover", "file", "dispatch", "handle", "total")
_OPEN = frozenset(OPEN)
_STEPS = 8  # buckets of time for each doubling: a bucket is 9 % wide, its middle 4.4 % off at most
_USUAL_LEAST = 1.0  # a usual number below this gives no ratio worth telling


def ancestors(path: str) -> list[str]:
    """A place's path and those of all places above it, the city first."""
    steps = path.split(".")
    return [".".join(steps[:n]) for n in range(1, len(steps) + 1)]


@lru_cache(maxsize=4096)
def _starts(hour: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, datetime]:
    local = hour.astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return (
        local.replace(minute=0, second=0, microsecond=0).astimezone(hour.tzinfo),
        day.astimezone(hour.tzinfo),
        day.replace(day=1).astimezone(hour.tzinfo),
    )


def starts(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, datetime]:
    """When the city's hour, day and month of a moment began."""
    # zones differ from UTC by whole quarters of an hour
    return _starts(at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0), zone)


def bucket(seconds: float) -> int:
    """The bucket of a length of time; lengths below a second, also negative ones, are the first."""
    return 0 if seconds <= 1 else int(_STEPS * math.log2(seconds))


def fold(
    events: Iterable[Occurred], overruns: Mapping[int, str], zone: ZoneInfo, hours_from: datetime
) -> Fold:
    """What these events add, for every place above each; hours only from `hours_from` on.

    `overruns` are the overrun cases (id -> place) among those of the events, as they were before.
    """
    found = Fold(dict(overruns))
    for event in events:
        for place, measure, n in _adds(event, found):
            hour, day, month = starts(event.at, zone)
            for path in ancestors(place):
                if hour >= hours_from:
                    found.add((path, Grain.HOUR, hour), measure, n)
                found.add((path, Grain.DAY, day), measure, n)
                found.add((path, Grain.MONTH, month), measure, n)
    return found


def _adds(event: Occurred, found: Fold) -> Iterator[tuple[str, str, int]]:
    """(place, measure, number) of one event."""
    match event.matter:
        case "case":
            yield from _of_case(event, found)
        case "order" if event.due is not None:
            late = event.at > event.due
            if event.action == "order.finish" and event.lead:
                yield event.place, "late" if late else "on_time", 1
            elif event.action == "order.contact":
                yield event.place, "contact_late" if late else "contact_on_time", 1
        case "report":
            yield from _of_report(event, found)


def _of_report(event: Occurred, found: Fold) -> Iterator[tuple[str, str, int]]:
    if event.action == "report.receive":
        system, source = event.system or "", event.source or ""
        known = found.senders.get(system)
        first = min(known.first_at, event.at) if known else event.at
        last = max(known.last_at, event.at) if known else event.at
        count = known.reports if known else 0
        found.senders[system] = Sender(system, source, first, last, count + 1)
        yield event.place, "received", 1
    elif event.action == "report.file":
        yield event.place, "firsts", 1
    elif event.action == "report.attach":
        yield event.place, "repeats", 1
    elif event.satisfied is not None:
        yield event.place, "satisfied" if event.satisfied else "dissatisfied", 1


_COUNTED = {
    "case.dispatch": "dispatched",
    "case.return": "returned",
    "case.finish": "finished",
    "case.fail": "failed",
    "case.overdue": "overruns",
}


def _of_case(event: Occurred, found: Fold) -> Iterator[tuple[str, str, int]]:
    place = event.place
    was_open, is_open = event.before in _OPEN, event.after in _OPEN
    if event.before is None:
        yield place, "opened", 1
        if event.kind:
            yield place, f"kind:{event.kind}", 1
        yield from _time(place, "discover", event.discovered_at, event.reported_at)
    if is_open and not was_open:
        yield place, "open", 1
        if event.before is not None:
            yield place, "reopened", 1
    elif was_open and not is_open:
        yield place, "open", -1
        yield place, event.after or "", 1
    elif event.from_place is not None and event.from_place != place and is_open:
        yield event.from_place, "open", -1
        yield place, "open", 1
    measure = _COUNTED.get(event.action)
    if measure:
        yield place, measure, 1
    yield from _times(event)
    yield from _overrun(event, found)


def _times(event: Occurred) -> Iterator[tuple[str, str, int]]:
    place, after = event.place, event.after
    if after == "filed" and event.at == event.filed_at:
        yield from _time(place, "file", event.reported_at, event.at)
    if event.action == "case.dispatch" and event.at == event.dispatched_at:
        yield from _time(place, "dispatch", event.filed_at, event.at)
    if event.action == "case.finish":
        yield from _time(place, "handle", event.dispatched_at, event.at)
    if after == "closed" and event.before != "closed":
        yield from _time(place, "total", event.reported_at, event.at)


def _time(
    place: str, stage: str, since: datetime | None, until: datetime | None
) -> Iterator[tuple[str, str, int]]:
    if since is not None and until is not None:
        yield place, f"time.{stage}:{bucket((until - since).total_seconds())}", 1


def _overrun(event: Occurred, found: Fold) -> Iterator[tuple[str, str, int]]:
    """Overrun is a case whose running clock has run out; its next step starts another clock."""
    case_id = event.case_id or 0
    if event.action == "case.overdue":
        if event.reason != "total" and case_id not in found.overruns:
            found.overruns[case_id] = event.place
            yield event.place, "overrun", 1
    elif event.before != event.after and case_id in found.overruns:
        yield found.overruns.pop(case_id), "overrun", -1


def merged(one: Counts, other: Counts) -> dict[str, int]:
    """The sum of two counts; a number that comes to nothing is left out."""
    total = dict(one)
    for measure, n in other.items():
        total[measure] = total.get(measure, 0) + n
    return {measure: n for measure, n in total.items() if n}


def summed(rows: Iterable[Counts]) -> dict[str, int]:
    """The sum of any number of counts."""
    total: dict[str, int] = {}
    for row in rows:
        for measure, n in row.items():
            total[measure] = total.get(measure, 0) + n
    return total


def share(part: int, rest: int) -> float | None:
    """`part` of the whole in percent, None of nothing."""
    whole = part + rest
    return round(100.0 * part / whole, 1) if whole > 0 else None


def quantile(counts: Counts, stage: str, q: float) -> float | None:
    """A quantile of the times of a stage in seconds, None without any; 4.4 % off at the most."""
    prefix = f"time.{stage}:"
    rows = sorted(
        (int(name[len(prefix) :]), n)
        for name, n in counts.items()
        if n > 0 and name.startswith(prefix)
    )
    total = sum(n for _, n in rows)
    seen = 0
    for place, n in rows:
        seen += n
        if seen >= q * total:
            return round(2 ** ((place + 0.5) / _STEPS), 1)
    return None


def heat(now: int, usual: float) -> tuple[float | None, float]:
    """How a count stands to its usual one: the ratio, and its distance in standard deviations.

    Counts of independent things vary with the root of their mean (Poisson); a mean below one is
    taken as one, so that a single thing where nothing usually happens is no sensation.
    """
    ratio = round(now / usual, 2) if usual >= _USUAL_LEAST else None
    return ratio, round((now - usual) / math.sqrt(max(usual, 1.0)), 2)


_RANKS = (Status.ALARM, Status.WARN, Status.WATCH)


def judge(value: float | None, threshold: Threshold | None) -> Judged:
    """The status of a figure by its threshold, with the sentence that says why."""
    if threshold is None:
        return Judged(Status.OK, Bilingual("未设阈值", "no threshold is set"))
    if value is None:
        return Judged(Status.OK, Bilingual("暂无数值", "there is no figure"))
    sign_zh, sign = ("不低于", "at or above") if threshold.above else ("不高于", "at or below")
    for status in _RANKS:
        limit: float | None = getattr(threshold, status.value)
        if limit is not None and (value >= limit if threshold.above else value <= limit):
            return Judged(
                status,
                Bilingual(f"{value:g} {sign_zh}界限 {limit:g}", f"{value:g} is {sign} {limit:g}"),
            )
    return Judged(Status.OK, Bilingual("在界限以内", "within its limits"))


def moment(now: datetime, at: datetime | None, zone: ZoneInfo) -> Moment:
    """Until when is counted for somebody who asks at `now` about `at` (None: now)."""
    if at is None or at >= now:
        return Moment(now, now, starts(now, zone)[1], past=False, by_hours=True)
    hour, day, _ = starts(at, zone)
    oldest = starts(now - HOURS_KEPT, zone)[1] + timedelta(days=1)
    if day > oldest:
        return Moment(now, hour, day, past=True, by_hours=True)
    after = (day.astimezone(zone) + timedelta(days=1)).astimezone(day.tzinfo)
    return Moment(now, min(after, now), day, past=True, by_hours=False)

"""Reading tallies: sums over a day, a week, since ever, and trends by hours or days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from yiwang.matters.panels import rules, store
from yiwang.matters.panels.model import Counts, Grain, Lookback
from yiwang.matters.panels.registry import Ask

Trend = tuple[tuple[int, float | None], ...]
Figure = Callable[[Counts], float | None]
_HOURS, _DAYS = 24, 30


def days_before(ask: Ask, days: int) -> datetime:
    """When the city's day began, so many days before that of the moment."""
    local = ask.moment.day.astimezone(ask.city.zone) - timedelta(days=days)
    return local.astimezone(ask.moment.day.tzinfo)


async def day(ask: Ask) -> dict[str, int]:
    """The counts of the moment's day, until the moment."""
    now = ask.moment
    grain = Grain.HOUR if now.past and now.by_hours else Grain.DAY
    rows = await store.counts(ask.tx, ask.path, grain, now.day, now.as_of)
    return rules.summed(counts for _, counts in rows)


async def week(ask: Ask) -> dict[str, int]:
    """The counts of the six days before and the moment's own, until the moment."""
    since = days_before(ask, 6)
    rows = await store.counts(ask.tx, ask.path, Grain.DAY, since, ask.moment.day)
    return rules.merged(rules.summed(counts for _, counts in rows), await day(ask))


async def stock(ask: Ask, measure: str) -> int:
    """What a measure that goes up and down has come to at the moment, from the beginning."""
    month = rules.starts(ask.moment.day, ask.city.zone)[2]
    rows = await store.measure_by(ask.tx, ask.path, measure, Grain.MONTH, None, month)
    rows += await store.measure_by(ask.tx, ask.path, measure, Grain.DAY, month, ask.moment.day)
    return sum(n for _, n in rows) + (await day(ask)).get(measure, 0)


async def steps(ask: Ask) -> list[tuple[datetime, Counts]]:
    """The hours or days of the trend, the empty ones too, the oldest first."""
    if ask.span is Lookback.DAY and ask.moment.by_hours:
        last = rules.starts(ask.moment.as_of, ask.city.zone)[0]
        begins = [last - timedelta(hours=n) for n in range(_HOURS - 1, -1, -1)]
        grain = Grain.HOUR
    else:
        begins = [days_before(ask, n) for n in range(_DAYS - 1, -1, -1)]
        grain = Grain.DAY
    rows = await store.counts(ask.tx, ask.path, grain, begins[0], ask.moment.as_of)
    known = dict(rows)
    if grain is Grain.DAY and ask.moment.past and ask.moment.by_hours:
        known[ask.moment.day] = await day(ask)  # the day's own row knows what came after
    return [(begin, known.get(begin, {})) for begin in begins]


def drawn(rows: Sequence[tuple[datetime, Counts]], figure: Figure) -> Trend:
    """A trend of what each step's counts come to."""
    return tuple((int(begin.timestamp()), figure(counts)) for begin, counts in rows)


def running(rows: Sequence[tuple[datetime, Counts]], measure: str, end: int) -> Trend:
    """A trend of a stock that stands at `end` after the last step."""
    value = end
    found: list[tuple[int, float | None]] = []
    for begin, counts in reversed(rows):
        found.append((int(begin.timestamp()), float(value)))
        value -= counts.get(measure, 0)
    return tuple(reversed(found))

"""Vital signs: single figures with their trend, and the four times."""

from __future__ import annotations

from datetime import timedelta

from yiwang.kit import words
from yiwang.matters.cases.store import OPEN_SQL
from yiwang.matters.panels import numbers, rules, store
from yiwang.matters.panels.model import Bilingual, Counts, Found, Grain
from yiwang.matters.panels.registry import Ask, Panel, Read

_SOON = timedelta(hours=2)
_WEEKS = 4  # the same weekday of so many weeks is what is usual


def _flow(measure: str) -> Read:
    async def read(ask: Ask) -> Found:
        today = (await numbers.day(ask)).get(measure, 0)
        trend = numbers.drawn(await numbers.steps(ask), lambda counts: counts.get(measure, 0))
        return Found(float(today), trend)

    return read


def _stock(measure: str) -> Read:
    async def read(ask: Ask) -> Found:
        value = await numbers.stock(ask, measure)
        return Found(float(value), numbers.running(await numbers.steps(ask), measure, value))

    return read


def _share(part: str, rest: tuple[str, ...], whole: bool, weekly: bool) -> Read:
    """`part` of `part` and `rest`; where `whole`, `rest` is what `part` is a share of."""

    def figure(counts: Counts) -> float | None:
        n = counts.get(part, 0)
        others = sum(counts.get(name, 0) for name in rest)
        return rules.share(n, max(others - n, 0) if whole else others)

    async def read(ask: Ask) -> Found:
        counts = await (numbers.week(ask) if weekly else numbers.day(ask))
        n = counts.get(part, 0)
        others = sum(counts.get(name, 0) for name in rest)
        total = max(others, n) if whole else n + others
        reason = Bilingual(f"{total} 件中 {n} 件", f"{n} of {total}")
        if not total:
            reason = Bilingual("此期间尚无记录", "nothing is on record for this time")
        trend = numbers.drawn(await numbers.steps(ask), figure)
        return Found(figure(counts), trend, reason=reason)

    return read


async def _count_open(ask: Ask, condition: str) -> int:
    return int(
        await ask.tx.fetchval(
            f"select count(*) from cases where state in {OPEN_SQL} and {condition}"
            " and place <@ $1::text::ltree",
            ask.path,
            ask.moment.now,
        )
    )


async def _overdue(ask: Ask) -> int:
    if ask.moment.past:
        return await numbers.stock(ask, "overrun")
    return await _count_open(ask, "due_next <= $2")


async def _overdue_now(ask: Ask) -> Found:
    value = await _overdue(ask)
    trend = numbers.running(await numbers.steps(ask), "overrun", value)
    return Found(float(value), trend)


async def _overdue_share(ask: Ask) -> Found:
    value, total = await _overdue(ask), await numbers.stock(ask, "open")
    reason = Bilingual(f"在办 {total} 件，超时 {value} 件", f"{value} of {total} open cases")
    return Found(rules.share(value, max(total - value, 0)), reason=reason)


async def _overdue_soon(ask: Ask) -> Found:
    if ask.moment.past:
        return Found(reason=Bilingual("过去时刻不保留此数", "not kept for past moments"))
    until = ask.moment.now + _SOON
    count = await ask.tx.fetchval(
        f"select count(*) from cases where state in {OPEN_SQL} and due_next > $2"
        " and due_next <= $3 and place <@ $1::text::ltree",
        ask.path,
        ask.moment.now,
        until,
    )
    return Found(float(count), reason=Bilingual("今后 2 小时内到期", "due within the next 2 hours"))


async def _four_times(ask: Ask) -> Found:
    today = await numbers.day(ask)
    usual: list[Counts] = []
    for weeks in range(1, _WEEKS + 1):
        since = numbers.days_before(ask, 7 * weeks)
        until = numbers.days_before(ask, 7 * weeks - 1)
        rows = await store.counts(ask.tx, ask.path, Grain.DAY, since, until)
        usual += [counts for _, counts in rows]
    before = rules.summed(usual)
    items = []
    handle = rules.quantile(today, "handle", 0.5)
    for stage in rules.STAGES:
        prefix = f"time.{stage}:"
        now, then = rules.quantile(today, stage, 0.5), rules.quantile(before, stage, 0.5)
        items.append(
            {
                "stage": stage,
                "name": words.label("time", stage),
                "count": sum(n for name, n in today.items() if name.startswith(prefix)),
                "median_s": now,
                "p90_s": rules.quantile(today, stage, 0.9),
                "usual_s": then,
                "ratio": round(now / then, 2) if now is not None and then else None,
            }
        )
    reason = Bilingual(
        f"今日中位数，与前 {_WEEKS} 周同一星期日比较；按 9% 宽的时段归并，误差不超过 4.4%",
        f"medians of the day beside the same weekday of {_WEEKS} weeks; counted in steps of 9 %,"
        " 4.4 % off at the most",
    )
    trend = numbers.drawn(
        await numbers.steps(ask), lambda counts: rules.quantile(counts, "handle", 0.5)
    )
    return Found(handle, trend, tuple(items), reason)


PANELS = (
    Panel("open_now", "value", "case", _stock("open")),
    Panel("opened_today", "value", "case", _flow("opened")),
    Panel("closed_today", "value", "case", _flow("closed")),
    Panel("on_time_today", "value", "percent", _share("on_time", ("late",), False, False)),
    Panel("on_time_week", "value", "percent", _share("on_time", ("late",), False, True)),
    Panel("overdue_now", "value", "case", _overdue_now, live=True),
    Panel("overdue_share", "value", "percent", _overdue_share),
    Panel("overdue_soon", "value", "case", _overdue_soon, live=True, kept=False),
    Panel("four_times", "times", "second", _four_times),
    Panel("repeats_share", "value", "percent", _share("repeats", ("firsts",), False, True)),
    Panel("returned_share", "value", "percent", _share("returned", ("dispatched",), True, True)),
    Panel("rework_share", "value", "percent", _share("failed", ("finished",), True, True)),
    Panel("satisfaction", "value", "percent", _share("satisfied", ("dissatisfied",), False, True)),
    Panel(
        "contact_on_time",
        "value",
        "percent",
        _share("contact_on_time", ("contact_late",), False, True),
    ),
)

"""Where and of what there is more than usual."""

from __future__ import annotations

from typing import Any

from yiwang.ground.procedure.shapes import kind_name, place_name
from yiwang.matters.panels import numbers, rules, store
from yiwang.matters.panels.model import Bilingual, Found, Grain
from yiwang.matters.panels.registry import Ask, Panel

_WEEKS = 8  # before this one: what is usual
_MOST = 20
_REASON = Bilingual(
    f"近 7 天与前 {_WEEKS} 周的周均数比较，按偏离程度（标准差）排序",
    f"the last 7 days beside the weekly mean of {_WEEKS} weeks before, the furthest off first",
)


def _row(key: str, name: dict[str, str], now: int, before: int, **more: Any) -> dict[str, Any]:
    usual = before / _WEEKS
    ratio, z = rules.heat(now, usual)
    zh = f"近 7 天 {now} 件，通常每周 {usual:.1f} 件，偏离 {z:+.1f} 个标准差"
    en = f"{now} in 7 days, usually {usual:.1f} a week, {z:+.1f} standard deviations off"
    return {
        "key": key,
        "name": name,
        "value": now,
        "usual": round(usual, 1),
        "ratio": ratio,
        "z": z,
        "reason": {"zh": zh, "en": en},
        **more,
    }


def _ranked(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple(sorted(rows, key=lambda row: (-row["z"], -row["value"], row["key"]))[:_MOST])


async def _hot_kinds(ask: Ask) -> Found:
    since = numbers.days_before(ask, 6 + 7 * _WEEKS)
    split = numbers.days_before(ask, 6)
    rows = await store.counts(ask.tx, ask.path, Grain.DAY, since, split)
    before = rules.summed(counts for _, counts in rows)
    now = await numbers.week(ask)
    items = [
        _row(key, kind_name(ask.city, key), n, before.get(measure, 0))
        for measure, n in now.items()
        if n > 0 and (key := measure.removeprefix("kind:")) != measure
    ]
    return Found(float(now.get("opened", 0)), (), _ranked(items), _REASON)


async def _hot_places(ask: Ask) -> Found:
    children = {place.path: place for place in ask.city.tree.children(ask.place.code)}
    since = numbers.days_before(ask, 6 + 7 * _WEEKS)
    split = numbers.days_before(ask, 6)
    until = min(numbers.days_before(ask, -1), ask.moment.as_of)
    now: dict[str, int] = {}
    before: dict[str, int] = {}
    for path, day, n in await store.measure_of(ask.tx, list(children), "opened", since, until):
        side = now if day >= split else before
        side[path] = side.get(path, 0) + n
    items = [
        _row(
            children[path].code,
            place_name(ask.city, path),
            n,
            before.get(path, 0),
            level=children[path].level.value,
        )
        for path, n in now.items()
        if n > 0
    ]
    return Found(float(len(items)), (), _ranked(items), _REASON)


PANELS = (
    Panel("hot_kinds", "ranking", "case", _hot_kinds),
    Panel("hot_places", "ranking", "case", _hot_places),
)

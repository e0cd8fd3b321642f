"""What happens now: the latest events in words, what is overdue, who reports, how we run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from yiwang.ground.procedure.shapes import kind_name, place_name
from yiwang.kit import words
from yiwang.kit.db import Row
from yiwang.matters.cases.store import OPEN_SQL
from yiwang.matters.panels import numbers, store
from yiwang.matters.panels.model import Bilingual, Found
from yiwang.matters.panels.registry import Ask, Panel

_MOST = 30
_LOOKED = 5_000  # of the newest events, for those of a place
_PAST = timedelta(hours=1)
_SILENT = timedelta(hours=24)
# What is worth a line on the wall.
_TOLD = (
    *("case.file", "case.report", "case.send_verify", "case.dispatch", "case.finish", "case.pass"),
    *("case.fail", "case.close", "case.reopen", "case.overdue", "case.suspend", "case.cancel"),
    *("case.return", "case.merge"),
)
_EVENTS = """
  select e.id, e.at, e.action, e.after, e.place, e.case_id, c.number, c.kind, c.urgent, c.synthetic,
         c.supervised
  from ({newest}) e join cases c on c.id = e.case_id
  where e.matter = 'case' and e.action = any($1) and e.place <@ $2::text::ltree
  order by e.at desc, e.id desc limit $3
"""


async def _latest(ask: Ask) -> Found:
    told = list(_TOLD)
    if ask.moment.past:
        newest = "select * from events where at > $4 and at <= $5"
        span = (ask.moment.as_of - _PAST, ask.moment.as_of)
        sql = _EVENTS.format(newest=newest)
        rows = await ask.tx.fetch(sql, told, ask.path, _MOST, *span)
    else:
        newest = "select * from events order by xid desc, id desc limit $4"
        sql = _EVENTS.format(newest=newest)
        rows = await ask.tx.fetch(sql, told, ask.path, _MOST, _LOOKED)
    return Found(float(len(rows)), (), tuple(_told(ask, row) for row in rows))


def _told(ask: Ask, row: Row) -> dict[str, Any]:
    kind, place = kind_name(ask.city, row["kind"]), place_name(ask.city, row["place"])
    done = words.label("action", row["action"].partition(".")[2], "case")
    return {
        "at": int(row["at"].timestamp()),
        "case": row["case_id"],
        "number": row["number"],
        "action": row["action"],
        "state": row["after"],
        "kind": row["kind"],
        "place": row["place"].rpartition(".")[2],
        "urgent": row["urgent"],
        "supervised": row["supervised"],
        "synthetic": row["synthetic"],
        "text": {
            "zh": f"{place['zh']}　{kind['zh']}：{done['zh']}",
            "en": f"{place['en']}, {kind['en']}: {done['en']}",
        },
    }


async def _overdue_list(ask: Ask) -> Found:
    if ask.moment.past:
        return Found(reason=Bilingual("过去时刻不保留此表", "not kept for past moments"))
    rows = await ask.tx.fetch(
        f"select id, number, kind, place, state, lead, due_next, urgent, supervised, synthetic"
        f" from cases where state in {OPEN_SQL} and due_next <= $2 and place <@ $1::text::ltree"
        " order by due_next, id limit $3",
        ask.path,
        ask.moment.now,
        _MOST,
    )
    items = []
    for row in rows:
        unit = ask.city.unit_name(row["lead"]) if row["lead"] else None
        items.append(
            {
                "case": row["id"],
                "number": row["number"],
                "kind": row["kind"],
                "kind_name": kind_name(ask.city, row["kind"]),
                "place": row["place"].rpartition(".")[2],
                "place_name": place_name(ask.city, row["place"]),
                "state": row["state"],
                "state_name": words.label("state", row["state"], "case"),
                "unit": row["lead"],
                "unit_name": {"zh": unit.zh, "en": unit.en} if unit else None,
                "due": int(row["due_next"].timestamp()),
                "late_s": int((ask.moment.now - row["due_next"]).total_seconds()),
                "urgent": row["urgent"],
                "supervised": row["supervised"],
                "synthetic": row["synthetic"],
            }
        )
    return Found(float(len(items)), (), tuple(items), link="/api/v1/cases?sort=due&overdue=true")


async def _roster(ask: Ask) -> Found:
    """The roster is another room's: whoever draws the screen asks it by the API."""
    return Found(link=f"/api/v1/roster/now?place={ask.place.code}")


async def _arrivals(ask: Ask) -> Found:
    """Reports that were located at a place; those of the whole city as they come in."""
    measures = ("received",) if ask.place.parent is None else ("firsts", "repeats")
    rows = await numbers.steps(ask)
    trend = numbers.drawn(rows, lambda counts: sum(counts.get(name, 0) for name in measures))
    today = await numbers.day(ask)
    return Found(float(sum(today.get(name, 0) for name in measures)), trend)


async def _systems(ask: Ask) -> Found:
    items = []
    for row in await store.senders(ask.tx):
        silent = ask.moment.now - row["last_at"]
        items.append(
            {
                "key": row["system"],
                "name": {"zh": row["system"], "en": row["system"]},
                "source": row["source"],
                "source_name": words.label("source", row["source"]),
                "first": int(row["first_at"].timestamp()),
                "last": int(row["last_at"].timestamp()),
                "silent_s": max(int(silent.total_seconds()), 0),
                "status": "watch" if silent > _SILENT else "ok",
                "value": row["reports"],
            }
        )
    reason = Bilingual(
        "一天没有消息的系统需要留意", "a system that was silent for a day is to be watched"
    )
    return Found(float(len(items)), (), tuple(items), reason)


async def _health(ask: Ask) -> Found:
    """How many seconds the oldest step waits for the worker; what was parked, sealed, folded."""
    row = await ask.tx.one(
        "select count(*) filter (where not parked and due_at <= $1) as waiting,"
        " count(*) filter (where parked) as parked,"
        " extract(epoch from $1 - min(due_at) filter (where not parked)) as oldest from todos",
        ask.moment.now,
    )
    head = await ask.tx.fetchrow("select size, at from ledger_heads order by size desc limit 1")
    _, seen = await store.cursor(ask.tx)
    oldest = max(float(row["oldest"] or 0), 0.0)
    lag = (ask.moment.now - seen).total_seconds() if seen else None
    items = (
        {"key": "waiting", "name": words.label("health", "waiting"), "value": row["waiting"]},
        {"key": "parked", "name": words.label("health", "parked"), "value": row["parked"]},
        {
            "key": "sealed",
            "name": words.label("health", "sealed"),
            "value": head["size"] if head else 0,
            "at": int(head["at"].timestamp()) if head else None,
        },
        {
            "key": "folded",
            "name": words.label("health", "folded"),
            "value": None if lag is None else round(max(lag, 0.0), 1),
        },
    )
    value = max(oldest, lag or 0.0, 0.0)
    reason = Bilingual(
        "最久的待办与统计滞后中较大者（秒）",
        "the oldest waiting step or the lag of the tallies, whichever is longer (s)",
    )
    return Found(round(value, 1), (), items, reason)


PANELS = (
    Panel("latest", "list", "event", _latest, live=True),
    Panel("overdue_list", "list", "case", _overdue_list, live=True, kept=False),
    Panel("roster", "list", "person", _roster, live=True, kept=False),
    Panel("arrivals", "series", "report", _arrivals),
    Panel("systems", "list", "report", _systems, kept=False),
    Panel("health", "list", "second", _health, live=True, kept=False),
)

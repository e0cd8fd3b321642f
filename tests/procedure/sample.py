"""Matters of every kind, filled by the types of their fields."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar, get_type_hints

from yiwang.ground.procedure.model import Procedure
from yiwang.matters.desk.service import PROCEDURES

M = TypeVar("M")

START = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in the city
PLACE = "310000.310101.310101002"

_EMPTY: dict[Any, Any] = {
    int: 1,
    str: "",
    bool: False,
    float: 0.0,
    datetime: START,
    dict[str, Any]: {},
    Any: None,
}
_COUNTS = ("open_children", "report_count", "rounds", "reopened", "returned", "extended", "urged")

# One good value of every fact that a rule needs or takes.
FACTS: dict[str, Any] = {
    "satisfied": True,
    "reason": "情况说明",
    "result": "已处理",
    "note": "已联系",
    "unit": "310101002_centre",
    "against": "310101_centre",
    "kind": "event/2007/0102",
    "place": "310101002",
    "milestone": "secure",
    "amount": 2.0,
    "clock": "working_day",
    "until": "2026-03-20T10:00:00+08:00",
    "case": 9,
    "parent": 9,
    "person": 5,
    "reports": [3],
    "evidence": [4],
    "assist": ["310101_construction"],
    "outcome": "solved",
    "mode": "onsite",
    "supervised": True,
    "urgent": True,
    "typical": True,
    "lon": 121.48,
    "lat": 31.23,
    "address": "南京东路1号",
    "title": "标题",
    "text": "内容",
}


def blank(model: type[M], **values: Any) -> M:
    """A value of a model: empty where nothing is given."""
    hints = get_type_hints(model)
    found: dict[str, Any] = {}
    for field in fields(model):  # type: ignore[arg-type]
        hint = hints[field.name]
        if field.name in values:
            found[field.name] = values[field.name]
        elif field.name in _COUNTS:
            found[field.name] = 0
        elif hint in _EMPTY:
            found[field.name] = _EMPTY[hint]
        else:
            found[field.name] = () if str(hint).startswith("tuple") else None
    return model(**found)


def matter(name: str, state: str, **values: Any) -> Any:
    """A matter of a procedure in one of its states."""
    procedure: Procedure[Any] = PROCEDURES[name]
    more: dict[str, Any] = {"state": state, "place": PLACE, "id": 1, "version": 1}
    own = {"role": "lead", "unit": "310101002_centre", "against": "310101_centre"}
    more |= {key: value for key, value in own.items() if key in procedure.names()}
    return blank(procedure.model, **(more | values))

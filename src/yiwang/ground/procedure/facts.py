"""The facts that may come with an action: their types, words and checks, in one vocabulary.

Screens build their forms from it, the API its schema, and every value is checked here before a
rule sees it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.kit.errors import Fault, Refusal


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its JSON schema, its name in both languages and the check of a value."""

    name: str
    schema: Mapping[str, Any]
    zh: str
    en: str
    parse: Callable[[Any], Any]
    expected_en: str
    expected_zh: str


def _text(limit: int) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            raise ValueError
        if any(ord(char) < 32 and char not in "\n\t\r" for char in value):
            raise ValueError
        return value.strip()

    return parse


def _number(low: float, high: float) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError
        return float(value)

    return parse


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise ValueError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _moment(value: Any) -> str:
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    if parsed is None or parsed.tzinfo is None:
        raise ValueError
    return parsed.isoformat()


def _choice(*names: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in names:
            raise ValueError
        return str(value)

    return parse


def _list(parse_one: Callable[[Any], Any], most: int) -> Callable[[Any], list[Any]]:
    def parse(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError
        return [parse_one(item) for item in value]

    return parse


def _text_fact(name: str, zh: str, en: str, limit: int = 2000) -> Fact:
    schema = {"type": "string", "minLength": 1, "maxLength": limit}
    return Fact(
        name,
        schema,
        zh,
        en,
        _text(limit),
        f"text of 1 to {limit} characters",
        f"1–{limit} 字的文本",
    )


def _choice_fact(name: str, zh: str, en: str, *names: str) -> Fact:
    words = ", ".join(names)
    return Fact(
        name,
        {"type": "string", "enum": list(names)},
        zh,
        en,
        _choice(*names),
        f"one of {words}",
        f"{words} 之一",
    )


def _id_fact(name: str, zh: str, en: str) -> Fact:
    schema = {"type": "integer", "minimum": 1}
    return Fact(name, schema, zh, en, _whole, "the number (id) of a matter", "事项的编号（id）")


def _ids_fact(name: str, zh: str, en: str) -> Fact:
    schema = {"type": "array", "maxItems": 50, "items": {"type": "integer", "minimum": 1}}
    return Fact(
        name, schema, zh, en, _list(_whole, 50), "a list of ids, 50 at most", "至多 50 个 id"
    )


_ROWS = (
    _text_fact("reason", "理由", "reason"),
    _text_fact("result", "处置结果", "result"),
    _text_fact("note", "说明", "note"),
    _text_fact("title", "标题", "title", 200),
    _text_fact("text", "内容", "text", 5000),
    _text_fact("address", "地址", "address", 300),
    _text_fact("unit", "单位", "unit", 80),
    _text_fact("against", "应负责单位", "responsible unit", 80),
    _text_fact("kind", "类别", "kind", 120),
    _text_fact("place", "区域", "place", 80),
    _text_fact("milestone", "阶段", "milestone", 80),
    Fact(
        "assist",
        {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 80}},
        "协办单位",
        "assisting units",
        _list(_text(80), 10),
        "a list of unit codes, 10 at most",
        "至多 10 个单位代码",
    ),
    Fact(
        "lon",
        {"type": "number", "minimum": -180, "maximum": 180},
        "经度",
        "longitude",
        _number(-180, 180),
        "degrees from -180 to 180",
        "-180 至 180 度",
    ),
    Fact(
        "lat",
        {"type": "number", "minimum": -90, "maximum": 90},
        "纬度",
        "latitude",
        _number(-90, 90),
        "degrees from -90 to 90",
        "-90 至 90 度",
    ),
    Fact(
        "amount",
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
        "时长",
        "length of time",
        _number(0.01, 1000),
        "a number above 0, 1000 at most",
        "大于 0、至多 1000 的数",
    ),
    _choice_fact(
        "clock",
        "时限类型",
        "clock",
        *("urgent_hour", "working_hour", "working_day", "natural_day"),
    ),
    _choice_fact("mode", "核查方式", "mode of checking", "onsite", "callback"),
    _choice_fact("outcome", "处理结论", "outcome", "solved", "explained", "partly", "not_ours"),
    Fact(
        "until",
        {"type": "string", "format": "date-time"},
        "至",
        "until",
        _moment,
        "a date and time with its offset",
        "带时区的日期时间",
    ),
    Fact("supervised", {"type": "boolean"}, "督办", "supervised", _flag, "true or false", "是或否"),
    Fact("urgent", {"type": "boolean"}, "紧急", "urgent", _flag, "true or false", "是或否"),
    Fact("typical", {"type": "boolean"}, "典型", "typical", _flag, "true or false", "是或否"),
    _id_fact("case", "案件", "case"),
    _id_fact("person", "人员", "person"),
    _id_fact("parent", "上级案件", "parent case"),
    _ids_fact("reports", "上报", "reports"),
    _ids_fact("evidence", "证据照片", "evidence"),
)

VOCABULARY: Mapping[str, Fact] = {row.name: row for row in _ROWS}


def parse_facts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every fact checked by its type; refuses with all that is wrong ("procedure.facts")."""
    found: dict[str, Any] = {}
    faults = []
    for name, value in given.items():
        fact = VOCABULARY.get(name)
        if fact is None:
            faults.append(Fault(f"/facts/{name}", "procedure.fact_unknown", {"fact": name}))
            continue
        if value is None:
            continue
        try:
            found[name] = fact.parse(value)
        except (ValueError, TypeError, OverflowError):
            expected = {
                "fact": name,
                "expected": fact.expected_en,
                "expected_zh": fact.expected_zh,
            }
            faults.append(Fault(f"/facts/{name}", "procedure.fact_wrong", expected))
    if faults:
        raise Refusal("procedure.facts", action="", faults=faults)
    return found

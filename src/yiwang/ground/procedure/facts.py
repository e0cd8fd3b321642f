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
    """One fact: its JSON schema and the check of a value. Its words are in `words/terms.yaml`."""

    name: str
    schema: Mapping[str, Any]
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


_SIDES = ("x", "y", "width", "height")


def _region(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or set(value) != set(_SIDES):
        raise ValueError
    for side in _SIDES:
        number, least = value[side], 1 if side in ("width", "height") else 0
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= 10**5:
            raise ValueError
    return {side: value[side] for side in _SIDES}


def _text_fact(name: str, limit: int = 2000) -> Fact:
    schema = {"type": "string", "minLength": 1, "maxLength": limit}
    return Fact(
        name,
        schema,
        _text(limit),
        f"text of 1 to {limit} characters",
        f"1–{limit} 字的文本",
    )


def _choice_fact(name: str, *names: str) -> Fact:
    listed = ", ".join(names)
    return Fact(
        name,
        {"type": "string", "enum": list(names)},
        _choice(*names),
        f"one of {listed}",
        f"{listed} 之一",
    )


def _id_fact(name: str) -> Fact:
    schema = {"type": "integer", "minimum": 1}
    return Fact(name, schema, _whole, "the number (id) of a matter", "事项的编号（id）")


def _ids_fact(name: str) -> Fact:
    schema = {"type": "array", "maxItems": 50, "items": {"type": "integer", "minimum": 1}}
    return Fact(name, schema, _list(_whole, 50), "a list of ids, 50 at most", "至多 50 个 id")


_ROWS = (
    _text_fact("reason"),
    _text_fact("result"),
    _text_fact("note"),
    _text_fact("title", 200),
    _text_fact("text", 5000),
    _text_fact("address", 300),
    _text_fact("unit", 80),
    _text_fact("against", 80),
    _text_fact("kind", 120),
    _text_fact("place", 80),
    _text_fact("milestone", 80),
    Fact(
        "assist",
        {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 80}},
        _list(_text(80), 10),
        "a list of unit codes, 10 at most",
        "至多 10 个单位代码",
    ),
    Fact(
        "lon",
        {"type": "number", "minimum": -180, "maximum": 180},
        _number(-180, 180),
        "degrees from -180 to 180",
        "-180 至 180 度",
    ),
    Fact(
        "lat",
        {"type": "number", "minimum": -90, "maximum": 90},
        _number(-90, 90),
        "degrees from -90 to 90",
        "-90 至 90 度",
    ),
    Fact(
        "amount",
        {"type": "number", "minimum": 0.01, "maximum": 1000},
        _number(0.01, 1000),
        "a number from 0.01 to 1000",
        "0.01 至 1000 的数",
    ),
    _choice_fact(
        "clock",
        *("urgent_hour", "working_hour", "working_day", "natural_day"),
    ),
    _choice_fact("mode", "onsite", "callback"),
    _choice_fact("outcome", "solved", "explained", "partly", "not_ours"),
    Fact(
        "until",
        {"type": "string", "format": "date-time"},
        _moment,
        "a date and time with its offset",
        "带时区的日期时间",
    ),
    Fact("supervised", {"type": "boolean"}, _flag, "true or false", "是或否"),
    Fact("urgent", {"type": "boolean"}, _flag, "true or false", "是或否"),
    Fact("typical", {"type": "boolean"}, _flag, "true or false", "是或否"),
    Fact("satisfied", {"type": "boolean"}, _flag, "true or false", "是或否"),
    _id_fact("case"),
    _id_fact("person"),
    _id_fact("parent"),
    _ids_fact("reports"),
    _ids_fact("evidence"),
    Fact(
        "regions",
        {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": list(_SIDES),
                "additionalProperties": False,
                "properties": {side: {"type": "integer", "minimum": 0} for side in _SIDES},
            },
        },
        _list(_region, 20),
        "rectangles {x, y, width, height} in pixels of the original, 20 at most",
        "至多 20 个矩形 {x, y, width, height}，单位为原图像素",
    ),
    Fact(
        "blurred",
        {"type": "object", "additionalProperties": {"type": "integer"}},
        dict,
        "how many regions were blurred, by sort",
        "各类模糊区域的数量",
    ),
)

VOCABULARY: Mapping[str, Fact] = {row.name: row for row in _ROWS}


def parse_facts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every fact checked by its type; refuses with all that is wrong ("procedure.facts")."""
    found: dict[str, Any] = {}
    faults = []
    for name, value in given.items():
        fact = VOCABULARY.get(name)
        if fact is None:
            faults.append(Fault(f"/facts/{name}", "procedure.fact_unheard", {"fact": name}))
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
        raise Refusal("procedure.facts", faults=faults)
    return found

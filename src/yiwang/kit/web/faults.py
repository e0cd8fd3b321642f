"""The validation errors of a request, turned into faults that speak both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from yiwang.kit.errors import Fault

# Which of our sentences says what pydantic found; whatever is not here is "web.field_wrong".
_CODES = {
    "missing": "web.field_missing",
    "extra_forbidden": "web.field_unknown",
    "string_type": "web.field_text",
    "string_unicode": "web.field_text",
    "string_too_short": "web.field_short",
    "string_too_long": "web.field_long",
    "string_pattern_mismatch": "web.field_pattern",
    "too_short": "web.list_short",
    "too_long": "web.list_long",
    "list_type": "web.field_list",
    "tuple_type": "web.field_list",
    "dict_type": "web.field_object",
    "model_type": "web.field_object",
    "model_attributes_type": "web.field_object",
    "int_type": "web.field_integer",
    "int_parsing": "web.field_integer",
    "int_parsing_size": "web.field_integer",
    "int_from_float": "web.field_integer",
    "float_type": "web.field_number",
    "float_parsing": "web.field_number",
    "finite_number": "web.field_number",
    "bool_type": "web.field_boolean",
    "bool_parsing": "web.field_boolean",
    "literal_error": "web.field_choice",
    "enum": "web.field_choice",
    "greater_than": "web.field_greater",
    "greater_than_equal": "web.field_least",
    "less_than": "web.field_less",
    "less_than_equal": "web.field_most",
}
_TIMES = ("datetime_", "date_", "time_", "timezone_")
_PARTS = ("body", "query", "path", "header", "cookie")


def _code(sort: str) -> str:
    if sort.startswith(_TIMES):
        return "web.field_time"
    return _CODES.get(sort, "web.field_wrong")


def pointer(steps: Iterable[object]) -> str:
    """A JSON pointer (RFC 6901) through these steps."""
    return "".join("/" + _plain(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _plain(step: object) -> str:
    """A step as text; half a surrogate pair in a key cannot be sent back as it came."""
    return str(step).encode("utf-8", "replace").decode("utf-8")


def found_faults(rows: Iterable[Mapping[str, Any]]) -> tuple[list[Fault], list[str]]:
    """The faults of pydantic's error rows, and for each the part of the request it is in."""
    faults: list[Fault] = []
    places: list[str] = []
    for row in rows:
        loc = tuple(row["loc"])
        part = str(loc[0]) if loc and loc[0] in _PARTS else "body"
        steps = loc[1:] if loc and loc[0] in _PARTS else loc
        facts = {str(key): value for key, value in row.get("ctx", {}).items()}
        facts["field"] = _plain(steps[-1]) if steps else part
        facts["reason"] = row["msg"]
        faults.append(Fault(pointer(steps), _code(row["type"]), facts))
        places.append(part)
    return faults, places

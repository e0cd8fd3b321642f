"""The schemas of the API's answers, generated from the values they are made of.

Written into the OpenAPI document, so that clients' types can be generated from it: every matter as
it is shown (:mod:`yiwang.ground.procedure.shapes`), and the other answers of the desk.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import fields
from datetime import datetime
from typing import Any, get_args, get_type_hints

import msgspec

from yiwang.ground.procedure.model import Procedure
from yiwang.ground.procedure.shapes import HIDDEN, UNITS
from yiwang.matters.desk import answers, assist_answers, report_answers
from yiwang.matters.desk.routes import PLURALS
from yiwang.matters.desk.service import PROCEDURES
from yiwang.matters.sources.model import Source

_TEMPLATE = "#/components/schemas/{name}"
_NAME = {"$ref": _TEMPLATE.format(name="Name")}
_RECEIPT = "/api/v1/receipts/{number}"
_IMPORT = "/api/v1/imports/{number}"

# What a route answers with 200 or 201, where it is not a matter.
_ANSWERS: Mapping[tuple[str, str], type[Any]] = {
    ("get", "/api/v1/lifecycles"): answers.Lifecycles,
    ("get", "/api/v1/facts"): answers.FactForms,
    ("get", "/api/v1/terms"): answers.Terms,
    ("get", "/api/v1/kinds"): answers.Kinds,
    ("get", "/api/v1/places"): answers.Areas,
    ("get", "/api/v1/units"): answers.Units,
    ("get", "/api/v1/figures"): answers.Figures,
    ("get", "/api/v1/status"): answers.Status,
    ("get", "/api/v1/cases/{number}/history"): answers.CaseHistory,
    ("get", "/api/v1/cases/{number}/photos"): report_answers.Photos,
    ("post", "/api/v1/cases/{number}/photos"): report_answers.Photos,
    ("post", "/api/v1/orders/{number}/photos"): report_answers.Photos,
    ("post", "/api/v1/checks/{number}/photos"): report_answers.Photos,
    ("post", "/api/v1/actions"): answers.Outcomes,
    ("get", "/api/v1/reports"): report_answers.ReportRows,
    ("get", _RECEIPT): report_answers.ReceiptView,
    ("post", _RECEIPT + "/withdraw"): report_answers.ReceiptView,
    ("post", _RECEIPT + "/rate"): report_answers.ReceiptView,
    ("post", _RECEIPT + "/add"): report_answers.ReceiptView,
    ("post", _RECEIPT + "/not-fixed"): report_answers.ReceiptView,
    ("post", _RECEIPT + "/photos"): report_answers.ReceiptView,
    ("get", "/api/v1/imports"): report_answers.ImportJobs,
    ("post", "/api/v1/imports"): report_answers.ImportJob,
    ("get", _IMPORT): report_answers.ImportJob,
    ("post", _IMPORT + "/start"): report_answers.ImportJob,
    ("post", _IMPORT + "/stop"): report_answers.ImportJob,
    ("post", _IMPORT + "/resume"): report_answers.ImportJob,
    ("post", "/api/v1/suggest"): assist_answers.Suggestion,
    ("get", "/api/v1/work"): assist_answers.WorkPage,
    ("get", "/api/v1/notices"): assist_answers.NoticePage,
    ("post", "/api/v1/notices/read"): assist_answers.Unread,
    ("get", "/api/v1/filters"): assist_answers.SavedFilters,
    ("post", "/api/v1/filters"): assist_answers.SavedFilter,
    ("patch", "/api/v1/filters/{number}"): assist_answers.SavedFilter,
    ("post", "/api/v1/cases/{number}/presence"): assist_answers.Presences,
    ("get", "/api/v1/roster"): assist_answers.Roster,
    ("put", "/api/v1/roster"): assist_answers.Roster,
    ("get", "/api/v1/roster/now"): assist_answers.OnDuty,
    ("get", "/api/v1/roster/people"): assist_answers.Colleagues,
    ("get", "/api/v1/checks/{number}/people"): assist_answers.Checkers,
    ("get", "/api/v1/callers"): assist_answers.Caller,
    ("get", "/api/v1/orders/{number}/reporters"): assist_answers.OrdersReporters,
}
_PARTS = (
    answers.Action,
    answers.Name,
    report_answers.Photo,
    report_answers.ReporterView,
    report_answers.Ticket,
)
_REPORT_PARTS = {
    "number": {"type": "string", "description": "The number of its receipt / 回执编号"},
    "photos": {"type": "array", "items": {"$ref": _TEMPLATE.format(name="Photo")}},
    "reporter": {"anyOf": [{"$ref": _TEMPLATE.format(name="ReporterView")}, {"type": "null"}]},
}


def title_of(matter: str) -> str:
    """The name of a matter's schema."""
    return matter.capitalize()


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _TEMPLATE.format(name=name)}


def _is_moment(hint: Any) -> bool:
    return hint is datetime or any(_is_moment(part) for part in get_args(hint))


def _dated(schema: Any) -> Any:
    """The same schema, whose texts are moments."""
    if isinstance(schema, dict):
        found = {key: _dated(value) for key, value in schema.items()}
        return {**found, "format": "date-time"} if found.get("type") == "string" else found
    return [_dated(part) for part in schema] if isinstance(schema, list) else schema


def _matter(procedure: Procedure[Any]) -> dict[str, Any]:
    """A matter as it is shown: its fields, names beside its codes, its actions."""
    name = procedure.table.name
    hints = get_type_hints(procedure.model)
    _, parts = msgspec.json.schema_components((procedure.model,), ref_template=_TEMPLATE)
    drawn = parts[procedure.model.__name__]
    properties: dict[str, Any] = {"matter": {"const": name}}
    for field in fields(procedure.model):
        if field.name not in HIDDEN:
            schema = drawn["properties"][field.name]
            properties[field.name] = _dated(schema) if _is_moment(hints[field.name]) else schema
    properties["state"] = {"type": "string", "enum": list(procedure.table.states)}
    if "source" in properties:
        properties["source"] = {"type": "string", "enum": [source.value for source in Source]}
    required = list(properties)
    properties |= {"place_path": {"type": "string"}, "place_name": _NAME}
    required += ["place_path", "place_name", "actions"]
    properties |= {f"{unit}_name": _NAME for unit in UNITS if unit in properties}
    if "kind" in properties:
        properties["kind_name"] = _NAME
    properties["actions"] = {"type": "array", "items": _ref("Action")}
    if name == "report":
        properties |= _REPORT_PARTS
        required += list(_REPORT_PARTS)
    return {
        "title": title_of(name),
        "description": " ".join((procedure.model.__doc__ or "").split()),
        "type": "object",
        "properties": properties,
        "required": required,
    }


def _row(matter: Mapping[str, Any]) -> dict[str, Any]:
    """A matter in a list: its actions by their codes only."""
    codes = {"type": "array", "items": {"type": "string"}}
    return {
        **matter,
        "title": f"{matter['title']}Row",
        "properties": {**matter["properties"], "actions": codes},
    }


def components() -> dict[str, Any]:
    """Every schema, by its name."""
    _, found = msgspec.json.schema_components((*_PARTS, *_ANSWERS.values()), ref_template=_TEMPLATE)
    for name, procedure in PROCEDURES.items():
        title = title_of(name)
        found[title] = _matter(procedure)
        if name in PLURALS:
            found[f"{title}Row"] = _row(found[title])
            found[f"{title}Rows"] = {
                "title": f"{title}Rows",
                "type": "object",
                "properties": {
                    "items": {"type": "array", "items": _ref(f"{title}Row")},
                    "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
                "required": ["items", "next"],
            }
    found["FiledCase"] = {
        "title": "FiledCase",
        "allOf": [
            _ref("Case"),
            {
                "type": "object",
                "properties": {"receipt": _ref("Ticket")},
                "required": ["receipt"],
            },
        ],
    }
    return found


def _placed() -> dict[tuple[str, str], str]:
    """(method, path) of every answer -> the name of its schema."""
    found = {key: answer.__name__ for key, answer in _ANSWERS.items()}
    for name, plural in PLURALS.items():
        base = f"/api/v1/{plural}"
        found["get", base] = f"{title_of(name)}Rows"
        found["get", base + "/{number}"] = title_of(name)
        found["post", base + "/{number}/actions/{action}"] = title_of(name)
    found["get", "/api/v1/reports/{number}"] = "Report"
    found["post", "/api/v1/reports/{number}/actions/{action}"] = "Report"
    found["post", "/api/v1/cases"] = "FiledCase"
    return found


def document(openapi: MutableMapping[str, Any]) -> None:
    """Write the schemas into an OpenAPI document, and each where it is answered.

    ValueError where a name is taken by another schema.
    """
    known = openapi.setdefault("components", {}).setdefault("schemas", {})
    mine = components()
    twice = [name for name in mine if name in known and not _alike(known[name], mine[name])]
    if twice:
        raise ValueError(f"schemas of the same name: {', '.join(twice)}")
    known.update(mine)
    for (method, path), name in _placed().items():
        operation = openapi.get("paths", {}).get(path, {}).get(method)
        if operation is None:
            continue
        for status in ("200", "201"):
            answer = operation["responses"].get(status)
            if answer is not None:
                answer["content"] = {"application/json": {"schema": _ref(name)}}
    _name_actions(openapi)


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two schemas are the same list of values."""
    values = one.get("enum")
    return values is not None and sorted(values) == sorted(other.get("enum", ()))


def _name_actions(openapi: MutableMapping[str, Any]) -> None:
    """Say of each `actions/{action}` which actions there are."""
    for name, procedure in PROCEDURES.items():
        plural = PLURALS.get(name, f"{name}s")
        path = f"/api/v1/{plural}/{{number}}/actions/{{action}}"
        operation = openapi.get("paths", {}).get(path, {}).get("post", {})
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "action":
                actions = dict.fromkeys(r.action for r in procedure.table.rules if not r.system)
                parameter["schema"] = {"type": "string", "enum": list(actions)}

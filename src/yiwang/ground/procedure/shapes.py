"""How a matter looks from outside: its fields, its names in both languages, what may be done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.procedure import service
from yiwang.ground.procedure.facts import VOCABULARY
from yiwang.ground.procedure.model import M, Procedure
from yiwang.kit import words
from yiwang.kit.lifecycle import Rule

UNITS = ("unit", "lead", "centre", "against", "ruling")
_SHOWN: dict[tuple[str, int], dict[str, Any]] = {}
HIDDEN = frozenset({"spot", "parties", "hands"})


def show(city: City, actor: Actor, procedure: Procedure[M], matter: M) -> dict[str, Any]:
    """A matter for whoever asks, with the actions they may do now and the forms these need."""
    row = show_plain(city, procedure, matter)
    name = procedure.table.name
    row["actions"] = [
        show_action(name, rule) for rule in service.possible(procedure, actor, matter)
    ]
    return row


def show_plain(city: City, procedure: Procedure[M], matter: M) -> dict[str, Any]:
    """A matter without actions: its fields, and names of its kind, place and units."""
    row: dict[str, Any] = {"matter": procedure.table.name}
    for name in procedure.names():
        if name not in HIDDEN:
            row[name] = _plain(getattr(matter, name))
    path = row["place"]
    row["place"] = path.rpartition(".")[2]
    row["place_path"] = path
    row["place_name"] = place_name(city, path)
    if row.get("kind"):
        row["kind_name"] = kind_name(city, row["kind"])
    for name in UNITS:
        if row.get(name):
            text = city.unit_name(row[name])
            row[f"{name}_name"] = {"zh": text.zh, "en": text.en}
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def kind_name(city: City, key: str) -> dict[str, str]:
    """A kind's name in both languages; its key where the pack no longer has it."""
    if key not in city.taxonomy:
        return {"zh": key, "en": key}
    text = city.taxonomy.kind(key).name
    return {"zh": text.zh, "en": text.en}


def place_name(city: City, path: str) -> dict[str, str]:
    """The names along a path, from the district down, in both languages."""
    places = [city.tree.find(code) for code in path.split(".")]
    known = [place for place in places if place is not None]
    shown = known[1:] or known
    return {
        "zh": "".join(place.name.zh for place in shown),
        "en": ", ".join(place.name.en for place in reversed(shown)),
    }


def show_action(matter: str, rule: Rule) -> dict[str, Any]:
    """An action of a matter with the facts it needs and takes, enough to draw a form from.

    The same object each time: nobody changes it.
    """
    key = (matter, id(rule))  # rules live as long as their table, which is a constant
    if key not in _SHOWN:
        _SHOWN[key] = {
            "action": rule.action,
            "label": words.label("action", rule.action, matter),
            "needs": [show_fact(name) for name in rule.needs],
            "takes": [show_fact(name) for name in rule.takes],
            "article": rule.article,
        }
    return _SHOWN[key]


def show_fact(name: str) -> dict[str, Any]:
    """One fact: its JSON schema and its name in both languages."""
    return {"name": name, **words.label("fact", name), "schema": dict(VOCABULARY[name].schema)}

"""A case's history for a reader: what was done, who held it, who used how much time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yiwang.ground.city import City
from yiwang.kit import words
from yiwang.matters.cases.history import Entry, History, Hop

_PERSON = "person:"


def people_in(history: History) -> set[int]:
    """The numbers of everybody who did something in it."""
    actors = {entry.actor for entry in history.entries}
    return {int(name.removeprefix(_PERSON)) for name in actors if name.startswith(_PERSON)}


def show_history(city: City, history: History, names: Mapping[int, str]) -> dict[str, Any]:
    """A history as plain values, in the order it was recorded; `names` are people's, by number."""
    called = {f"{_PERSON}{number}": name for number, name in names.items()}
    return {
        "entries": [_entry(city, entry, called.get(entry.actor)) for entry in history.entries],
        "hops": [_hop(city, hop) for hop in history.hops],
    }


def _unit(city: City, code: str | None) -> dict[str, str] | None:
    if not code:
        return None
    name = city.unit_name(code)
    return {"zh": name.zh, "en": name.en}


def _entry(city: City, entry: Entry, name: str | None) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "actor_name": name,
        "unit": entry.unit,
        "unit_name": _unit(city, entry.unit),
        "action": entry.action,
        "label": words.label("action", entry.action.partition(".")[2], entry.matter),
        "matter": entry.matter,
        "id": entry.matter_id,
        "before": entry.before,
        "after": entry.after,
        "facts": dict(entry.facts),
    }


def _hop(city: City, hop: Hop) -> dict[str, Any]:
    return {
        "stage": hop.stage.value,
        "stage_name": words.label("stage", hop.stage.value),
        "holder": hop.holder,
        "holder_name": _unit(city, hop.holder),
        "matter": hop.matter,
        "id": hop.matter_id,
        "started": hop.started.isoformat(),
        "ended": hop.ended.isoformat() if hop.ended else None,
        "how": hop.how,
        "elapsed_hours": round(hop.elapsed_hours, 4),
        "working_hours": round(hop.working_hours, 4),
        "due": hop.due.isoformat() if hop.due else None,
        "late": hop.late,
        "pauses": [
            {
                "since": pause.since.isoformat(),
                "until": pause.until.isoformat() if pause.until else None,
            }
            for pause in hop.pauses
        ],
    }

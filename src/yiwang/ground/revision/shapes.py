"""What comes in and goes out of the routes of revisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.packs.checking import REVISED
from yiwang.ground.packs.findings import PackError
from yiwang.ground.procedure.shapes import show
from yiwang.ground.revision import rules
from yiwang.ground.revision.choices import Choice
from yiwang.ground.revision.items import MODELS
from yiwang.ground.revision.lifecycle import REVISIONS
from yiwang.ground.revision.model import Change, Revision, Sort, Touches
from yiwang.ground.revision.service import Draft

_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"


class ChangeIn(BaseModel):
    """One item as it shall be. Without `body` it is removed; without `item` the body names it."""

    model_config = ConfigDict(extra="forbid")
    sort: Sort
    item: str = Field("", max_length=400, pattern=_TEXT)
    body: dict[str, Any] | None = None


class DraftIn(BaseModel):
    """A revision as its author wants it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "title": "国庆调休",
                    "reason": "国务院办公厅通知",
                    "effective_on": "2026-12-01",
                    "changes": [
                        {
                            "sort": "calendar",
                            "body": {
                                "day": "2026-12-31",
                                "kind": "off",
                                "name": {"zh": "临时放假", "en": "Special holiday"},
                            },
                        }
                    ],
                }
            ]
        },
    )
    title: str = Field(min_length=1, max_length=200, pattern=_TEXT)
    reason: str = Field(min_length=1, max_length=2000, pattern=_TEXT)
    effective_on: date
    changes: list[ChangeIn] = Field(default_factory=list, max_length=rules.MOST)

    def wanted(self) -> Draft:
        """The same as the service takes it."""
        wishes = [(row.sort, row.item, row.body) for row in self.changes]
        return Draft(self.title.strip(), self.reason.strip(), self.effective_on, wishes)


class EditIn(DraftIn):
    """A draft as its author wants it now, and the version that was seen."""

    version: int | None = Field(None, ge=1, lt=2**31)


class ActionIn(BaseModel):
    """The facts that come with an action, and the version that was seen."""

    model_config = ConfigDict(extra="forbid")
    facts: dict[str, Any] = Field(default_factory=dict)
    version: int | None = Field(None, ge=1, lt=2**31)


def schema_of(sort: Sort) -> dict[str, Any]:
    """The JSON schema of a sort's items, complete in itself."""
    found: dict[str, Any] = msgspec.json.schema(MODELS[sort])
    return found


def revision_out(
    city: City, actor: Actor, revision: Revision, names: Mapping[int, str]
) -> dict[str, Any]:
    """A revision with the names of its people and what whoever asks may do."""
    row = show(city, actor, REVISIONS, revision)
    row["author_name"] = names.get(revision.author)
    row["decided_by_name"] = names.get(revision.decided_by or 0)
    return row


def row_out(revision: Revision, names: Mapping[int, str]) -> dict[str, Any]:
    """A revision in a list: without its changes."""
    return {
        "id": revision.id,
        "version": revision.version,
        "state": revision.state,
        "title": revision.title,
        "reason": revision.reason,
        "place": revision.place.rpartition(".")[2],
        "effective_on": revision.effective_on,
        "changes": len(revision.changes),
        "author": revision.author,
        "author_name": names.get(revision.author),
        "decided_by": revision.decided_by,
        "decided_by_name": names.get(revision.decided_by or 0),
        "decision": revision.decision,
        "restores": revision.restores,
        "created_at": revision.created_at,
        "submitted_at": revision.submitted_at,
        "decided_at": revision.decided_at,
        "in_force_at": revision.in_force_at,
    }


def difference_out(changes: Iterable[Change], touches: Touches | None) -> dict[str, Any]:
    """What a revision changes, and what that touches (None where the check fails)."""
    return {
        "items": [msgspec.to_builtins(rules.difference(change)) for change in changes],
        "touches": msgspec.to_builtins(touches),
    }


def finding_out(error: PackError) -> dict[str, Any]:
    """One error of the check: which item, what, and how to put it right."""
    sort, _, item = error.file.partition("/")
    return {
        "sort": sort,
        "item": item,
        "code": error.code,
        "message": {"zh": error.message_zh, "en": error.message_en},
        "remedy": {"zh": error.remedy_zh, "en": error.remedy_en},
    }


def choice_out(choice: Choice) -> dict[str, Any]:
    """A code with its name, and what tells it from others of the same name."""
    return {
        "code": choice.code,
        "name": {"zh": choice.name.zh, "en": choice.name.en},
        "about": {"zh": choice.about.zh, "en": choice.about.en},
    }


def item_out(name: str, body: Mapping[str, Any], revision: int | None) -> dict[str, Any]:
    """An item as it is listed; `revision` is the one that gave it its present form.

    `origin` is where it comes from: the pack as installed, or a revision of it.
    """
    source = str(body.get("source", ""))
    if revision is None and REVISED in source:
        revision = int(source.rpartition("/")[2])
    origin = "pack" if revision is None else f"revision/{revision}"
    return {"item": name, "body": body, "revision": revision, "origin": origin}

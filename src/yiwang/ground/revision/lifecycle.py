"""The life of a revision: drafted by one, approved by another, in force on its day."""

from __future__ import annotations

from typing import Any

from yiwang.ground.procedure.model import Procedure
from yiwang.ground.revision.model import Revision
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Rule, Table

DRAFTS = "sysadmin"
APPROVES = "secadmin"


def _own(revision: Revision, by: Any) -> None:
    if by.person != revision.author:
        raise Refusal("revision.not_author")


def _not_own(revision: Revision, by: Any) -> None:
    """Two persons for every change, whatever duties one of them may hold."""
    if by.person == revision.author or by.person is None:
        raise Refusal("revision.own")


REVISION_TABLE = Table(
    name="revision",
    states=("draft", "submitted", "approved", "in_force", "rejected", "withdrawn"),
    initial=("draft",),
    final=("in_force", "rejected", "withdrawn"),
    rules=(
        Rule("edit", ("draft",), None, DRAFTS, article="III", bar=_own),
        Rule("submit", ("draft",), "submitted", DRAFTS, takes=("note",), article="III", bar=_own),
        Rule(
            "approve",
            ("submitted",),
            "approved",
            APPROVES,
            takes=("reason",),
            article="III",
            bar=_not_own,
        ),
        Rule("reject", ("submitted",), "rejected", APPROVES, ("reason",), (), "III", _not_own),
        Rule(
            "withdraw",
            ("draft", "submitted", "approved"),
            "withdrawn",
            DRAFTS,
            takes=("reason",),
            article="III",
            bar=_own,
        ),
        Rule("enforce", ("approved",), "in_force", APPROVES, article="III", system=True),
        # what is in force changed since: it fits no more, and its author looks at it again
        Rule("send_back", ("approved",), "draft", APPROVES, ("reason",), (), "III", system=True),
    ),
)

REVISIONS: Procedure[Revision] = Procedure(
    REVISION_TABLE, "revisions", Revision, lambda revision: (), lambda revision: None
)

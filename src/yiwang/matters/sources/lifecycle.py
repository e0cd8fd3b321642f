"""The life of a report: received, then one case's, or on the desk, or refused with a reason."""

from __future__ import annotations

from yiwang.ground.procedure.model import Procedure
from yiwang.kit.lifecycle import Rule, Table
from yiwang.matters.sources.model import Report

_WAITING = ("received", "queued")

TABLE = Table(
    name="report",
    states=("received", "queued", "filed", "attached", "rejected", "withdrawn"),
    initial=("received",),
    final=("rejected", "withdrawn"),
    rules=(
        Rule("settle", ("received",), None, "intake", system=True),
        Rule("queue", ("received",), "queued", "intake", system=True, takes=("reason",)),
        Rule(
            "correct",
            _WAITING,
            "received",
            "intake",
            takes=("kind", "place", "lon", "lat", "address", "note"),
            article="XIV",
            waits=("queued",),
        ),
        Rule(
            "file",
            _WAITING,
            "filed",
            "intake",
            takes=("kind", "place", "note"),
            article="XIV",
            waits=("queued",),
        ),
        Rule(
            "attach",
            _WAITING,
            "attached",
            "intake",
            needs=("case",),
            article="XIII",
            waits=("queued",),
        ),
        Rule(
            "reject",
            _WAITING,
            "rejected",
            "intake",
            needs=("reason",),
            article="XIV",
            waits=("queued",),
        ),
        Rule(
            "withdraw",
            ("received", "queued", "filed", "attached"),
            "withdrawn",
            "intake",
            needs=("reason",),
            article="XIV",
        ),
        Rule(
            "add",
            ("received", "queued", "filed", "attached"),
            None,
            "intake",
            needs=("note",),
            article="XIV",
        ),
        Rule(
            "rate",
            ("filed", "attached"),
            None,
            "intake",
            needs=("satisfied",),
            takes=("note",),
            system=True,
            article="XIV",
        ),
        Rule("move", ("filed", "attached"), "attached", "dispatcher", needs=("case",), system=True),
    ),
)

REPORTS: Procedure[Report] = Procedure(
    TABLE, "reports", Report, lambda report: report.parties, lambda report: report.case_id
)

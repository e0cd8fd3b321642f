"""The life of a case (受理 立案 派遣 处置 核查 结案), one table."""

from __future__ import annotations

from typing import Any

from yiwang.ground.procedure.model import Procedure
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Facts, Rule, Table
from yiwang.matters.cases.model import Case

_EARLY = ("reported", "verifying", "filed")
_OPEN = ("reported", "verifying", "filed", "dispatched", "checking", "suspended")
_ALL = (*_OPEN, "closed", "cancelled", "merged")


def _children_closed(case: Case, by: Any) -> None:
    """A parent waits for its children."""
    if case.open_children:
        raise Refusal("case.children_open", number=case.number, count=case.open_children)


def _other_case(case: Case, facts: Facts, by: Any) -> None:
    if case.id in (facts.get("case"), facts.get("parent")):
        raise Refusal("case.itself", number=case.number)


def _another_lead(case: Case, facts: Facts, by: Any) -> None:
    if facts["unit"] == case.lead:
        raise Refusal("dispatch.leads_already", number=case.number, unit=case.lead)


def _stands_alone(case: Case, by: Any) -> None:
    """Two levels only: neither a child nor a parent gets a parent."""
    if case.open_children:
        raise Refusal("case.children_open", number=case.number, count=case.open_children)
    if case.parent_id is not None:
        raise Refusal("case.has_parent", number=case.number)


def _parent(case: Case, by: Any) -> None:
    if case.parent_id is None:
        raise Refusal("case.no_parent", number=case.number)


TABLE = Table(
    name="case",
    states=_ALL,
    initial=("reported", "verifying", "filed", "checking"),
    final=("cancelled", "merged"),
    rules=(
        # Before filing: is it real, and is it ours?
        Rule(
            "send_verify",
            ("reported",),
            "verifying",
            "intake",
            takes=("note",),
            article="XIV",
            waits=("reported",),
        ),
        Rule("exist", ("verifying",), "filed", "checker", system=True, takes=("note", "evidence")),
        Rule("not_exist", ("verifying",), "cancelled", "checker", ("reason",), system=True),
        Rule("not_verified", ("verifying",), "reported", "checker", ("reason",), system=True),
        Rule(
            "file",
            ("reported", "verifying"),
            "filed",
            "intake",
            takes=("kind", "place", "note"),
            article="XIV",
            waits=("reported",),
        ),
        Rule("cancel", _EARLY, "cancelled", "duty_chief", ("reason",), bar=_children_closed),
        # Command: exactly one unit leads.
        Rule(
            "dispatch",
            ("filed",),
            "dispatched",
            "dispatcher",
            ("unit",),
            ("assist", "note"),
            waits=("filed",),
        ),
        Rule(
            "redispatch",
            ("dispatched",),
            None,
            "dispatcher",
            ("unit", "reason"),
            ("assist",),
            guard=_another_lead,
        ),
        Rule("hold", ("filed",), None, "dispatcher", ("reason",), system=True),
        Rule("recall", ("dispatched",), "filed", "dispatcher", ("reason",)),
        Rule("return", ("dispatched",), "filed", "dispatcher", ("reason",), system=True),
        Rule("finish", ("dispatched",), "checking", "handler", system=True, takes=("result",)),
        # Supervision: somebody else looks.
        Rule(
            "pass",
            ("checking",),
            "closed",
            "checker",
            system=True,
            takes=("reason", "note"),
            bar=_children_closed,
        ),
        Rule("fail", ("checking",), "dispatched", "checker", ("reason",), system=True),
        Rule(
            "close",
            ("reported", "filed", "dispatched", "checking", "suspended"),
            "closed",
            "duty_chief",
            ("reason",),
            bar=_children_closed,
        ),
        Rule("reopen", ("closed",), "filed", "intake|dispatcher", ("reason",), article="XIV"),
        # 挂账: cannot be solved in time, with a written explanation.
        Rule("suspend", ("dispatched",), "suspended", "duty_chief", ("reason",), ("until",)),
        Rule(
            "resume",
            ("suspended",),
            "dispatched",
            "duty_chief|dispatcher",
            takes=("reason",),
            waits=("suspended",),
        ),
        # Corrections that need no filing again.
        Rule("reclass", _OPEN, None, "intake|dispatcher", ("kind",), ("reason",)),
        Rule(
            "relocate",
            _OPEN,
            None,
            "intake|dispatcher",
            takes=("place", "lon", "lat", "address", "reason"),
        ),
        Rule(
            "flag",
            _OPEN,
            None,
            "duty_chief|leader",
            takes=("supervised", "urgent", "typical", "reason"),
            article="III",
        ),
        Rule("note", _ALL, None, "intake|dispatcher|handler|checker|collector|leader", ("note",)),
        # One thing, several cases; one case, several things.
        Rule("attach", _OPEN, None, "intake", ("reports",), article="XIII", system=True),
        Rule(
            "merge",
            _EARLY,
            "merged",
            "dispatcher",
            ("case",),
            bar=_children_closed,
            guard=_other_case,
            article="XIII",
        ),
        Rule("split", _OPEN, None, "dispatcher", ("reports", "reason"), ("kind", "title")),
        Rule("adopt", _OPEN, None, "dispatcher", ("parent",), bar=_stands_alone, guard=_other_case),
        Rule("release", _OPEN, None, "dispatcher", bar=_parent),
        Rule("count", _ALL, None, "dispatcher", system=True),
        Rule("overdue", _OPEN, None, "duty_chief", ("reason",), system=True, article="III"),
        Rule("recompute", _OPEN, None, "duty_chief", takes=("reason",), system=True),
    ),
)

CASES: Procedure[Case] = Procedure(
    TABLE, "cases", Case, lambda case: case.parties, lambda case: case.id
)

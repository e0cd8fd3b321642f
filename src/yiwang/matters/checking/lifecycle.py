"""The life of a check. A handling unit never checks its own work: enforced here, for everybody."""

from __future__ import annotations

from typing import Any

from yiwang.ground.procedure.model import Procedure
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Rule, Table
from yiwang.matters.checking.model import Check


def _not_own_work(check: Check, by: Any) -> None:
    """Neither a person who handled nor anybody of a unit that handled."""
    if set(by.units) & set(check.handlers):
        raise Refusal("check.own_unit", units=", ".join(check.handlers))
    if by.person is not None and by.person in check.hands:
        raise Refusal("check.own_work")


TABLE = Table(
    name="check",
    states=("arranged", "passed", "failed", "unable", "dropped"),
    initial=("arranged",),
    final=("passed", "failed", "unable", "dropped"),
    rules=(
        Rule("assign", ("arranged",), None, "duty_chief|checker", ("person",)),
        Rule(
            "pass",
            ("arranged",),
            "passed",
            "checker",
            takes=("note", "evidence"),
            bar=_not_own_work,
            waits=("arranged",),
        ),
        Rule(
            "fail",
            ("arranged",),
            "failed",
            "checker",
            ("reason",),
            ("evidence",),
            bar=_not_own_work,
            waits=("arranged",),
        ),
        Rule(
            "unable",
            ("arranged",),
            "unable",
            "checker",
            ("reason",),
            bar=_not_own_work,
            waits=("arranged",),
        ),
        Rule("drop", ("arranged",), "dropped", "checker", ("reason",), system=True),
    ),
)

CHECKS: Procedure[Check] = Procedure(
    TABLE, "checks", Check, lambda check: (check.unit,), lambda check: check.case_id
)

"""The life of an approval: asked by the handling unit, decided by its centre."""

from __future__ import annotations

from typing import Any

from yiwang.ground.procedure.model import Procedure
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Rule, Table
from yiwang.matters.handling.model import Approval


def _not_own(approval: Approval, by: Any) -> None:
    """Nobody grants their own wish, nor their own unit's."""
    if approval.unit in by.units or (by.person is not None and approval.asked_by == by.person):
        raise Refusal("approval.own", unit=approval.unit)


TABLE = Table(
    name="approval",
    states=("requested", "granted", "refused", "dropped"),
    initial=("requested",),
    final=("granted", "refused", "dropped"),
    rules=(
        Rule(
            "grant",
            ("requested",),
            "granted",
            "dispatcher",
            takes=("reason",),
            bar=_not_own,
            waits=("requested",),
        ),
        Rule(
            "refuse",
            ("requested",),
            "refused",
            "dispatcher",
            ("reason",),
            bar=_not_own,
            waits=("requested",),
        ),
        Rule("drop", ("requested",), "dropped", "dispatcher", ("reason",), system=True),
    ),
)

APPROVALS: Procedure[Approval] = Procedure(
    TABLE,
    "approvals",
    Approval,
    lambda approval: (approval.centre,),
    lambda approval: approval.case_id,
)

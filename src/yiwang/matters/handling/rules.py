"""Pure decisions about handling: what goes together, and whose clock the case follows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from yiwang.ground.city import City
from yiwang.matters.cases import rules as cases
from yiwang.matters.cases.model import Case
from yiwang.matters.dispatch.model import Order

# Actions that change nothing but the order itself: many of them go in one step.
PLAIN = frozenset({"accept", "return", "refuse_return", "contact", "reach", "finish", "urge"})


def runs(keys: Iterable[tuple[int, str]]) -> list[list[int]]:
    """Items to be done together, as lists of their positions, in the given order.

    A key is (order id, action). Plain actions on different orders go together; anything else,
    and a second action on the same order, begins a new run.
    """
    found: list[list[int]] = []
    taken: set[int] = set()
    open_run = False
    for position, (order_id, action) in enumerate(keys):
        plain = action in PLAIN
        if plain and open_run and order_id not in taken:
            found[-1].append(position)
            taken.add(order_id)
            continue
        found.append([position])
        taken = {order_id}
        open_run = plain
    return found


def align(case: Case, order: Order, now: datetime) -> Case:
    """The case with the handling clock of its lead order: the clock belongs to the lead.

    More time lifts an overrun that it covers; that it ran over stays in the record.
    """
    kept = dict(case.limit_reason)
    if "handle" in order.limits:
        kept["handle"] = order.limits["handle"]
    overdue = case.overdue
    if order.due_handle is not None and order.due_handle > now:
        overdue = tuple(stage for stage in overdue if stage != "handle")
    after = replace(case, due_handle=order.due_handle, limit_reason=kept, overdue=overdue)
    return cases.watch(after)


def deciding_centre(city: City, order: Order) -> str | None:
    """The centre that decides what this order's unit asks for: its own, or the next above where
    the unit is that centre itself. None where no other centre is above it.
    """
    if order.centre != order.unit:
        return order.centre
    path = city.unit_paths[order.unit]
    while path:
        centre = city.centre(path).code
        if centre != order.unit:
            return centre
        path = path.rpartition(".")[0]
    return None


def evidence_fault(
    wanted: Sequence[int],
    known: Collection[tuple[int, int | None, str]],
    case_id: int,
    roles: Sequence[str] = (),
) -> tuple[str, dict[str, Any]] | None:
    """What is wrong with the photos named as evidence, as a code with its facts; None if nothing.

    `known` holds (photo, case, role); every photo must belong to the case and every role of
    `roles` ("before", "after" ...) must be among them.
    """
    own = {photo: role for photo, case, role in known if case == case_id}
    strange = [photo for photo in wanted if photo not in own]
    if strange:
        return "handling.evidence_unknown", {"photos": ", ".join(map(str, strange))}
    missing = [role for role in roles if role not in {own[photo] for photo in wanted}]
    if missing:
        return "handling.evidence_missing", {"roles": ", ".join(missing)}
    return None

"""THE MAP: which event starts which next step.

Every change of state leaves an event in the ledger. Where the table below names it, the same
transaction leaves a todo for each reaction; the worker takes them in batches, at least once, so
every reaction is idempotent: what it finds already done it passes over. A reaction gets the ids of
the matters whose events started it.

    report.receive -> settle -> absorb -> (a case is filed) -> propose -> (orders are issued)
    order.finish   -> arrange a check -> (passed) case closes -> reporters are told
                                      -> (failed) rework: a new order with a new clock
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from yiwang.ground.city import City
from yiwang.kit.db import Tx
from yiwang.matters.cases import absorbing, telling
from yiwang.matters.checking import service as checking
from yiwang.matters.dispatch import following
from yiwang.matters.dispatch import service as dispatch
from yiwang.matters.handling import service as handling
from yiwang.matters.sources import service as sources

Reaction = Callable[[Tx, City, Sequence[int]], Awaitable[None]]

# A case that ended, in whatever way: its orders, checks and wishes end, its parent may go on.
_ENDED: tuple[Reaction, ...] = (
    following.follow,
    handling.follow,
    checking.follow,
    checking.conclude,
    telling.tell_end,
)

REACTIONS: Mapping[str, tuple[Reaction, ...]] = {
    # A report is in: where is it, what is it?
    "report.receive": (sources.settle,),
    "report.correct": (sources.settle,),
    # Is it a thing we know of already? If not, it is filed.
    "report.settle": (absorbing.absorb,),
    # Filed: whose job is it?
    "case.file": (dispatch.propose, checking.follow, telling.tell_filed),
    "case.exist": (dispatch.propose, telling.tell_filed),
    "case.reopen": (dispatch.propose, checking.conclude),
    "case.return": (dispatch.propose, handling.follow),
    # Not sure that it exists: somebody looks first.
    "case.send_verify": (checking.arrange_verify,),
    # Handled: somebody else looks.
    "order.finish": (following.wake, checking.arrange),
    "case.finish": (handling.follow,),
    "case.fix": (checking.arrange_fix,),
    # The case changed, its orders follow; what waits for a unit may have one now.
    "case.suspend": (following.follow, handling.follow),
    "case.resume": (following.follow,),
    "case.recall": (following.follow, handling.follow),
    "case.redispatch": (following.follow, handling.follow),
    "case.reclass": (following.follow, dispatch.propose),
    "case.relocate": (following.follow, dispatch.propose),
    # A parent has one child less (or more) to wait for.
    "case.count": (checking.close_waiting,),
    # The case ended.
    "case.pass": _ENDED,
    "case.close": _ENDED,
    "case.cancel": _ENDED,
    "case.not_exist": _ENDED,
    "case.merge": _ENDED,
}


def name(reaction: Reaction) -> str:
    """The name of a reaction in todos: its room and its verb, e.g. "dispatch.propose"."""
    room = reaction.__module__.removeprefix("yiwang.matters.").split(".")[0]
    return f"{room}.{reaction.__name__}"


BY_NAME: Mapping[str, Reaction] = {
    name(reaction): reaction for reactions in REACTIONS.values() for reaction in reactions
}
ROUTING: Mapping[str, tuple[str, ...]] = {
    event: tuple(name(reaction) for reaction in reactions) for event, reactions in REACTIONS.items()
}

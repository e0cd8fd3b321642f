"""Who may do what, where: pure verdicts with their reason."""

from __future__ import annotations

from collections.abc import Iterable

from yiwang.ground.authority.model import Actor, Duty, Holding, Verdict
from yiwang.kit.errors import Refusal


def covers(over: str, place: str) -> bool:
    """Whether the place with path `over` is `place` itself or holds it."""
    return place == over or place.startswith(over + ".")


def reaches(holding: Holding, place: str, units: Iterable[str]) -> bool:
    """Whether a holding reaches a matter at `place` that belongs to `units`."""
    if holding.unit in units:
        return True
    return holding.over_place and covers(holding.place, place)


def duties_for(duty: str) -> set[str]:
    """The duties of which any allows what `duty` ("a|b") may do."""
    wanted = set(duty.split("|"))
    if Duty.INTAKE in wanted or Duty.DISPATCHER in wanted:
        wanted.add(Duty.DUTY_CHIEF)
    return wanted


def judge(actor: Actor, duty: str, place: str, units: Iterable[str] = ()) -> Verdict:
    """May `actor` do what `duty` may, to a matter at `place` that belongs to `units`?

    `duty` may name several with "|". A duty chief may do whatever an intake agent or a dispatcher
    of the same centre may. The platform acts under every rule, by rule, everywhere.
    """
    wanted = duties_for(duty)
    units = tuple(units)
    held = False
    for holding in actor.holdings:
        if holding.duty == Duty.PLATFORM:
            return Verdict(True, "authority.platform", holding, {})
        if holding.duty in wanted:
            held = True
            if reaches(holding, place, units):
                return Verdict(
                    True,
                    "authority.holds",
                    holding,
                    {"duty": holding.duty, "unit": holding.unit, "place": holding.place},
                )
    code = "authority.elsewhere" if held else "authority.duty_missing"
    return Verdict(False, code, None, {"duty": duty, "place": place})


def require(actor: Actor, duty: str, place: str, units: Iterable[str] = ()) -> Holding:
    """The holding under which the actor may; refuses with the verdict's reason."""
    verdict = judge(actor, duty, place, units)
    if not verdict.allowed or verdict.holding is None:
        raise Refusal(verdict.code, **verdict.facts)
    return verdict.holding

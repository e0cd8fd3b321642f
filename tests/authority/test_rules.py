"""Who may do what, where: every pair of duty and reach."""

from __future__ import annotations

import pytest

from yiwang.ground.authority.model import Actor, Duty, Holding, platform
from yiwang.ground.authority.rules import covers, judge, reaches, require
from yiwang.kit.errors import Refusal

CITY, DISTRICT, TOWN = "c", "c.d1", "c.d1.t1"


def holder(duty: Duty, place: str, *, over: bool = True, unit: str = "u") -> Actor:
    """Somebody with one duty."""
    return Actor("person:1", "somebody", (Holding(duty, unit, place, over),), 1)


@pytest.mark.parametrize(
    ("over", "place", "expected"),
    [
        (CITY, TOWN, True),
        (TOWN, TOWN, True),
        (TOWN, DISTRICT, False),
        ("c.d1", "c.d10", False),
        ("c.d1", "c.d2.t1", False),
    ],
)
def test_a_place_holds_itself_and_what_lies_below(over: str, place: str, expected: bool) -> None:
    assert covers(over, place) is expected


@pytest.mark.parametrize("over", [True, False])
@pytest.mark.parametrize("units", [("u",), ("v",), ()])
@pytest.mark.parametrize("place", [TOWN, "c.d2"])
def test_a_duty_reaches_its_unit_and_where_it_may_its_place(
    over: bool, units: tuple[str, ...], place: str
) -> None:
    holding = Holding(Duty.HANDLER, "u", DISTRICT, over)
    assert reaches(holding, place, units) is ("u" in units or (over and place == TOWN))


@pytest.mark.parametrize("held", list(Duty))
@pytest.mark.parametrize("wanted", [duty for duty in Duty if duty != Duty.PLATFORM])
def test_only_the_duty_itself_the_chief_for_command_and_the_platform(
    held: Duty, wanted: Duty
) -> None:
    verdict = judge(holder(held, CITY), wanted, TOWN)
    chief = held == Duty.DUTY_CHIEF and wanted in (Duty.INTAKE, Duty.DISPATCHER)
    assert verdict.allowed is (held in (wanted, Duty.PLATFORM) or chief)
    if not verdict.allowed:
        assert verdict.code == "authority.duty_missing"


def test_a_verdict_gives_its_reason() -> None:
    allowed = judge(holder(Duty.DISPATCHER, DISTRICT), "handler|dispatcher", TOWN)
    assert allowed.code == "authority.holds"
    assert allowed.facts == {"duty": "dispatcher", "unit": "u", "place": DISTRICT}
    elsewhere = judge(holder(Duty.DISPATCHER, "c.d2"), "dispatcher", TOWN)
    assert (elsewhere.allowed, elsewhere.code) == (False, "authority.elsewhere")
    assert elsewhere.facts == {"duty": "dispatcher", "place": TOWN}


def test_of_several_holdings_the_one_that_reaches_counts() -> None:
    both = Actor(
        "person:1",
        "somebody",
        (
            Holding(Duty.CHECKER, "u", "c.d2", True),
            Holding(Duty.CHECKER, "v", TOWN, True),
        ),
        1,
    )
    assert require(both, "checker", TOWN).unit == "v"
    assert both.units == ("u", "v")


def test_a_department_acts_on_its_own_matters_only() -> None:
    handler = holder(Duty.HANDLER, CITY, over=False, unit="team")
    assert require(handler, "handler", TOWN, ("team",)).unit == "team"
    with pytest.raises(Refusal) as caught:
        require(handler, "handler", TOWN, ("other",))
    assert (caught.value.code, caught.value.status) == ("authority.elsewhere", 403)


def test_the_platform_acts_under_every_rule() -> None:
    assert judge(platform(CITY), "checker", "c.d9").code == "authority.platform"


def test_nobody_may_nothing() -> None:
    with pytest.raises(Refusal) as caught:
        require(Actor("", ""), "handler", TOWN, ("u",))
    assert caught.value.code == "authority.duty_missing"
    assert Actor("", "").unit is None

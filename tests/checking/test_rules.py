"""Who checks, what is checked, and why: pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.handling.scene import COMMUNITY, DISTRICT_CENTRE, STATION, TOWN_CENTRE

from yiwang.ground.city import City
from yiwang.ground.packs.model import Level
from yiwang.matters.cases.model import Case
from yiwang.matters.checking import rules

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


def case(**values: Any) -> Case:
    """A case in checking, with these fields."""
    empty: dict[str, Any] = dict.fromkeys(Case.__slots__)
    usual = {
        "id": 1,
        "state": "checking",
        "number": "3101012026031000001",
        "supervised": False,
        "urgent": False,
        "reopened": 0,
    }
    return Case(**(empty | usual | values))


@given(st.text(alphabet="0123456789", min_size=1, max_size=19))
def test_anybody_can_draw_the_lot_again(number: str) -> None:
    expected = int(hashlib.sha256(number.encode()).hexdigest()[:16], 16) / 2**64 * 100
    assert rules.draw(number) == pytest.approx(expected)
    assert 0 <= rules.draw(number) < 100


def test_the_share_is_kept() -> None:
    drawn = [case(number=f"31010120260310{i:05d}") for i in range(4000)]
    checked = sum(rules.sample(one, 30, failed_before=False).checked for one in drawn)
    assert 0.27 < checked / len(drawn) < 0.33


def test_the_reason_lets_the_lot_be_contested() -> None:
    verdict = rules.sample(case(), 30, failed_before=False)
    lot = rules.draw("3101012026031000001")
    assert verdict.reason == {"why": "lot", "percent": 30, "draw": pytest.approx(lot, abs=1e-4)}
    assert verdict.checked == (lot < 30)


@pytest.mark.parametrize("percent", [0.0, 100.0])
def test_none_or_all(percent: float) -> None:
    assert rules.sample(case(), percent, failed_before=False).checked is (percent == 100)


@pytest.mark.parametrize(
    ("flags", "failed", "why"),
    [
        ({"supervised": True}, False, "supervised"),
        ({"urgent": True}, False, "urgent"),
        ({"reopened": 1}, False, "reopened"),
        ({}, True, "failed_before"),
    ],
)
def test_some_are_always_checked(flags: dict[str, Any], failed: bool, why: str) -> None:
    verdict = rules.sample(case(**flags), 0, failed_before=failed)
    assert (verdict.checked, verdict.reason) == (True, {"why": why})


def test_a_share_may_differ_by_family() -> None:
    assert rules.share(30, "event") == 30
    assert rules.share({"event": 25}, "event") == 25
    assert rules.share({"event": 25}, "demand") == 100


def test_a_reporter_is_asked_where_there_is_one() -> None:
    modes = {"hotline": "callback", "patrol": "site"}
    assert rules.mode(modes, "hotline", reachable=True) == "callback"
    assert rules.mode(modes, "hotline", reachable=False) == "onsite"
    assert rules.mode(modes, "patrol", reachable=True) == "onsite"
    assert rules.mode(modes, "sensor", reachable=True) == "onsite"


def test_the_deepest_unit_that_did_not_handle_checks(city: City) -> None:
    path = city.tree.path(COMMUNITY)

    def chosen(*handlers: str) -> tuple[str, str]:
        return rules.choose_checker(city, path, handlers, TOWN_CENTRE)

    assert chosen("310101002_sanitation") == (STATION, "independent")
    assert chosen("310101002_sanitation", STATION) == (TOWN_CENTRE, "independent")
    # The workstation is below the town's centre and does not judge it first.
    assert chosen(TOWN_CENTRE) == (DISTRICT_CENTRE, "independent")
    assert chosen(TOWN_CENTRE, DISTRICT_CENTRE, "310000_centre") == (STATION, "subordinate")
    everybody = [unit.code for unit in city.checkers(path)]
    assert chosen(*everybody) == (TOWN_CENTRE, "nobody_independent")


def test_nobody_ever_checks_their_own_unit_while_another_is_there(city: City) -> None:
    """Every unit at every level of one district as the handler: the checker is another one."""
    path = city.tree.path(COMMUNITY)
    over = set(path.split("."))
    for unit in city.units.values():
        if unit.place in over:
            chosen, _ = rules.choose_checker(city, path, [unit.code], TOWN_CENTRE)
            assert chosen != unit.code
            assert city.unit(chosen).level in set(Level)


def test_below_follows_the_whole_line(city: City) -> None:
    station = city.unit(STATION)
    assert rules.is_below(city, station, {TOWN_CENTRE})
    assert rules.is_below(city, station, {"310101_government"})
    assert not rules.is_below(city, station, {STATION, DISTRICT_CENTRE})
    looped = {**city.units, TOWN_CENTRE: replace(city.unit(TOWN_CENTRE), parent=STATION)}
    assert not rules.is_below(replace(city, units=looped), station, {"x"})


@pytest.mark.parametrize("state", ["filed", "closed", "dispatched", "verifying", "checking"])
def test_a_check_ends_with_the_state_that_asked_for_it(state: str) -> None:
    assert rules.has_ended(case(state=state), "check") is (state != "checking")
    assert rules.has_ended(case(state=state), "verify") is (state != "verifying")

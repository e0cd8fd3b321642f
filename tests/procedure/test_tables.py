"""Every lifecycle table, row by row: what it permits is permitted, everything else refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.procedure.sample import FACTS, PLACE, matter

from yiwang.ground.authority.model import Actor, Duty, Holding, platform
from yiwang.ground.procedure import service
from yiwang.ground.procedure.facts import VOCABULARY, parse_facts
from yiwang.kit import words
from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Rule, permit
from yiwang.matters.desk.service import PROCEDURES

KEEPER = platform("310000")
# What an empty matter cannot do yet, though its state would let it.
BARRED = {
    ("case", "release"): "case.no_parent",
    ("order", "reach"): "order.milestone",
}
CELLS = [
    pytest.param(name, state, action, id=f"{name}-{state}-{action}")
    for name, each in PROCEDURES.items()
    for state in each.table.states
    for action in each.table.actions()
]
ROWS = [
    pytest.param(name, rule, id=f"{name}-{rule.action}-{rule.start[0]}")
    for name, each in PROCEDURES.items()
    for rule in each.table.rules
]


def _needed(rule: Rule) -> dict[str, Any]:
    return {name: FACTS[name] for name in rule.needs}


def _holder(duty: str, place: str = PLACE, unit: str = "some_unit") -> Actor:
    return Actor("person:7", "somebody", (Holding(Duty(duty), unit, place, True),), 7)


@pytest.mark.parametrize(("name", "state", "action"), CELLS)
def test_an_action_is_permitted_or_refused_with_what_is_possible(
    name: str, state: str, action: str
) -> None:
    each = PROCEDURES[name]
    one = matter(name, state)
    rule = each.table.rule(action, state)
    if rule is None:
        with pytest.raises(Refusal) as caught:
            service.permit(each, KEEPER, one, action, {})
        assert caught.value.code == "procedure.not_possible"
        barred = {act for (table, act) in BARRED if table == name} - {"reach"}
        expected = [row.action for row in each.table.possible(state) if row.action not in barred]
        assert caught.value.possible == tuple(expected)
        assert caught.value.status == 409
        assert state in caught.value.facts["state"]
        for language in ("zh", "en"):
            assert "{" not in caught.value.say(language)
        with pytest.raises(Refusal) as plain:
            permit(each.table, one, action, {}, KEEPER)
        shown = tuple(row.action for row in each.table.possible(state) if not row.system)
        assert plain.value.possible == shown
    elif (name, action) in BARRED:
        with pytest.raises(Refusal) as caught:
            service.permit(each, KEEPER, one, action, _needed(rule))
        assert caught.value.code == BARRED[name, action]
    else:
        assert service.permit(each, KEEPER, one, action, _needed(rule)) is rule


@pytest.mark.parametrize(("name", "rule"), ROWS)
def test_a_rule_wants_its_facts_and_no_others(name: str, rule: Rule) -> None:
    each = PROCEDURES[name]
    one = matter(name, rule.start[0])
    for missing in rule.needs:
        facts = {key: value for key, value in _needed(rule).items() if key != missing}
        with pytest.raises(Refusal) as caught:
            service.permit(each, KEEPER, one, rule.action, facts)
        assert caught.value.code == "procedure.facts"
        assert [fault.code for fault in caught.value.faults] == ["procedure.fact_missing"]
        assert caught.value.faults[0].pointer == f"/facts/{missing}"
    with pytest.raises(Refusal) as caught:
        service.permit(each, KEEPER, one, rule.action, {**_needed(rule), "colour": "red"})
    assert [fault.facts["fact"] for fault in caught.value.faults] == ["colour"]


@pytest.mark.parametrize(("name", "rule"), ROWS)
def test_a_rule_asks_for_its_duty_at_its_place(name: str, rule: Rule) -> None:
    each = PROCEDURES[name]
    one = matter(name, rule.start[0])
    duty = rule.duty.split("|")[0]
    stranger = _holder(Duty.DEPUTY)
    elsewhere = _holder(duty, "310000.310115", "other_unit")
    for actor, code in ((stranger, "duty_missing"), (elsewhere, "elsewhere")):
        with pytest.raises(Refusal) as caught:
            service.permit(each, actor, one, rule.action, _needed(rule))
        expected = "authority.platform_only" if rule.system else f"authority.{code}"
        assert caught.value.code == expected
        assert rule not in service.possible(each, actor, one)
    for named in rule.duty.split("|"):
        allowed = rule in service.possible(each, _holder(named), one)
        assert allowed == (not rule.system and (name, rule.action) != ("case", "release"))


@pytest.mark.parametrize(("name", "rule"), ROWS)
def test_a_rule_is_well_formed(name: str, rule: Rule) -> None:
    for duty in rule.duty.split("|"):
        assert Duty(duty) not in (Duty.PLATFORM, Duty.SYSTEM)
    for fact in (*rule.needs, *rule.takes):
        assert fact in VOCABULARY
        assert parse_facts({fact: FACTS[fact]}) is not None
    assert not set(rule.needs) & set(rule.takes)
    assert rule.article in ("III", "V", "XIII", "XIV")


@pytest.mark.parametrize("name", PROCEDURES)
def test_every_state_is_reached_and_every_life_can_end(name: str) -> None:
    table = PROCEDURES[name].table
    edges = {(start, rule.end) for rule in table.rules for start in rule.start if rule.end}
    assert _reach(table.initial, edges) == set(table.states)
    ends = {*table.final, "closed"} & set(table.states)
    for state in table.states:
        assert _reach((state,), edges) & ends
    for state in table.final:
        assert not [edge for edge in edges if edge[0] == state]


def _reach(begin: tuple[str, ...], edges: set[tuple[str, str]]) -> set[str]:
    found = set(begin)
    while more := {end for start, end in edges if start in found} - found:
        found |= more
    return found


@pytest.mark.parametrize("name", PROCEDURES)
def test_an_unknown_action_and_an_old_version_are_refused(name: str) -> None:
    each = PROCEDURES[name]
    one = matter(name, each.table.initial[0])
    with pytest.raises(Refusal) as caught:
        service.permit(each, KEEPER, one, "fly", {})
    assert caught.value.code == "procedure.action_unknown"
    with pytest.raises(Refusal) as caught:
        service.permit(each, KEEPER, one, each.table.actions()[0], {}, version=7)
    assert caught.value.code == "procedure.version"
    assert caught.value.facts["current"] == 1
    assert caught.value.possible


def _bad_facts() -> Iterator[Any]:
    yield pytest.param("reason", "", id="empty")
    yield pytest.param("reason", "x" * 2001, id="long")
    yield pytest.param("reason", "a\x00b", id="control")
    yield pytest.param("reason", 5, id="number")
    yield pytest.param("amount", 0, id="zero")
    yield pytest.param("amount", float("nan"), id="nan")
    yield pytest.param("amount", True, id="flag")
    yield pytest.param("lon", 181, id="lon")
    yield pytest.param("until", "2026-03-20T10:00:00", id="no zone")
    yield pytest.param("until", "soon", id="no time")
    yield pytest.param("clock", "lunar", id="clock")
    yield pytest.param("supervised", "yes", id="text for flag")
    yield pytest.param("case", 2**63, id="big")
    yield pytest.param("case", -1, id="negative")
    yield pytest.param("reports", [1] * 51, id="many")
    yield pytest.param("assist", "310101_centre", id="no list")


@pytest.mark.parametrize(("fact", "value"), list(_bad_facts()))
def test_a_fact_of_the_wrong_sort_is_refused_where_it_stands(fact: str, value: Any) -> None:
    with pytest.raises(Refusal) as caught:
        parse_facts({fact: value})
    fault = caught.value.faults[0]
    assert (fault.pointer, fault.code) == (f"/facts/{fact}", "procedure.fact_wrong")
    for language in ("zh", "en"):
        assert "{" not in fault.say(language)


def test_every_refusal_of_the_tables_has_its_sentence() -> None:
    for code in ("case.children_open", "order.own_return", "order.must_take", *BARRED.values()):
        assert words.sentence(code, "zh", {}) != words.sentence(code, "en", {})

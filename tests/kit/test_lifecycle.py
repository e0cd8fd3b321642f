"""The engine of tables, with a small table of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from yiwang.kit.errors import Refusal
from yiwang.kit.lifecycle import Facts, Rule, Table, draw, permit


@dataclass(frozen=True)
class Door:
    """A matter."""

    state: str
    id: int = 1
    version: int = 1
    place: str = "c"
    broken: bool = False


def _whole(door: Door, by: Any) -> None:
    if door.broken:
        raise Refusal("case.itself", number="1")


def _fits(door: Door, facts: Facts, by: Any) -> None:
    if facts["reason"] == "wrong":
        raise Refusal("case.no_parent", number="1")


TABLE = Table(
    "door",
    ("open", "shut", "locked"),
    ("open",),
    ("locked",),
    (
        Rule("shut", ("open",), "shut", "handler"),
        Rule("open", ("shut",), "open", "handler", bar=_whole),
        Rule("lock", ("shut",), "locked", "handler", ("reason",), ("note",), guard=_fits),
        Rule("paint", ("open", "shut"), None, "handler", system=True),
    ),
)


def test_a_table_knows_its_rules() -> None:
    assert TABLE.actions() == ("shut", "open", "lock", "paint")
    assert [rule.action for rule in TABLE.possible("shut")] == ["open", "lock", "paint"]
    assert TABLE.rule("shut", "locked") is None
    assert TABLE.rule("paint", "open") is TABLE.rule("paint", "shut")


def test_bars_and_guards_refuse() -> None:
    assert permit(TABLE, Door("shut"), "open", {}, None).end == "open"
    with pytest.raises(Refusal, match=r"case\.itself"):
        permit(TABLE, Door("shut", broken=True), "open", {}, None)
    with pytest.raises(Refusal, match=r"case\.no_parent"):
        permit(TABLE, Door("shut"), "lock", {"reason": "wrong"}, None)
    assert permit(TABLE, Door("shut"), "lock", {"reason": "night", "note": "x"}, None).end


@pytest.mark.parametrize("empty", [None, "", [], ()])
def test_an_empty_fact_is_a_missing_one(empty: Any) -> None:
    with pytest.raises(Refusal) as caught:
        permit(TABLE, Door("shut"), "lock", {"reason": empty}, None)
    assert caught.value.faults[0].code == "procedure.fact_missing"


def test_what_only_the_platform_does_is_not_offered() -> None:
    with pytest.raises(Refusal) as caught:
        permit(TABLE, Door("open"), "lock", {"reason": "x"}, None)
    assert caught.value.possible == ("shut",)
    with pytest.raises(Refusal) as caught:
        permit(TABLE, Door("locked"), "shut", {}, None)
    assert caught.value.possible == ()
    assert "–" in caught.value.say("en")


@pytest.mark.parametrize(
    "rules",
    [
        (Rule("a", ("open",), "shut", "h"), Rule("a", ("open",), "open", "h")),
        (Rule("a", ("ajar",), "shut", "h"),),
        (Rule("a", ("open",), "gone", "h"),),
    ],
)
def test_a_table_that_contradicts_itself_is_no_table(rules: tuple[Rule, ...]) -> None:
    with pytest.raises(ValueError, match="door"):
        Table("door", ("open", "shut"), ("open",), (), rules)


def test_the_diagram_shows_every_edge_once() -> None:
    lines = draw(TABLE).splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> open"]
    assert "    shut --> shut: paint" in lines
    assert lines[-1] == "    locked --> [*]"
    assert len(lines) == len(set(lines))

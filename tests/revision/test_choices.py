"""Codes are found by what they are called."""

from __future__ import annotations

import pytest
from fastapi.routing import iter_route_contexts

from yiwang.app import build_api
from yiwang.ground.city import City
from yiwang.ground.gate.doors import doors_of
from yiwang.ground.revision.choices import Of, named, search
from yiwang.kit import words


@pytest.mark.parametrize("of", list(Of))
def test_every_choice_has_a_code_and_names_and_is_found_by_each(city: City, of: Of) -> None:
    rows = search(city, of, "", 50)
    assert rows
    assert len({row.code for row in rows}) == len(rows)
    for row in rows[:10]:
        assert row.name.zh
        assert row.name.en
        assert search(city, of, row.code.upper(), 1)[0].code == row.code
        assert row in search(city, of, f"{row.name.zh} {row.code}", 50)
        assert named(city, of, [row.code]) == [row]
    assert search(city, of, "no such thing", 5) == []
    assert named(city, of, ["no such thing"]) == []


def test_a_name_goes_before_what_only_holds_it(city: City) -> None:
    assert search(city, Of.PLACE, "黄浦区", 5)[0].code == "310101"
    assert search(city, Of.PLACE, "huangpu district", 5)[0].code == "310101"
    assert search(city, Of.RULED, "*", 3)[0].code == "*"
    assert "event/2007/*" in {row.code for row in search(city, Of.RULED, "event/2007", 200)}


def test_every_scope_of_a_door_has_a_name() -> None:
    routes = build_api().routes
    scopes = {door.scope for row in iter_route_contexts(routes) for door in doors_of(row)} - {""}
    assert scopes
    assert scopes <= set(words.terms()["scope"])

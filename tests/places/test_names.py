"""A place is found by what somebody types of its names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.ground.packs.model import Level
from yiwang.ground.places.names import PlaceNames
from yiwang.ground.places.tree import PlaceTree


@pytest.fixture(scope="module")
def names(tree: PlaceTree) -> PlaceNames:
    return PlaceNames.build(tree)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("黄浦", "310101"),
        ("huangpu", "310101"),
        ("外滩街道", "310101013"),
        ("黄浦区外滩街道", "310101013"),
        ("上海市黄浦区外滩", "310101013"),
        ("黄浦 外滩", "310101013"),
        ("Huangpu, Bund", "310101013"),
        ("310101013", "310101013"),
        ("ＨＵＡＮＧＰＵ", "310101"),
    ],
)
def test_the_place_that_is_meant_comes_first(names: PlaceNames, typed: str, code: str) -> None:
    assert names.find(typed, 5)[0].code == code


def test_a_place_whose_parent_is_meant_is_not(names: PlaceNames, tree: PlaceTree) -> None:
    found = names.find("黄浦", 50)
    assert tree.get("310101") in found
    assert all("黄浦" in "".join((p.name.zh, *p.aliases)) for p in found)


def test_only_a_level_and_only_within(names: PlaceNames, tree: PlaceTree) -> None:
    towns = names.find("南京", 20, Level.TOWN)
    assert towns
    assert {place.level for place in towns} == {Level.TOWN}
    inside = tree.path("310101")
    assert all(p.path.startswith(inside) for p in names.find("第", 20, within=inside))
    assert len(names.find("第", 7)) == 7


@pytest.mark.parametrize("typed", ["", " ，", "没有这个地方"])
def test_nothing_is_found_for_nothing(names: PlaceNames, typed: str) -> None:
    assert names.find(typed, 5) == []


@given(st.data())
def test_every_place_is_found_by_its_own_path(
    names: PlaceNames, tree: PlaceTree, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from(list(tree.by_code.values())))
    path = [one.name.zh for one in (*tree.ancestors(place.code), place)]
    twins = len([one for one in tree.by_code.values() if one.name.zh == place.name.zh])
    assert place in names.find(" ".join(path), max(1, twins))

"""Who lies in whom."""

from __future__ import annotations

import pytest

from yiwang.ground.packs.model import Level
from yiwang.ground.places.tree import PlaceTree, path_contains
from yiwang.kit.errors import Refusal


def test_paths_and_ancestors_agree(tree: PlaceTree) -> None:
    for place in tree.by_code.values():
        above = tree.ancestors(place.code)
        assert place.path == ".".join([*(one.code for one in above), place.code])
        assert (above[-1].code if above else None) == place.parent
        for one in above:
            assert tree.ancestor_at(place.code, one.level) is one
            assert path_contains(one.path, place.path)
            assert not path_contains(place.path, one.path)


def test_descendants_are_exactly_those_below(tree: PlaceTree) -> None:
    below = list(tree.descendants("310101"))
    expected = {p.code for p in tree.by_code.values() if p.path.startswith("310000.310101.")}
    assert len(below) == len(expected)
    assert {place.code for place in below} == expected
    seen = {"310101"}
    for place in below:
        assert place.parent in seen
        seen.add(place.code)
    assert len(list(tree.descendants(tree.root.code))) == len(tree.by_code) - 1


def test_levels_share_out_all_places(tree: PlaceTree) -> None:
    counts = [len(tree.at_level(level)) for level in Level]
    assert counts[:4] == [1, 16, 234, 1829]
    assert sum(counts) == len(tree.by_code)
    assert tree.ancestor_at("310101", Level.TOWN) is None


def test_the_lowest_common_place(tree: PlaceTree) -> None:
    bund, road, forest = (tree.path(code) for code in ("310101013", "310101002", "310151402"))
    assert tree.lowest_common([bund]).code == "310101013"
    assert tree.lowest_common([bund, road]).code == "310101"
    assert tree.lowest_common([bund, road, forest]).code == "310000"
    assert tree.lowest_common([bund, tree.path("310101")]).code == "310101"
    for wrong in ([], [bund, "boston"], ["boston"]):
        with pytest.raises(Refusal, match=r"places\.no_common"):
            tree.lowest_common(wrong)


def test_an_unknown_code_is_refused(tree: PlaceTree) -> None:
    assert tree.find("999") is None
    assert tree.children("999") == ()
    with pytest.raises(Refusal, match=r"places\.unknown") as caught:
        tree.get("999")
    assert "999" in caught.value.say("zh")
    assert caught.value.status == 404


def test_a_path_contains_by_whole_steps() -> None:
    assert path_contains("a", "a.b")
    assert not path_contains("a", "ab")

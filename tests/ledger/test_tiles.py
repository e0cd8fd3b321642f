"""The tree in tiles gives what the tree in memory gives, from few tiles."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.ground.ledger import merkle, tiles
from yiwang.ground.ledger.tiles import Address, TileMissing

_SIZE = 70_000  # three levels: 70 000 = 1 x 65 536 + 17 x 256 + 112
_LEAVES = [merkle.hash_leaf(n.to_bytes(4, "big")) for n in range(_SIZE)]


class _Store(dict[Address, bytes]):
    """Tiles by address, as the table holds them."""

    def only(self, addresses: Iterable[Address]) -> dict[Address, bytes]:
        return {address: self[address] for address in addresses}


def _grow(store: _Store, size: int, upto: int) -> bytes:
    growth = tiles.append(size, store.only(tiles.tiles_for_append(size)), _LEAVES[size:upto])
    store.update(growth.changed)
    assert growth.size == upto
    assert growth.edge == store.only(tiles.tiles_for_append(upto))
    return growth.root


@pytest.fixture(scope="module")
def full() -> _Store:
    store = _Store()
    assert _grow(store, 0, _SIZE) == merkle.root(_LEAVES)
    return store


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2, 3, 100, 255, 256, 257, 600, 5000]), max_size=8))
def test_growing_in_steps_is_growing_at_once(steps: list[int]) -> None:
    store, size = _Store(), 0
    for step in steps:
        root = _grow(store, size, size + step)
        size += step
        assert root == merkle.root(_LEAVES[:size])
    at_once = _Store()
    if size:
        _grow(at_once, 0, size)
    assert store == at_once


def test_growing_over_every_level(full: _Store) -> None:
    store, size = _Store(), 0
    for upto in (65_279, 65_280, 65_535, 65_536, 65_537, 65_792, _SIZE):
        assert _grow(store, size, upto) == merkle.root(_LEAVES[:upto])
        size = upto
    assert store == full
    assert set(store) == tiles.tiles_for_leaves(0, _SIZE)


def test_only_touched_tiles_are_written(full: _Store) -> None:
    growth = tiles.append(_SIZE, full.only(tiles.tiles_for_append(_SIZE)), [_LEAVES[0]])
    assert set(growth.changed) == {Address(0, _SIZE // 256)}
    edge = {Address(0, 1): b"".join(_LEAVES[256:511]), Address(1, 0): full[Address(1, 0)][:32]}
    assert set(tiles.append(511, edge, [_LEAVES[511]]).changed) == {Address(0, 1), Address(1, 0)}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_inclusion(full: _Store, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, _SIZE))
    position = data.draw(st.integers(0, size - 1))
    needed = tiles.tiles_for_inclusion(position, size)
    assert len(needed) <= 6
    proof = tiles.inclusion(position, size, full.only(needed))
    root = tiles.root(size, full)
    assert (proof.position, proof.size) == (position, size)
    assert merkle.verify_inclusion(_LEAVES[position], position, size, proof.path, root)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_consistency(full: _Store, data: st.DataObject) -> None:
    second = data.draw(st.integers(0, _SIZE))
    first = data.draw(st.integers(0, second))
    needed = tiles.tiles_for_consistency(first, second)
    assert len(needed) <= 8
    proof = tiles.consistency(first, second, full.only(needed))
    roots = tiles.root(first, full), tiles.root(second, full)
    assert merkle.verify_consistency(first, second, *roots, proof)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3000))
def test_root_of_an_earlier_size(full: _Store, size: int) -> None:
    assert tiles.root(size, full.only(tiles.tiles_for_append(size))) == merkle.root(_LEAVES[:size])


def test_leaves_are_read_back(full: _Store) -> None:
    for first, end in ((0, 1), (255, 257), (300, 1300), (_SIZE - 1, _SIZE), (5, 5)):
        needed = full.only(a for a in tiles.tiles_for_leaves(first, end) if a.level == 0)
        assert tiles.leaves(first, end, needed) == _LEAVES[first:end]


def test_a_missing_or_short_tile_is_named(full: _Store) -> None:
    with pytest.raises(TileMissing) as missing:
        tiles.inclusion(3, 700, {})
    assert missing.value.address in tiles.tiles_for_inclusion(3, 700)
    short = {**full, Address(0, 2): full[Address(0, 2)][:64]}
    with pytest.raises(TileMissing, match="tile 2 of level 0"):
        tiles.leaves(500, 600, short)
    with pytest.raises(TileMissing):
        tiles.append(_SIZE, {}, [_LEAVES[0]])


def test_a_leaf_hash_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        tiles.append(0, {}, [b"short"])

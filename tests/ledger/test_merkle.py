"""The tree against published vectors and against the definition, written out recursively."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.ground.ledger import merkle
from yiwang.kit.errors import Refusal

# Certificate Transparency's reference vectors for the tree of RFC 6962 and RFC 9162.
_CONTENTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
_CONSISTENCY = {
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
_VECTOR = [merkle.hash_leaf(bytes.fromhex(content)) for content in _CONTENTS]
_LEAVES = [merkle.hash_leaf(n.to_bytes(2, "big")) for n in range(70)]


def _root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, as it is written there."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + _root(leaves[:k]) + _root(leaves[k:])).digest()


def _path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1, as it is written there."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*_path(m, leaves[:k]), _root(leaves[k:])]
    return [*_path(m - k, leaves[k:]), _root(leaves[:k])]


def _subproof(m: int, leaves: list[bytes], complete: bool) -> list[bytes]:
    """RFC 9162, 2.1.4.1, as it is written there."""
    if m == len(leaves):
        return [] if complete else [_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*_subproof(m, leaves[:k], complete), _root(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], False), _root(leaves[:k])]


def test_published_roots() -> None:
    assert [merkle.root(_VECTOR[:n]).hex() for n in range(9)] == _ROOTS


def test_published_inclusion_proofs() -> None:
    for (position, size), path in _INCLUSION.items():
        assert [h.hex() for h in merkle.prove_inclusion(_VECTOR[:size], position)] == path


def test_published_consistency_proofs() -> None:
    for (first, second), path in _CONSISTENCY.items():
        assert [h.hex() for h in merkle.prove_consistency(_VECTOR[:second], first)] == path


def test_roots_and_proofs_are_those_of_the_definition() -> None:
    for size in range(1, 40):
        leaves = _LEAVES[:size]
        root = _root(leaves)
        assert merkle.root(leaves) == root
        for position in range(size):
            path = merkle.prove_inclusion(leaves, position)
            assert list(path) == _path(position, leaves)
            assert merkle.verify_inclusion(leaves[position], position, size, path, root)
        for first in range(1, size + 1):
            proof = merkle.prove_consistency(leaves, first)
            assert list(proof) == _subproof(first, leaves, True)
            assert merkle.verify_consistency(first, size, _root(leaves[:first]), root, proof)


def test_a_tree_is_joined_from_its_pieces() -> None:
    for size in range(1, 70):
        parts = []
        for height, index in merkle.pieces((0, size)):
            parts.append(_root(_LEAVES[index << height : (index + 1) << height]))
        assert merkle.join(parts) == _root(_LEAVES[:size])


@settings(deadline=None)
@given(st.integers(1, 70), st.data())
def test_no_other_inclusion_is_believed(size: int, data: st.DataObject) -> None:
    leaves = _LEAVES[:size]
    position = data.draw(st.integers(0, size - 1))
    path = list(merkle.prove_inclusion(leaves, position))
    root = merkle.root(leaves)
    other = data.draw(st.integers(-2, size + 3).filter(lambda n: n != position))
    assert not merkle.verify_inclusion(leaves[position], other, size, path, root)
    assert not merkle.verify_inclusion(_VECTOR[1], position, size, path, root)
    assert not merkle.verify_inclusion(leaves[position], position, size, path, _VECTOR[1])
    assert not merkle.verify_inclusion(leaves[position], position, size, [*path, root], root)
    if path:
        assert not merkle.verify_inclusion(leaves[position], position, size, path[:-1], root)
        at = data.draw(st.integers(0, len(path) - 1))
        path[at] = bytes(32)
        assert not merkle.verify_inclusion(leaves[position], position, size, path, root)


@settings(deadline=None)
@given(st.integers(2, 70), st.data())
def test_no_other_consistency_is_believed(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second - 1))
    old, new = merkle.root(_LEAVES[:first]), merkle.root(_LEAVES[:second])
    proof = list(merkle.prove_consistency(_LEAVES[:second], first))
    forged = merkle.root([*_LEAVES[: first - 1], _VECTOR[1]])
    assert not merkle.verify_consistency(first, second, forged, new, proof)
    assert not merkle.verify_consistency(first, second, old, forged, proof)
    assert not merkle.verify_consistency(first, second, old, new, [*proof, old])
    assert not merkle.verify_consistency(first, second, old, new, proof[:-1])
    at = data.draw(st.integers(0, len(proof) - 1))
    proof[at] = bytes(32)
    assert not merkle.verify_consistency(first, second, old, new, proof)


def test_consistency_of_equal_and_empty_trees() -> None:
    root = merkle.root(_LEAVES)
    assert merkle.verify_consistency(70, 70, root, root, [])
    assert not merkle.verify_consistency(70, 70, root, _VECTOR[0], [])
    assert not merkle.verify_consistency(70, 70, root, root, [root])
    assert merkle.verify_consistency(0, 70, merkle.EMPTY_ROOT, root, [])
    assert not merkle.verify_consistency(0, 70, root, root, [])
    assert not merkle.verify_consistency(71, 70, root, root, [])


@pytest.mark.parametrize(("position", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_a_proof_needs_a_position_in_the_tree(position: int, size: int) -> None:
    with pytest.raises(Refusal, match="proof_position"):
        merkle.inclusion_spans(position, size)


@pytest.mark.parametrize(("first", "second"), [(-1, 4), (5, 4)])
def test_a_consistency_proof_needs_two_sizes_in_order(first: int, second: int) -> None:
    with pytest.raises(Refusal, match="proof_sizes"):
        merkle.consistency_spans(first, second)

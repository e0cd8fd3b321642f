"""The Merkle tree of RFC 9162, section 2.1, with SHA-256.

Everything here works on leaf hashes (:func:`hash_leaf` of a content). A proof is a list of
hashes over *spans* of leaves; the spans follow from positions and sizes alone, so whoever holds
the hashes in another shape (see `tiles`) builds the same proofs from the same spans.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from yiwang.kit.errors import Refusal

EMPTY_ROOT = hashlib.sha256(b"").digest()
_LEAF = b"\x00"
_NODE = b"\x01"

Span = tuple[int, int]  # leaves from the first position up to, not including, the second
Node = tuple[int, int]  # height above the leaves, index among the nodes of that height


def hash_leaf(content: bytes) -> bytes:
    """Hash of a leaf with this content."""
    return hashlib.sha256(_LEAF + content).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Hash of a node with these two children."""
    return hashlib.sha256(_NODE + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root of a tree with these leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    row = list(leaves)
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        odd = row[-1:] if len(row) % 2 else []
        row = [hash_node(left, right) for left, right in pairs] + odd
    return row[0]


def inclusion_spans(position: int, size: int) -> list[Span]:
    """Spans whose hashes prove the leaf at `position` of a tree of `size`, lowest first."""
    if not 0 <= position < size:
        raise Refusal("ledger.proof_position", position=position, size=size)
    spans: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if position < middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """Spans whose hashes prove that the tree of `second` leaves continues that of `first`."""
    if not 0 <= first <= second:
        raise Refusal("ledger.proof_sizes", first=first, second=second)
    if first in (0, second):
        return []
    spans: list[Span] = []
    low, high, complete = 0, second, True
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low, complete = middle, False
    if not complete:
        spans.append((low, high))
    return spans[::-1]


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def pieces(span: Span) -> list[Node]:
    """The complete subtrees that a span of a proof, or a whole tree, is joined from."""
    low, high = span
    found: list[Node] = []
    for height in range((high - low).bit_length() - 1, -1, -1):
        if (high - low) >> height & 1:
            start = low + ((high - low) >> (height + 1) << (height + 1))
            found.append((height, start >> height))
    return found


def join(hashes: Sequence[bytes]) -> bytes:
    """The hash of a span from those of its pieces, in order."""
    joined = hashes[-1]
    for left in hashes[-2::-1]:
        joined = hash_node(left, joined)
    return joined


def prove_inclusion(leaves: Sequence[bytes], position: int) -> tuple[bytes, ...]:
    """Proof that the leaf at `position` is in the tree of all `leaves`."""
    return tuple(root(leaves[a:b]) for a, b in inclusion_spans(position, len(leaves)))


def prove_consistency(leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """Proof that the tree of all `leaves` continues the tree of the `first` of them."""
    return tuple(root(leaves[a:b]) for a, b in consistency_spans(first, len(leaves)))


def verify_inclusion(
    leaf: bytes, position: int, size: int, path: Iterable[bytes], root_hash: bytes
) -> bool:
    """Whether `path` leads from the leaf hash to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    here, last, reached = position, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            reached = hash_node(sibling, reached)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            reached = hash_node(reached, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and reached == root_hash


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` proves that one tree continues the other (RFC 9162, 2.1.4.2).

    Every tree continues the empty one; that needs no hash.
    """
    if not 0 <= first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    hashes = list(path) if first & (first - 1) else [first_root, *path]
    if not hashes:
        return False
    here, last = first - 1, second - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = hash_node(sibling, old), hash_node(sibling, new)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            new = hash_node(new, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root

"""The tree in tiles, so that it grows and proves itself with a handful of rows.

The tile (level, number) holds up to 256 hashes of complete subtrees of height 8 x level, from
the index 256 x number on (the layout of C2SP tlog-tiles). Only the last tile of a level is ever
partial, and only it is rewritten; a full tile never changes. Every node of the tree lies within
one tile, hence a proof needs O(log n) of them.

Everything is pure and in two steps: ask which tiles are needed, read them, then compute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from yiwang.ground.ledger import merkle
from yiwang.ground.ledger.merkle import Node, Span
from yiwang.ground.ledger.model import DIGEST_BYTES, Proof

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * DIGEST_BYTES


class Address(NamedTuple):
    """Which tile."""

    level: int
    number: int


Tiles = Mapping[Address, bytes]


class TileMissing(LookupError):
    """A tile that is needed was not given, or holds too few hashes."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"tile {address.number} of level {address.level}")
        self.address = address


@dataclass(frozen=True, slots=True)
class Growth:
    """What an append made of a tree.

    `changed` are the tiles to be written; `edge` the partial tiles that the next append needs.
    """

    size: int
    root: bytes
    changed: Mapping[Address, bytes]
    edge: Mapping[Address, bytes]


def tiles_for_append(size: int) -> set[Address]:
    """The partial tiles at the edge of a tree: for the next append, and for its root."""
    found: set[Address] = set()
    level, count = 0, size
    while count:
        if count % WIDTH:
            found.add(Address(level, count // WIDTH))
        level, count = level + 1, count >> HEIGHT
    return found


def append(size: int, edge: Tiles, leaves: Sequence[bytes]) -> Growth:
    """Add leaf hashes to a tree of `size` whose edge (:func:`tiles_for_append`) is given.

    Raises :class:`TileMissing` where the edge is not complete.
    """
    changed: dict[Address, bytes] = {}
    added = b"".join(leaves)
    if len(added) != len(leaves) * DIGEST_BYTES:
        raise ValueError("a leaf hash has 32 bytes")
    level, start = 0, size
    while added:
        first, offset = divmod(start, WIDTH)
        row = (_take(edge, Address(level, first), 0, offset) if offset else b"") + added
        parents: list[bytes] = []
        for number, at in enumerate(range(0, len(row), TILE_BYTES), first):
            tile = row[at : at + TILE_BYTES]
            changed[Address(level, number)] = tile
            if len(tile) == TILE_BYTES:
                parents.append(_fold(tile))
        added = b"".join(parents)
        level, start = level + 1, first
    grown = size + len(leaves)
    after: dict[Address, bytes] = {}
    for address in tiles_for_append(grown):
        count = (grown >> HEIGHT * address.level) % WIDTH
        after[address] = changed.get(address) or _take(edge, address, 0, count)
    return Growth(grown, root(grown, after), changed, after)


def root(size: int, tiles: Tiles) -> bytes:
    """The root of the first `size` leaves; needs :func:`tiles_for_append` of that size."""
    return _span_hash((0, size), tiles) if size else merkle.EMPTY_ROOT


def tiles_for_leaves(first: int, end: int) -> set[Address]:
    """The tiles of every level that the leaves from `first` up to `end` have a part in."""
    found: set[Address] = set()
    level = 0
    while first < end:
        found.update(Address(level, n) for n in range(first // WIDTH, (end - 1) // WIDTH + 1))
        level, first, end = level + 1, first >> HEIGHT, end >> HEIGHT
    return found


def leaves(first: int, end: int, tiles: Tiles) -> list[bytes]:
    """The leaf hashes from `first` up to `end`; raises :class:`TileMissing`."""
    found: list[bytes] = []
    while first < end:
        number, offset = divmod(first, WIDTH)
        stop = min(WIDTH, offset + end - first)
        row = _take(tiles, Address(0, number), offset, stop)
        found.extend(row[at : at + DIGEST_BYTES] for at in range(0, len(row), DIGEST_BYTES))
        first += stop - offset
    return found


def tiles_for_inclusion(position: int, size: int) -> set[Address]:
    """The tiles that :func:`inclusion` needs."""
    return _tiles_of(merkle.inclusion_spans(position, size))


def inclusion(position: int, size: int, tiles: Tiles) -> Proof:
    """Proof that the leaf at `position` is in the tree of the first `size` leaves."""
    spans = merkle.inclusion_spans(position, size)
    return Proof(position, size, tuple(_span_hash(span, tiles) for span in spans))


def tiles_for_consistency(first: int, second: int) -> set[Address]:
    """The tiles that :func:`consistency` needs."""
    return _tiles_of(merkle.consistency_spans(first, second))


def consistency(first: int, second: int, tiles: Tiles) -> tuple[bytes, ...]:
    """Proof that the tree of `second` leaves continues the tree of `first` leaves."""
    spans = merkle.consistency_spans(first, second)
    return tuple(_span_hash(span, tiles) for span in spans)


def _tiles_of(spans: Iterable[Span]) -> set[Address]:
    return {_locate(node)[0] for span in spans for node in merkle.pieces(span)}


def _span_hash(span: Span, tiles: Tiles) -> bytes:
    return merkle.join([_node_hash(node, tiles) for node in merkle.pieces(span)])


def _node_hash(node: Node, tiles: Tiles) -> bytes:
    address, first, end = _locate(node)
    return _fold(_take(tiles, address, first, end))


def _locate(node: Node) -> tuple[Address, int, int]:
    """The tile of a node, and which of its hashes lie under the node."""
    height, index = node
    level, within = divmod(height, HEIGHT)
    number, first = divmod(index << within, WIDTH)
    return Address(level, number), first, first + (1 << within)


def _take(tiles: Tiles, address: Address, first: int, end: int) -> bytes:
    tile = tiles.get(address, b"")
    if len(tile) < end * DIGEST_BYTES:
        raise TileMissing(address)
    return tile[first * DIGEST_BYTES : end * DIGEST_BYTES]


def _fold(row: bytes) -> bytes:
    """The root over a power of two of hashes."""
    sha256 = hashlib.sha256
    while len(row) > DIGEST_BYTES:
        row = b"".join(
            [
                sha256(b"\x01" + row[at : at + 2 * DIGEST_BYTES]).digest()
                for at in range(0, len(row), 2 * DIGEST_BYTES)
            ]
        )
    return row

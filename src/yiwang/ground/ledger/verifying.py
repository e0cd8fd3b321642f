"""The full check of a ledger: do the events still give what was sealed and signed?

Two comparisons, each closing what the other leaves open. The events as they are stored now give
leaf hashes; those are held against the leaf hashes sealed in the tiles, batch by batch, which
tells *which* event was altered, is missing or was slipped in. The sealed hashes in turn give the
root at every signed head, so that events and tiles altered together show as well. Heads kept
outside (`known`: published ones, or those of receipts) reveal even a record that was cut short
or signed anew by the holder of the key.

Pure and in steps: for every run of batches read the tiles that :meth:`LedgerCheck.tiles_for`
names and the events after `reached` up to the last batch, then :meth:`LedgerCheck.feed` them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from yiwang.ground.ledger import canonical, merkle, signing, tiles
from yiwang.ground.ledger.comparing import compare
from yiwang.ground.ledger.model import DIGEST_BYTES, Batch, Event, Finding, Head, find
from yiwang.ground.ledger.signing import PublicKey
from yiwang.ground.ledger.tiles import Address, TileMissing, Tiles
from yiwang.kit.errors import Refusal

MAX_BATCH = 1 << 20  # no sealer makes a larger one; a stored count beyond this was altered

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check ended: what was covered, what waits to be sealed, how much was found."""

    events: int
    batches: int
    heads: int
    waiting: int
    found: int

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return self.found == 0


class LedgerCheck:
    """One run over a ledger, from its first event to its last."""

    def __init__(
        self, origin: str, keys: Mapping[str, PublicKey], known: Iterable[Head] = ()
    ) -> None:
        """`keys` are the ledger's trusted keys by key id, `known` heads kept elsewhere."""
        self.origin = origin
        self.reached: Key = (-1, -1)
        self.size = 0
        self._keys = keys
        self._heads = [(head.size, n, head) for n, head in enumerate(known)]
        heapq.heapify(self._heads)
        self._taken = len(self._heads)
        self._edge: Tiles = {}
        self._stored_edge: Tiles = {}
        self._signed = 0  # the size of the last good head
        self._diverged = False
        self._batches = self._events = self._checked = self._found = 0

    def tiles_for(self, batches: Sequence[Batch]) -> set[Address]:
        """The stored tiles that :meth:`feed` needs for these batches."""
        ends = [b.end for b in batches if _possible(b)]
        end = max(ends, default=self.size)
        return tiles.tiles_for_leaves(self.size, min(end, self.size + MAX_BATCH * len(batches)))

    def feed(
        self,
        batches: Sequence[Batch],
        events: Iterable[Event],
        stored: Tiles,
        heads: Iterable[Head] = (),
    ) -> list[Finding]:
        """Check the next batches.

        `events` are those after `reached` up to the end of the last batch, ordered by (xid, id);
        `heads` the stored heads with sizes up to the end of the last batch, each given once.
        """
        self._take_heads(heads)
        found: list[Finding] = []
        rows = self._order(events, found)
        computed: dict[Address, bytes] = {}
        at = 0
        for batch in batches:
            self._batches += 1
            if not self._accept(batch, found):
                continue
            stop = at
            while stop < len(rows) and rows[stop].key <= batch.last:
                stop += 1
            sealed = self._compare(batch, rows[at:stop], stored, found)
            found.extend(self._grow(sealed, computed))
            at = stop
            self.reached = batch.last
        found.extend(_check_tiles(computed, stored))
        held = self._stored_edge
        self._stored_edge = {a: stored.get(a, held.get(a, b"")) for a in self._edge}
        self._found += len(found)
        return found

    def close(
        self, rest: Iterable[Event], heads: Iterable[Head], now: datetime, patience: timedelta
    ) -> tuple[list[Finding], Outcome]:
        """End the check.

        `rest` are the events after `reached`, `heads` the stored heads not fed yet. An event
        that still waits to be sealed at `now`, longer than `patience` after it was made, is a
        finding: the sealer stands still or passes it over.
        """
        self._take_heads(heads)
        found: list[Finding] = list(self._check_heads())
        while self._heads:
            size, _, head = heapq.heappop(self._heads)
            if self._check_signature(head, found):
                found.append(find("ledger.head_beyond", size=size, events=self.size))
        if self._signed < self.size and not self._diverged:
            found.append(find("ledger.tail_unsigned", first=self._signed, end=self.size))
        for address, tile in self._edge.items():
            if len(self._stored_edge.get(address, b"")) > len(tile):
                found.append(find("ledger.tile_beyond", level=address.level, number=address.number))
        waiting = late = 0
        for event in rest:
            waiting += 1
            late += event.at < now - patience
        if late:
            found.append(find("ledger.events_waiting", count=late))
        self._found += len(found)
        done = Outcome(self._events, self._batches, self._checked, waiting, self._found)
        return found, done

    def _order(self, events: Iterable[Event], found: list[Finding]) -> list[Event]:
        """The events in order, each once; says where they did not come so."""
        rows = list(events)
        self._events += len(rows)
        for before, event in pairwise(rows):
            if event.key == before.key:
                found.append(find("ledger.event_repeated", id=event.id, xid=event.xid))
            elif event.key < before.key:
                found.append(find("ledger.event_disordered", id=event.id, xid=event.xid))
        rows.sort(key=lambda event: event.key)
        alone = [e for n, e in enumerate(rows) if not n or e.key != rows[n - 1].key]
        if alone and alone[0].key <= self.reached:
            found.append(find("ledger.event_disordered", id=alone[0].id, xid=alone[0].xid))
        return alone

    def _accept(self, batch: Batch, found: list[Finding]) -> bool:
        """Whether a batch can be compared; a gap before it is left to the comparison."""
        wrong = not _possible(batch) or not self.reached < batch.first <= batch.last
        if wrong or batch.first_position != self.size:
            found.append(
                find("ledger.batch_wrong", position=batch.first_position, wanted=self.size)
            )
        return not wrong and self.size < batch.end <= self.size + MAX_BATCH

    def _compare(
        self, batch: Batch, rows: Sequence[Event], stored: Tiles, found: list[Finding]
    ) -> list[bytes]:
        """Hold the events up to a batch's end against its sealed hashes, and give these."""
        hashes = [_hash(event) for event in rows]
        count = batch.end - self.size
        try:
            sealed = tiles.leaves(self.size, batch.end, stored)
        except TileMissing as missing:
            found.append(_missing(missing.address))
            if len(hashes) == count:
                return hashes
            found.append(
                find("ledger.batch_count", position=self.size, count=count, events=len(rows))
            )
            return (hashes + [bytes(DIGEST_BYTES)] * count)[:count]
        if hashes != sealed:
            found.extend(compare(self.size, sealed, rows, hashes))
        elif rows[0].key != batch.first or rows[-1].key != batch.last:
            found.append(find("ledger.batch_bounds", position=self.size))
        return sealed

    def _grow(self, sealed: list[bytes], computed: dict[Address, bytes]) -> Iterator[Finding]:
        """Add sealed hashes to the tree, stopping at every size that a head speaks of."""
        yield from self._check_heads()
        start, end = self.size, self.size + len(sealed)
        while self.size < end:
            stop = min(end, self._heads[0][0]) if self._heads else end
            part = sealed[self.size - start : stop - start]
            grown = tiles.append(self.size, self._edge, part)
            computed.update(grown.changed)
            self.size, self._edge = grown.size, grown.edge
            yield from self._check_heads()

    def _take_heads(self, heads: Iterable[Head]) -> None:
        for head in heads:
            heapq.heappush(self._heads, (head.size, self._taken, head))
            self._taken += 1

    def _check_heads(self) -> Iterator[Finding]:
        """Check the heads that speak of the size just reached, or of one passed already."""
        found: list[Finding] = []
        while self._heads and self._heads[0][0] <= self.size:
            size, _, head = heapq.heappop(self._heads)
            if not self._check_signature(head, found):
                continue
            if size != self.size:
                found.append(find("ledger.head_passed", size=size))
            elif head.root == self._root():
                self._signed, self._diverged = size, False
            elif not self._diverged:
                found.append(find("ledger.head_differs", size=size, first=self._signed))
                self._diverged = True
        yield from found

    def _root(self) -> bytes:
        return tiles.root(self.size, self._edge) if self.size else merkle.EMPTY_ROOT

    def _check_signature(self, head: Head, found: list[Finding]) -> bool:
        self._checked += 1
        key = self._keys.get(head.key_id)
        if head.origin != self.origin:
            found.append(find("ledger.head_origin", size=head.size, origin=head.origin))
        elif key is None:
            found.append(find("ledger.head_key", size=head.size, key=head.key_id))
        elif not signing.verify(head, key):
            found.append(find("ledger.head_signature", size=head.size, key=head.key_id))
        else:
            return True
        return False


def _possible(batch: Batch) -> bool:
    return 0 < batch.count <= MAX_BATCH and batch.first_position >= 0


def _hash(event: Event) -> bytes:
    """The leaf hash of an event; empty where its values were never recordable."""
    try:
        return merkle.hash_leaf(canonical.leaf(event))
    except Refusal:
        return b""


def _check_tiles(computed: Mapping[Address, bytes], stored: Tiles) -> Iterator[Finding]:
    """Compare the tiles above the leaves with those that the sealed hashes give."""
    for address, tile in computed.items():
        if not address.level:
            continue
        held = stored.get(address, b"")
        if len(held) < len(tile):
            yield _missing(address)
        elif not held.startswith(tile):
            yield find("ledger.tile_wrong", level=address.level, number=address.number)


def _missing(address: Address) -> Finding:
    return find("ledger.tile_missing", level=address.level, number=address.number)

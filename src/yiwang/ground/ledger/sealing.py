"""Sealing: events that are final become leaves of the tree, and the tree's new head is signed.

An event is final once its transaction is older than every transaction that still writes
(`pg_snapshot_xmin`): from then on nothing can come to stand before it. So a long transaction
holds the sealing up, but no event is ever passed over.
"""

from __future__ import annotations

import asyncio
import logging

from yiwang.ground.ledger import canonical, merkle, signing, store, tiles
from yiwang.ground.ledger.model import Batch, Event, Head
from yiwang.ground.ledger.signing import SigningKey
from yiwang.ground.ledger.tiles import TileMissing, Tiles
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal

log = logging.getLogger("yiwang.ledger")

MOST = 2000  # events of one batch: short enough to be searched for one leaf
_SLICE = 250  # events hashed before others get their turn, about 10 ms


async def seal(tx: Tx, signer: SigningKey, origin: str, most: int = MOST) -> int:
    """Seal the next final events, `most` at the most, as one batch with a signed head; how many.

    Runs under the worker's role, in a transaction of its own: the caller commits and calls again
    while something was sealed. 0 where nothing is final, or another sealer is at work. Where the
    stored tree is not the one that was signed last, nothing is added to it: sealing stands still
    with an error in the log, and the full check (`auditing.audit`) names the place.
    """
    conn = tx.conn
    if not await store.take_sealing(conn):
        return 0
    last = await store.last_batch(conn)
    size, after = (last.end, last.last) if last else (0, store.BEFORE_ALL)
    events = await store.read_final(conn, after, most)
    if not events:
        if after[0] >= await store.next_xid(conn):
            log.error("the database counts its transactions anew: nothing can be sealed")
        return 0
    edge = await store.read_tiles(conn, tiles.tiles_for_append(size))
    if not _continues(size, edge, await store.last_head(conn, origin)):
        log.error("the stored tree of %d events is not the one signed last: not sealed", size)
        return 0
    hashes: list[bytes] = []
    for start in range(0, len(events), _SLICE):
        hashes += [_hash(event) for event in events[start : start + _SLICE]]
        await asyncio.sleep(0)
    growth = tiles.append(size, edge, hashes)
    await store.write_tiles(conn, growth.changed)
    await store.insert_batch(conn, Batch(size, len(events), *events[0].key, *events[-1].key))
    await store.insert_head(conn, signing.sign(signer, origin, growth.size, growth.root, tx.now))
    return len(events)


def _continues(size: int, edge: Tiles, head: Head | None) -> bool:
    """Whether the tree to be continued is the one of the last head."""
    if head is None:
        return size == 0
    try:
        return head.size == size and tiles.root(size, edge) == head.root
    except TileMissing:
        return False


def _hash(event: Event) -> bytes:
    """The leaf hash of an event.

    Values that :func:`canonical.check_facts` refuses can only have come past the platform. Such an
    event gets a leaf that no true event has: sealing goes on, and every full check names it.
    """
    try:
        return merkle.hash_leaf(canonical.leaf(event))
    except Refusal as refusal:
        log.error("event %d was not recorded by the platform: %s", event.id, refusal)
        return merkle.hash_leaf(f"unreadable {event.xid} {event.id}".encode())

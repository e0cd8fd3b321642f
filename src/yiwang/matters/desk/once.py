"""An action that comes with a key is done once, however often it is sent.

A phone that lost the line does not know whether its action arrived. It sends the same again under
the same Idempotency-Key and is given the answer it missed. A refused action leaves no key: sent
again, it is judged anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from yiwang.ground.authority.model import Actor
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal

# After that an action sent again is stopped by the version it saw.
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the body as it was sent, and its ETag."""

    body: bytes
    etag: str


def digest_of(*parts: object) -> bytes:
    """What makes an action the same: its matter, id, name, facts and the version seen."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()


async def recall(tx: Tx, actor: Actor, key: str, digest: bytes) -> Answer | None:
    """The answer already given under this actor's key; None takes the key for this transaction.

    Of two that come at once, the second waits here for the first. Refuses a key that was used for
    another action ("desk.key_reused").
    """
    await tx.execute(
        "delete from action_keys where actor = $1 and at < $2", actor.name, tx.now - KEPT
    )
    fresh = await tx.fetchval(
        "insert into action_keys (actor, key, digest, at) values ($1, $2, $3, $4)"
        " on conflict do nothing returning true",
        *(actor.name, key, digest, tx.now),
    )
    if fresh:
        return None
    row = await tx.fetchrow(
        "select digest, answer, etag from action_keys where actor = $1 and key = $2",
        *(actor.name, key),
    )
    if row is None or row["digest"] != digest:
        raise Refusal("desk.key_reused")
    return Answer(row["answer"], row["etag"])


async def remember(tx: Tx, actor: Actor, key: str, answer: Answer) -> None:
    """Keep what is answered under a key taken by :func:`recall`, in the action's transaction."""
    await tx.execute(
        "update action_keys set answer = $3, etag = $4 where actor = $1 and key = $2",
        *(actor.name, key, answer.body, answer.etag),
    )

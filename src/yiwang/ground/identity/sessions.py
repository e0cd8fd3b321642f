"""Sessions after the sign-in: who is behind a token, and how a session ends."""

from __future__ import annotations

from yiwang.ground.identity import rules, store, tokens
from yiwang.ground.identity.model import Change, Session, Standing, Terms
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal

_DIGEST_HEX = 64


async def session_of(tx: Tx, token: str, terms: Terms = Terms()) -> Standing:
    """The session behind a token, whose it is and which posts they hold now.

    Its use is written down at most once in `terms.touch`. Refuses (401) an unknown token
    ("identity.session_unknown") and a session that ended, expired or lay idle too long.
    """
    digest = tokens.digest(token)
    session = await store.session(tx, digest) if tokens.is_token(token) else None
    if session is None or not tokens.same(session.id, digest):
        raise Refusal("identity.session_unknown")
    code = rules.session_over(session, tx.now, terms)
    if code is not None:
        raise Refusal(code, minutes=int(terms.idle.total_seconds() // 60))
    person = await store.person(tx, session.person)
    if person is None or not person.active:
        raise Refusal("identity.session_ended")
    if tx.now >= session.seen_at + terms.touch:
        await store.touch(tx, digest)
    held = [row for row in await store.appointments(tx, [person.id]) if row.holds(tx.now)]
    return Standing(session, person, tuple(held))


async def sign_out(tx: Tx, session: Session) -> list[Change]:
    """End a session by its owner's wish."""
    ended = await store.end_sessions(tx, session.person, [session.id])
    facts = {"session": session.name[:16]}
    return [Change("person.sign_out", "person", session.person, facts) for _ in ended]


async def sessions_of(tx: Tx, person: int, terms: Terms = Terms()) -> list[Session]:
    """The sessions of a person that still hold, the newest first."""
    rows = await store.sessions(tx, person)
    return [row for row in rows if rules.session_over(row, tx.now, terms) is None]


async def end_session(tx: Tx, person: int, name: str) -> tuple[list[bytes], list[Change]]:
    """End the session of `person` called `name`; the digests of what ended.

    Refuses ("identity.session_missing") what is not an open session of theirs.
    """
    try:
        digest = bytes.fromhex(name) if len(name) == _DIGEST_HEX else b""
    except ValueError:
        digest = b""
    ended = await store.end_sessions(tx, person, [digest])
    if not ended:
        raise Refusal("identity.session_missing")
    return ended, [Change("person.end_session", "person", person, {"session": name[:16]})]


async def end_sessions(tx: Tx, person: int, keep: bytes) -> tuple[list[bytes], list[Change]]:
    """End every session of `person` but `keep`; the digests of what ended."""
    others = [row.id for row in await store.sessions(tx, person) if row.id != keep]
    ended = await store.end_sessions(tx, person, others)
    if not ended:
        return [], []
    return ended, [Change("person.end_sessions", "person", person, {"count": len(ended)})]

"""Signing in: the same answer in the same time whoever asks, and every failure counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from yiwang.ground.identity import lockout, passwords, rules, store, tokens, totp
from yiwang.ground.identity.lockout import LOCKOUT, Lockout
from yiwang.ground.identity.model import (
    Attempt,
    Change,
    Credential,
    Person,
    Session,
    SignedIn,
    Terms,
)
from yiwang.kit.db import Database, Scope, Tx
from yiwang.kit.errors import Refusal

Recorder: TypeAlias = Callable[[Tx, str, Sequence[Change]], Awaitable[None]]

GATE = Scope("gate")
# The hash of a random password that nobody kept: an unknown login costs what a known one costs.
NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$0hHkYxX9aJy4KHFIZLnHqg"
    "$+n310WRnkPZ3z1lgtXZoADIypuAVcpTmRxyqkVfOqco"
)
_LONGEST_NOTE = 200


async def _find(tx: Tx, login: str) -> tuple[Person | None, Credential | None]:
    try:
        plain = rules.normal_login(login)
    except Refusal:
        plain = ""
    person = await store.person_by_login(tx, plain)
    return person, await store.credential(tx, 0 if person is None else person.id)


def _refusal(limits: Lockout) -> Refusal:
    return Refusal(
        "identity.sign_in_failed",
        failures=limits.failures,
        minutes=int(limits.first.total_seconds() // 60),
    )


async def sign_in(
    db: Database,
    attempt: Attempt,
    now: datetime,
    *,
    instance: bytes,
    record: Recorder,
    terms: Terms = Terms(),
    limits: Lockout = LOCKOUT,
) -> SignedIn:
    """Open a session for whoever proves to be the person behind a login.

    Opens its own transactions: a failure is counted and recorded although the answer is a
    refusal ("identity.sign_in_failed"), which does not tell whether the login exists, what was
    wrong, or whether the account is locked. `record` writes changes to the ledger in the given
    transaction, under the given actor's name.
    """
    password = attempt.password[: passwords.POLICY.longest + 1]
    async with db.begin(GATE, now) as tx:
        person, seen = await _find(tx, attempt.login)
    stored = NOBODY if seen is None else seen.password_hash
    good = await asyncio.to_thread(passwords.matches, stored, password)
    fresh = None
    if good and passwords.outdated(stored):
        fresh = await asyncio.to_thread(passwords.hash_password, password)
    async with db.begin(GATE, now) as tx:
        held = await store.credential(tx, 0 if person is None else person.id, lock=True)
        step = proven(held, seen, good, attempt.code, now, instance)
        if person is None or held is None or step is None or not person.active:
            await count_failure(tx, person, held, limits, record)
            signed = None
        else:
            await store.save_attempt(tx, person.id, step, 0, None)
            if fresh is not None:
                renewed = replace(held, password_hash=fresh, totp_last_step=step, failed=0)
                await store.save_credential(tx, replace(renewed, locked_until=None))
            signed = await _open(tx, person, attempt, terms)
            facts = {"session": signed.session.name[:16], "second_factor": bool(held.sealed_totp)}
            change = Change("person.sign_in", "person", person.id, facts)
            await record(tx, f"person:{person.id}", [change])
    if signed is None:
        raise _refusal(limits)
    return signed


def proven(
    held: Credential | None,
    seen: Credential | None,
    good: bool,
    code: str,
    now: datetime,
    instance: bytes,
) -> int | None:
    """The last used time step after a proven attempt; None when it is not proven.

    `good` says whether the password fits `seen`; `held` is what lies there now, locked.
    """
    if held is None or seen is None or held.password_hash != seen.password_hash:
        return None
    if lockout.locked(held.locked_until, now):
        return None
    if held.sealed_totp is None:
        return held.totp_last_step if good else None
    secret = totp.open_secret(held.sealed_totp, held.person, instance)
    step = totp.accept(secret, code, now, held.totp_last_step)
    return step if good else None


async def count_failure(
    tx: Tx, person: Person | None, held: Credential | None, limits: Lockout, record: Recorder
) -> None:
    """Count and record an attempt that failed, and lock the account where it was one too many."""
    failed, until, last = 0, None, 0
    if held is not None:
        failed, until, last = held.failed, held.locked_until, held.totp_last_step
        if not lockout.locked(until, tx.now):  # a locked account is not locked for longer
            failed, until = lockout.after_failure(failed, tx.now, limits)
    number = 0 if person is None else person.id
    await store.save_attempt(tx, number, last, failed, until)
    facts = {"failed": failed, "locked_until": until.isoformat() if until else None}
    # also for an unknown login: the record shows the attempt, and takes as long
    await record(tx, "gate", [Change("person.sign_in_failed", "person", number, facts)])


async def _open(tx: Tx, person: Person, attempt: Attempt, terms: Terms) -> SignedIn:
    token = tokens.generate_token()
    session = Session(
        id=tokens.digest(token),
        person=person.id,
        csrf=tokens.generate_token(),
        created_at=tx.now,
        seen_at=tx.now,
        expires_at=tx.now + terms.longest,
        ended_at=None,
        agent=attempt.agent[:_LONGEST_NOTE],
        address=attempt.address[:_LONGEST_NOTE],
    )
    await store.add_session(tx, session)
    return SignedIn(token, session.csrf, session, person)


async def change_password(
    db: Database,
    person: int,
    keep: bytes,
    old: str,
    new: str,
    now: datetime,
    *,
    record: Recorder,
    limits: Lockout = LOCKOUT,
) -> list[bytes]:
    """Give a person a new password; every session but `keep` ends. The digests of those ended.

    Opens its own transactions, since a wrong old password counts as a failed sign-in. Refuses
    "identity.password_wrong" (also while the account is locked), "identity.password_weak",
    "identity.password_same".
    """
    async with db.begin(GATE, now) as tx:
        found = await store.person(tx, person)
        seen = await store.credential(tx, person)
    if found is None or seen is None:
        raise Refusal("identity.person_missing", person=person)
    passwords.require_good(new, found.login)
    given = old[: passwords.POLICY.longest + 1]
    good = await asyncio.to_thread(passwords.matches, seen.password_hash, given)
    if good and passwords.normalise(old) == passwords.normalise(new):
        raise Refusal("identity.password_same")
    fresh = await asyncio.to_thread(passwords.hash_password, new)
    ended: list[bytes] = []
    async with db.begin(GATE, now) as tx:
        held = await store.credential(tx, person, lock=True)
        good = good and held is not None and held.password_hash == seen.password_hash
        if held is None or not good or lockout.locked(held.locked_until, now):
            good = False
            await count_failure(tx, found, held, limits, record)
        else:
            await store.save_credential(
                tx,
                replace(held, password_hash=fresh, changed_at=now, failed=0, locked_until=None),
            )
            others = [row.id for row in await store.sessions(tx, person) if row.id != keep]
            ended = await store.end_sessions(tx, person, others)
            facts = {"sessions_ended": len(ended)}
            change = Change("person.change_password", "person", person, facts)
            await record(tx, f"person:{person}", [change])
    if not good:
        raise Refusal("identity.password_wrong")
    return ended

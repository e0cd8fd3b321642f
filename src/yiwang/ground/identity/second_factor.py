"""Setting up one's own second factor: wanted with the password, in force with its first code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from yiwang.ground.identity import passwords, store, totp
from yiwang.ground.identity.lockout import LOCKOUT, Lockout
from yiwang.ground.identity.model import Change, Credential, Person
from yiwang.ground.identity.signing_in import GATE, Recorder, count_failure, proven
from yiwang.kit.db import Database, Tx
from yiwang.kit.errors import Refusal

WAITS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A secret that waits for its first code until `until`; shown once and never again."""

    person: Person
    secret: str
    until: datetime


def waits(held: Credential, now: datetime) -> bool:
    """Whether a secret was wanted lately and waits for its first code."""
    return held.wanted_at is not None and now < held.wanted_at + WAITS


async def credential_of(tx: Tx, number: int) -> Credential:
    """What a person proves themselves with; refuses ("identity.person_missing") an unknown one."""
    held = await store.credential(tx, number)
    if held is None:
        raise Refusal("identity.person_missing", person=number)
    return held


async def want(
    db: Database,
    number: int,
    password: str,
    code: str,
    now: datetime,
    *,
    instance: bytes,
    record: Recorder,
    limits: Lockout = LOCKOUT,
) -> Wanted:
    """A new secret for a person who proves who they are; what they had holds until it is confirmed.

    Whoever has a second factor gives a code of it too, so that an open session and a password do
    not take it away. Opens its own transactions, since a wrong proof counts as a failed sign-in.
    Refuses "identity.proof_wrong" (also while the account is locked).
    """
    async with db.begin(GATE, now) as tx:
        person = await store.person(tx, number)
        seen = await credential_of(tx, number)
    if person is None:
        raise Refusal("identity.person_missing", person=number)
    given = password[: passwords.POLICY.longest + 1]
    good = await asyncio.to_thread(passwords.matches, seen.password_hash, given)
    secret = totp.generate_secret()
    async with db.begin(GATE, now) as tx:
        held = await store.credential(tx, number, lock=True)
        step = proven(held, seen, good, code, now, instance)
        if held is None or step is None:
            await count_failure(tx, person, held, limits, record)
        else:
            sealed = totp.seal_secret(secret, number, instance)
            shown = replace(held, totp_last_step=step, failed=0, locked_until=None)
            await store.save_credential(tx, replace(shown, wanted_totp=sealed, wanted_at=now))
            facts = {"replaces": held.sealed_totp is not None}
            change = Change("person.want_second_factor", "person", number, facts)
            await record(tx, f"person:{number}", [change])
    if step is None:
        raise Refusal("identity.proof_wrong")
    return Wanted(person, secret, now + WAITS)


async def confirm(
    tx: Tx, number: int, code: str, keep: bytes, *, instance: bytes
) -> tuple[list[bytes], Sequence[Change]]:
    """The wanted secret is asked for from now on; every session but `keep` ends.

    The digests of the ended sessions come with it. Refuses "identity.factor_not_wanted" where
    none waits, "identity.code_wrong" a code that is not of the wanted secret.
    """
    held = await store.credential(tx, number, lock=True)
    if held is None or held.wanted_totp is None or not waits(held, tx.now):
        raise Refusal("identity.factor_not_wanted", minutes=int(WAITS.total_seconds() // 60))
    secret = totp.open_secret(held.wanted_totp, number, instance)
    step = totp.accept(secret, code, tx.now, 0)
    if step is None:
        raise Refusal("identity.code_wrong")
    fresh = replace(held, sealed_totp=held.wanted_totp, totp_last_step=step, changed_at=tx.now)
    await store.save_credential(tx, replace(fresh, wanted_totp=None, wanted_at=None))
    others = [row.id for row in await store.sessions(tx, number) if row.id != keep]
    ended = await store.end_sessions(tx, number, others)
    facts = {"sessions_ended": len(ended)}
    return ended, [Change("person.set_second_factor", "person", number, facts)]

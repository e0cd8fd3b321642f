"""People, their appointments and the keys of other systems.

Every function that changes something returns its :class:`Change` for the record; the caller
writes it in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from yiwang.ground.identity import passwords, rules, store, tokens, totp
from yiwang.ground.identity.model import (
    Appointment,
    Change,
    Credential,
    Issued,
    Key,
    Person,
)
from yiwang.ground.packs.model import Post
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal


async def create_person(
    tx: Tx,
    login: str,
    name: str,
    *,
    instance: bytes,
    phone: str | None = None,
    email: str | None = None,
    language: str = "zh",
    password: str | None = None,
    second_factor: bool = True,
) -> tuple[Issued, Change]:
    """A new account with a password (generated unless given) and a second factor.

    Refuses "identity.login_bad", "identity.login_taken", "identity.password_weak".
    """
    plain = rules.normal_login(login)
    if password is not None:
        passwords.require_good(password, plain)
    person = await store.add_person(tx, plain, name, phone, email, language)
    if person is None:
        raise Refusal("identity.login_taken", login=plain)
    issued = await _issue(tx, person, instance, password, second_factor)
    return issued, Change("person.create", "person", person.id, {"login": plain}, None, "active")


async def _issue(
    tx: Tx, person: Person, instance: bytes, password: str | None, second_factor: bool
) -> Issued:
    chosen = password if password is not None else passwords.generate_password()
    secret = totp.generate_secret() if second_factor else None
    sealed = None if secret is None else totp.seal_secret(secret, person.id, instance)
    hashed = await asyncio.to_thread(passwords.hash_password, chosen)
    await store.save_credential(tx, Credential(person.id, hashed, sealed, 0, 0, None, tx.now))
    return Issued(person, chosen, secret)


async def person_of(tx: Tx, number: int) -> Person:
    """The person with this number; refuses ("identity.person_missing") an unknown one."""
    person = await store.person(tx, number)
    if person is None:
        raise Refusal("identity.person_missing", person=number)
    return person


async def person_called(tx: Tx, login: str) -> Person:
    """The person with this login; refuses ("identity.person_missing") an unknown one."""
    person = await store.person_by_login(tx, login)
    if person is None:
        raise Refusal("identity.person_missing", person=login)
    return person


async def persons(tx: Tx, after: str, search: str, limit: int) -> list[Person]:
    """People in the order of their logins, after this one, whose login or name has `search`."""
    return await store.persons(tx, after, search, limit)


async def appointments_of(tx: Tx, numbers: Sequence[int]) -> list[Appointment]:
    """The appointments of these people that are in force or yet to come."""
    return await store.appointments(tx, numbers)


async def names_of(tx: Tx, numbers: Collection[int]) -> dict[int, str]:
    """What these people are called, by their numbers."""
    return await store.names(tx, numbers) if numbers else {}


async def holders_of(tx: Tx, posts: Collection[str]) -> list[tuple[int, str, str]]:
    """(number, name, post) of everybody active who holds one of these posts now, by name."""
    return await store.holders(tx, posts) if posts else []


def _not_oneself(number: int, by_person: int | None) -> None:
    if by_person is not None and number == by_person:
        raise Refusal("identity.oneself")


async def appoint(
    tx: Tx,
    number: int,
    post: str,
    posts: Mapping[str, Post],
    *,
    by: str,
    by_person: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Appointment, Change]:
    """Give a person a post, from now or `since` on, for good or `until`.

    Refuses an unknown person or post, a post held already, one's own appointment
    ("identity.oneself"), and two of the three administrations in one hand ("identity.apart").
    """
    _not_oneself(number, by_person)
    if post not in posts:
        raise Refusal("identity.post_unknown", post=post)
    start = since if since is not None else tx.now
    if until is not None and until <= max(start, tx.now):
        raise Refusal("identity.appointment_times")
    if await store.lock_person(tx, number) is None:
        raise Refusal("identity.person_missing", person=number)
    held = [row.post for row in await store.appointments(tx, [number])]
    if post in held:
        raise Refusal("identity.post_held", post=post)
    rules.require_apart(post, held, posts)
    made = await store.add_appointment(tx, number, post, start, until, by)
    facts = {"post": post, "unit": posts[post].unit, "appointment": made.id}
    return made, Change("person.appoint", "person", number, facts, article="III")


async def end_appointment(
    tx: Tx, number: int, appointment: int, *, by_person: int | None = None
) -> Change:
    """Let an appointment of a person end now; refuses one that is not theirs or over already."""
    _not_oneself(number, by_person)
    held = {row.id: row for row in await store.appointments(tx, [number])}
    if appointment not in held:
        raise Refusal("identity.appointment_missing", appointment=appointment)
    await store.end_appointment(tx, appointment, tx.now)
    facts = {"post": held[appointment].post, "appointment": appointment}
    return Change("person.end_appointment", "person", number, facts, article="III")


async def reset(
    tx: Tx, number: int, *, instance: bytes, by_person: int | None = None
) -> tuple[Issued, list[bytes], Change]:
    """A new password and second factor for a person who lost theirs; all their sessions end.

    The digests of the ended sessions come with it.
    """
    _not_oneself(number, by_person)
    person = await person_of(tx, number)
    issued = await _issue(tx, person, instance, None, True)
    ended = await store.end_sessions(tx, number, None)
    facts = {"sessions_ended": len(ended)}
    return issued, ended, Change("person.reset", "person", number, facts)


async def set_profile(
    tx: Tx, number: int, *, language: str | None = None, theme: str | None = None
) -> list[Change]:
    """The language a person reads and the theme they see; None leaves one as it is."""
    person = await person_of(tx, number)
    changes = []
    if language is not None and language != person.language:
        facts = {"language": language}
        changes.append(
            Change("person.set_language", "person", number, facts, person.language, language)
        )
    if theme is not None and theme != person.theme:
        facts = {"theme": theme}
        changes.append(Change("person.set_theme", "person", number, facts, person.theme, theme))
    if changes:
        await store.set_profile(tx, number, language or person.language, theme or person.theme)
    return changes


async def set_active(
    tx: Tx, number: int, active: bool, *, by_person: int | None = None
) -> tuple[Person, list[bytes], Change]:
    """Open or close an account; closing ends all its sessions, whose digests come with it."""
    _not_oneself(number, by_person)
    person = await person_of(tx, number)
    await store.set_active(tx, number, active)
    ended = [] if active else await store.end_sessions(tx, number, None)
    names = {True: "active", False: "closed"}
    action = "person.open" if active else "person.close"
    change = Change(action, "person", number, {}, names[person.active], names[active])
    return await person_of(tx, number), ended, change


async def create_key(
    tx: Tx,
    name: str,
    system: str,
    scopes: Sequence[str],
    place: str,
    *,
    by: str,
    unit: str | None = None,
    expires: datetime | None = None,
) -> tuple[Key, str, Change]:
    """A key for another system, and its token, which is shown here and never again.

    Refuses "identity.system_bad", "identity.scope_bad", "identity.key_times".
    """
    rules.require_key_form(system, scopes)
    if expires is not None and expires <= tx.now:
        raise Refusal("identity.key_times")
    secret = tokens.generate_token()
    row = Key(
        id=0,
        name=name,
        system=system,
        digest=tokens.digest(secret),
        scopes=tuple(dict.fromkeys(scopes)),
        place=place,
        unit=unit,
        created_by=by,
        created_at=tx.now,
        expires_at=expires,
        revoked_at=None,
    )
    made = await store.add_key(tx, row)
    facts = {"system": system, "scopes": list(made.scopes), "place": place, "unit": unit}
    change = Change("key.create", "key", made.id, facts, None, "open")
    return made, tokens.key_token(made.id, secret), change


async def keys(tx: Tx) -> list[Key]:
    """All keys, the newest first."""
    return await store.keys(tx)


async def key(tx: Tx, number: int) -> Key:
    """The key with this number; refuses ("identity.key_missing") an unknown one."""
    found = await store.key(tx, number)
    if found is None:
        raise Refusal("identity.key_missing", key=number)
    return found


async def revoke_key(tx: Tx, number: int) -> Change:
    """Take a key away for good; refuses one that is gone already."""
    if not await store.revoke_key(tx, number):
        raise Refusal("identity.key_missing", key=number)
    return Change("key.revoke", "key", number, {}, "open", "revoked")


async def key_of(tx: Tx, token: str) -> Key:
    """The key behind a token; refuses (401, "identity.key_unknown") one that opens nothing."""
    parts = tokens.key_parts(token)
    found = None if parts is None else await store.key(tx, parts[0])
    if (
        parts is None
        or found is None
        or not tokens.same(found.digest, tokens.digest(parts[1]))
        or not found.works(tx.now)
    ):
        raise Refusal("identity.key_unknown")
    return found

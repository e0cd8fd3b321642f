"""Rows of people, credentials, appointments, sessions and keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from yiwang.ground.identity.model import Appointment, Credential, Key, Person, Session
from yiwang.kit.db import Row, Tx

_PERSON = "id, login, name, phone, email, language, theme, active, created_at"


def _person(row: Row) -> Person:
    return Person(**dict(row))


def _appointment(row: Row) -> Appointment:
    return Appointment(
        row["id"], row["person_id"], row["post"], row["since"], row["until"], row["granted_by"]
    )


def _session(row: Row) -> Session:
    return Session(
        row["id"],
        row["person_id"],
        row["csrf"],
        row["created_at"],
        row["seen_at"],
        row["expires_at"],
        row["ended_at"],
        row["agent"],
        row["address"],
    )


def _key(row: Row) -> Key:
    return Key(**{**dict(row), "scopes": tuple(row["scopes"])})


async def add_person(
    tx: Tx, login: str, name: str, phone: str | None, email: str | None, language: str
) -> Person | None:
    """A new person; None where the login is taken."""
    row = await tx.fetchrow(
        f"""insert into persons (login, name, phone, email, language, created_at)
            values ($1, $2, $3, $4, $5, $6) on conflict (login) do nothing returning {_PERSON}""",
        *(login, name, phone, email, language, tx.now),
    )
    return None if row is None else _person(row)


async def person(tx: Tx, number: int) -> Person | None:
    """The person with this number."""
    row = await tx.fetchrow(f"select {_PERSON} from persons where id = $1", number)
    return None if row is None else _person(row)


async def person_by_login(tx: Tx, login: str) -> Person | None:
    """The person with this login."""
    row = await tx.fetchrow(f"select {_PERSON} from persons where login = $1", login)
    return None if row is None else _person(row)


async def persons(tx: Tx, after: str, search: str, limit: int) -> list[Person]:
    """People in the order of their logins, after this one, whose login or name has `search`."""
    rows = await tx.fetch(
        f"""select {_PERSON} from persons
            where login > $1 and ($2 = '' or strpos(login, $2) > 0 or strpos(name, $2) > 0)
            order by login limit $3""",
        *(after, search, limit),
    )
    return [_person(row) for row in rows]


async def set_profile(tx: Tx, number: int, language: str, theme: str | None) -> None:
    """Change what a person chose for themselves."""
    await tx.execute(
        "update persons set language = $2, theme = $3 where id = $1", number, language, theme
    )


async def set_active(tx: Tx, number: int, active: bool) -> None:
    """Open or close an account."""
    await tx.execute("update persons set active = $2 where id = $1", number, active)


async def credential(tx: Tx, number: int, *, lock: bool = False) -> Credential | None:
    """What a person proves themselves with; `lock` holds others off until the transaction ends."""
    row = await tx.fetchrow(
        "select * from credentials where person_id = $1" + (" for update" if lock else ""), number
    )
    if row is None:
        return None
    return Credential(
        row["person_id"],
        row["password_hash"],
        row["totp_secret"],
        row["totp_last_step"],
        row["failed"],
        row["locked_until"],
        row["changed_at"],
        row["wanted_totp"],
        row["wanted_at"],
    )


async def save_credential(tx: Tx, row: Credential) -> None:
    """Write what a person proves themselves with."""
    await tx.execute(
        """insert into credentials (person_id, password_hash, totp_secret, totp_last_step, failed,
                                    locked_until, changed_at, wanted_totp, wanted_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           on conflict (person_id) do update set
             password_hash = $2, totp_secret = $3, totp_last_step = $4, failed = $5,
             locked_until = $6, changed_at = $7, wanted_totp = $8, wanted_at = $9""",
        row.person,
        row.password_hash,
        row.sealed_totp,
        row.totp_last_step,
        row.failed,
        row.locked_until,
        row.changed_at,
        row.wanted_totp,
        row.wanted_at,
    )


async def save_attempt(
    tx: Tx, number: int, step: int, failed: int, locked_until: datetime | None
) -> None:
    """Write what an attempt to sign in changed."""
    await tx.execute(
        """update credentials set totp_last_step = $2, failed = $3, locked_until = $4
           where person_id = $1""",
        *(number, step, failed, locked_until),
    )


async def add_appointment(
    tx: Tx, number: int, post: str, since: datetime, until: datetime | None, granted_by: str
) -> Appointment:
    """A new appointment."""
    row = await tx.fetchrow(
        """insert into appointments (person_id, post, since, until, granted_by)
           values ($1, $2, $3, $4, $5) returning *""",
        *(number, post, since, until, granted_by),
    )
    return _appointment(row)


async def appointments(tx: Tx, numbers: Sequence[int]) -> list[Appointment]:
    """The appointments of these people that are in force or yet to come."""
    rows = await tx.fetch(
        """select * from appointments where person_id = any($1::bigint[])
           and (until is null or until > $2) order by id""",
        *(list(numbers), tx.now),
    )
    return [_appointment(row) for row in rows]


async def names(tx: Tx, numbers: Collection[int]) -> dict[int, str]:
    """Names by number."""
    rows = await tx.fetch("select id, name from persons where id = any($1)", list(numbers))
    return {row["id"]: row["name"] for row in rows}


async def holders(tx: Tx, posts: Collection[str]) -> list[tuple[int, str, str]]:
    """(number, name, post) of who holds these posts at the transaction's moment."""
    rows = await tx.fetch(
        """select p.id, p.name, a.post from appointments a join persons p on p.id = a.person_id
           where a.post = any($1) and p.active and a.since <= $2
             and (a.until is null or a.until > $2) order by p.name, p.id, a.post""",
        *(list(posts), tx.now),
    )
    return [(row["id"], row["name"], row["post"]) for row in rows]


async def lock_person(tx: Tx, number: int) -> Person | None:
    """The person, held until the transaction ends, so that two appointments cannot pass by."""
    row = await tx.fetchrow(f"select {_PERSON} from persons where id = $1 for update", number)
    return None if row is None else _person(row)


async def end_appointment(tx: Tx, number: int, until: datetime) -> None:
    """Let an appointment end."""
    await tx.execute("update appointments set until = $2 where id = $1", number, until)


async def add_session(tx: Tx, row: Session) -> None:
    """A new session."""
    await tx.execute(
        """insert into sessions (id, person_id, csrf, created_at, seen_at, expires_at, agent,
                                 address)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        row.id,
        row.person,
        row.csrf,
        row.created_at,
        row.seen_at,
        row.expires_at,
        row.agent,
        row.address,
    )


async def session(tx: Tx, digest: bytes) -> Session | None:
    """The session with this digest."""
    row = await tx.fetchrow("select * from sessions where id = $1", digest)
    return None if row is None else _session(row)


async def sessions(tx: Tx, number: int) -> list[Session]:
    """The sessions of a person that nobody ended, the newest first."""
    rows = await tx.fetch(
        """select * from sessions where person_id = $1 and ended_at is null and expires_at > $2
           order by created_at desc""",
        *(number, tx.now),
    )
    return [_session(row) for row in rows]


async def touch(tx: Tx, digest: bytes) -> None:
    """Write down that a session was used now."""
    await tx.execute(
        "update sessions set seen_at = $2 where id = $1 and seen_at < $2", digest, tx.now
    )


async def end_sessions(tx: Tx, number: int, digests: Sequence[bytes] | None) -> list[bytes]:
    """End sessions of a person, all where `digests` is None; the digests of those it ended."""
    rows = await tx.fetch(
        """update sessions set ended_at = $2 where person_id = $1 and ended_at is null
           and ($3::bytea[] is null or id = any($3)) returning id""",
        *(number, tx.now, None if digests is None else list(digests)),
    )
    return [row["id"] for row in rows]


async def add_key(tx: Tx, row: Key) -> Key:
    """A new key; its number is the database's."""
    found = await tx.fetchrow(
        """insert into api_keys (name, system, digest, scopes, place, unit, created_by,
                                 created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning *""",
        row.name,
        row.system,
        row.digest,
        list(row.scopes),
        row.place,
        row.unit,
        row.created_by,
        row.created_at,
        row.expires_at,
    )
    return _key(found)


async def key(tx: Tx, number: int) -> Key | None:
    """The key with this number."""
    row = await tx.fetchrow("select * from api_keys where id = $1", number)
    return None if row is None else _key(row)


async def keys(tx: Tx) -> list[Key]:
    """All keys, the newest first."""
    return [_key(row) for row in await tx.fetch("select * from api_keys order by id desc")]


async def revoke_key(tx: Tx, number: int) -> bool:
    """Take a key away; whether it still opened anything."""
    done = await tx.execute(
        "update api_keys set revoked_at = $2 where id = $1 and revoked_at is null", number, tx.now
    )
    return done.endswith(" 1")

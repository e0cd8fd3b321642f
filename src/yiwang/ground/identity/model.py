"""People, their appointments, sessions and keys, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account of their own."""

    id: int
    login: str
    name: str
    phone: str | None
    email: str | None
    language: str
    active: bool
    created_at: datetime
    theme: str | None = None  # "system", "light", "dark", "sun"; None: never chosen


@dataclass(frozen=True, slots=True)
class Appointment:
    """A person holds a post from `since` until `until` (exclusive; None for no end yet)."""

    id: int
    person: int
    post: str
    since: datetime
    until: datetime | None
    granted_by: str

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at `now`."""
        return self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a person proves themselves with. `sealed_totp` is encrypted; see `totp.open_secret`.

    `wanted_totp`, sealed likewise, is set up since `wanted_at` and asked for by nobody yet.
    """

    person: int
    password_hash: str
    sealed_totp: bytes | None
    totp_last_step: int
    failed: int
    locked_until: datetime | None
    changed_at: datetime
    wanted_totp: bytes | None = None
    wanted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `id` is the SHA-256 of its token."""

    id: bytes
    person: int
    csrf: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    agent: str
    address: str

    @property
    def name(self) -> str:
        """How the session is named to its owner; it opens nothing."""
        return self.id.hex()


@dataclass(frozen=True, slots=True)
class Key:
    """The key of another system: what it may do (`scopes`), over which place, for which unit."""

    id: int
    name: str
    system: str
    digest: bytes
    scopes: tuple[str, ...]
    place: str
    unit: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def works(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that succeeded: the token is shown here and never again."""

    token: str
    csrf: str
    session: Session
    person: Person


@dataclass(frozen=True, slots=True)
class Standing:
    """A session that holds, with whose it is and which posts they hold now."""

    session: Session
    person: Person
    appointments: tuple[Appointment, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in: what was given, from which program and address."""

    login: str
    password: str
    code: str = ""
    agent: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """What a person gets to sign in with; shown once and never again."""

    person: Person
    password: str
    totp_secret: str | None


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a session lasts: without use (`idle`), at the most (`longest`); its last use is
    written down once in `touch`."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    touch: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of somebody's identity, for the record. `facts` never hold a secret.

    `matter` is "person" or "key".
    """

    action: str
    matter: str
    matter_id: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    before: str | None = None
    after: str | None = None
    article: str = "XVII"

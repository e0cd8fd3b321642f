"""What the gate knows of a request that it let in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from yiwang.ground.authority.model import Actor
from yiwang.ground.identity.model import Session

COOKIE = "yiwang_session"
CSRF_HEADER = "x-csrf-token"
TIME_HEADER = "yiwang-time"


@dataclass(frozen=True, slots=True)
class Known:
    """Who is behind a credential; asked again after `fresh_until`."""

    actor: Actor
    session: Session | None  # None for a key
    fresh_until: datetime
    theme: str | None = None  # which a person chose


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows: a token, whether it is a key's, whether a cookie carried it."""

    token: str
    key: bool
    cookie: bool

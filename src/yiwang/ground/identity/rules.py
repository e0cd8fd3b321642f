"""What a login, a key and an appointment must be: pure rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from yiwang.ground.identity.model import Session, Terms
from yiwang.ground.packs.model import Post
from yiwang.kit.errors import Refusal

_LOGIN = re.compile(r"[^\W_][\w.@-]{1,63}")
# What a key may read or write, what is sent to it, or a duty it acts under ("act:handler").
_SCOPE = re.compile(r"[a-z][a-z0-9_]{0,30}:(read|write)|events|webhooks|act:[a-z][a-z_]{0,30}")
_SYSTEM = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
# Administration is split in three, and nobody holds two (MLPS, GB/T 22239, level 3).
_APART = ("sysadmin", "secadmin", "auditor")


def normal_login(login: str) -> str:
    """The one form of a login that could be typed in several.

    Refuses ("identity.login_bad") what is not 2–64 letters, digits, dots, hyphens or @.
    """
    plain = unicodedata.normalize("NFKC", login).strip().casefold()
    if _LOGIN.fullmatch(plain) is None:
        raise Refusal("identity.login_bad")
    return plain


def require_key_form(system: str, scopes: Sequence[str]) -> None:
    """Refuse a key whose system ("identity.system_bad") or scopes ("identity.scope_bad") have not
    the form they need."""
    if _SYSTEM.fullmatch(system) is None:
        raise Refusal("identity.system_bad", system=system)
    if not scopes:
        raise Refusal("identity.scope_none")
    for scope in scopes:
        if _SCOPE.fullmatch(scope) is None:
            raise Refusal("identity.scope_bad", scope=scope)


def require_apart(post: str, held: Iterable[str], posts: Mapping[str, Post]) -> None:
    """Refuse ("identity.apart") a post that would give one person two of the three
    administrations: of the system, of security, of audit."""
    duties = {duty for code in (*held, post) if code in posts for duty in posts[code].duties} & set(
        _APART
    )
    if len(duties) > 1:
        raise Refusal("identity.apart", duties=", ".join(sorted(duties)))


def session_over(session: Session, now: datetime, terms: Terms) -> str | None:
    """The code of the reason why a session no longer holds at `now`, or None while it does."""
    if session.ended_at is not None:
        return "identity.session_ended"
    if now >= session.expires_at:
        return "identity.session_expired"
    if now >= session.seen_at + terms.idle:
        return "identity.session_idle"
    return None

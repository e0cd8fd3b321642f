"""Passwords: which are good enough, how they are hashed, how one is made."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from yiwang.kit.errors import Fault, Refusal

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, salt_len=16)
# No letter or digit that is taken for another one when read aloud or from paper.
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP = 4, 5


@dataclass(frozen=True, slots=True)
class Policy:
    """Which passwords are taken: `enough` characters of any sort, or `shortest` of at least
    `classes` of the four sorts (small letters, capitals, digits, others)."""

    shortest: int = 8
    enough: int = 12
    classes: int = 3
    longest: int = 128
    distinct: int = 5  # different characters


POLICY = Policy()


def normalise(password: str) -> str:
    """The one form of a password that could be typed in several (NIST SP 800-63B, NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _classes(password: str) -> int:
    return sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.islower() and not c.isupper() and not c.isdigit() for c in password),
        )
    )


def weaknesses(password: str, login: str, policy: Policy = POLICY) -> list[Fault]:
    """What is wrong with a password for this login; nothing when it is good enough."""
    plain = normalise(password)
    found: list[tuple[str, dict[str, int]]] = []
    if len(plain) > policy.longest:
        found.append(("identity.password_long", {"longest": policy.longest}))
    sorts = _classes(plain)
    if len(plain) < policy.enough and (len(plain) < policy.shortest or sorts < policy.classes):
        found.append(
            (
                "identity.password_short",
                {"enough": policy.enough, "shortest": policy.shortest, "classes": policy.classes},
            )
        )
    if len(set(plain)) < policy.distinct:
        found.append(("identity.password_monotonous", {"distinct": policy.distinct}))
    name = login.casefold().split("@")[0]
    if len(name) >= 3 and name in plain.casefold():
        found.append(("identity.password_login", {}))
    return [Fault("/password", code, facts) for code, facts in found]


def require_good(password: str, login: str, policy: Policy = POLICY) -> None:
    """Refuse ("identity.password_weak") a password that is not good enough, and say why."""
    faults = weaknesses(password, login, policy)
    if faults:
        raise Refusal("identity.password_weak", faults=faults)


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its salt and parameters (about 20 ms)."""
    return _HASHER.hash(normalise(password))


def matches(stored: str, password: str) -> bool:
    """Whether a password is the one behind this hash."""
    try:
        return _HASHER.verify(stored, normalise(password))
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def generate_password() -> str:
    """A random password of 20 characters in four groups (115 bits)."""
    letters = [secrets.choice(_ALPHABET) for _ in range(_GROUPS * _GROUP)]
    return "-".join("".join(letters[i : i + _GROUP]) for i in range(0, len(letters), _GROUP))

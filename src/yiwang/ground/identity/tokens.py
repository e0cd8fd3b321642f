"""Tokens of sessions and keys: 256 random bits; only their SHA-256 is ever stored."""

from __future__ import annotations

import hashlib
import re
import secrets

_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_KEY = re.compile(r"yw_([1-9][0-9]{0,17})_([A-Za-z0-9_-]{43})")


def generate_token() -> str:
    """A new random token of 43 characters."""
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8")).digest()


def is_token(text: str) -> bool:
    """Whether a text has the form of a session's token."""
    return _TOKEN.fullmatch(text) is not None


def key_token(key: int, secret: str) -> str:
    """The key as its system shows it."""
    return f"yw_{key}_{secret}"


def key_parts(text: str) -> tuple[int, str] | None:
    """The number and the secret of what may be a key, or None where it has not the form of one."""
    found = _KEY.fullmatch(text)
    return None if found is None else (int(found[1]), found[2])


def same(left: bytes, right: bytes) -> bool:
    """Whether two digests are the same, in a time that does not tell where they differ."""
    return secrets.compare_digest(left, right)

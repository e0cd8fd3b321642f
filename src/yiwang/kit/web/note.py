"""What the platform notes about one request while it is answered."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from yiwang.kit.words import LANGUAGES

_KEY = "yiwang.note"
_LANGUAGE = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([0-9.]+))?\s*$")


@dataclass(slots=True)
class Note:
    """The request's id, who asks (once somebody found out), and in which language they read."""

    id: str = ""
    caller: str = ""
    language: str = ""


def note_of(scope: MutableMapping[str, Any]) -> Note:
    """The note of the request with this ASGI scope; a new one where none was made yet."""
    found = scope.get(_KEY)
    if isinstance(found, Note):
        return found
    made = Note()
    scope[_KEY] = made
    return made


def header(scope: MutableMapping[str, Any], name: bytes) -> str | None:
    """The first header called `name` (lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def accepted(value: str) -> str | None:
    """The language of ours that an Accept-Language header wants most (RFC 9110, 12.5.4)."""
    best, weight = None, 0.0
    for part in value.split(","):
        found = _LANGUAGE.match(part)
        if found is None or found[1].lower() not in LANGUAGES:
            continue
        try:
            q = float(found[2] or 1)
        except ValueError:
            continue
        if q > weight:
            best, weight = found[1].lower(), q
    return best


def language_of(scope: MutableMapping[str, Any]) -> str:
    """The language to answer in: what the request asks for, else the caller's own, else Chinese."""
    asked = header(scope, b"accept-language")
    return (asked and accepted(asked)) or note_of(scope).language or "zh"

"""Conditional requests (RFC 9110, 13): nobody overwrites what they have not seen."""

from __future__ import annotations

import re

from starlette.requests import HTTPConnection

from yiwang.kit.errors import Refusal

_ANY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x2b\x2d-\x7e]{1,80})"')
_TAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')


def tag(version: int) -> str:
    """The ETag of a matter's version."""
    return f'"{version}"'


def seen_version(request: HTTPConnection) -> int | None:
    """The version the caller has seen, from If-Match; None where they do not say or say "*".

    Refuses ("web.if_match_bad") anything but one version.
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = _TAG.fullmatch(given.strip())
    if found is None:
        raise Refusal("web.if_match_bad")
    return int(found[1])


def seen_tags(request: HTTPConnection) -> tuple[str, ...] | None:
    """The ETags the caller has seen, from If-Match, without quotes; None where they do not say
    or say "*". Refuses ("web.if_match_bad") what is no list of them.
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = [_ANY_TAG.fullmatch(part.strip()) for part in given.split(",")]
    tags = tuple(one[1] for one in found if one is not None)
    if len(tags) < len(found):
        raise Refusal("web.if_match_bad")
    return tags


def require_version(matter: str, current: int, seen: int | None) -> None:
    """Refuse ("procedure.version", 412) where the caller saw another version than `current`."""
    if seen is not None and seen != current:
        raise Refusal("procedure.version", matter=matter, seen=seen, current=current)


def unchanged(request: HTTPConnection, current: str) -> bool:
    """Whether the caller already has the answer whose ETag is `current` (If-None-Match)."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    if given.strip() == "*":
        return True
    wanted = current.removeprefix("W/")
    return any(part.strip().removeprefix("W/") == wanted for part in given.split(","))

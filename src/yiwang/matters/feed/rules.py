"""Whose news is what, and how patient we are: pure decisions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from yiwang.ground.authority.rules import covers
from yiwang.kit.errors import Refusal
from yiwang.matters.feed.model import MATTERS, Key, Occurrence, Reach, Wanted, Webhook

_KEY = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)
_ACTION = re.compile(r"\*|([a-z][a-z0-9_]*)\.(?:\*|[a-z][a-z0-9_]*)", re.ASCII)
_FIRST_S = 1
_LONGEST_S = 3600


def parse_key(text: str) -> Key:
    """Where a listener resumes, from the id of an event ("feed.resume_bad" for anything else)."""
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise Refusal("feed.resume_bad")
    return int(found[1]), int(found[2])


def check_actions(actions: Iterable[str]) -> tuple[str, ...]:
    """Actions as "case.file", "case.*" or "*"; refuses others ("feed.action_unknown")."""
    known = tuple(dict.fromkeys(actions))
    for action in known:
        found = _ACTION.fullmatch(action)
        if found is None or (found[1] is not None and found[1] not in MATTERS):
            raise Refusal(
                "feed.action_unknown", action=action, possible=[f"{m}.*" for m in MATTERS]
            )
    return known


def _takes(actions: Iterable[str], occurrence: Occurrence) -> bool:
    return any(action in ("*", occurrence.action, f"{occurrence.matter}.*") for action in actions)


def concerns(reach: Reach, occurrence: Occurrence) -> bool:
    """Whether it lies in one's places, a unit of one's own is party to it, or one did it."""
    return (
        any(covers(place, occurrence.place) for place in reach.places)
        or occurrence.unit in reach.units
        or any(unit in occurrence.parties for unit in reach.units)
        or occurrence.actor == reach.actor
    )


def fits(wanted: Wanted, occurrence: Occurrence) -> bool:
    """Whether it is what a listener asked for."""
    return (
        occurrence.matter in (wanted.matters or MATTERS)
        and (not wanted.actions or _takes(wanted.actions, occurrence))
        and (not wanted.place or covers(wanted.place, occurrence.place))
        and (wanted.case_id is None or wanted.case_id == occurrence.case_id)
    )


def is_due_to(webhook: Webhook, occurrence: Occurrence) -> bool:
    """Whether a webhook gets it."""
    return (
        occurrence.matter in MATTERS
        and _takes(webhook.actions, occurrence)
        and covers(webhook.place, occurrence.place)
        and (
            webhook.unit is None
            or webhook.unit == occurrence.unit
            or webhook.unit in occurrence.parties
        )
    )


def above(path: str) -> Iterator[str]:
    """A place's path and those of all places above it."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def backoff(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: 1 s, doubled each time, 1 h at most."""
    return timedelta(seconds=min(_FIRST_S * 2 ** min(max(failures - 1, 0), 20), _LONGEST_S))


def gives_up(failing_since: datetime | None, now: datetime, days: float) -> bool:
    """Whether a receiver failed for so long that it gets nothing more."""
    return failing_since is not None and now - failing_since >= timedelta(days=days)


def secret_text(secret: bytes) -> str:
    """A webhook's secret as its receiver keeps it (Standard Webhooks: whsec_ and Base64)."""
    return "whsec_" + base64.b64encode(secret).decode("ascii")


def sign(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> str:
    """The signature of a delivery: HMAC-SHA256 over id.timestamp.body (Standard Webhooks, v1)."""
    signed = f"{message_id}.{timestamp_s}.".encode("ascii") + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode("ascii")


def follows(wanted: Wanted, case_id: int) -> bool:
    """Whether a listener follows a case whatever happens to it."""
    cases = not wanted.matters or "case" in wanted.matters
    return cases and not wanted.actions and wanted.case_id in (None, case_id)

"""How guessing is slowed down: pure rules over the count of failures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Lockout:
    """After every `failures` wrong attempts in a row the account is locked, first for `first`,
    then twice as long each time, at most for `longest`."""

    failures: int = 5
    first: timedelta = timedelta(minutes=15)
    longest: timedelta = timedelta(hours=24)


LOCKOUT = Lockout()
_MOST_DOUBLINGS = 20


def locked(locked_until: datetime | None, now: datetime) -> bool:
    """Whether an account is locked at `now`."""
    return locked_until is not None and now < locked_until


def after_failure(
    failed: int, now: datetime, rules: Lockout = LOCKOUT
) -> tuple[int, datetime | None]:
    """The count of failures after one more, and until when the account is locked, if it is."""
    count = failed + 1
    if count % rules.failures:
        return count, None
    doublings = min(count // rules.failures - 1, _MOST_DOUBLINGS)
    return count, now + min(rules.first * 2**doublings, rules.longest)

"""Pure decisions about the duty roster and about telephone numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from yiwang.kit.errors import Refusal
from yiwang.matters.assist.model import Elsewhere, Held, Role, Shift

LONGEST_WINDOW = timedelta(days=93)
LONGEST_SHIFT = timedelta(hours=48)
_FEWEST_DIGITS = 5  # short service numbers have five


def require_window(start: datetime, end: datetime) -> None:
    """Refuse a window that ends before it begins or is longer than three months."""
    if not start < end or end - start > LONGEST_WINDOW:
        raise Refusal("roster.window", days=LONGEST_WINDOW.days)


def digest_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """What a planned window says, as one short word: the same shifts give the same."""
    said = sorted(f"{row['role']} {row['person']} {row['since']} {row['until']}" for row in rows)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def require_seen(rows: Sequence[Mapping[str, Any]], seen: Collection[str] | None) -> None:
    """Refuse to replace shifts that the planner has not seen ("roster.changed")."""
    if seen is not None and digest_of(rows) not in seen:
        raise Refusal("roster.changed")


def require_shifts(
    unit: str,
    start: datetime,
    end: datetime,
    shifts: Sequence[Shift],
    names: Mapping[int, str],
    posts: Mapping[int, Sequence[Held]],
    elsewhere: Iterable[Elsewhere],
) -> None:
    """Refuse shifts that cannot be: outside the window, too long, of nobody known, of somebody
    without a post there (a duty chief needs that duty), of somebody twice at once.

    `names` are the people there are; `elsewhere` holds the shifts that stay beside these.
    """
    for shift in shifts:
        if not start <= shift.since < end:
            raise Refusal("roster.outside", since=shift.since.isoformat())
        if not timedelta(0) < shift.until - shift.since <= LONGEST_SHIFT:
            hours = LONGEST_SHIFT // timedelta(hours=1)
            raise Refusal("roster.length", since=shift.since.isoformat(), hours=hours)
        if shift.person not in names:
            raise Refusal("roster.person_unknown", person=shift.person)
        _require_post(unit, shift, names[shift.person], posts.get(shift.person, ()))
    _require_once(unit, shifts, names, elsewhere)


def _require_post(unit: str, shift: Shift, name: str, held: Sequence[Held]) -> None:
    there = [
        row
        for row in held
        if row.unit == unit
        and row.since <= shift.since
        and (row.until is None or shift.until <= row.until)
    ]
    if not there:
        raise Refusal("roster.no_post", name=name, unit=unit, since=shift.since.isoformat())
    if shift.role is Role.DUTY_CHIEF and not any("duty_chief" in row.duties for row in there):
        raise Refusal("roster.not_chief", name=name, unit=unit)


def _require_once(
    unit: str, shifts: Sequence[Shift], names: Mapping[int, str], elsewhere: Iterable[Elsewhere]
) -> None:
    """Nobody is at two places at once."""
    people = {shift.person for shift in shifts}
    planned = [(shift, unit) for shift in shifts]
    planned += [(row.shift, row.unit) for row in elsewhere if row.shift.person in people]
    planned.sort(key=lambda row: (row[0].person, row[0].since, row[0].until))
    for (one, first), (other, second) in pairwise(planned):
        if one.person == other.person and other.since < one.until:
            raise Refusal(
                "roster.twice",
                name=names[one.person],
                first=first,
                second=second,
                since=other.since.isoformat(),
            )


def spellings(phone: str, country: str) -> tuple[str, ...]:
    """Every way in which the digits of one number may have been written down.

    `country` is the city's country code, which people write or leave out. Refuses what has too few
    digits to be a number ("callers.phone_bad").
    """
    digits = "".join(char for char in phone if char.isascii() and char.isdigit())
    local = digits.removeprefix("00") if digits.startswith("00") else digits
    # A number is not taken for shorter than one: a country code alone is none.
    if country and local.startswith(country) and len(local) - len(country) >= 2 * _FEWEST_DIGITS:
        local = local.removeprefix(country)
    if len(local) < _FEWEST_DIGITS or len(digits) > 20:
        raise Refusal("callers.phone_bad")
    found = (local, country + local, "00" + country + local) if country else (local, "00" + local)
    return tuple(dict.fromkeys(found))

"""Draws the lives of many cases: when reported, what and where, and how far each has come."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from yiwang.bulk.choices import Choices
from yiwang.bulk.deadlines import Seconds
from yiwang.ground.city import City

Numbers: TypeAlias = NDArray[np.int64]

YEARS = 2
_DAY = 86_400
_HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 14, 9, 11, 15, 15, 13, 10, 8, 6, 5, 4, 3, 2)
_WEEKEND = 0.6  # of a weekday's reports
_OPEN_SHARE = 0.025
_OPEN_AGE_DAYS = 9.0  # open cases are young: the mean age of an exponential
_RETURNED = 0.03
_REPEATS = 0.06
_CANCELLED = 0.01


class Life(IntEnum):
    """How far a case has come."""

    REPORTED = 0
    FILED = 1
    ISSUED = 2
    ACCEPTED = 3
    SUSPENDED = 4
    CHECKING = 5
    CLOSED = 6
    CANCELLED = 7


# The youngest open cases wait to be dispatched, the older ones are being handled or checked.
_YOUNGEST = ((Life.REPORTED, 0.03), (Life.FILED, 0.07), (Life.ISSUED, 0.18))
_OLDER = ((Life.ACCEPTED, 0.69), (Life.SUSPENDED, 0.08), (Life.CHECKING, 0.23))


@dataclass(frozen=True, slots=True)
class Draw:
    """The skeleton of all cases of a run, in the order of their reports; arrays of one length."""

    reported: Seconds
    day: Numbers  # since 1970 in the city's zone
    kind: Numbers  # index into the choices
    place: Numbers
    life: Numbers
    repeats: Numbers  # further reports of the same thing
    dice: Numbers  # free choices: points, words, house numbers
    returned: NDArray[np.bool_]  # the first unit gave it back

    def part(self, start: int, end: int) -> Draw:
        """The cases from `start` to `end`."""
        return Draw(*(getattr(self, field.name)[start:end] for field in fields(self)))


def draw(
    city: City,
    choices: Choices,
    count: int,
    until: datetime,
    seed: int,
    open_cases: int | None = None,
) -> Draw:
    """The skeletons of `count` cases of the two years before `until`; the newest `open_cases` of
    them are open, or by default some of the last weeks."""
    rng = np.random.default_rng([seed, count])
    end = int(until.timestamp())
    offset = until.astimezone(city.zone).utcoffset()
    shift = int(offset.total_seconds()) if offset else 0
    reported = _moments(rng, count, end, shift)
    life = np.full(count, Life.CLOSED, dtype=np.int64)
    life[rng.random(count) < _CANCELLED] = Life.CANCELLED
    if open_cases is None:
        ages = rng.exponential(_OPEN_AGE_DAYS * _DAY, round(count * _OPEN_SHARE))
        young = np.unique(np.clip(np.searchsorted(reported, end - ages), 0, count - 1))
    else:
        young = np.arange(max(0, count - open_cases), count)
    life[young] = _open_lives(rng, len(young))
    return Draw(
        reported=reported,
        day=(reported + shift) // _DAY,
        kind=rng.choice(len(choices.kinds), count, p=choices.kind_weights),
        place=rng.choice(len(choices.places), count, p=choices.place_weights),
        life=life,
        repeats=np.where(rng.random(count) < _REPEATS, rng.integers(1, 4, count), 0),
        dice=rng.integers(0, 2**62, count),
        returned=rng.random(count) < _RETURNED,
    )


def _open_lives(rng: np.random.Generator, count: int) -> Numbers:
    """How far open cases have come, the oldest first."""
    lives = rng.choice([life for life, _ in _OLDER], count, p=[share for _, share in _OLDER])
    end = count
    for life, share in _YOUNGEST:
        start = end - round(count * share)
        lives[start:end] = life
        end = start
    return lives


def _moments(rng: np.random.Generator, count: int, end: int, shift: int) -> Seconds:
    """Moments with the rhythm of a day, a week and a year, the earliest first."""
    days = np.arange((end + shift) // _DAY - YEARS * 365, (end + shift) // _DAY)
    weekend = (days + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    season = 1 + 0.25 * np.sin(2 * np.pi * (days % 365 - 100) / 365)
    weights = np.where(weekend, _WEEKEND, 1.0) * season * rng.lognormal(0, 0.12, len(days))
    day = rng.choice(days, count, p=weights / weights.sum())
    hours = np.array(_HOURS, dtype=np.float64)
    hour = rng.choice(24, count, p=hours / hours.sum())
    found: Seconds = np.sort(day * _DAY + hour * 3600 + rng.integers(0, 3600, count) - shift)
    return found

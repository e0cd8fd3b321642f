"""Case numbers of many cases, from the same counters the platform takes them from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import asyncpg

from yiwang.ground.city import City
from yiwang.kit.numbering import RESERVE

_EPOCH = date(1970, 1, 1)
_DEFAULT = "{division}{date}{sequence:05d}"


async def take_numbers(
    conn: asyncpg.Connection, city: City, divisions: Sequence[str], days: Sequence[int]
) -> list[str]:
    """A number for each case; `days` count from 1970-01-01 in the city's zone.

    Numbers taken for a chunk that then fails are lost, never given twice.
    """
    dates = {day: _EPOCH + timedelta(days=day) for day in set(days)}
    keys = [
        f"case:{division}:{dates[day]:%Y%m%d}"
        for division, day in zip(divisions, days, strict=True)
    ]
    wanted = sorted(Counter(keys).items())
    rows = await conn.fetch(RESERVE, [name for name, _ in wanted], [n for _, n in wanted])
    amounts = dict(wanted)
    following = {row["name"]: row["n"] - amounts[row["name"]] + 1 for row in rows}
    templates = {
        day: str(city.setting("case.number_pattern", city.root_path, on, _DEFAULT))
        for day, on in dates.items()
    }
    numbers = []
    for key, division, day in zip(keys, divisions, days, strict=True):
        numbers.append(
            templates[day].format(
                division=division, date=f"{dates[day]:%Y%m%d}", sequence=following[key]
            )
        )
        following[key] += 1
    return numbers

"""Which row holds where and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from yiwang.ground.packs.effective import holds, ranked, select

DAY = date(2026, 1, 1)
PATH = "city.d1.t1"


@dataclass(frozen=True, slots=True)
class Rule:
    place: str
    valid_from: date | None
    valid_to: date | None


days = st.none() | st.integers(-5, 5).map(lambda offset: DAY + timedelta(days=offset))
rules = st.builds(Rule, st.sampled_from(("city", "d1", "t1", "d2", "t2")), days, days)


@given(st.lists(rules, max_size=8))
def test_the_strongest_is_never_beaten(rows: list[Rule]) -> None:
    usable = [
        (PATH.split(".").index(row.place), row.valid_from or date.min, index)
        for index, row in enumerate(rows)
        if row.place in PATH.split(".")
        and (row.valid_from is None or row.valid_from <= DAY)
        and (row.valid_to is None or row.valid_to > DAY)
    ]
    assert ranked(rows, PATH, DAY) == [rows[index] for *_, index in sorted(usable, reverse=True)]
    assert select(rows, PATH, DAY) == (rows[max(usable)[2]] if usable else None)


def test_deeper_then_later_then_last() -> None:
    city, early = Rule("city", DAY, None), Rule("d1", None, None)
    late, again = Rule("d1", DAY, None), Rule("d1", DAY, None)
    assert select([early, city], PATH, DAY) is early
    assert select([late, early], PATH, DAY) is late
    assert select([late, again], PATH, DAY) is again
    assert select([late], "city.d2", DAY) is None


def test_the_last_day_no_longer_counts() -> None:
    row = Rule("city", DAY, DAY + timedelta(days=1))
    assert holds(row, DAY)
    assert not holds(row, DAY + timedelta(days=1))
    assert not holds(row, DAY - timedelta(days=1))

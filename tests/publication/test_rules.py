"""What is told and what is held back: pure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.kit import words
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.panels.rules import bucket
from yiwang.matters.publication import rules

DAY_S = 86_400


def _counts(on_time: int, late: int, closed: int) -> dict[str, int]:
    return {"on_time": on_time, "late": late, f"time.total:{bucket(2 * DAY_S)}": closed}


def test_what_is_too_little_is_held_back_and_said() -> None:
    few = rules.figures(_counts(8, 1, 9), 3, 1, 10)
    assert (few.on_time, few.median_days, few.p90_days) == (None, None, None)
    assert set(few.few) == {"on_time", "median_days", "p90_days"}
    enough = rules.figures(_counts(9, 1, 10), 3, 1, 10)
    assert enough.on_time == 90.0
    assert enough.median_days == pytest.approx(2, rel=0.05)
    assert enough.few == ()


def test_nothing_is_no_figure_and_not_called_too_little() -> None:
    none = rules.figures({}, 0, 0, 10)
    assert (none.on_time, none.satisfaction, none.few) == (None, None, ())


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 30))
def test_no_share_is_ever_of_fewer_than_the_least(on_time: int, late: int, least: int) -> None:
    told = rules.figures(_counts(on_time, late, 0), 0, 0, least)
    assert (told.on_time is not None) == (on_time + late >= least)


def test_equal_ones_rank_alike_and_whoever_has_no_figure_has_no_rank() -> None:
    rows = [("a", 90.0), ("b", 95.0), ("c", None), ("d", 90.0), ("e", 10.0)]
    assert rules.ranks(rows) == ({"a": 2, "b": 1, "d": 2, "e": 4}, 4)
    assert rules.ranks(rows, ascending=True)[0]["e"] == 1


def test_the_hottest_are_those_seen_often_enough() -> None:
    counts = {"kind:a": 9, "kind:b": 30, "kind:c": 10, "opened": 49}
    assert rules.hottest(counts, 10) == [("b", 30), ("c", 10)]


def test_every_state_is_said_plainly_with_what_comes_next() -> None:
    for state in CASES.table.states:
        for passed in (True, False):
            plain = rules.plain_state(state, passed)
            for sort in ("public_state", "public_next"):
                said = words.label(sort, plain)
                assert said["zh"] != plain, (sort, plain)
                assert said["en"] != plain, (sort, plain)
    assert rules.plain_state("closed", False) == "unchecked"


def test_months_go_back_over_new_year() -> None:
    found = rules.months(datetime(2026, 2, 27, 9, 30, tzinfo=UTC), 4)
    assert [f"{one:%Y-%m-%d %H:%M}" for one in found] == [
        "2025-11-01 00:00",
        "2025-12-01 00:00",
        "2026-01-01 00:00",
        "2026-02-01 00:00",
    ]

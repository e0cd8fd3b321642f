"""The order of a plan's steps, whatever the records are."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.replay import sample

from yiwang.replay.dataset import Adapter, Record, read_adapter
from yiwang.replay.plan import Closing, Filing, Known, make_plan

KNOWN = Known(
    kinds={"sample/1/lamp-out"},
    repeatable={"sample/1/lamp-out"},
    places={"sample", "old_town", "p0101"},
    units={"pw_lamps"},
)
START = datetime(2011, 3, 7, tzinfo=sample.ZONE)
MINUTES = st.integers(0, 60 * 24 * 200)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    return read_adapter(sample.write_pack(tmp_path_factory.mktemp("plan") / "sample"))


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    lives = draw(st.lists(st.tuples(MINUTES, st.none() | MINUTES), min_size=1, max_size=60))
    return [
        sample.record(
            number,
            opened=(opened := START + timedelta(minutes=begins)),
            closed=None if lasts is None else opened + timedelta(minutes=lasts),
        )
        for number, (begins, lasts) in enumerate(lives)
    ]


@given(records(), st.integers(1, 20))
def test_every_step_comes_once_and_in_its_time(
    adapter: Adapter, given_records: list[Record], size: int
) -> None:
    plan = make_plan(given_records, adapter, KNOWN, size)
    filings = [one for window in plan.windows for one in window.filings]
    closings = [one for window in plan.windows for one in window.closings]
    assert sorted(one.external_id for one in filings) == sorted(one.id for one in given_records)
    ended = sorted(one.id for one in given_records if one.closed)
    assert sorted(one.external_id for one in closings) == ended
    assert (plan.reports, plan.closings) == (len(filings), len(closings))
    assert plan.steps == len(filings) + len(closings)
    seen: set[str] = set()
    latest = START
    for index, window in enumerate(plan.windows):
        assert window.index == index
        assert 1 <= len(window.filings) + len(window.closings) <= size
        assert window.since >= latest
        latest = window.until
        seen.update(one.external_id for one in window.filings)
        assert {one.external_id for one in window.closings} <= seen


@given(records(), st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_the_files(
    adapter: Adapter, given_records: list[Record], random: object
) -> None:
    mixed = list(given_records)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert make_plan(mixed, adapter, KNOWN, 7) == make_plan(given_records, adapter, KNOWN, 7)


def test_no_report_shares_a_window_with_the_earlier_end_of_its_like(adapter: Adapter) -> None:
    def windows(**given: object) -> int:
        first = sample.record(1, opened=START, closed=START + timedelta(hours=1))
        later = sample.record(2, opened=START + timedelta(hours=2), **given)
        return len(make_plan([first, later], adapter, KNOWN).windows)

    assert windows() == 2
    assert windows(lon=-71.001) == 2
    assert windows(lon=-71.01) == 1
    assert windows(type="Pothole") == 1  # no kind that can repeat
    assert windows(placeholder=True) == 1


def test_another_plan_has_another_digest(adapter: Adapter) -> None:
    one = make_plan([sample.record(1)], adapter, KNOWN)
    assert one.digest != make_plan([sample.record(2)], adapter, KNOWN).digest
    assert one.digest != make_plan([sample.record(1)], adapter, KNOWN, 7).digest


def _filing(adapter: Adapter, **given: object) -> Filing:
    return make_plan([sample.record(1, **given)], adapter, KNOWN).windows[0].filings[0]


def test_a_report_says_only_what_was_known_at_intake(adapter: Adapter) -> None:
    filing = _filing(adapter, closing="SECRET", closed=START + timedelta(days=9))
    assert filing.body["kind"] == "sample/1/lamp-out"
    assert filing.body["external_id"] == "1"
    text = repr(filing.body)
    assert not re.search(r"SECRET|0101|pw_lamps|Old Town|ONTIME", text)


def test_what_the_pack_does_not_know_is_left_out(adapter: Adapter) -> None:
    filing = _filing(adapter, type="New sort", queue="New queue", precinct="9999")
    assert (filing.kind, filing.unit) == ("", "")
    assert "kind" not in filing.body
    assert filing.place == "old_town"
    assert _filing(adapter, precinct="", neighbourhood="").place == "sample"
    assert _filing(adapter).place == "p0101"


@pytest.mark.parametrize(
    ("text", "duplicate", "outcome"),
    [
        ("Case closed. Duplicate of 17", True, "solved"),
        ("NOT OURS: private way", False, "not_ours"),
        ("Repaired", False, "solved"),
        ("", False, "solved"),
    ],
)
def test_a_closing_says_what_its_text_says(
    adapter: Adapter, text: str, duplicate: bool, outcome: str
) -> None:
    ended = sample.record(1, closing=text, closed=START + timedelta(days=9))
    (closing,) = (
        one for window in make_plan([ended], adapter, KNOWN).windows for one in window.closings
    )
    assert isinstance(closing, Closing)
    assert (closing.duplicate, closing.outcome) == (duplicate, outcome)
    assert closing.result.strip()

"""Percentiles, figures, comparisons and the table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.bench.figure import make_figure, percentile, summarise
from yiwang.bench.keeping import compare
from yiwang.bench.results import draw_table, read_results, write_result
from yiwang.bench.wall import frames_a_second, growth


def test_a_percentile_is_a_latency_that_was_measured() -> None:
    """Nearest rank of 1 .. 100."""
    latencies = np.arange(1, 101, dtype=np.float32)
    assert percentile(latencies, 0.50) == 50
    assert percentile(latencies, 0.95) == 95
    assert percentile(latencies, 0.99) == 99
    assert percentile(latencies[:3], 0.99) == 3
    assert percentile(latencies[:0], 0.5) is None


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=200),
    st.sampled_from([0.5, 0.95, 0.99]),
)
def test_enough_answers_keep_to_a_percentile(found: list[int], share: float) -> None:
    """At least the share lies at or below it, and fewer below it."""
    latency = percentile(np.array(found, dtype=np.float32), share)
    assert latency in found
    assert sum(one <= latency for one in found) >= share * len(found)
    assert sum(one < latency for one in found) < share * len(found)


def test_a_figure_has_its_share_of_the_limit() -> None:
    """The ratio, and none without a limit."""
    latencies = np.array([5, 1, 3], dtype=np.float32)
    figure = make_figure("x", 350.0, "a/s", 1000.0, latencies, 2, {"seed": 1})
    assert (figure.ratio, figure.p50_ms, figure.errors) == (0.35, 3.0, 2)
    assert make_figure("x", 1.0, "s", None, latencies, 0, {}).ratio is None
    assert summarise(latencies) == {"p50_ms": 3.0, "p95_ms": 5.0, "p99_ms": 5.0}


@pytest.mark.parametrize(
    ("acknowledged", "stored", "lost", "doubled"),
    [
        ([0, 1, 2], [2, 1, 0], 0, 0),
        ([0, 1], [0, 1, 7], 0, 0),  # stored, but the answer never arrived: nobody was promised
        ([0, 1, 2], [0, 2], 1, 0),
        ([0, 1], [0, 1, 1, 1], 0, 2),
        ([], [], 0, 0),
    ],
)
def test_what_was_acknowledged_is_there_once(
    acknowledged: list[int], stored: list[int], lost: int, doubled: int
) -> None:
    """Lost, doubled and merely unanswered reports are told apart."""
    kept = compare(np.array(acknowledged, np.int64), np.array(stored, np.int64))
    assert (kept.lost, kept.doubled, kept.errors) == (lost, doubled, lost + doubled)


def test_results_are_kept_and_drawn(tmp_path: Path) -> None:
    """One file per bench, replaced by the next run; one row each in the table."""
    latencies = np.array([1.5], dtype=np.float32)
    at = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    write_result(make_figure("b", 1.0, "a/s", 2.0, latencies, 0, {}), at, tmp_path)
    write_result(make_figure("b", 12_345.6, "a/s", 20_000.0, latencies, 0, {}), at, tmp_path)
    write_result(make_figure("a", 7.25, "s", None, latencies[:0], 3, {}), at, tmp_path)
    results = read_results(tmp_path)
    assert [row["bench"] for row in results] == ["a", "b"]
    assert results[1]["machine"]["cores"] >= 1
    lines = draw_table(results).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| a | 7.25 s | – | – | – | – | – | 3 | ")
    assert lines[3].startswith("| b | 12 346 a/s | 20 000 a/s | 0.617 | 1.5 | 1.5 | 1.5 | 0 | ")
    assert lines[3].endswith("| 2026-11-20 |")


def test_frames_a_second_are_those_of_the_whole_time() -> None:
    assert frames_a_second([10.0, 10.0, 20.0]) == pytest.approx(75.0)
    assert frames_a_second([]) == 0.0


def test_growth_is_the_slope_after_the_first_quarter() -> None:
    warming = [(0.0, 500.0), (10.0, 90.0)]
    steady = [(20.0 + 10 * i, 100.0 + i) for i in range(6)]
    assert growth(warming + steady) == pytest.approx(360.0)
    assert growth(steady[:3]) is None

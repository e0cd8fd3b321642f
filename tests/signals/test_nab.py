"""The scorer of the anomaly benchmark: corners known by arithmetic, and a published score."""

from __future__ import annotations

import json
from math import exp
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.bench.detect import score_gaussian
from yiwang.bench.nab import PROFILES, judge, mark
from yiwang.signals.alerts.anomaly import read_series

STANDARD, LOW_FP, LOW_FN = PROFILES
COUNT = 1000
MARKED = mark(COUNT, [(400, 449), (800, 849)])


def _alarms(*places: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    scores = np.zeros(COUNT)
    scores[list(places)] = 1.0
    return scores


def _score(*places: int, threshold: float | None = 0.5) -> float:
    return judge({"one": (MARKED, _alarms(*places))}, STANDARD, threshold).score


def _sigmoid(x: float) -> float:
    return 2 / (1 + exp(5 * x)) - 1


def test_null_and_perfect() -> None:
    for profile in PROFILES:
        assert judge({"one": (MARKED, _alarms())}, profile, 0.5).score == 0
        assert judge({"one": (MARKED, _alarms(400, 800))}, profile, 0.5).score == pytest.approx(100)


def test_the_earliest_alarm_of_a_window_counts_alone() -> None:
    early = _score(410)
    assert _score(410, 420, 449) == pytest.approx(early)
    assert _score(420) < early
    worth = _sigmoid(-40 / 50) / _sigmoid(-1)
    assert early == pytest.approx(100 * (worth + 1) / 4)


def test_false_alarms_cost_more_the_farther_behind() -> None:
    before, near, far = (_score(400, 800, place) for place in (300, 451, 700))
    assert before == pytest.approx(far) == pytest.approx(100 * (4 - 0.11) / 4)
    assert far < near < 100
    assert near == pytest.approx(100 * (4 + 0.11 * _sigmoid(2 / 49)) / 4)


def test_probation_is_not_judged() -> None:
    assert _score(*range(150)) == 0
    assert _score(150) < 0
    assert mark(10_000, []).judged.sum() == 9250


def test_profiles_weigh_false_and_missed_alarms() -> None:
    series = {"one": (MARKED, _alarms(300, 400))}
    standard, low_fp, low_fn = (judge(series, profile, 0.5).score for profile in PROFILES)
    assert standard == pytest.approx(100 * (2 - 0.11) / 4)
    assert low_fp == pytest.approx(100 * (2 - 0.22) / 4)
    assert low_fn == pytest.approx(100 * (3 - 0.11) / 6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_no_threshold_beats_the_one_found(seed: int, steps: int) -> None:
    scores = np.round(np.random.default_rng(seed).random(COUNT) ** 4 * steps) / steps
    series = {"one": (MARKED, scores)}
    best = judge(series, STANDARD)
    assert best.score >= 0
    for threshold in (0.0, 0.3, 0.9, best.threshold):
        found = judge(series, STANDARD, threshold)
        assert found.score <= best.score + 1e-9
    assert judge(series, STANDARD, best.threshold).score == pytest.approx(best.score)


def test_a_published_score_comes_out(data_folder: Path) -> None:
    """The windowed Gaussian of the benchmark is published with 39.6 (standard)."""
    folder = data_folder / "nab"
    if not folder.is_dir():
        pytest.skip(f"the anomaly benchmark is not at {folder}")
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    series = {}
    for name, found in windows.items():
        with (folder / "data" / name).open(encoding="utf-8", newline="") as lines:
            rows = read_series(lines, name)
        at = {row.time: place for place, row in reversed(list(enumerate(rows)))}
        places = [(at[first[:19]], at[last[:19]]) for first, last in found]
        series[name] = (mark(len(rows), places), score_gaussian(rows))
    assert judge(series, STANDARD).score == pytest.approx(39.6, abs=1.0)

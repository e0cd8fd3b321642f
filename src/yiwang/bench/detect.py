"""How good the anomaly detector is on the Numenta Anomaly Benchmark, and how fast.

The labels are read by the scorer alone. Beside it stands a peer under the same scorer in the same
run: the benchmark's windowed Gaussian (published with 39.6), which also shows that the scorer is
the benchmark's.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean, pstdev

import numpy as np

from yiwang.bench.figure import Figure, make_figure
from yiwang.bench.nab import PROFILES, Marked, Scores, judge, mark
from yiwang.kit.errors import Refusal
from yiwang.signals.alerts.anomaly import Detector, Reading, read_series

PUBLISHED: Mapping[str, float] = {
    "ARTime": 74.9,
    "HTM": 70.5,
    "CAD OSE": 69.9,
    "KNN-CAD": 58.0,
    "windowed Gaussian": 39.6,
}
_SCORER = (
    "own implementation of the scoring of NAB 1.1: labelled windows, scaled sigmoid, 15 % "
    "probation of at most 5000 readings, one threshold for all series found by sweep, 0 = no "
    "alarms, 100 = an alarm at the start of every window and nowhere else"
)

Series = Mapping[str, list[Reading]]
Marks = Mapping[str, Marked]
Scored = Mapping[str, Scores]


def measure_detect(folder: Path, say: Callable[[str], None]) -> Figure:
    """The detector over all series of the benchmark at `folder` (with `data` and `labels`).

    Refused: `bench.data_missing`.
    """
    labels = folder / "labels" / "combined_windows.json"
    if not labels.is_file():
        raise Refusal("bench.data_missing", folder=str(folder), name="labels/combined_windows.json")
    windows = json.loads(labels.read_text(encoding="utf-8"))
    series = {name: _read(folder / "data" / name, name) for name in sorted(windows)}
    marks = {name: _mark(rows, windows[name]) for name, rows in series.items()}
    scores: dict[str, Scores] = {}
    spent = 0.0
    for name, rows in series.items():
        start = time.perf_counter()
        scores[name] = score_series(rows)
        spent += time.perf_counter() - start
        say(name)
    peer = {name: score_gaussian(rows) for name, rows in series.items()}
    readings = sum(map(len, series.values()))
    standard = judge(_join(marks, scores), PROFILES[0])
    return make_figure(
        "detect",
        standard.score,
        "NAB points",
        100.0,
        np.zeros(0, dtype=np.float32),
        0,
        {
            "scorer": _SCORER,
            "limit_is": "a perfect detector",
            "series": len(series),
            "readings": readings,
            "profiles": {
                profile.name: round(judge(_join(marks, scores), profile).score, 2)
                for profile in PROFILES
            },
            "threshold": standard.threshold,
            "windows_found": f"{standard.found} of {standard.windows}",
            "false_alarms": standard.false_alarms,
            "groups": _by_group(marks, scores, standard.threshold),
            "threshold_from_other_groups": _cross(marks, scores),
            "seconds_per_1000_readings": round(1000 * spent / readings, 5),
            "peer_windowed_gaussian": round(judge(_join(marks, peer), PROFILES[0]).score, 2),
            "published": dict(PUBLISHED),
        },
    )


def score_series(rows: list[Reading]) -> Scores:
    """The detector's score of each reading, in order."""
    detector = Detector()
    return np.array([0.0 if row.value is None else detector.judge(row.value).score for row in rows])


def score_gaussian(rows: list[Reading], window: int = 6400, step: int = 100) -> Scores:
    """The peer: one minus the tail of a normal distribution over the last `window` values, which
    once full moves on by `step`.
    """
    values = np.array([row.value or 0.0 for row in rows])
    scores = np.zeros(len(values))
    for at in range(1, len(values)):
        last = at if at < window else at - (at - window) % step
        first = max(0, last - window)
        if at < window or last == at:
            seen = values[first:last]
            mean, spread = float(seen.mean()), float(seen.std()) or 1e-6
        scores[at] = 1.0 - 0.5 * math.erfc(abs(values[at] - mean) / spread / 1.4142)
    return scores


def _read(file: Path, name: str) -> list[Reading]:
    with file.open(encoding="utf-8", newline="") as lines:
        return read_series(lines, name)


def _mark(rows: list[Reading], windows: list[tuple[str, str]]) -> Marked:
    """The labelled windows as places of readings."""
    at: dict[str, int] = {}
    for place, row in enumerate(rows):
        at.setdefault(row.time, place)
    return mark(len(rows), [(at[first[:19]], at[last[:19]]) for first, last in windows])


def _join(marks: Marks, scores: Scored) -> dict[str, tuple[Marked, Scores]]:
    return {name: (marks[name], scores[name]) for name in marks}


def _part(
    marks: Marks, scores: Scored, group: str, *, inside: bool
) -> dict[str, tuple[Marked, Scores]]:
    return {
        name: (marks[name], scores[name])
        for name in marks
        if (name.partition("/")[0] == group) is inside
    }


def _groups(marks: Marks) -> list[str]:
    """Groups that have windows; a score needs them."""
    return sorted({name.partition("/")[0] for name, one in marks.items() if one.windows})


def _by_group(marks: Marks, scores: Scored, threshold: float) -> dict[str, float]:
    """The score of each group of series at the threshold that is best for all."""
    return {
        group: round(
            judge(_part(marks, scores, group, inside=True), PROFILES[0], threshold).score, 2
        )
        for group in _groups(marks)
    }


def _cross(marks: Marks, scores: Scored) -> dict[str, float]:
    """Each group at the threshold that is best for all others: its mean over the windows, and how
    far the groups lie apart.
    """
    found, weights = [], []
    for group in _groups(marks):
        others = judge(_part(marks, scores, group, inside=False), PROFILES[0])
        own = _part(marks, scores, group, inside=True)
        found.append(judge(own, PROFILES[0], others.threshold).score)
        weights.append(sum(one.windows for one, _ in own.values()))
    mean = sum(s * w for s, w in zip(found, weights, strict=True)) / sum(weights)
    return {
        "by_windows": round(mean, 2),
        "mean_of_groups": round(fmean(found), 2),
        "spread": round(pstdev(found), 2),
    }

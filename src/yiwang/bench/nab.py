"""The scoring of the Numenta Anomaly Benchmark: how good the alarms of a detector are.

Each labelled anomaly has a window. The earliest alarm in a window counts, the more the earlier;
every alarm outside costs, the more the farther behind the last window; a window without an alarm
costs. One threshold, the best there is, holds for all series. 0 is a detector that never raises an
alarm, 100 one that raises it at once in every window and nowhere else.

Source: Lavin and Ahmad, Evaluating Real-time Anomaly Detection Algorithms – the Numenta Anomaly
Benchmark, ICMLA 2015; profiles and details as in version 1.1 of the benchmark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Scores: TypeAlias = NDArray[np.float64]

PROBATION = 0.15  # share of a series that is not judged ...
_PROBATION_OF = 5000  # ... of at most so many readings
_FAR = 3.0  # window widths behind a window from which on an alarm costs all


@dataclass(frozen=True, slots=True)
class Profile:
    """What an alarm in a window is worth, what a false one and a missed window cost."""

    name: str
    true_positive: float
    false_positive: float
    false_negative: float


PROFILES = (
    Profile("standard", 1.0, 0.11, 1.0),
    Profile("reward_low_FP_rate", 1.0, 0.22, 1.0),
    Profile("reward_low_FN_rate", 1.0, 0.11, 2.0),
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A series as the scorer sees it: `worth` of an alarm at each reading before weights (-1 .. 1),
    `window` its number in the series or -1, `judged` whether probation is over.
    """

    worth: Scores
    window: NDArray[np.int64]
    judged: NDArray[np.bool_]
    windows: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """The best threshold for all series, the score with it, and what it is made of."""

    score: float
    threshold: float
    found: int  # windows with an alarm
    windows: int
    false_alarms: int  # readings outside all windows at or above the threshold


def mark(count: int, windows: Sequence[tuple[int, int]]) -> Marked:
    """Mark `count` readings by `windows`: first and last reading of each, in order."""
    place = np.arange(count, dtype=np.float64)
    worth = np.full(count, -1.0)
    number = np.full(count, -1, dtype=np.int64)
    for first, last in windows:
        behind = (place - last) / max(last - first, 1)
        after = place > last
        worth[after] = np.where(behind >= _FAR, -1.0, _sigmoid(behind))[after]
    for index, (first, last) in enumerate(windows):
        inside = slice(first, last + 1)
        position = -(last - place[inside] + 1) / (last - first + 1)
        worth[inside] = _sigmoid(position) / _sigmoid(np.float64(-1.0))
        number[inside] = index
    probation = min(np.floor(PROBATION * count), PROBATION * _PROBATION_OF)
    return Marked(worth, number, place >= probation, len(windows))


def _sigmoid(position: Scores | np.float64) -> Scores:
    """1 far before, 0 at the right edge of a window, -1 far behind."""
    scaled: Scores = 2.0 / (1.0 + np.exp(5.0 * np.clip(position, -_FAR, _FAR))) - 1.0
    return scaled


def judge(
    series: Mapping[str, tuple[Marked, Scores]], profile: Profile, threshold: float | None = None
) -> Judgement:
    """The score of all series together, with the best of all thresholds or with the one given."""
    if not series:
        return Judgement(0.0, 0.0, 0, 0, 0)
    marked = [entry[0] for entry in series.values()]
    starts = np.cumsum([0, *(one.windows for one in marked)])
    judged = np.concatenate([one.judged for one in marked])
    scores = np.concatenate([entry[1] for entry in series.values()])[judged]
    worth = np.concatenate([one.worth for one in marked])[judged]
    window = np.concatenate(
        [
            np.where(one.window >= 0, one.window + start, -1)
            for one, start in zip(marked, starts, strict=False)
        ]
    )[judged]
    total = int(starts[-1])
    order = np.argsort(-scores, kind="stable")
    gains, found = _gain(worth[order], window[order], total, profile)
    sums = np.cumsum(gains) - profile.false_negative * total
    ordered = scores[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))[: len(ordered)]
    null = -profile.false_negative * total
    best, at = null, -1
    for end in ends:
        if threshold is not None and ordered[end] < threshold:
            break
        if threshold is not None or sums[end] > best:
            best, at = float(sums[end]), int(end)
    perfect = profile.true_positive * total
    outside = int((window[order][: at + 1] < 0).sum())
    return Judgement(
        score=100.0 * (best - null) / (perfect - null) if total else 0.0,
        threshold=_choose(ordered, at) if threshold is None else threshold,
        found=int(found[: at + 1].sum()),
        windows=total,
        false_alarms=outside,
    )


def _choose(ordered: Scores, at: int) -> float:
    """The score at `at`; above all of them where no alarm at all is best."""
    if at >= 0:
        return float(ordered[at])
    return float(np.nextafter(ordered[0], np.inf)) if len(ordered) else 1.0


def _gain(
    worth: Scores, window: NDArray[np.int64], total: int, profile: Profile
) -> tuple[Scores, NDArray[np.bool_]]:
    """What each alarm adds, taken from the highest score down; whether it is its window's first."""
    gains = worth * profile.false_positive
    first = np.zeros(len(worth), dtype=np.bool_)
    held = np.full(total, -profile.false_negative)
    seen = np.zeros(total, dtype=np.bool_)
    for at in np.flatnonzero(window >= 0):
        number = window[at]
        better = max(held[number], worth[at] * profile.true_positive)
        gains[at] = better - held[number]
        held[number] = better
        first[at] = not seen[number]
        seen[number] = True
    return gains, first

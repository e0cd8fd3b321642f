"""The detector: never looks ahead, goes on from its state, tells a thing once and says why."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from yiwang.kit.errors import Refusal
from yiwang.signals.alerts.anomaly import Detector, Sight
from yiwang.signals.alerts.anomaly.history import History

_VALUES = st.floats(-1e6, 1e6, allow_nan=False) | st.integers(-5, 5).map(float)
_SERIES = st.lists(_VALUES, max_size=300)


def _scores(values: list[float]) -> list[float]:
    detector = Detector()
    return [detector.judge(value).score for value in values]


def _day(count: int, seed: int = 7) -> list[float]:
    """A steady day after day, with a little noise."""
    chance = random.Random(seed)
    return [50 + 20 * math.sin(at / 288 * math.tau) + chance.gauss(0, 1) for at in range(count)]


@limits(max_examples=60)
@given(_SERIES, st.integers(0, 300))
def test_the_prefix_of_the_readings_gives_the_prefix_of_the_scores(
    values: list[float], cut: int
) -> None:
    assert _scores(values[:cut]) == _scores(values)[:cut]


@limits(max_examples=60)
@given(_SERIES, st.integers(0, 300))
def test_another_detector_goes_on_where_one_stopped(values: list[float], cut: int) -> None:
    first = Detector()
    before = [first.judge(value).score for value in values[:cut]]
    second = Detector.restore(json.loads(json.dumps(first.state())))
    after = [second.judge(value).score for value in values[cut:]]
    assert before + after == _scores(values)


def test_it_goes_on_after_its_memory_was_full() -> None:
    values = _day(5000)
    first = Detector()
    for value in values[:4000]:
        first.judge(value)
    second = Detector.restore(json.loads(json.dumps(first.state())))
    rest = [90.0, *values[4000:], -40.0]
    assert [first.judge(value) for value in rest] == [second.judge(value) for value in rest]
    assert len(json.dumps(first.state())) < 100_000


@limits(max_examples=60)
@given(_SERIES)
def test_scores_are_shares_and_have_reasons(values: list[float]) -> None:
    detector = Detector()
    for value in values:
        verdict = detector.judge(value)
        assert 0 <= verdict.score <= 1
        assert (verdict.reason is not None) == (verdict.score > 0)
        if verdict.reason is not None:
            assert verdict.reason.distance > 0
            assert all("{" not in verdict.reason.say(language) for language in ("zh", "en"))


@limits(max_examples=60)
@given(
    st.lists(st.integers(-1000, 1000).map(float), max_size=200), st.sampled_from([0.5, 2.0, 64.0])
)
def test_the_unit_does_not_matter(values: list[float], factor: float) -> None:
    """Powers of two change no digit."""
    assert _scores(values) == _scores([value * factor for value in values])


def test_a_constant_and_a_learnt_pattern_are_silent() -> None:
    assert max(_scores([3.0] * 500)) == 0
    assert max(_scores([float(at % 24) for at in range(2000)])[500:]) == 0


def test_a_spike_is_told_at_once_with_its_reason() -> None:
    values = _day(3000)
    detector = Detector()
    calm = [detector.judge(value).score for value in values][1000:]
    verdict = detector.judge(140.0)
    assert verdict.score > 2 * max(calm)
    assert verdict.reason is not None
    assert verdict.reason.sight in {Sight.VALUE, Sight.RATE}
    assert verdict.reason.value > verdict.reason.high
    assert "140" in verdict.reason.say("en") or verdict.reason.sight is Sight.RATE


def test_a_shift_is_told_once_and_becomes_usual() -> None:
    values = [*_day(3000), *(value + 100 for value in _day(3000, seed=8))]
    scores = _scores(values)
    top = max(scores[1000:])  # while little is known much is new
    told = [at for at in range(1000, len(scores)) if scores[at] > 0.5 * top]
    assert told[0] == 3000
    assert max(scores[4000:]) < 0.5 * top


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_judged(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Detector().judge(value)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"kept": 1, "seen": 1, "bar": 0},
        {"kept": [1, 2], "seen": 1, "bar": 0},
        {"kept": ["x"], "seen": 1, "bar": 0},
        {"kept": [1], "seen": 1, "bar": math.inf},
    ],
)
def test_a_wrong_state_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(Refusal, match=r"anomaly\.state_wrong"):
        Detector.restore(state)


@given(st.lists(_VALUES, max_size=80), st.integers(1, 20), _VALUES)
def test_the_history_is_the_last_values_sorted(
    values: list[float], most: int, probe: float
) -> None:
    history = History(most)
    for value in values:
        history.add(value)
    kept = sorted(values[-most:])
    assert len(history) == len(kept)
    assert history.distance(probe) == min((abs(probe - value) for value in kept), default=0.0)
    shares = [history.quantile(share / 10) for share in range(11)] if kept else []
    assert all(one <= other for one, other in pairwise(shares))
    assert not kept or (shares[0], shares[-1]) == (kept[0], kept[-1])

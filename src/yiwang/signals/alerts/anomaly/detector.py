"""A detector of what is unusual in a stream of readings, for any series and without training.

It looks at a series in several ways (value, change, mean of the last readings) and keeps
for each what it saw lately. A quantity is as novel as the nearest one ever seen is far, measured by
the range of what was seen. Whatever is novel becomes known by being seen, so a new normal falls
silent by itself. What was just told is not told again unless it grows: after an alarm only more
novel readings score, and that bar fades slowly.

A reading costs O(log memory); what is remembered is the last readings and one number.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from yiwang.kit.errors import Refusal
from yiwang.signals.alerts.anomaly.history import History
from yiwang.signals.alerts.anomaly.model import Reason, Verdict
from yiwang.signals.alerts.anomaly.quantities import QUANTITIES
from yiwang.signals.alerts.anomaly.settings import SETTINGS, Look, Settings

_SILENT = Verdict(0.0, None)
_USUAL = (0.05, 0.95)
_MOST = 5.0  # novelty of the first move of a series that never moved


class Detector:
    """One series. Not for use by several threads at once."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self._settings = settings
        self._widest = max(look.width for look in settings.looks)
        # The histories hold `memory` quantities; the first of them needs `widest` readings.
        self._kept: deque[float] = deque(maxlen=settings.memory + self._widest)
        self._histories = [History(settings.memory) for _ in settings.looks]
        self._seen = 0
        self._bar = 0.0

    def judge(self, value: float) -> Verdict:
        """How unusual the next reading is, by those before it alone. ValueError where it is no
        finite number: a reading that is missing is not judged.
        """
        if not math.isfinite(value):
            raise ValueError("a reading is a finite number")
        self._kept.append(value)
        self._seen += 1
        last = [self._kept[-back] for back in range(min(self._widest, len(self._kept)), 0, -1)]
        novelty, most = 0.0, None
        for look, history in zip(self._settings.looks, self._histories, strict=True):
            quantity = QUANTITIES[look.sight](last[-look.width :])
            found = look.weight * _novelty(history, quantity)
            if found > novelty:
                novelty, most = found, self._explain(look, history, quantity)
            history.add(quantity)
        return self._tell(novelty, most)

    def _tell(self, novelty: float, reason: Reason | None) -> Verdict:
        """Whether this is worth telling after what was told before."""
        if self._seen <= self._settings.warm_up:
            return _SILENT
        told = novelty > self._bar
        self._bar = max(self._bar, novelty) * self._settings.fade
        if not told:
            return _SILENT
        return Verdict(novelty / (novelty + self._settings.half), reason)

    @staticmethod
    def _explain(look: Look, history: History, quantity: float) -> Reason:
        low, high = (history.quantile(share) for share in _USUAL)
        return Reason(look.sight, quantity, low, high, history.distance(quantity))

    def state(self) -> dict[str, Any]:
        """What has to be kept so that another detector goes on as this one would (JSON)."""
        return {"kept": list(self._kept), "seen": self._seen, "bar": self._bar}

    @classmethod
    def restore(cls, state: Mapping[str, Any], settings: Settings = SETTINGS) -> Detector:
        """A detector that goes on from a kept state. Refused: `anomaly.state_wrong`."""
        detector = cls(settings)
        try:
            kept: Sequence[float] = [float(value) for value in state["kept"]]
            seen, bar = int(state["seen"]), float(state["bar"])
        except (KeyError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise Refusal("anomaly.state_wrong", reason=reason) from error
        if not all(map(math.isfinite, [*kept, bar])) or seen < len(kept):
            raise Refusal("anomaly.state_wrong", reason="its numbers do not fit together")
        for value in kept:
            detector.judge(value)
        detector._seen, detector._bar = seen, bar
        return detector


def _novelty(history: History, quantity: float) -> float:
    """The distance to the nearest value remembered, as a share of the range of all of them."""
    distance = history.distance(quantity)
    if distance == 0.0:
        return 0.0
    spread = history.quantile(1.0) - history.quantile(0.0)
    return min(distance / spread, _MOST) if spread > 0 else _MOST

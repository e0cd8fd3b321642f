"""What is unusual in a stream of readings, found without training and told with its reason.

In: readings of one series in their order. Out: for each a score from 0 to 1 and what is unusual
about it. One configuration holds for all series. Article IX: early discovery, early warning.
"""

from yiwang.signals.alerts.anomaly.detector import Detector
from yiwang.signals.alerts.anomaly.model import Reason, Sight, Verdict
from yiwang.signals.alerts.anomaly.series import Reading, read_series, write_scores
from yiwang.signals.alerts.anomaly.settings import SETTINGS, Look, Settings

__all__ = [
    "SETTINGS",
    "Detector",
    "Look",
    "Reading",
    "Reason",
    "Settings",
    "Sight",
    "Verdict",
    "read_series",
    "write_scores",
]

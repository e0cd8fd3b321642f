"""One figure of one bench, and the arithmetic behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Latencies: TypeAlias = NDArray[np.float32]  # milliseconds


@dataclass(frozen=True, slots=True)
class Figure:
    """What a bench found.

    `limit` is what the same machine reaches at the most, measured in the same run (`detail` says
    how), `ratio` the figure's share of it. `errors` counts whatever was not as it should be:
    refused or failed requests, lost, doubled or stuck reports.
    """

    bench: str
    figure: float
    unit: str
    limit: float | None
    ratio: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    errors: int
    detail: Mapping[str, Any] = field(default_factory=dict)


def percentile(latencies: Latencies, share: float) -> float | None:
    """The latency that at least `share` (0 .. 1) of all answers kept to; None without answers.

    The nearest rank: a latency that was really measured, never one between two.
    """
    if not len(latencies):
        return None
    found = np.percentile(latencies, share * 100, method="inverted_cdf")
    return round(float(found), 3)


def make_figure(
    bench: str,
    figure: float,
    unit: str,
    limit: float | None,
    latencies: Latencies,
    errors: int,
    detail: Mapping[str, Any],
) -> Figure:
    """A figure with its ratio and its percentiles."""
    return Figure(
        bench=bench,
        figure=round(float(figure), 3),
        unit=unit,
        limit=None if limit is None else round(float(limit), 3),
        ratio=round(float(figure / limit), 4) if limit else None,
        p50_ms=percentile(latencies, 0.50),
        p95_ms=percentile(latencies, 0.95),
        p99_ms=percentile(latencies, 0.99),
        errors=errors,
        detail=dict(detail),
    )


def summarise(latencies: Latencies) -> dict[str, float | None]:
    """The percentiles of one step, for `detail`."""
    shares = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}
    return {name: percentile(latencies, share) for name, share in shares.items()}

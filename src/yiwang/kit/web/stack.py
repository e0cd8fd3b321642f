"""Every layer of the edge in its right order, put around an app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI

from yiwang.kit.web import problems
from yiwang.kit.web.incidents import Incidents
from yiwang.kit.web.limits import BodyLimit, Buckets, RateLimit
from yiwang.kit.web.security import PAGE_POLICY, SecurityHeaders


@dataclass(frozen=True, slots=True)
class Edge:
    """The limits of a service. Rates are requests per second, bodies bytes; `free` and
    `larger` (prefix, bytes) are path prefixes."""

    caller_rate: float = 50.0
    caller_burst: int = 200
    stranger_rate: float = 20.0
    stranger_burst: int = 100
    free: tuple[str, ...] = ()
    body: int = 1024 * 1024
    larger: Sequence[tuple[str, int]] = ()
    page_policy: str = PAGE_POLICY


def install(app: FastAPI, edge: Edge) -> None:
    """Put the edge around `app`: headers outermost, then incidents, rates, bodies."""
    problems.install(app)
    app.add_middleware(BodyLimit, most=edge.body, exceptions=edge.larger)
    app.add_middleware(
        RateLimit,
        callers=Buckets(edge.caller_rate, edge.caller_burst),
        strangers=Buckets(edge.stranger_rate, edge.stranger_burst),
        free=edge.free,
    )
    app.add_middleware(Incidents)
    app.add_middleware(SecurityHeaders, page_policy=edge.page_policy)

"""Reports to send: made up, in the city's language, inside the city, labelled synthetic."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import numpy as np

from yiwang.bench import client
from yiwang.bench.installation import HOST, Installation
from yiwang.bench.load import Plan
from yiwang.bulk.choices import choose_from
from yiwang.bulk.drawing import draw
from yiwang.bulk.telling import Teller
from yiwang.ground.city import City

_SCOPE = "reports:write"
KEY_HEADER = "Idempotency-Key"


def make_bodies(city: City, count: int, until: datetime, seed: int) -> list[dict[str, Any]]:
    """`count` reports as POST /reports takes them."""
    rng = np.random.default_rng([seed, count, 3])
    choices = choose_from(city, city.day(until), rng)
    part = draw(city, choices, count, until, seed)
    told = Teller(city, choices).tell(part)
    bodies = []
    for i in range(count):
        body: dict[str, Any] = {
            "title": told.titles[i],
            "text": told.texts[i],
            "address": told.addresses[i],
            "source": "hotline",
            "language": told.language,
            "synthetic": True,
        }
        lon, lat, _ = told.positions[i].split("\t")
        if lon != "\\N":
            body |= {"lon": float(lon), "lat": float(lat)}
        bodies.append(body)
    return bodies


def plan_reports(
    place: Installation,
    bodies: list[dict[str, Any]],
    key: str,
    connections: int,
    seconds: float,
    **more: Any,
) -> Plan:
    """A plan that posts these reports over and over, each time under a new idempotency key.

    `more` are further fields of :class:`Plan`.
    """
    written = [json.dumps(body, ensure_ascii=False).encode() for body in bodies]
    heads = tuple(
        client.head(
            "POST",
            "/api/v1/reports",
            place.host,
            {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "X-API-Key": place.key(_SCOPE),
            },
        )
        + f"\r\n{KEY_HEADER}: ".encode()
        for body in written
    )
    return Plan(HOST, place.port, heads, tuple(written), key, connections, seconds, **more)

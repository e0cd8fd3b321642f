"""A small ledger, made up for these tests."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from yiwang.ground.ledger import canonical, merkle, signing, tiles
from yiwang.ground.ledger.model import Batch, Event, Head
from yiwang.ground.ledger.signing import SigningKey
from yiwang.ground.ledger.tiles import Address

ORIGIN = "city.example/ledger"
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

MakeEvent = Callable[..., Event]


def _make_event(number: int = 0, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": 10 + number,
        "xid": 700 + number // 3,
        "at": START + timedelta(seconds=number, microseconds=number),
        "actor": f"person:{number % 7}",
        "unit": "water",
        "action": "case.file",
        "matter": "case",
        "matter_id": 5,
        "case_id": 5,
        "place": "sh.hp.t1",
        "article": "V",
        "rule": "file",
        "before": "verifying",
        "after": "filed",
        "facts": {"number": "3101012026030100001", "reason": "路面破损", "depth": 0.25},
        "salt": random.Random(number).randbytes(16),
    }
    return Event(**{**values, **changes})


@dataclass
class Sealed:
    """A ledger as the database would hold it."""

    key: SigningKey
    events: list[Event]
    batches: list[Batch]
    heads: list[Head]
    tiles: dict[Address, bytes]


def _seal(key: SigningKey, events: list[Event], sizes: list[int]) -> Sealed:
    sealed = Sealed(key, events, [], [], {})
    edge: dict[Address, bytes] = {}
    at = 0
    for size in sizes:
        part = events[at : at + size]
        hashes = [merkle.hash_leaf(canonical.leaf(event)) for event in part]
        growth = tiles.append(at, edge, hashes)
        sealed.tiles.update(growth.changed)
        edge = dict(growth.edge)
        sealed.batches.append(Batch(at, size, *part[0].key, *part[-1].key))
        at += size
        sealed.heads.append(signing.sign(key, ORIGIN, at, growth.root, part[-1].at))
    return sealed


@pytest.fixture(scope="session")
def origin() -> str:
    """The name of the ledger of these tests."""
    return ORIGIN


@pytest.fixture(scope="session")
def make_event() -> MakeEvent:
    """Makes the n-th event, with any field changed."""
    return _make_event


@pytest.fixture(scope="session")
def key() -> SigningKey:
    """One key for all tests."""
    return SigningKey.create()


@pytest.fixture(scope="session")
def seal(key: SigningKey) -> Callable[[list[int]], Sealed]:
    """Makes a ledger whose batches have these sizes."""

    made: dict[tuple[int, ...], Sealed] = {}

    def make(sizes: list[int]) -> Sealed:
        known = tuple(sizes)
        if known not in made:
            made[known] = _seal(key, [_make_event(n) for n in range(sum(sizes))], sizes)
        one = made[known]
        return Sealed(key, one.events[:], one.batches[:], one.heads[:], dict(one.tiles))

    return make

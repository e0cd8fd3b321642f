"""Which events differ from what was sealed: the difference of two rows of leaf hashes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from yiwang.ground.ledger.model import Event, Finding, find


def compare(
    first: int, sealed: Sequence[bytes], events: Sequence[Event], hashes: Sequence[bytes]
) -> Iterator[Finding]:
    """Name the events that were altered, are missing, stand elsewhere, or were never sealed.

    `sealed` are the hashes from position `first` on; `hashes` those of the `events` as they are
    now. The longest run of events that kept their order are the fixed points; what lies between
    two of them is paired off in order as altered, and the rest of the longer side is missing or
    extra.
    """
    places = {value: place for place, value in enumerate(sealed)}
    stands = [places.pop(value, None) for value in hashes]
    fixed = _ascending([place for place in stands if place is not None])
    lost = set(places.values())
    at = 0
    strangers: list[Event] = []
    for event, place in zip(events, stands, strict=True):
        if place is None:
            strangers.append(event)
        elif place not in fixed:
            yield find("ledger.event_reordered", position=first + place, id=event.id)
        else:
            yield from _pair([first + p for p in range(at, place) if p in lost], strangers)
            strangers, at = [], place + 1
    yield from _pair([first + p for p in range(at, len(sealed)) if p in lost], strangers)


def _pair(positions: Sequence[int], strangers: Sequence[Event]) -> Iterator[Finding]:
    for position, event in zip(positions, strangers, strict=False):
        yield find("ledger.event_altered", position=position, id=event.id)
    for position in positions[len(strangers) :]:
        yield find("ledger.event_missing", position=position)
    for event in strangers[len(positions) :]:
        yield find("ledger.event_extra", id=event.id, xid=event.xid)


def _ascending(places: Sequence[int]) -> set[int]:
    """The members of a longest ascending subsequence (patience sorting)."""
    ends: list[int] = []  # the smallest end of an ascending run, by its length
    before: dict[int, int | None] = {}
    for place in places:
        pile = bisect_left(ends, place)
        before[place] = ends[pile - 1] if pile else None
        ends[pile : pile + 1] = [place]
    run: set[int] = set()
    here = ends[-1] if ends else None
    while here is not None:
        run.add(here)
        here = before[here]
    return run

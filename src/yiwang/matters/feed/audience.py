"""All live listeners of a process, grouped by what concerns them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from yiwang.kit.web.sse import Happening, Listener
from yiwang.matters.feed import rules
from yiwang.matters.feed.model import Occurrence, Reach, Wanted

WAITING = 256  # events a slow listener may be behind


@dataclass(eq=False, slots=True)
class Group:
    """Listeners with the same reach and the same wishes: decided once for all of them."""

    reach: Reach
    wanted: Wanted
    listeners: set[Listener] = field(default_factory=set)


class Audience:
    """Finds for each event the groups it concerns by place, unit and person, then offers it.

    The cost of an event grows with its own depth and parties and with who gets it, not with how
    many listen.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[Reach, Wanted], Group] = {}
        self._by_place: defaultdict[str, set[Group]] = defaultdict(set)
        self._by_unit: defaultdict[str, set[Group]] = defaultdict(set)
        self._by_actor: defaultdict[str, set[Group]] = defaultdict(set)
        self._count: defaultdict[str, int] = defaultdict(int)

    def __len__(self) -> int:
        return sum(self._count.values())

    def streams_of(self, actor: str) -> int:
        """How many streams somebody has open."""
        return self._count.get(actor, 0)

    def join(self, reach: Reach, wanted: Wanted) -> Listener:
        """A new listener."""
        listener = Listener(lambda _: True, WAITING)
        group = self._groups.get((reach, wanted))
        if group is None:
            group = self._groups[reach, wanted] = Group(reach, wanted)
            for index, key in self._entries(reach):
                index[key].add(group)
        group.listeners.add(listener)
        self._count[reach.actor] += 1
        return listener

    def leave(self, reach: Reach, wanted: Wanted, listener: Listener) -> None:
        """Forget a listener; the last one takes its group along."""
        listener.end()
        group = self._groups.get((reach, wanted))
        if group is None or listener not in group.listeners:
            return
        group.listeners.discard(listener)
        self._count[reach.actor] -= 1
        if not self._count[reach.actor]:
            del self._count[reach.actor]
        if not group.listeners:
            del self._groups[reach, wanted]
            for index, key in self._entries(reach):
                index[key].discard(group)
                if not index[key]:
                    del index[key]

    def _entries(self, reach: Reach) -> Iterable[tuple[defaultdict[str, set[Group]], str]]:
        yield from ((self._by_place, place) for place in reach.places)
        yield from ((self._by_unit, unit) for unit in reach.units)
        yield self._by_actor, reach.actor

    def groups_of(self, occurrence: Occurrence) -> set[Group]:
        """The groups an event concerns and that want it."""
        found: set[Group] = set()
        for place in rules.above(occurrence.place):
            found |= self._by_place.get(place, set())
        for unit in {*occurrence.parties, occurrence.unit or ""}:
            found |= self._by_unit.get(unit, set())
        found |= self._by_actor.get(occurrence.actor, set())
        return {group for group in found if rules.fits(group.wanted, occurrence)}

    def tell(self, happening: Happening, groups: Iterable[Group]) -> None:
        """Offer an event to all listeners of some groups."""
        for group in groups:
            for listener in group.listeners:
                listener.offer(happening)

    def tell_actor(self, happening: Happening, actor: str, case_id: int) -> None:
        """Offer what is for one actor alone to their streams that follow this case."""
        for group in self._by_actor.get(actor, set()):
            if rules.follows(group.wanted, case_id):
                for listener in group.listeners:
                    listener.offer(happening)

    def close(self) -> None:
        """End every stream: the service stops."""
        for group in self._groups.values():
            for listener in group.listeners:
                listener.end()

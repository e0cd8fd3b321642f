"""Live streams: one reader of the ledger per process, and what each stream is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.gate.service import Gate
from yiwang.kit.errors import Refusal
from yiwang.kit.web.sse import HEARTBEAT_S, RETRY_MS, Happening, Listener
from yiwang.matters.feed import rules
from yiwang.matters.feed.audience import Audience
from yiwang.matters.feed.model import Key, Reach, Wanted
from yiwang.matters.feed.shaping import happening
from yiwang.matters.feed.tail import PAGE, Tail

POLL_S = 0.2
MOST_STREAMS = 20  # of one actor
MOST_MISSED = 50_000  # events a listener may catch up on; beyond, it loads afresh
_AGAIN_S = 1.0
_START_S = 10.0  # a database that is away for longer ends the stream
_LOG = logging.getLogger("yiwang.feed")
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def reach_of(actor: Actor) -> Reach:
    """Whose news an actor gets."""
    return Reach(actor.scope.places, actor.scope.units, actor.name)


class Poller:
    """Reads the ledger's end every 200 ms while somebody listens, and passes events on."""

    def __init__(self, gate: Gate, poll_s: float = POLL_S) -> None:
        self._gate = gate
        self._poll_s = poll_s
        self._tail = Tail(gate.db, gate.city.root_path)
        self._joined = asyncio.Event()
        self._ready = asyncio.Event()
        self.audience = Audience()
        self.closed = False

    @property
    def city(self) -> City:
        """The city in force."""
        return self._gate.city

    async def run(self) -> None:
        """Pass events on until cancelled; then every stream ends."""
        try:
            while True:
                await self._joined.wait()
                try:
                    await self._follow()
                except _AWAY as error:
                    _LOG.warning("the ledger cannot be read: %s; again in %.0f s", error, _AGAIN_S)
                    await asyncio.sleep(_AGAIN_S)
        finally:
            self.close()

    async def _follow(self) -> None:
        if not self._ready.is_set():
            await self._tail.start()
            self._ready.set()
        while self.audience:
            if await self.pass_on() < PAGE:
                await asyncio.sleep(self._poll_s)
        self._joined.clear()
        self._ready.clear()

    async def pass_on(self) -> int:
        """Offer what came since to whom it concerns; how many events came."""
        found = await self._tail.poll()
        for occurrence in found:
            groups = self.audience.groups_of(occurrence)
            if groups:
                self.audience.tell(happening(self.city, occurrence), groups)
        return len(found)

    def tell_presence(self, case_id: int, here: Sequence[Mapping[str, Any]]) -> None:
        """Tell everybody who has a case open who else has; nobody else hears of it.

        It goes to the streams of this process: whoever listens to another one learns it with the
        answer to their next heartbeat.
        """
        for one in here:
            others = [other for other in here if other["person"] != one["person"]]
            told = Happening("", "presence", {"case": case_id, "others": others})
            self.audience.tell_actor(told, f"person:{one['person']}", case_id)

    def close(self) -> None:
        """End all streams and take no more."""
        self.closed = True
        self.audience.close()

    def require_room(self, reach: Reach) -> None:
        """Refuse one stream too many of the same actor ("feed.too_many")."""
        if self.audience.streams_of(reach.actor) >= MOST_STREAMS:
            raise Refusal("feed.too_many", most=MOST_STREAMS)

    async def stream(
        self, reach: Reach, wanted: Wanted, resume: Key | None, lasts_s: float
    ) -> AsyncGenerator[bytes, None]:
        """What goes over the wire to one listener, for so many seconds.

        First what it missed after `resume`, then every event as it comes. A slow listener gets
        what waits for it and then "lag", one that missed too much "reset"; both go on with the
        id of the last event they got, which the browser sends by itself.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + lasts_s
        listener = self.audience.join(reach, wanted)
        self._joined.set()
        try:
            yield b"retry: %d\n\n" % RETRY_MS
            try:
                async with asyncio.timeout(min(lasts_s, _START_S)):
                    await self._ready.wait()
            except TimeoutError:
                return
            reached = self._tail.position
            if resume is None:
                yield _notice("hello", {"id": _name(reached)}, _name(reached))
            else:
                reached = resume
                missed = 0
                while page := await self._tail.after(reached):
                    if missed >= MOST_MISSED:
                        reached = self._tail.position
                        yield _notice("reset", {"id": _name(reached)}, _name(reached))
                        break
                    for row in page:
                        if rules.concerns(reach, row) and rules.fits(wanted, row):
                            yield happening(self.city, row).wire()
                    reached = page[-1].key
                    missed += len(page)
            async for found in self._live(listener, end):
                if found is None:
                    yield b": \n\n"
                elif not found.id:
                    yield found.wire()
                elif rules.parse_key(found.id) > reached:
                    reached = rules.parse_key(found.id)
                    yield found.wire()
            if listener.ended and not self.closed:
                yield _notice("lag", {"resume": _name(reached)})
        finally:
            self.audience.leave(reach, wanted, listener)

    async def _live(self, listener: Listener, end: float) -> AsyncIterator[Happening | None]:
        """Events as they come, None at each heartbeat; ends with the listener or at `end`."""
        loop = asyncio.get_running_loop()
        while (left := end - loop.time()) > 0:
            try:
                found = await listener.next(min(left, HEARTBEAT_S))
            except TimeoutError:
                yield None
                continue
            if found is None:
                return
            yield found


def _name(key: Key) -> str:
    return f"{key[0]}-{key[1]}"


def _notice(name: str, data: dict[str, str], identity: str = "") -> bytes:
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"

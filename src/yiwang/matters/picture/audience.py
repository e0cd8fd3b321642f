"""Everybody who watches the picture, and what each of them is sent.

Those who see the same and look at the same place are one group: what happened is put into words
once for all of them, and their streams read from one short row of frames. Nothing waits for a slow
reader; one that falls behind the row is told so and ended, and begins again by its cursor.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec

from yiwang.ground.gate.service import Gate
from yiwang.kit.errors import Refusal
from yiwang.kit.web.sse import HEARTBEAT_S
from yiwang.matters.picture import rules
from yiwang.matters.picture.following import Follower
from yiwang.matters.picture.model import Change, Cursor, Reach

FRAME_S = 0.25  # between two frames at the least
MOST_STREAMS = 20  # of one actor
_BEHIND = 40  # frames a slow reader may be behind
_AGAIN_S = 1.0
_PULSE = b": \n\n"
_LOG = logging.getLogger("yiwang.picture")
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(eq=False, slots=True)
class Group:
    """Streams with the same reach. `count` numbers its frames; the last few are kept. `over` says
    that those who are left begin afresh."""

    reach: Reach
    epoch: str
    told: int  # the change up to which its frames go
    streams: int = 0
    count: int = 0
    frames: deque[bytes] = field(default_factory=lambda: deque(maxlen=_BEHIND))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    quiet_since: float = 0.0
    over: bool = False

    def add(self, frame: bytes) -> None:
        """One more frame; whoever waits goes on."""
        self.frames.append(frame)
        self.count += 1
        self.wake()

    def wake(self) -> None:
        """Whoever waits looks again."""
        news, self.news = self.news, asyncio.Event()
        news.set()

    def after(self, count: int) -> Sequence[bytes] | None:
        """The frames after a number, None where one of them is not kept any more."""
        behind = self.count - count
        if behind > len(self.frames):
            return None
        return [self.frames[i] for i in range(len(self.frames) - behind, len(self.frames))]


class Audience:
    """All streams of a process, and the one who tells them: see :meth:`run`."""

    def __init__(self, gate: Gate, frame_s: float = FRAME_S) -> None:
        self._frame_s = frame_s
        self._groups: dict[Reach, Group] = {}
        self._streams: defaultdict[str, int] = defaultdict(int)
        self._joined = asyncio.Event()
        self.follower = Follower(gate)
        self.closed = False

    def __len__(self) -> int:
        return sum(self._streams.values())

    def require_room(self, actor: str) -> None:
        """Refuse one stream too many of the same actor ("picture.too_many")."""
        if self._streams.get(actor, 0) >= MOST_STREAMS:
            raise Refusal("picture.too_many", most=MOST_STREAMS)

    def join(self, actor: str, reach: Reach) -> Group:
        """A stream begins, up to date with the follower."""
        self._retire()
        group = self._groups.get(reach)
        if group is None:
            group = self._groups[reach] = Group(reach, self.follower.epoch, self.follower.seq)
            group.quiet_since = asyncio.get_running_loop().time()
        self._bring_up(group)  # what is known by now is in the first frame of the new stream
        group.streams += 1
        self._streams[actor] += 1
        self._joined.set()
        return group

    def leave(self, actor: str, group: Group) -> None:
        """A stream ended; the last one takes its group along."""
        group.streams -= 1
        if not group.streams and self._groups.get(group.reach) is group:
            del self._groups[group.reach]
        self._streams[actor] -= 1
        if not self._streams[actor]:
            del self._streams[actor]

    async def run(self) -> None:
        """Tell everybody what happens until cancelled; then every stream ends."""
        try:
            while True:
                if not self._groups:
                    self._joined.clear()
                    await self._joined.wait()
                try:
                    await self.tell()
                    await asyncio.sleep(self._frame_s)
                except _AWAY as error:
                    _LOG.warning("the picture stands still: %s; again in %.0f s", error, _AGAIN_S)
                    self._keep_alive()
                    await asyncio.sleep(_AGAIN_S)
                except Exception:  # one change that cannot be told never stops the others
                    _LOG.exception("the picture stands still; again in %.0f s", _AGAIN_S)
                    await asyncio.sleep(_AGAIN_S)
        finally:
            self.closed = True
            for group in self._groups.values():
                group.wake()

    async def tell(self) -> None:
        """One frame for each group that something concerns."""
        await self.follower.catch_up()
        self._retire()
        for group in self._groups.values():
            self._bring_up(group)
        self._keep_alive()

    def _retire(self) -> None:
        """Those of an earlier epoch begin afresh."""
        for group in [row for row in self._groups.values() if row.epoch != self.follower.epoch]:
            del self._groups[group.reach]
            group.over = True
            group.wake()

    def _bring_up(self, group: Group) -> None:
        """Whatever the follower knows more than a group was told, as one frame."""
        if group.told == self.follower.seq:
            return
        cursor = rules.show_cursor(self.follower.cursor)
        frame = encode(group.reach, self.follower.since(group.told), cursor)
        group.told = self.follower.seq
        if frame is not None:
            group.add(frame)
            group.quiet_since = asyncio.get_running_loop().time()

    def _keep_alive(self) -> None:
        now = asyncio.get_running_loop().time()
        for group in self._groups.values():
            if now - group.quiet_since >= HEARTBEAT_S:
                group.add(_PULSE)
                group.quiet_since = now

    def begin(self, group: Group, since: Cursor | None) -> bytes | None:
        """The first frame of a stream: what it missed, or nothing yet; None where its cursor lies
        too far back and it has to begin afresh. From here on it reads its group's frames."""
        cursor = rules.show_cursor(self.follower.cursor)
        if since is None:
            return _event("changes", {"cursor": cursor, "set": [], "gone": [], "steps": []}, cursor)
        missed = self.follower.missed(since)
        if missed is None:
            return None
        return encode(group.reach, missed, cursor) or _event(
            "changes", {"cursor": cursor, "set": [], "gone": [], "steps": []}, cursor
        )


def encode(reach: Reach, changes: Sequence[Change], cursor: str) -> bytes | None:
    """What somebody is told of changes as it goes over the wire; None where it is nothing."""
    frame = rules.frame(reach, changes)
    return None if frame is None else _event("changes", {"cursor": cursor, **frame}, cursor)


def reset() -> bytes:
    """The last frame of a stream that has to begin afresh, with the whole picture."""
    return _event("reset", {"reason": "too_far_behind"})


def lag() -> bytes:
    """The last frame of a stream that read too slowly; its cursor brings the rest."""
    return _event("lag", {"reason": "too_slow"})


def _event(name: str, data: dict[str, Any], identity: str = "") -> bytes:
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"

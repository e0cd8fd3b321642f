"""Answers that everybody may share for a few seconds, with their tags."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from yiwang.kit.web.conditions import unchanged

KEPT_S = 5.0
_MOST = 512
_LARGEST = 32 * 1024 * 1024  # bytes of all answers together


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    body: bytes
    tag: str


@dataclass(slots=True)
class Shelf:
    """Keeps answers by what was asked; a crowd that asks the same is answered once.

    `clock` gives seconds that only grow.
    """

    clock: Callable[[], float] = time.monotonic
    _rows: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    _making: dict[str, asyncio.Lock] = field(default_factory=dict)
    _size: int = 0

    async def answer(
        self,
        request: Request,
        key: str,
        media: str,
        make: Callable[[], Awaitable[bytes]],
        **headers: str,
    ) -> Response:
        """The answer under `key`, made anew where it is older than a few seconds."""
        kept = await self._find(key, make)
        shared = {
            "etag": kept.tag,
            "cache-control": f"public, max-age={int(KEPT_S)}",
            "vary": "Accept-Encoding",
            **headers,
        }
        if unchanged(request, kept.tag):
            return Response(status_code=304, headers=shared)
        return Response(kept.body, media_type=media, headers=shared)

    async def _find(self, key: str, make: Callable[[], Awaitable[bytes]]) -> _Kept:
        found = self._rows.get(key)
        if found is not None and found.until > self.clock():
            return found
        lock = self._making.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                found = self._rows.get(key)
                if found is not None and found.until > self.clock():
                    return found
                body = await make()
                mark = hashlib.sha256(body).hexdigest()[:32]
                return self._keep(key, _Kept(self.clock() + KEPT_S, body, f'"{mark}"'))
        finally:
            if not lock.locked():
                self._making.pop(key, None)

    def _keep(self, key: str, kept: _Kept) -> _Kept:
        older = self._rows.pop(key, None)
        self._size += len(kept.body) - (len(older.body) if older else 0)
        self._rows[key] = kept
        while self._rows and (len(self._rows) > _MOST or self._size > _LARGEST):
            _, gone = self._rows.popitem(last=False)
            self._size -= len(gone.body)
        return kept

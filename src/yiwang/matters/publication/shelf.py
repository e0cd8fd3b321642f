"""Answers that everybody may share for a while, with their tags."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from yiwang.kit.web.conditions import unchanged

T = TypeVar("T")
KEPT_S = 5.0
_MOST = 512
_LARGEST = 32 * 1024 * 1024  # bytes of all answers together


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    value: Any
    size: int


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
        *,
        kept_s: float = KEPT_S,
        name: str = "",
    ) -> Response:
        """The answer under `key`, made anew where it is older than `kept_s`; with a `name`, a file
        to be kept under it."""

        async def tagged() -> tuple[bytes, str]:
            made = await make()
            return made, f'"{hashlib.sha256(made).hexdigest()[:32]}"'

        body, tag = await self.hold(key, tagged, kept_s, lambda found: len(found[0]))
        shared = {
            "etag": tag,
            "cache-control": f"public, max-age={int(kept_s)}",
            "vary": "Accept-Encoding",
        }
        if name:
            shared["content-disposition"] = f'attachment; filename="{name}"'
        if unchanged(request, tag):
            return Response(status_code=304, headers=shared)
        return Response(body, media_type=media, headers=shared)

    async def hold(
        self,
        key: str,
        make: Callable[[], Awaitable[T]],
        kept_s: float,
        size: Callable[[T], int] = lambda _: 0,
    ) -> T:
        """The value under `key`, made by one of those who want it; what fails is not kept."""
        lock = self._making.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                known = self._rows.get(key)
                if known is None or known.until <= self.clock():
                    value = await make()
                    known = self._keep(key, _Kept(self.clock() + kept_s, value, size(value)))
                found: T = known.value
                return found
        finally:
            if not lock.locked():
                self._making.pop(key, None)

    def _keep(self, key: str, kept: _Kept) -> _Kept:
        older = self._rows.pop(key, None)
        self._size += kept.size - (older.size if older else 0)
        self._rows[key] = kept
        while self._rows and (len(self._rows) > _MOST or self._size > _LARGEST):
            _, gone = self._rows.popitem(last=False)
            self._size -= gone.size
        return kept

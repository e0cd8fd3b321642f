"""Work in a process of its own, so that the load has its own event loop and its own interpreter."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Coroutine
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Event
from typing import Any, Generic, TypeVar

import uvloop

P = TypeVar("P")
T = TypeVar("T")

Work = Callable[[Event, P], Coroutine[Any, Any, T]]


def _main(pipe: Pipe, work: Work[Any, Any], plan: object, stop: Event) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pipe.send(runner.run(work(stop, plan)))
    pipe.close()


class Apart(Generic[T]):
    """An async function at work in a new process; it gets an event that asks it to stop."""

    def __init__(self, work: Work[P, T], plan: P) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop = context.Event()
        self._pipe, theirs = context.Pipe(duplex=False)
        arguments = (theirs, work, plan, self._stop)
        self._process = context.Process(target=_main, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def stop(self) -> None:
        """Begin nothing new; what was begun is still finished."""
        self._stop.set()

    async def result(self) -> T:
        """What came of it, once it is over. EOFError where the process died."""
        found: T = await asyncio.to_thread(self._pipe.recv)
        await asyncio.to_thread(self._process.join)
        return found

"""`yiwang serve` and `yiwang worker`."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer
import uvicorn
import uvloop

from yiwang import flow, setup
from yiwang.app import Service, open_database
from yiwang.commands.line import alone, run_commands, write_log
from yiwang.commands.options import ClockName, ClockOption, HomeOption, PortOption
from yiwang.ground.gate.clock import Clock, RealClock, SimulatedClock
from yiwang.home import Home
from yiwang.kit.db import Database
from yiwang.kit.memory import keep_for_good
from yiwang.kit.priority import step_back
from yiwang.kit.web.wire import listening
from yiwang.matters.exports.running import continue_exports
from yiwang.matters.feed.webhooks import deliver_forever
from yiwang.matters.media.publishing import publish_waiting
from yiwang.matters.sources.importing import continue_imports
from yiwang.worker import Worker

# Whoever reports or asks waits for the service; what the worker does may come a little later.
_WORKER_STEPS = 10


def _clock(name: ClockName) -> Clock:
    return SimulatedClock() if name is ClockName.SIMULATED else RealClock()


def serve(
    home: HomeOption = None,
    port: PortOption = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    clock: ClockOption = ClockName.REAL,
) -> None:
    """Run the web service on a prepared installation."""
    write_log()
    place = Home.open(home)
    if place.is_embedded:
        place.server.start()

    async def run() -> None:
        db = await open_database(place, size=12, simulated=clock is ClockName.SIMULATED)
        city = await setup.load_city(db)
        service = Service(place, db, city, _clock(clock))
        keep_for_good()
        config = listening(service, host=host, port=port)
        await uvicorn.Server(config).serve()

    uvloop.run(run())


def work(home: HomeOption = None, clock: ClockOption = ClockName.REAL) -> None:
    """Run the worker: reactions, clocks, seals, exports, imports, webhooks."""
    write_log()
    step_back(_WORKER_STEPS)
    place = Home.open(home)
    if place.is_embedded:
        place.server.start()

    async def run() -> None:
        db = await Database.open(
            place.role_url("yiwang_worker"),
            size=6,
            routing=flow.ROUTING,
            name="yiwang-worker",
            simulated=clock is ClockName.SIMULATED,
        )
        city = await setup.load_city(db)
        keep_for_good()
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        worker = Worker(
            db=db,
            city=city,
            clock=_clock(clock),
            signer=place.signing_key,
            origin=place.secrets["origin"],
            stopping=stopping,
        )
        jobs = (
            lambda: continue_exports(db, worker.city, place.folder, worker.clock.now()),
            lambda: continue_imports(db, worker.city, place.folder, worker.clock.now()),
            lambda: publish_waiting(db, worker.city, place.attachments, worker.clock.now()),
        )
        await asyncio.gather(worker.run(jobs), deliver_forever(db, lambda: worker.city, stopping))
        await db.close()

    uvloop.run(run())


def main() -> None:
    """Run one of the two, without loading the other commands."""
    run_commands(alone({"serve": serve, "worker": work}))


if __name__ == "__main__":
    main()

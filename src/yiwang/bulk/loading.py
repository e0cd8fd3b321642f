"""Loads made-up cases in chunks, each one transaction; a run that broke off goes on."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import numpy as np

from yiwang.bulk.choices import Choices, choose_from
from yiwang.bulk.course import live
from yiwang.bulk.deadlines import Deadlines
from yiwang.bulk.drawing import Draw, draw
from yiwang.bulk.lines import Sheet
from yiwang.bulk.numbering import take_numbers
from yiwang.bulk.routing import Router
from yiwang.bulk.rows import Ids, Writer, count_ids
from yiwang.bulk.telling import Teller
from yiwang.ground.city import City
from yiwang.kit.db import prepare_connection

Progress: TypeAlias = Callable[[int], None]  # cases loaded so far

_CHUNK = 10_000
_LOADERS = 3
_TABLES = ("reports", "cases", "orders", "checks")
_MEMORY = "set work_mem = '64MB'; set maintenance_work_mem = '512MB'"
_PENDING = "set gin_pending_list_limit = '256MB'"  # texts are indexed in few large steps


@dataclass(frozen=True, slots=True)
class _Run:
    """What all loaders of a run share; everything is drawn before the first row is loaded."""

    city: City
    choices: Choices
    draw: Draw
    router: Router
    deadlines: Deadlines
    teller: Teller
    seed: int
    until: int
    key: str


async def generate(
    owner_dsn: str,
    city: City,
    count: int,
    seed: int,
    progress: Progress | None = None,
    *,
    until: datetime | None = None,
    open_cases: int | None = None,
) -> int:
    """Load `count` made-up cases of the two years before `until`; the number loaded by this call.

    `owner_dsn` names the owner of the tables, whom row-level security does not bind. Without
    `until` the cases end with the city's last midnight. A run that broke off is taken up by the
    same count and seed: it keeps its `until` and loads only the chunks that are missing. Refuses
    a pack without kinds ("bench.no_kinds").

    `open_cases` makes that many of the newest cases open, instead of the usual share.
    """
    conns = [await asyncpg.connect(owner_dsn) for _ in range(_LOADERS)]
    try:
        for conn in conns:
            await prepare_connection(conn)
            await conn.execute(f"set timezone = 'UTC'; {_MEMORY}; {_PENDING}")
        key = f"bulk:{seed}:{count}" + ("" if open_cases is None else f":{open_cases}")
        end, done = await _begin(conns[0], key, until or _midnight(city))
        run = await asyncio.to_thread(_prepare, city, count, seed, end, key, open_cases)
        missing = [n for n in range(-(-count // _CHUNK)) if n not in done]
        return await _load(conns, run, missing, progress)
    finally:
        for conn in conns:
            await conn.close()


def _midnight(city: City) -> datetime:
    now = datetime.now(city.zone)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _prepare(
    city: City, count: int, seed: int, until: datetime, key: str, open_cases: int | None
) -> _Run:
    rng = np.random.default_rng([seed, count, 1])
    choices = choose_from(city, city.day(until), rng)
    drawn = draw(city, choices, count, until, seed, open_cases)
    end = int(until.timestamp())
    first = int(drawn.reported[0]) if count else end
    return _Run(
        city=city,
        choices=choices,
        draw=drawn,
        router=Router(city),
        deadlines=Deadlines(city, first, end),
        teller=Teller(city, choices),
        seed=seed,
        until=end,
        key=key,
    )


async def _begin(conn: asyncpg.Connection, key: str, until: datetime) -> tuple[datetime, set[int]]:
    """Until when the run goes, and the chunks that an earlier call has loaded."""
    await conn.execute(
        "insert into settings (key, value) values ($1, $2) on conflict (key) do nothing",
        key,
        {"until": until.isoformat(), "done": []},
    )
    row = await conn.fetchval("select value from settings where key = $1", key)
    return datetime.fromisoformat(row["until"]), set(row["done"])


async def _load(
    conns: list[asyncpg.Connection], run: _Run, chunks: list[int], progress: Progress | None
) -> int:
    loaded = 0
    waiting = iter(chunks)
    turn = asyncio.Lock()  # one part is composed while the other is loaded

    async def work(conn: asyncpg.Connection) -> None:
        nonlocal loaded
        for number in waiting:
            part = run.draw.part(number * _CHUNK, (number + 1) * _CHUNK)
            async with turn:
                ids, numbers = await _reserve(conn, run, part)
                sheets = await asyncio.to_thread(_compose, run, number, part, ids, numbers)
            await _store(conn, run, number, sheets)
            loaded += len(part.life)
            if progress is not None:
                progress(loaded)

    await asyncio.gather(*(work(conn) for conn in conns))
    await conns[0].execute("select gin_clean_pending_list('case_words_text')")
    for table in (*_TABLES, "events", "case_steps"):
        await conns[0].execute(f"analyze {table}")
    return loaded


async def _reserve(conn: asyncpg.Connection, run: _Run, part: Draw) -> tuple[Ids, list[str]]:
    """Ids from the sequences and numbers from the counters: a running service takes others."""
    wanted = count_ids(part)
    taken: dict[str, Any] = {}
    for table in _TABLES:
        taken[table] = await conn.fetchval(
            "select array_agg(nextval(pg_get_serial_sequence($1, 'id')))"
            " from generate_series(1, $2)",
            table,
            getattr(wanted, table),
        )
    divisions = [run.choices.districts[place] for place in part.place.tolist()]
    numbers = await take_numbers(conn, run.city, divisions, part.day.tolist())
    return Ids(**taken), numbers


def _compose(run: _Run, number: int, part: Draw, ids: Ids, numbers: list[str]) -> list[Sheet]:
    rng = np.random.default_rng([run.seed, number, 2])
    course = live(part, run.choices, run.router, run.deadlines, rng, run.until)
    writer = Writer(run.city, part, course, run.teller.tell(part), ids, numbers)
    return writer.write(run.until)


async def _store(conn: asyncpg.Connection, run: _Run, number: int, sheets: list[Sheet]) -> None:
    async with conn.transaction():
        for sheet in sheets:
            await conn.copy_to_table(
                sheet.table,
                source=io.BytesIO(sheet.data()),
                columns=list(sheet.columns),
                format="text",
            )
        await conn.execute(
            "update settings set value = jsonb_set(value, '{done}', (value->'done') || $2)"
            " where key = $1",
            run.key,
            number,
        )

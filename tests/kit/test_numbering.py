"""Numbers are never given twice, and nobody who reserves one makes another wait."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tests.world import World

from yiwang.kit.db import Scope
from yiwang.kit.numbering import LONGEST_RUN, Numbers


def _numbers(world: World) -> Numbers:
    return Numbers(lambda: asyncpg.connect(world.service_url))


async def test_a_quiet_counter_leaves_nothing_out(world: World) -> None:
    numbers = _numbers(world)
    assert await numbers.take({"a": 1, "b": 3}) == {"a": [1], "b": [1, 2, 3]}
    await numbers.close()
    again = _numbers(world)
    assert await again.take({"b": 1}) == {"b": [4]}
    await again.close()


async def test_two_processes_never_give_the_same(world: World) -> None:
    both = [_numbers(world), _numbers(world)]

    async def draw(numbers: Numbers, count: int) -> list[int]:
        return (await numbers.take({"a": count}))["a"]

    parts = await asyncio.gather(*(draw(both[i % 2], 1 + i % 4) for i in range(200)))
    given = [number for part in parts for number in part]
    assert len(given) == len(set(given)) == sum(1 + i % 4 for i in range(200))
    assert max(given) <= len(given) + 2 * LONGEST_RUN
    assert all(part == sorted(part) for part in parts)
    for numbers in both:
        await numbers.close()


async def test_ids_are_fresh_and_ascending_whoever_draws(world: World) -> None:
    both = [_numbers(world), _numbers(world)]
    parts = await asyncio.gather(*(both[i % 2].take_ids("cases", 1 + i % 4) for i in range(200)))
    given = [number for part in parts for number in part]
    assert len(given) == len(set(given)) == sum(1 + i % 4 for i in range(200))
    assert all(part == sorted(part) for part in parts)
    assert max(given) <= len(given) + 2 * (LONGEST_RUN + 4)
    for numbers in both:
        await numbers.close()


async def test_an_open_transaction_keeps_nobody_waiting(world: World) -> None:
    async with world.as_worker() as first, world.service.begin(Scope(""), world.now) as second:
        one = await first.numbers.take({"a": 1})
        other = await asyncio.wait_for(second.numbers.take({"a": 1}), 20)
    assert one["a"] != other["a"]


async def test_a_lost_connection_is_made_anew(world: World) -> None:
    opened: list[asyncpg.Connection] = []

    async def connect() -> asyncpg.Connection:
        opened.append(await asyncpg.connect(world.service_url))
        return opened[-1]

    numbers = Numbers(connect)
    before = (await numbers.take({"a": 1}))["a"]
    opened[0].terminate()
    after = (await numbers.take({"a": LONGEST_RUN + 1}))["a"]
    assert not set(before) & set(after)
    assert len(opened) == 2
    await numbers.close()


async def test_nothing_is_given_where_the_database_is_away(world: World) -> None:
    async def connect() -> asyncpg.Connection:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        await Numbers(connect).take({"a": 1})
    assert await world.rows("select * from counters") == []

"""Tallies on a real database: each event once, told anew the same, equal to what lies there."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from tests.panels.scene import lived, stored, tally
from tests.world import World

from yiwang.bulk import generate
from yiwang.matters.cases.store import OPEN_SQL
from yiwang.matters.panels import store, tallying
from yiwang.matters.panels.rules import HOURS_KEPT, starts, summed

UNTIL = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)


async def _months(world: World, place: str) -> dict[str, int]:
    rows = await world.rows(
        "select counts from tallies where grain = 'month' and place = $1::text::ltree", place
    )
    return summed(row["counts"] for row in rows)


async def test_tallies_equal_what_lies_in_the_tables(world: World) -> None:
    await lived(world)
    assert await tally(world) > 0
    places = await world.rows("select distinct place from tallies")
    for row in places:
        place = row["place"]
        told = await _months(world, place)
        real = await world.row(
            f"select count(*) filter (where state in {OPEN_SQL}) as open, count(*) as opened,"
            f" count(*) filter (where state in {OPEN_SQL} and due_next <= $2) as overrun,"
            " count(*) filter (where state = 'closed') as closed"
            " from cases where place <@ $1::text::ltree",
            place,
            world.now,
        )
        moved = {"310000.310101.310101002", "310000.310101.310101013"}
        for measure, n in real.items():
            if measure == "opened" and any(place.startswith(one) for one in moved):
                continue  # it was opened where it stood then
            assert told.get(measure, 0) == n, (place, measure)
    told = await _months(world, world.city.root_path)
    assert (told["failed"], told["finished"], told["repeats"]) == (1, 2, 1)
    assert told["on_time"] + told.get("late", 0) == 2


async def test_told_anew_they_are_the_same(world: World) -> None:
    await lived(world)
    await tally(world)
    world.pass_time(hours=30)
    await tally(world)
    before = await stored(world)
    assert len(before["tallies"]) > 20
    assert before["tally_overruns"]
    assert len(before["tally_senders"]) == 2
    async with world.as_worker() as tx:
        await tallying.start_anew(tx)
    assert not (await stored(world))["tallies"]
    await tally(world, most=7)
    assert await stored(world) == before


async def test_made_up_cases_are_told_event_by_event_as_at_once(world: World) -> None:
    await generate(world.owner_url, world.city, 400, 5, until=UNTIL)
    await tally(world, most=333)
    in_parts = await stored(world)
    async with world.as_worker() as tx:
        await tallying.start_anew(tx)
    await tally(world)
    assert await stored(world) == in_parts
    told = await _months(world, world.city.root_path)
    real = await world.row(
        f"select count(*) as opened, count(*) filter (where state in {OPEN_SQL}) as open,"
        " count(*) filter (where state = 'closed') as closed, sum(returned)::int as returned"
        " from cases"
    )
    assert {name: told.get(name, 0) for name in real} == dict(real)
    on_time = await world.row(
        "select count(*) filter (where finished_at <= due_handle) as on_time,"
        " count(*) filter (where finished_at > due_handle) as late"
        " from orders where role = 'lead' and state = 'done'"
    )
    assert {name: told.get(name, 0) for name in on_time} == dict(on_time)


async def test_nothing_is_folded_twice_and_nothing_is_folded_before_it_is_final(
    world: World,
) -> None:
    await lived(world)
    async with world.as_worker() as open_tx:
        await open_tx.fetchval("select pg_current_xact_id()")
        await world.report("路面塌陷有大坑", 121.5, 31.2)
        held = await tally(world)
    after = await tally(world)
    assert held > 0
    assert after > 0
    assert await tally(world) == 0
    received = (await _months(world, world.city.root_path))["received"]
    assert received == (await world.row("select count(*) as n from reports"))["n"]


async def test_one_folds_at_a_time(world: World) -> None:
    await lived(world)
    async with world.as_worker() as tx:
        assert await store.take_folding(tx)
        async with world.as_worker() as other:
            assert await tallying.tally(other, world.city) == 0
    assert await tally(world) > 0


async def test_an_idle_fold_stays_fresh_and_writes_seldom(world: World) -> None:
    await tally(world)
    async with world.as_worker() as tx:
        _, first = await store.cursor(tx)
    world.pass_time(seconds=1)
    await tally(world)
    async with world.as_worker() as tx:
        _, second = await store.cursor(tx)
    world.pass_time(seconds=5)
    await tally(world)
    async with world.as_worker() as tx:
        _, third = await store.cursor(tx)
    assert first == second
    assert third == world.now


async def test_single_hours_are_forgotten_and_their_days_stay(world: World) -> None:
    await lived(world)
    await tally(world)
    days = await world.rows("select * from tallies where grain <> 'hour' order by 1, 2, 3")
    world.pass_time(days=40)
    await tally(world)
    oldest = starts(world.now - HOURS_KEPT, world.city.zone)[1]
    hours = await world.rows("select since from tallies where grain = 'hour'")
    assert all(row["since"] >= oldest for row in hours)
    assert await world.rows("select * from tallies where grain <> 'hour' order by 1, 2, 3") == days


async def test_a_fold_that_was_killed_is_done_again(world: World) -> None:
    await lived(world)

    async def killed() -> None:
        async with world.as_worker() as tx:
            await tallying.tally(tx, world.city)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await killed()
    assert not (await stored(world))["tallies"]
    assert await tally(world) > 0

"""The bulk generator on a real database: consistent, complete, labelled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.bulk import generate
from yiwang.bulk.deadlines import Deadlines
from yiwang.ground.city import City, clock_from
from yiwang.ground.packs.model import ClockKind, Stage
from yiwang.ground.worktime import due
from yiwang.kit.db import prepare_connection
from yiwang.kit.lifecycle import Table
from yiwang.matters.cases.lifecycle import CASES
from yiwang.matters.checking.lifecycle import CHECKS
from yiwang.matters.dispatch.lifecycle import ORDERS
from yiwang.matters.sources.lifecycle import REPORTS

COUNT = 500
UNTIL = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
TABLES: Mapping[str, Table] = {
    "report": REPORTS.table,
    "case": CASES.table,
    "order": ORDERS.table,
    "check": CHECKS.table,
}
RELATIONS = {name: f"{name}s" for name in TABLES}


@pytest.fixture
async def conn(owner_url: str, city: City) -> AsyncIterator[asyncpg.Connection]:
    """A database with the cases of one run."""
    found = await asyncpg.connect(owner_url)
    await prepare_connection(found)
    told: list[int] = []
    assert await generate(owner_url, city, COUNT, 7, told.append, until=UNTIL) == COUNT
    assert told[-1] == COUNT
    yield found
    await found.close()


async def _states(conn: asyncpg.Connection) -> dict[tuple[str, int], str]:
    found = {}
    for matter, relation in RELATIONS.items():
        for row in await conn.fetch(f"select id, state from {relation}"):
            found[matter, row["id"]] = row["state"]
    return found


async def test_every_matter_has_its_whole_life_on_record(conn: asyncpg.Connection) -> None:
    """Events chain without gaps from nothing to the present state, each by its lifecycle's rule."""
    states: dict[tuple[str, int], str] = {}
    times: dict[int, datetime] = {}
    beginnings = {"report.receive", "case.file", "case.report", "order.issue", "check.arrange"}
    for event in await conn.fetch("select * from events order by id"):
        key = (event["matter"], event["matter_id"])
        assert event["before"] == states.get(key), event["action"]
        if key not in states:
            assert event["action"] in beginnings
        else:
            rule = TABLES[event["matter"]].rule(event["action"].split(".")[1], event["before"])
            assert rule is not None, event["action"]
            assert event["after"] == (rule.end or event["before"])
            assert event["article"] == rule.article
        states[key] = event["after"]
        assert event["facts"]["synthetic"] is True
        assert len(event["salt"]) == 16
        if event["case_id"] is not None:
            assert times.get(event["case_id"], event["at"]) <= event["at"]
            times[event["case_id"]] = event["at"]
        assert event["at"] < UNTIL
    assert states == await _states(conn)


async def test_rows_agree_with_each_other(conn: asyncpg.Connection) -> None:
    """Counts, times, units and labels."""

    async def count(sql: str) -> int:
        return int(await conn.fetchval(f"select count(*) from {sql}"))

    assert await count("cases") == COUNT
    for relation in RELATIONS.values():
        assert await count(f"{relation} where not synthetic") == 0
    # Mostly closed, a few open.
    closed = await count("cases where state in ('closed', 'cancelled')")
    assert 0.95 * COUNT < closed < COUNT
    # Each report belongs to a case, which counts its reports.
    assert await count("reports where case_id is null") == 0
    assert (
        await count(
            "cases c where report_count <> (select count(*) from reports r where r.case_id = c.id)"
        )
        == 0
    )
    # Exactly one lead order that counts, to the unit the case names, never checked by itself.
    assert (
        await count(
            "cases c where lead is not null and (select array_agg(unit) from orders o where"
            " o.case_id = c.id and role = 'lead' and state <> 'withdrawn') <> array[c.lead]"
        )
        == 0
    )
    assert await count("cases where state = 'closed' and not passed_check") == 0
    assert await count("checks where unit = any(handlers)") == 0
    assert await count("checks where state = 'passed' and done_at is null") == 0
    # The order of the steps.
    assert (
        await count(
            "cases where reported_at > filed_at or filed_at > dispatched_at"
            " or dispatched_at > handled_at or handled_at > closed_at"
        )
        == 0
    )
    # What ran over is said, and only that.
    assert (
        await count(
            "cases where state = 'closed' and (closed_at > due_total) <> ('total' = any(overdue))"
        )
        == 0
    )
    assert await count("cases where state = 'closed' and due_next is not null") == 0
    # Texts and numbers.
    assert await count("cases where title !~ '[一-龥]' or text !~ '[一-龥]'") == 0
    assert await count("cases where number !~ '^[0-9]{19}$'") == 0
    assert await count("cases where spot is null or lon is null") == 0


async def test_points_lie_in_their_places(conn: asyncpg.Connection, city: City) -> None:
    """Each position is in the smallest place the case names."""
    for row in await conn.fetch("select lon, lat, place, spot from cases limit 200"):
        assert city.locator.locate(row["lon"], row["lat"]).path == row["place"]
        x, y = city.frame.to_local(row["lon"], row["lat"])
        assert (row["spot"].x, row["spot"].y) == pytest.approx((x, y), abs=0.01)


async def test_clocks_of_open_cases_can_be_computed_again(
    conn: asyncpg.Connection, city: City
) -> None:
    """The stored clocks give the stored due times."""
    rows = await conn.fetch(
        "select limit_reason, due_dispatch, due_total from cases"
        " where state in ('filed', 'dispatched', 'checking')"
    )
    assert rows
    for row in rows:
        for stage, at in ((Stage.DISPATCH, row["due_dispatch"]), (Stage.TOTAL, row["due_total"])):
            stored = row["limit_reason"].get(stage.value)
            assert (stored is None) == (at is None)
            if stored is not None:
                clock = clock_from(city, stage, stored)
                assert clock.at is not None
                assert abs(clock.at - at) < timedelta(seconds=1)


async def test_a_second_run_makes_nothing_twice(
    conn: asyncpg.Connection, owner_url: str, city: City
) -> None:
    """The same run again loads nothing; another seed adds, under new numbers."""
    assert await generate(owner_url, city, COUNT, 7) == 0
    assert await conn.fetchval("select count(*) from cases") == COUNT
    assert await generate(owner_url, city, 100, 8, until=UNTIL) == 100
    assert await conn.fetchval("select count(distinct number) from cases") == COUNT + 100


async def test_the_platform_goes_on_from_the_same_sequences(conn: asyncpg.Connection) -> None:
    """Ids and numbers that the platform takes next are free."""
    for relation in RELATIONS.values():
        following = await conn.fetchval(
            "select nextval(pg_get_serial_sequence($1, 'id'))", relation
        )
        assert following > await conn.fetchval(f"select max(id) from {relation}")
    worst: dict[str, Any] | None = await conn.fetchrow(
        "select n from counters join (select 'case:' || left(number, 6) || ':' ||"
        " substr(number, 7, 8) as name, max(right(number, 5)::int) as last from cases group by 1) c"
        " using (name) where n < last limit 1"
    )
    assert worst is None


_FIRST = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
_LAST = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())


@given(
    starts=st.lists(st.integers(_FIRST, _LAST), min_size=1, max_size=20),
    amount=st.sampled_from([0.5, 1.0, 2.0, 4.0, 5.0, 7.5, 15.0, 20.0]),
    clock=st.sampled_from(list(ClockKind)),
)
def test_many_due_times_are_the_ones_of_the_calendar(
    city: City, starts: list[int], amount: float, clock: ClockKind
) -> None:
    """Computed in arrays or one by one, a due time is the same to the second."""
    found = Deadlines(city, _FIRST, _LAST).due(np.array(starts, dtype=np.int64), amount, clock)
    for start, at in zip(starts, found.tolist(), strict=True):
        expected = due(datetime.fromtimestamp(start, UTC), amount, clock, city.calendar).at
        assert expected is not None
        assert at == int(expected.timestamp())

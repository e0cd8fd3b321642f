"""Sealing on a real database: nothing lost, nothing twice, nothing rewritten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.ledger.stored import (
    HANDLER,
    NOW,
    ORIGIN,
    TOWN,
    Stored,
    codes,
    entry,
    open_stored,
)

from yiwang.ground.ledger import sealing, service, signing
from yiwang.ground.ledger.model import Batch, Head
from yiwang.kit.errors import Refusal


@pytest.fixture
async def stored(owner_url: str, service_url: str, worker_url: str) -> AsyncIterator[Stored]:
    """A fresh stored ledger."""
    async with open_stored(owner_url, service_url, worker_url) as found:
        yield found


async def _batches(stored: Stored) -> list[Batch]:
    rows = await stored.rows("select * from ledger_batches order by first_position")
    return [Batch(*row) for row in rows]


async def test_an_empty_record_seals_nothing(stored: Stored) -> None:
    assert await stored.seal() == 0
    assert await stored.rows("select 1 from ledger_heads") == []
    assert (await stored.audit()).ok


async def test_events_are_sealed_once_in_batches_with_signed_heads(stored: Stored) -> None:
    async with stored.writing() as tx:
        await service.record(tx, HANDLER, [entry(1) for _ in range(7)])
    assert await stored.seal(3) == 3
    assert await stored.seal_all(3) == 4
    assert await stored.seal() == 0
    assert [b.count for b in await _batches(stored)] == [3, 3, 1]
    heads = await stored.rows("select * from ledger_heads order by size")
    assert [row["size"] for row in heads] == [3, 6, 7]
    for row in heads:
        head = Head(ORIGIN, row["size"], row["root"], row["at"], row["key_id"], row["signature"])
        assert signing.verify(head, stored.key.public)
        assert head.at == NOW
    report = await stored.audit()
    assert codes(report.findings) == []
    assert (report.outcome.events, report.outcome.batches, report.outcome.waiting) == (7, 3, 0)


async def test_the_tree_grows_over_many_tiles(stored: Stored) -> None:
    async with stored.writing() as tx:
        await service.record(tx, HANDLER, [entry(n) for n in range(700)])
    assert await stored.seal_all(190) == 700
    assert (await stored.audit()).ok
    sizes = await stored.rows(
        "select level, number, length(hashes) / 32 from ledger_tiles order by level, number"
    )
    assert [tuple(row) for row in sizes] == [(0, 0, 256), (0, 1, 256), (0, 2, 188), (1, 0, 2)]


async def test_a_long_transaction_holds_sealing_up_and_loses_nothing(stored: Stored) -> None:
    async with stored.writing() as slow:
        await service.record(slow, HANDLER, [entry(1)])
        await stored.write([entry(2), entry(3)])
        assert await stored.seal() == 0
        await service.record(slow, HANDLER, [entry(1)])
    assert await stored.seal() == 4
    sealed = await stored.rows("select case_id from events order by xid, id")
    assert [row["case_id"] for row in sealed] == [1, 1, 2, 3]
    assert (await stored.audit()).ok


async def test_concurrent_writers_and_sealers_never_lose_an_event(stored: Stored) -> None:
    """Some transactions stay open across others, some are undone, two sealers race."""
    writing = 5
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for turn in range(12):
            try:
                async with stored.writing() as tx:
                    await service.record(tx, HANDLER, [entry(writer)])
                    for _ in range((writer * 7 + turn * 3) % 5):
                        await tx.execute("select 1")
                    await service.record(tx, HANDLER, [entry(writer), entry(writer)])
                    if (writer + turn) % 4 == 0:
                        raise InterruptedError
            except InterruptedError:
                continue

    async def seal() -> int:
        total = 0
        while not done.is_set():
            total += await stored.seal(10)
        return total

    sealers = [asyncio.create_task(seal()) for _ in range(2)]
    await asyncio.gather(*(write(writer) for writer in range(writing)))
    done.set()
    total = sum(await asyncio.gather(*sealers)) + await stored.seal_all(10)
    kept = sum((w + t) % 4 != 0 for w in range(writing) for t in range(12))
    assert total == 3 * kept
    assert await stored.owner.fetchval("select count(*) from events") == 3 * kept
    report = await stored.audit()
    assert codes(report.findings) == []
    assert (report.outcome.events, report.outcome.waiting) == (3 * kept, 0)


async def test_one_sealer_at_a_time(stored: Stored) -> None:
    await stored.write([entry(1)])
    async with stored.working() as first:
        assert await sealing.seal(first, stored.key, ORIGIN) == 1
        await stored.write([entry(2)])
        assert await stored.seal() == 0
    assert await stored.seal() == 1


async def test_a_sealing_that_is_undone_seals_again(stored: Stored) -> None:
    await stored.write([entry(1), entry(2)])

    async def seal_and_fail() -> None:
        async with stored.working() as tx:
            await sealing.seal(tx, stored.key, ORIGIN)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await seal_and_fail()
    assert await _batches(stored) == []
    assert await stored.seal() == 2
    assert (await stored.audit()).ok


@pytest.mark.parametrize(
    "spoil",
    [
        "update ledger_tiles set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1)",
        "delete from ledger_tiles",
        "delete from ledger_heads",
        "delete from ledger_batches",
    ],
)
async def test_nothing_is_added_to_a_tree_that_is_not_the_signed_one(
    stored: Stored, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    await stored.write([entry(1), entry(2)])
    assert await stored.seal() == 2
    await stored.write([entry(3)])
    await stored.owner.execute(spoil)
    with caplog.at_level(logging.ERROR, "yiwang.ledger"):
        assert await stored.seal() == 0
    assert "not the one signed last" in caplog.text
    assert not (await stored.audit()).ok


async def test_a_database_that_counts_anew_is_noticed(
    stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    await stored.write([entry(1)])
    assert await stored.seal() == 1
    await stored.owner.execute("update ledger_batches set last_xid = 1::bigint << 40")
    await stored.write([entry(2)])
    with caplog.at_level(logging.ERROR, "yiwang.ledger"):
        assert await stored.seal() == 0
    assert "counts its transactions anew" in caplog.text


@pytest.mark.parametrize(
    "facts", ["[1]", '{"n": 9007199254740993}', '{"n": 1e400}', '{"n": 1.5e400}', "[" * 2000]
)
async def test_what_came_past_the_platform_stops_no_sealing_and_is_named(
    stored: Stored, facts: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = facts + "]" * facts.count("[") if facts.startswith("[[") else facts
    await stored.write([entry(1)])
    async with stored.writing() as tx:
        await tx.execute(
            "insert into events (at, actor, action, matter, matter_id, place, article, rule, facts)"
            " values ('infinity', 'x', 'a.b', 'case', 1, $1::text::ltree, 'V', 'r',"
            " $2::text::jsonb)",
            TOWN,
            text,
        )
    await stored.write([entry(2)])
    with caplog.at_level(logging.ERROR, "yiwang.ledger"):
        assert await stored.seal() == 3
    assert "not recorded by the platform" in caplog.text
    found = (await stored.audit()).findings
    assert codes(found) == ["ledger.event_altered"]
    assert found[0].facts["position"] == 1


async def test_facts_that_could_not_be_sealed_are_not_recorded(stored: Stored) -> None:
    for value in (float("nan"), 2**60 + 1, "a\x00b", "\ud800", NOW):
        with pytest.raises(Refusal, match=r"ledger\.value_"):
            await stored.write([entry(1, facts={"value": value})])
    assert await stored.rows("select 1 from events") == []


_LEDGER = ("events", "ledger_tiles", "ledger_batches", "ledger_heads")


@pytest.mark.parametrize("table", _LEDGER)
@pytest.mark.parametrize("role", ["service_url", "worker_url"])
async def test_no_role_takes_anything_out_of_the_record(
    stored: Stored, table: str, role: str
) -> None:
    await stored.write([entry(1)])
    assert await stored.seal() == 1
    conn = await asyncpg.connect(getattr(stored, role))
    try:
        for sql in (f"delete from {table}", f"truncate {table}", f"drop table {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(sql)
    finally:
        await conn.close()


@pytest.mark.parametrize("role", ["service_url", "worker_url"])
@pytest.mark.parametrize(
    "sql",
    [
        "update events set actor = 'x'",
        "update events set salt = salt",
        "update ledger_batches set count = count",
        "update ledger_heads set root = root",
        "alter table events disable row level security",
        "create rule r as on insert to events do instead nothing",
        "alter table events alter xid set default 1",
        *(
            f"insert into events ({column}, at, actor, action, matter, matter_id, place, article,"
            f" rule, facts) {extra} values ({value}, now(), 'x', 'a.b', 'case', 1, 'sh', 'V', 'r',"
            " '{}')"
            for column, value, extra in (
                ("id", "1", "overriding system value"),
                ("xid", "1", ""),
                ("salt", "''", ""),
            )
        ),
    ],
)
async def test_no_role_rewrites_or_backdates_an_event(stored: Stored, role: str, sql: str) -> None:
    conn = await asyncpg.connect(getattr(stored, role))
    try:
        await conn.execute("select set_config('yiwang.actor', 'x', false)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(sql)
    finally:
        await conn.close()


@pytest.mark.parametrize(
    "sql",
    [
        "update ledger_tiles set hashes = hashes",
        "insert into ledger_tiles values (0, 9, '')",
        "insert into ledger_batches values (9, 1, 1, 1, 1, 1)",
        "insert into ledger_heads values (9, '', now(), '', '')",
    ],
)
async def test_the_service_seals_nothing(stored: Stored, sql: str) -> None:
    conn = await asyncpg.connect(stored.service_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(sql)
    finally:
        await conn.close()

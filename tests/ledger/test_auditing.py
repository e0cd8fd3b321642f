"""The full check finds and names whatever the owner of the database does to the record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from tests.ledger.stored import (
    HANDLER,
    NOW,
    ORIGIN,
    Stored,
    codes,
    entry,
    later,
    open_stored,
)

from yiwang.ground.ledger import (
    auditing,
    canonical,
    merkle,
    proving,
    service,
    signing,
    store,
    tiles,
)
from yiwang.ground.ledger.model import Batch
from yiwang.ground.ledger.proving import Viewer
from yiwang.ground.ledger.signing import SigningKey
from yiwang.kit.errors import Refusal

_EVENTS = 20
_BATCH = 6


@pytest.fixture
async def stored(owner_url: str, service_url: str, worker_url: str) -> AsyncIterator[Stored]:
    """A ledger of 20 events sealed in batches of 6."""
    async with open_stored(owner_url, service_url, worker_url) as found:
        for n in range(_EVENTS // 2):
            async with found.writing() as tx:
                await service.record(tx, HANDLER, [entry(n, at=later(seconds=n)), entry(n)])
        assert await found.seal_all(_BATCH) == _EVENTS
        assert (await found.audit()).ok
        yield found


async def _ids(stored: Stored) -> list[int]:
    return [row["id"] for row in await stored.rows("select id from events order by xid, id")]


@pytest.mark.parametrize(
    "change",
    [
        'facts = facts || \'{"note": "修好了"}\'',
        "facts = '{}'",
        "facts = '[]'",
        "facts = facts - 'depth'",
        "salt = set_byte(salt, 0, get_byte(salt, 0) # 1)",
        "salt = ''",
        "actor = 'person:13'",
        "unit = null",
        "unit = 'power'",
        "at = at - interval '1 microsecond'",
        "at = 'infinity'",
        "at = '-infinity'",
        "action = 'case.pass'",
        "matter = 'order'",
        "matter_id = 4711",
        "case_id = null",
        "case_id = 4711",
        "place = 'sh.hp'",
        "article = 'IV'",
        "rule = 'case.pass'",
        "before = 'checking'",
        "after = 'closed'",
        "after = null",
    ],
)
async def test_any_altered_column_is_found_and_its_event_named(stored: Stored, change: str) -> None:
    ids = await _ids(stored)
    await stored.owner.execute(f"update events set {change} where id = $1", ids[8])
    findings = (await stored.audit()).findings
    assert codes(findings) == ["ledger.event_altered"]
    assert findings[0].facts == {"position": 8, "id": ids[8]}


@pytest.mark.parametrize("position", [0, 5, 6, 11, 19])
async def test_a_deleted_event_is_named(stored: Stored, position: int) -> None:
    ids = await _ids(stored)
    await stored.owner.execute("delete from events where id = $1", ids[position])
    findings = (await stored.audit()).findings
    assert codes(findings) == ["ledger.event_missing"]
    assert findings[0].facts["position"] == position


async def test_a_whole_batch_deleted_is_named(stored: Stored) -> None:
    ids = await _ids(stored)
    await stored.owner.execute("delete from events where id = any($1)", ids[6:12])
    findings = (await stored.audit()).findings
    assert codes(findings) == ["ledger.event_missing"] * 6
    assert [finding.facts["position"] for finding in findings] == [*range(6, 12)]


async def test_swapped_times_are_found(stored: Stored) -> None:
    ids = await _ids(stored)
    await stored.owner.execute(
        "update events e set at = o.at from events o where (e.id, o.id) in (($1, $2), ($2, $1))",
        ids[2],
        ids[6],
    )
    findings = (await stored.audit()).findings
    assert codes(findings) == ["ledger.event_altered"] * 2
    assert [finding.facts["position"] for finding in findings] == [2, 6]


async def test_two_events_that_change_places_are_found(stored: Stored) -> None:
    ids = await _ids(stored)
    a, b = ids[0], ids[3]
    await stored.owner.execute("alter table events alter id drop identity")
    await stored.owner.execute(
        "update events e set xid = o.xid, id = -o.id from events o"
        " where (e.id, o.id) in (($1, $2), ($2, $1))",
        a,
        b,
    )
    await stored.owner.execute("update events set id = -id where id < 0")
    assert set(codes((await stored.audit()).findings)) == {"ledger.event_altered"}


@pytest.mark.parametrize("place", [0, 7, 16])
async def test_a_backdated_event_is_found(stored: Stored, place: int) -> None:
    row = (await stored.rows("select xid, id from events order by xid, id"))[place]
    slipped = await stored.owner.fetchval(
        "insert into events (xid, at, actor, action, matter, matter_id, case_id, place, article,"
        " rule, facts) values ($1, $2, 'person:1', 'case.pass', 'case', 1, 1, 'sh', 'V', 'r', '{}')"
        " returning id",
        row["xid"],
        NOW - timedelta(days=1),
    )
    findings = (await stored.audit()).findings
    assert codes(findings) == ["ledger.event_extra"]
    assert findings[0].facts == {"id": slipped, "xid": row["xid"]}


async def test_a_cut_off_end_is_found(stored: Stored) -> None:
    ids = await _ids(stored)
    await stored.owner.execute("delete from events where id = any($1)", ids[18:])
    await stored.owner.execute("delete from ledger_batches where first_position = 18")
    assert set(codes((await stored.audit()).findings)) == {
        "ledger.head_beyond",
        "ledger.tile_beyond",
    }


async def _reseal(stored: Stored, key: SigningKey) -> None:
    """Make the tiles and the last head anew over the events as they are now."""
    events = await store.read_between(stored.owner, store.BEFORE_ALL, (1 << 60, 0), 1000)
    growth = tiles.append(0, {}, [merkle.hash_leaf(canonical.leaf(event)) for event in events])
    await store.write_tiles(stored.owner, growth.changed)
    await stored.owner.execute("delete from ledger_heads where size = $1", growth.size)
    head = signing.sign(key, ORIGIN, growth.size, growth.root, NOW)
    await store.insert_head(stored.owner, head)


async def test_events_and_tiles_altered_together_betray_themselves_by_the_heads(
    stored: Stored,
) -> None:
    ids = await _ids(stored)
    await stored.owner.execute("update events set actor = 'person:1' where id = $1", ids[8])
    await _reseal(stored, SigningKey.create())
    findings = (await stored.audit()).findings
    assert codes(findings) == ["ledger.head_differs", "ledger.head_key"]
    assert (findings[0].facts["first"], findings[0].facts["size"]) == (6, 12)


async def test_the_holder_of_the_key_is_betrayed_by_a_head_kept_outside(stored: Stored) -> None:
    kept = await store.last_head(stored.owner, ORIGIN)
    assert kept is not None
    ids = await _ids(stored)
    await stored.owner.execute("update events set actor = 'person:1' where id = $1", ids[8])
    await stored.owner.execute("delete from ledger_heads")
    await _reseal(stored, stored.key)
    assert (await stored.audit()).ok
    assert codes((await stored.audit([kept])).findings) == ["ledger.head_differs"]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ("update ledger_batches set count = -1 where first_position = 6", "ledger.batch_wrong"),
        (
            "update ledger_batches set count = 2000000000 where first_position = 6",
            "ledger.batch_wrong",
        ),
        (
            "update ledger_batches set last_id = last_id + 1 where first_position = 6",
            "ledger.batch_bounds",
        ),
        ("delete from ledger_batches where first_position = 6", "ledger.batch_wrong"),
        ("delete from ledger_tiles", "ledger.tile_missing"),
        ("update ledger_tiles set hashes = hashes || hashes", "ledger.tile_beyond"),
        ("delete from ledger_heads where size = 20", "ledger.tail_unsigned"),
        ("update ledger_heads set size = 21 where size = 20", "ledger.head_signature"),
        ("update ledger_heads set at = 'infinity' where size = 6", "ledger.head_signature"),
        ("update ledger_heads set root = '' where size = 6", "ledger.head_signature"),
        ("update ledger_heads set size = -6 where size = 6", "ledger.head_signature"),
    ],
)
async def test_spoiled_tables_of_the_ledger_are_found(
    stored: Stored, spoil: str, code: str
) -> None:
    await stored.owner.execute(spoil)
    assert code in codes((await stored.audit()).findings)


async def test_without_any_batch_everything_is_found(stored: Stored) -> None:
    await stored.owner.execute("delete from ledger_batches")
    report = await stored.audit()
    assert "ledger.head_beyond" in codes(report.findings)
    assert report.outcome.waiting == _EVENTS


async def test_waiting_events_are_counted_and_late_ones_found(stored: Stored) -> None:
    await stored.write([entry(1), entry(2)])
    report = await stored.audit()
    assert report.ok
    assert report.outcome.waiting == 2
    stored.now = later(hours=1)
    report = await stored.audit()
    assert codes(report.findings) == ["ledger.events_waiting"]
    assert (report.findings[0].facts["count"], report.outcome.found) == (2, 1)
    assert (await stored.audit(patience=timedelta(hours=2))).ok


async def test_events_recorded_under_a_past_time_are_not_late_at_once(stored: Stored) -> None:
    await stored.write([entry(1, at=later(days=-3000))])
    assert (await stored.audit()).ok


async def test_events_of_running_transactions_are_not_late(stored: Stored) -> None:
    async with stored.writing() as slow:
        await service.record(slow, HANDLER, [entry(1)])
        await stored.write([entry(2)])
        stored.now = later(hours=1)
        assert (await stored.audit()).ok


async def test_writers_go_on_while_the_record_is_checked(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written and sealed during a check is not part of it: one snapshot for all tables."""
    read = store.read_batches
    told: list[tuple[int, int]] = []

    async def write_and_read(conn: asyncpg.Connection, after: int, most: int) -> list[Batch]:
        await stored.write([entry(1)])
        assert await stored.seal() == 1
        return await read(conn, after, most)

    monkeypatch.setattr(store, "read_batches", write_and_read)
    report = await stored.audit(advance=lambda done, total: told.append((done, total)))
    assert report.ok
    assert (report.outcome.events, report.outcome.waiting) == (_EVENTS, 0)
    assert told == [(_EVENTS, _EVENTS)]


async def test_findings_are_all_counted_but_not_all_told(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MAX_FINDINGS", 5)
    await stored.owner.execute("update events set actor = ''")
    report = await stored.audit()
    assert (len(report.findings), report.outcome.found, report.ok) == (5, _EVENTS, False)


async def test_a_record_of_many_groups_of_batches_passes(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "_CHUNK", 7)
    monkeypatch.setattr(auditing, "_PAGE", 3)
    told: list[int] = []
    report = await stored.audit(advance=lambda done, _: told.append(done))
    assert report.ok
    assert (report.outcome.events, report.outcome.heads) == (_EVENTS, 4)
    assert told == [12, 18, 20]


async def test_a_role_that_does_not_see_everything_is_refused(stored: Stored) -> None:
    async with stored.service.connection() as conn:
        with pytest.raises(Refusal, match=r"ledger\.audit_role"):
            await auditing.audit(conn, ORIGIN, [stored.key.public], NOW)
    assert (await auditing.audit(stored.owner, ORIGIN, [stored.key.public], NOW)).ok


@pytest.fixture
async def receipt(stored: Stored, tmp_path: Path) -> Path:
    """A receipt file of case 3."""
    async with stored.writing() as tx:
        made = await proving.receipt_for(tx, ORIGIN, stored.key.public, 3, Viewer.STAFF)
    file = tmp_path / "receipt.json"
    file.write_bytes(made.file)
    return file


async def test_a_receipt_file_is_true_with_the_trusted_key(
    stored: Stored, receipt: Path, tmp_path: Path
) -> None:
    key = tmp_path / "ledger.pub.pem"
    key.write_bytes(stored.key.public.pem())
    for language in ("zh", "en"):
        check = auditing.verify_file(receipt, key, language)
        assert check.status == 0
        assert len(check.lines) == 2 + 2
        assert "case.note" in check.lines[0]
        assert "note=路面破损" in check.lines[0]
        assert stored.key.public.key_id in check.lines[-1]
    assert "true to itself" in auditing.verify_file(receipt, None, "en").lines[-1]


def test_a_tampered_receipt_file_is_found(receipt: Path) -> None:
    receipt.write_bytes(receipt.read_bytes().replace(b"case.note", b"case.pass", 1))
    check = auditing.verify_file(receipt, None, "en")
    assert check.status == 1
    assert any("was altered" in line for line in check.lines)
    assert "NOT true" in check.lines[-1]


async def test_a_foreign_key_is_not_trusted(receipt: Path, tmp_path: Path) -> None:
    key = tmp_path / "other.pem"
    key.write_bytes(SigningKey.create().public.pem())
    assert auditing.verify_file(receipt, key).status == 1


def test_what_is_no_receipt_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    assert auditing.verify_file(file, None, "en").status == 2
    file.write_bytes(b"{}")
    assert auditing.verify_file(file, None, "en").status == 1
    assert auditing.verify_file(file, file, "en").status == 2


async def test_a_terminal_obeys_nothing_in_a_receipt(stored: Stored, tmp_path: Path) -> None:
    await stored.write([entry(50, facts={"note": "\x1b[2Jgood\nok"})])
    await stored.seal()
    async with stored.writing() as tx:
        made = await proving.receipt_for(tx, ORIGIN, stored.key.public, 50, Viewer.STAFF)
    file = tmp_path / "r.json"
    file.write_bytes(made.file)
    line = auditing.verify_file(file).lines[0]
    assert "good" in line
    assert line.isprintable()

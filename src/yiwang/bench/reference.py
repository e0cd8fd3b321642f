"""Limits: what the same server reaches when nothing but the rows is written.

pgbench of the server's own binaries, prepared statements, on a table with the columns and indexes
of the real one, right beside the measurement it is a limit to.
"""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg

from yiwang.kit.embedded import binaries
from yiwang.kit.errors import Refusal

_INSERT = """\
\\set n random(1, 2000000000)
insert into bench_reports (state, source, system, idempotency_key, digest, received_at, happened_at,
  title, text, address, lon, lat, place, attributes, language, synthetic)
values ('received', 'system', 'pgbench', :client_id || '-' || :n || '-' || clock_timestamp(),
  decode('00', 'hex'), clock_timestamp(), clock_timestamp(), '人民路一百二十号暴露垃圾',
  '市民来电反映，人民路一百二十号附近有暴露垃圾的情况，居民意见较大。', '人民路一百二十号',
  121.47, 31.23, 'city', '{}', 'zh', true);
"""
# The writes of one lifecycle, each step in the transaction the platform would use for it.
_LIFECYCLE = """\
\\set n random(1, 2000000000)
begin;
insert into bench_cases (state, number, source, kind, place, title, text, discovered_at,
  reported_at, filed_at, centre, synthetic)
values ('filed', :client_id || '-' || :n || '-' || clock_timestamp(), 'desk', 'kind', 'city',
  '人民路暴露垃圾', '市民来电反映，人民路附近有暴露垃圾的情况，居民意见较大。', now(), now(), now(),
  'centre', true) returning id as case_id \\gset
insert into bench_events
  (at, actor, action, matter, matter_id, case_id, place, article, rule, facts)
values (now(), 'person:1', 'case.file', 'case', :case_id, :case_id, 'city', 'V', 'case.file', '{}');
commit;
begin;
select * from bench_cases where id = :case_id for update;
update bench_cases set state = 'dispatched', lead = 'unit', dispatched_at = now()
where id = :case_id;
insert into bench_orders (state, case_id, unit, role, centre, place, kind, issued_by, issued_at)
values ('issued', :case_id, 'unit', 'lead', 'centre', 'city', 'kind', 'person:1', now())
returning id as order_id \\gset
insert into bench_events
  (at, actor, action, matter, matter_id, case_id, place, article, rule, facts)
values (now(), 'person:1', 'case.dispatch', 'case', :case_id, :case_id, 'city', 'V', 'a', '{}'),
       (now(), 'person:1', 'order.issue', 'order', :order_id, :case_id, 'city', 'V', 'a', '{}');
commit;
begin;
select * from bench_orders where id = :order_id for update;
update bench_orders set state = 'accepted', accepted_at = now() where id = :order_id;
insert into bench_events
  (at, actor, action, matter, matter_id, case_id, place, article, rule, facts)
values (now(), 'person:2', 'order.accept', 'order', :order_id, :case_id, 'city', 'V', 'a', '{}');
commit;
begin;
select * from bench_orders where id = :order_id for update;
update bench_orders set state = 'done', finished_at = now() where id = :order_id;
insert into bench_events
  (at, actor, action, matter, matter_id, case_id, place, article, rule, facts)
values (now(), 'person:2', 'order.finish', 'order', :order_id, :case_id, 'city', 'V', 'a', '{}');
commit;
select * from bench_cases where id = :case_id;
"""
_RATE = re.compile(r"tps = ([0-9.]+) \(without")
_COPY_ROWS = 200_000


async def measure_inserts(owner_url: str, clients: int = 64, seconds: int = 6) -> float:
    """Rows per second of single INSERTs into a table like `reports`, each its own commit."""
    return await _measure(owner_url, _INSERT, ("reports",), clients, seconds)


async def measure_lifecycles(owner_url: str, clients: int = 24, seconds: int = 8) -> float:
    """Lifecycles per second where only the rows of cases, orders and their record are written."""
    return await _measure(owner_url, _LIFECYCLE, ("cases", "orders", "events"), clients, seconds)


async def measure_copy(owner_url: str) -> float:
    """Rows per second of COPY into a table like `events` that has no index."""
    line = (
        "2026-01-01T08:00:00Z\tsynthetic\tunit\torder.finish\torder\t1\t1\tcity.district.town.grid"
        '\tV\torder.finish\taccepted\tdone\t{"synthetic":true}\t\\\\x' + "00" * 16
    )
    columns = (
        "at actor unit action matter matter_id case_id place article rule before after facts salt"
    )
    data = ((line + "\n") * _COPY_ROWS).encode()
    conn = await asyncpg.connect(owner_url)
    try:
        await conn.execute(
            "create table bench_events (like events including defaults including identity)"
        )
        begun = time.perf_counter()
        await conn.copy_to_table(
            "bench_events", source=io.BytesIO(data), columns=columns.split(), format="text"
        )
        return _COPY_ROWS / (time.perf_counter() - begun)
    finally:
        await conn.execute("drop table if exists bench_events")
        await conn.close()


async def _measure(
    owner_url: str, script: str, tables: tuple[str, ...], clients: int, seconds: int
) -> float:
    conn = await asyncpg.connect(owner_url)
    try:
        for table in tables:
            await conn.execute(
                f"drop table if exists bench_{table};"
                f" create table bench_{table} (like {table} including defaults"
                " including identity including indexes)"
            )
        with tempfile.TemporaryDirectory(prefix="yiwang-pgbench-") as folder:
            file = Path(folder) / "script.sql"
            file.write_text(script, encoding="utf-8")
            return await _pgbench(owner_url, file, clients, seconds)
    finally:
        for table in tables:
            await conn.execute(f"drop table if exists bench_{table}")
        await conn.close()


async def _pgbench(owner_url: str, script: Path, clients: int, seconds: int) -> float:
    parts = urlsplit(owner_url)
    given = dict(parse_qsl(parts.query))
    process = await asyncio.create_subprocess_exec(
        str(binaries() / "pgbench"),
        *("--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=2"),
        *(f"--time={seconds}", f"--file={script}"),
        *("-h", given.get("host") or parts.hostname or "127.0.0.1"),
        *("-p", given.get("port") or str(parts.port or 5432)),
        *("-U", unquote(parts.username or ""), parts.path.lstrip("/")),
        env={"PGPASSWORD": unquote(parts.password or ""), "PGCLIENTENCODING": "UTF8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    found = _RATE.search(out.decode())
    if process.returncode != 0 or found is None:
        raise Refusal("bench.no_reference", reason=error.decode(errors="replace").strip()[-300:])
    return float(found.group(1))

"""Tables of reports brought in by hand: previewed, then taken in pieces that never double.

A piece and the progress of its job are one transaction, and every row carries a key of its own (its
number, or the file's digest and its row), so that an import killed at any moment goes on where it
stopped, and the same file brought in again changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.places.coordinates import Crs
from yiwang.kit.db import Database, Row, Scope, Tx
from yiwang.kit.errors import Fault, Refusal
from yiwang.kit.web.problems import unexpected
from yiwang.matters.sources import sheets
from yiwang.matters.sources.bodies import ReportBody, Reporter
from yiwang.matters.sources.drafts import ReportDraft
from yiwang.matters.sources.intake import Taken, take_rows
from yiwang.matters.sources.model import Source
from yiwang.matters.sources.receiving import Receiver, Sender, Taking
from yiwang.matters.sources.sheet_bytes import Row as SheetRow
from yiwang.matters.sources.sheet_bytes import read_rows
from yiwang.matters.sources.sheet_columns import Columns, choose_columns
from yiwang.matters.sources.sheets import Defaults, Preview

log = logging.getLogger("yiwang.import")

CHUNK = 200
SORT = "import"
_COLUMNS = "id, version, state, actor, params, done, total, result, error, created_at, finished_at"
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Job:
    """One import. `params` name the file, its digest, the columns chosen and the datum; `result`
    counts what was `taken`, known before (`repeated`) and `refused`."""

    id: int
    version: int
    state: str  # previewed, running, stopped, done, failed
    actor: str
    params: dict[str, Any]
    done: int
    total: int | None
    result: dict[str, Any]
    error: str | None
    created_at: datetime
    finished_at: datetime | None


_MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "start": (("previewed",), "running"),
    "stop": (("running",), "stopped"),
    "resume": (("stopped", "failed"), "running"),
}


def _job(row: Row) -> Job:
    return Job(**{name: row[name] for name in Job.__slots__})


def possible(job: Job) -> list[str]:
    """What may be done to a job now."""
    return [action for action, (states, _) in _MOVES.items() if job.state in states]


def file_of(folder: Path, job_id: int) -> Path:
    """Where the table of a job lies, below the home's folder."""
    return folder / "imports" / f"{job_id}.table"


def faults_of(folder: Path, job_id: int) -> Path:
    """Where the faults of a job's rows are kept, one JSON line for each row."""
    return folder / "imports" / f"{job_id}.faults"


async def create(
    tx: Tx, actor: Actor, folder: Path, city: City, data: bytes, filename: str, crs: Crs
) -> tuple[Job, Preview]:
    """Keep a table and say what bringing it in would do; nothing is taken yet.

    Refuses whatever :func:`read_rows` refuses.
    """
    defaults = _defaults(city, tx.now, crs)
    preview = await asyncio.to_thread(sheets.preview, data, filename, defaults)
    params = {
        "filename": filename[-200:],
        "digest": hashlib.sha256(data).hexdigest(),
        "crs": crs.value,
        "columns": {field.value: place for field, place in preview.columns.fields.items()},
    }
    row = await tx.fetchrow(
        "insert into jobs (sort, state, person_id, actor, params, total, created_at)"
        f" values ($1, 'previewed', $2, $3, $4, $5, $6) returning {_COLUMNS}",
        *(SORT, actor.person, actor.name, params, preview.total, tx.now),
    )
    job = _job(row)
    await asyncio.to_thread(_write, file_of(folder, job.id), data)
    return job, preview


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)


def _defaults(city: City, now: datetime, crs: Crs) -> Defaults:
    return Defaults(source=SORT, zone=city.zone, now=now, crs=crs)


async def jobs(tx: Tx, most: int = 100) -> list[Job]:
    """My imports, the latest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from jobs where sort = $1 order by id desc limit $2", SORT, most
    )
    return [_job(row) for row in rows]


async def find(tx: Tx, job_id: int, *, lock: bool = False) -> Job:
    """One of my imports; refuses ("procedure.not_found") any other."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from jobs where id = $1 and sort = $2"
        + (" for update" if lock else ""),
        *(job_id, SORT),
    )
    if row is None:
        raise Refusal("procedure.not_found", matter="import", id=job_id)
    return _job(row)


async def act(
    tx: Tx,
    folder: Path,
    job_id: int,
    action: str,
    columns: Mapping[str, str | int] | None = None,
    crs: Crs | None = None,
) -> Job:
    """Start, stop or resume an import; starting may choose the columns and the datum.

    Refuses "procedure.not_possible" with what is, and unknown columns.
    """
    job = await find(tx, job_id, lock=True)
    states, after = _MOVES[action]
    if job.state not in states:
        raise Refusal(
            "procedure.not_possible",
            matter="import",
            action=action,
            state=job.state,
            possible=possible(job),
        )
    params = dict(job.params)
    if crs is not None:
        params["crs"] = crs.value
    if columns is not None:
        rows = await asyncio.to_thread(_rows, file_of(folder, job.id), params["digest"])
        chosen = choose_columns(rows[0].cells, columns)
        params["columns"] = {field.value: place for field, place in chosen.fields.items()}
    row = await tx.fetchrow(
        "update jobs set state = $2, params = $3, version = version + 1, error = null"
        f" where id = $1 returning {_COLUMNS}",
        *(job.id, after, params),
    )
    return _job(row)


@lru_cache(maxsize=2)
def _rows(path: Path, digest: str) -> Sequence[SheetRow]:
    """The rows of a kept table; the digest names its content."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise Refusal("sources.import_changed")
    return read_rows(data, path.name)


def error_file(folder: Path, job: Job, language: str) -> bytes:
    """The rows that were not taken, as CSV with a sentence for each fault; mended, it can be
    brought in as it is."""
    header, *rows = _rows(file_of(folder, job.id), job.params["digest"])
    faults: dict[int, list[Fault]] = {}
    path = faults_of(folder, job.id)
    if path.exists():
        for line in path.read_bytes().splitlines():
            number, kept = msgspec.json.decode(line)
            faults[number] = [Fault(*one) for one in kept]
    return sheets.error_file(header.cells, rows, faults, language)


async def continue_imports(db: Database, city: City, folder: Path, now: datetime) -> int:
    """Take in the next piece of the oldest running import; how many rows it looked at.

    Called by the worker again and again. What goes wrong with a whole table ends its job as
    "failed", with the reason; it can be resumed.
    """
    scope = Scope("platform", places=(city.root_path,), persons=True)
    async with db.begin(scope, now) as tx:
        row = await tx.fetchrow(
            f"select {_COLUMNS} from jobs where sort = $1 and state = 'running'"
            " order by id limit 1 for update skip locked",
            SORT,
        )
        if row is None:
            return 0
        job = _job(row)
        try:
            return await _continue(tx, city, folder, job)
        except (OSError, Refusal) as error:
            log.warning("import %d failed: %s", job.id, error)
            await tx.execute(
                "update jobs set state = 'failed', error = $2, version = version + 1 where id = $1",
                *(job.id, str(error)[:1000]),
            )
            return 0


async def _continue(tx: Tx, city: City, folder: Path, job: Job) -> int:
    rows = await asyncio.to_thread(_rows, file_of(folder, job.id), job.params["digest"])
    columns = choose_columns(rows[0].cells, job.params["columns"])
    piece = rows[1 + job.done : 1 + job.done + CHUNK]
    defaults = _defaults(city, job.created_at, Crs(job.params["crs"]))
    parsed = _parsed(rows, columns, defaults, job)
    results = await _take(tx, city, job, [(row, parsed[row.number]) for row in piece])
    counts = {"taken": 0, "repeated": 0, "refused": 0} | job.result
    lines = []
    for row, result in zip(piece, results, strict=True):
        if isinstance(result, Taken):
            counts["taken" if result.fresh else "repeated"] += 1
        else:
            counts["refused"] += 1
            kept = [(fault.pointer, fault.code, dict(fault.facts)) for fault in result]
            lines.append(msgspec.json.encode((row.number, kept), enc_hook=str))
    if lines:
        with faults_of(folder, job.id).open("ab") as out:
            out.write(b"".join(line + b"\n" for line in lines))
    done = job.done + len(piece)
    ended = done >= len(rows) - 1
    await tx.execute(
        "update jobs set done = $2, total = $3, result = $4, state = $5, finished_at = $6,"
        " version = version + 1 where id = $1",
        *(job.id, done, len(rows) - 1, counts, "done" if ended else "running"),
        tx.now if ended else None,
    )
    return len(piece)


_PARSED: dict[tuple[int, str], dict[int, ReportDraft | list[Fault]]] = {}


def _parsed(
    rows: Sequence[SheetRow], columns: Columns, defaults: Defaults, job: Job
) -> dict[int, ReportDraft | list[Fault]]:
    """All rows of a table as reports or faults; kept while its job goes on."""
    question = (job.id, repr(sorted(job.params.items(), key=str)))
    if question not in _PARSED:
        _PARSED.clear()
        found = sheets.parse_rows(rows[1:], columns, defaults)
        _PARSED[question] = {row.number: result for row, result in found}
    return _PARSED[question]


async def _take(
    tx: Tx,
    city: City,
    job: Job,
    rows: Sequence[tuple[SheetRow, ReportDraft | list[Fault]]],
) -> list[Taken | list[Fault]]:
    """Take a piece: one statement for all good rows, each alone where that fails."""
    receiver = Receiver.of(city)
    results: list[Taken | list[Fault]] = [[] for _ in rows]
    good: list[tuple[int, Taking]] = []
    for i, (row, parsed) in enumerate(rows):
        if isinstance(parsed, list):
            results[i] = parsed
            continue
        try:
            good.append((i, _taking(receiver, job, row, parsed, tx.now)))
        except Refusal as refusal:
            results[i] = _of_row(row, refusal)
    done = await _store(tx, city, [taking for _, taking in good])
    for (i, _), result in zip(good, done, strict=True):
        results[i] = result if isinstance(result, Taken) else _of_row(rows[i][0], result)
    return results


async def _store(tx: Tx, city: City, takings: Sequence[Taking]) -> list[Taken | Refusal]:
    if not takings:
        return []
    reactions = list(tx.routing.get("report.receive", ()))
    try:
        async with tx.savepoint():
            found = await take_rows(tx.conn, city.root_path, reactions, takings)
    except asyncpg.DataError as error:
        if len(takings) == 1:
            return [unexpected(error) or Refusal("web.value_unstorable")]
        return [(await _store(tx, city, [one]))[0] for one in takings]
    return [result or Refusal("sources.key_reused") for result in found]


def _taking(
    receiver: Receiver, job: Job, row: SheetRow, draft: ReportDraft, now: datetime
) -> Taking:
    kind = _kind(receiver.city, draft.kind, now)
    attributes: dict[str, Any] = {
        name[:200]: list(value) if isinstance(value, tuple) else value
        for name, value in draft.attributes.items()
    }
    if draft.kind and kind is None:
        attributes["kind"] = draft.kind
    attributes["import"] = {"job": job.id, "row": row.number, "file": job.params["filename"]}
    body = ReportBody(
        text=draft.text,
        title=draft.title,
        external_id=draft.external_id,
        address=draft.address,
        lon=draft.lon,
        lat=draft.lat,
        crs=draft.crs,
        kind=kind,
        happened_at=draft.happened_at,
        reporter=Reporter(
            name=draft.reporter_name, phone=draft.reporter_phone, email=draft.reporter_email
        ),
        language=_language(draft.language),
        attributes=attributes,
    )
    system = _UNSAFE.sub("-", draft.source)[:80] or SORT
    key = f"{job.params['digest'][:32]}:{row.number}"
    sender = Sender(job.actor, system, (Source.IMPORT,))
    return receiver.receive(body, sender, key, now)


def _kind(city: City, given: str | None, now: datetime) -> str | None:
    """The kind behind a key, a code or a name in either language; None where it is not clear."""
    if not given:
        return None
    found = [
        kind.key
        for kind in city.taxonomy.kinds(city.day(now))
        if given in (kind.key, kind.code, kind.name.zh, kind.name.en)
        and not city.taxonomy.children(kind.key)
    ]
    return found[0] if len(found) == 1 else None


def _language(given: str | None) -> Any:
    text = (given or "").lower()
    if text.startswith(("zh", "中")):
        return "zh"
    return "en" if text.startswith(("en", "英")) else None


def _of_row(row: SheetRow, refusal: Refusal) -> list[Fault]:
    """A refusal as the faults of a row."""
    faults = refusal.faults or (Fault("", refusal.code, refusal.facts),)
    return [Fault(f"/rows/{row.number}{one.pointer}", one.code, one.facts) for one in faults]

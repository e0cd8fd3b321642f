"""Numbered SQL files, applied once each, forward only, under the owner's role."""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncpg

from yiwang.kit.errors import Refusal

FOLDER = Path(__file__).resolve().parents[3] / "migrations"
ROLES = ("yiwang_service", "yiwang_worker")


async def _ensure_roles(conn: asyncpg.Connection, passwords: dict[str, str]) -> None:
    database = await conn.fetchval("select current_database()")
    for role in ROLES:
        known = await conn.fetchval("select 1 from pg_roles where rolname = $1", role)
        if not known:
            try:
                await conn.execute(f'create role "{role}" login')
            except asyncpg.DuplicateObjectError:
                known = 1  # somebody made it between the question and the answer
        password = passwords[role].replace("'", "''")
        await conn.execute(f"alter role \"{role}\" login password '{password}'")
        await conn.execute(f'grant connect on database "{database}" to "{role}"')
        await conn.execute(f'grant usage on schema public to "{role}"')


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sql"))


async def migrate(dsn: str, passwords: dict[str, str], folder: Path = FOLDER) -> list[str]:
    """Bring the database at `dsn` (the owner's) up to date; the names of what was applied.

    `passwords` are those of the roles in ROLES. Refuses a database whose applied files differ from
    the files at hand ("migration.changed") or that is newer than they are ("migration.newer").
    """
    files = _files(folder)
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute("select pg_advisory_lock(8964321)")
        await _ensure_roles(conn, passwords)
        await conn.execute(
            "create table if not exists migrations"
            " (name text primary key, digest text not null, at timestamptz not null default now())"
        )
        applied = {
            row["name"]: row["digest"]
            for row in await conn.fetch("select name, digest from migrations")
        }
        unknown = set(applied) - {file.name for file in files}
        if unknown:
            raise Refusal("migration.newer", names=", ".join(sorted(unknown)))
        done = []
        for file in files:
            text = file.read_text(encoding="utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            if file.name in applied:
                if applied[file.name] != digest:
                    raise Refusal("migration.changed", name=file.name)
                continue
            async with conn.transaction():
                await conn.execute(text)
                await conn.execute(
                    "insert into migrations (name, digest) values ($1, $2)", file.name, digest
                )
            done.append(file.name)
        return done
    finally:
        await conn.close()

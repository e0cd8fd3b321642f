"""Setting an installation up: database, pack, accounts and keys, each only where missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg

from yiwang import flow
from yiwang.ground.authority.model import platform
from yiwang.ground.city import City
from yiwang.ground.identity import service as identity
from yiwang.ground.identity.model import Change, Issued
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.ground.packs import store as packs
from yiwang.ground.packs.findings import PackErrors
from yiwang.ground.packs.model import Level, Mark, Pack, Post
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.revision import service as revising
from yiwang.ground.revision import store as revisions
from yiwang.ground.revision.checking import check
from yiwang.ground.revision.enforcing import counts_otherwise
from yiwang.ground.revision.items import changed
from yiwang.home import Home
from yiwang.kit.db import Database, Scope, Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.migration import migrate
from yiwang.worker import recompute_open

PACKS = Path(__file__).resolve().parents[2] / "packs"

Say = Callable[[str], None]


def _quiet(_line: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True)
class KeyWish:
    """A key to be made: its name in access.json, the sending system, its scopes."""

    name: str
    system: str
    scopes: tuple[str, ...]


KEYS = (
    KeyWish("open311", "open311", ("open311:write",)),
    KeyWish(
        "integrator",
        "integrator",
        ("reports:write", "reports:read", "cases:read", "events", "webhooks"),
    ),
)


def pack_folder(name: str) -> Path:
    """The folder of a pack by its name or path, the default one for ""; refuses where none is."""
    name = name or default_pack()
    for folder in (Path(name), PACKS / name):
        if (folder / "pack.toml").exists():
            return folder
    known = sorted(folder.parent.name for folder in PACKS.glob("*/pack.toml"))
    raise Refusal("packs.folder_missing", folder=name, known=", ".join(known))


def default_pack() -> str:
    """The pack of an installation that names none: `packs/default` says which."""
    return (PACKS / "default").read_text(encoding="utf-8").strip()


async def prepare_database(home: Home, say: Say = _quiet) -> None:
    """Start the embedded server where it is ours, make the database, apply migrations."""
    if home.is_embedded:
        home.server.create(home.secrets["owner"])
        home.server.start()
        conn = await asyncpg.connect(home.server.url("postgres"))
        try:
            if not await conn.fetchval("select 1 from pg_database where datname = 'yiwang'"):
                await conn.execute("create database yiwang")
        finally:
            await conn.close()
    applied = await migrate(home.owner_url(), home.secrets)
    if applied:
        say(f"database: {len(applied)} migration(s) applied")


class Revised(StrEnum):
    """What holds where a pack says otherwise than what was revised in the running city."""

    REFUSE = "refuse"  # neither: nothing is installed, and the conflicts are named
    KEEP = "keep"  # the revisions stay in force over the pack
    REPLACE = "replace"  # the pack's word holds


async def install_pack(
    home: Home, folder: Path, say: Say = _quiet, revised: Revised = Revised.REFUSE
) -> City:
    """Install a pack where it is not installed as it is; the city it makes.

    Refuses ("revision.conflicts") a pack that says otherwise than what was revised, unless
    `revised` decides.
    """
    wanted = packs.digest(folder)
    db = await Database.open(home.role_url("yiwang_worker"), size=1)
    try:
        async with db.begin(Scope("platform"), datetime.now(UTC)) as tx:
            await revisions.hold_city(tx)
            mark = await packs.mark(tx)
            older = None if mark is None else await packs.load(tx)
            if older is not None and mark is not None and mark.digest == wanted:
                return City.build(older)
            pack, base = await _settled(tx, read_pack(folder), mark, revised, say)
            city = City.build(pack)
            await packs.install(tx, pack, wanted, base)
            await _record(tx, city, "pack.install", "pack", 0, {"pack": pack.name})
            say(f"pack {pack.name} {pack.version}: {len(pack.places)} places installed")
            if older is not None and counts_otherwise(older, pack):
                await recompute_open(tx, city)
                say("calendar: the due times of open cases and orders computed anew")
            return city
    finally:
        await db.close()


async def _settled(
    tx: Tx, pack: Pack, mark: Mark | None, revised: Revised, say: Say
) -> tuple[Pack, int | None]:
    """The pack as it is to be installed over what was revised, and from where revisions count."""
    if mark is None:
        return pack, None
    made = await revisions.in_force(tx, mark.base)
    found = revising.conflicts(pack, made)
    if not found:
        return pack, None
    for row in found:
        say(f"revised here: {row.sort.value} {row.item}")
    if revised is Revised.REFUSE:
        raise Refusal("revision.conflicts", items=", ".join(row.item for row in found[:10]))
    if revised is Revised.REPLACE:
        return pack, None
    for revision in made:
        pack = changed(pack, revision.parts, revision.id)
    errors = check(pack, ())
    if errors:
        raise PackErrors(errors)
    return pack, mark.base


async def _is_installed(home: Home, folder: Path) -> bool:
    db = await Database.open(home.role_url("yiwang_worker"), size=1)
    try:
        async with db.begin(Scope("platform"), datetime.now(UTC)) as tx:
            return await packs.installed(tx) == packs.digest(folder)
    finally:
        await db.close()


async def installed_pack(home: Home) -> Pack:
    """The pack that is installed, with its revisions; refuses ("city.not_installed") without."""
    await prepare_database(home)
    db = await Database.open(home.role_url("yiwang_worker"), size=1)
    try:
        return (await load_city(db)).pack
    finally:
        await db.close()


async def load_city(db: Database) -> City:
    """The installed city; refuses where none is installed."""
    async with db.begin(Scope("platform"), datetime.now(UTC)) as tx:
        pack = await packs.load(tx)
    if pack is None:
        raise Refusal("city.not_installed")
    return City.build(pack)


async def _record(
    tx: Tx, city: City, action: str, matter: str, matter_id: int, facts: dict[str, Any]
) -> None:
    entry = Entry(
        action=action,
        matter=matter,
        matter_id=matter_id,
        place=city.root_path,
        article="III",
        rule=action,
        before=None,
        after=None,
        facts=facts,
    )
    await ledger.record(tx, platform(city.root_path), [entry])


async def _record_change(tx: Tx, city: City, change: Change) -> None:
    await _record(tx, city, change.action, change.matter, change.matter_id, dict(change.facts))


def chosen_posts(city: City) -> list[Post]:
    """The posts a demonstration fills: all of the city's and of one district's and one town's
    units that work for the matters of that town, so that every step has somebody to take it.
    """
    district = next((p for p in city.tree.at_level(Level.DISTRICT)), None)
    places = [city.pack.root]
    if district is not None:
        town = next(iter(city.tree.children(district.code)), None)
        places += [district.code]
        if town is not None:
            places += [town.code, *(grid.code for grid in city.tree.children(town.code)[:1])]
    units = {unit.code for unit in city.units.values() if unit.place in places}
    return [post for post in city.pack.posts if post.unit in units and post.duties]


def _one_per_duty(city: City, posts: Iterable[Post]) -> list[Post]:
    """One post for each duty of each unit: two chairs of the same duty need one account here."""
    seen: set[tuple[str, str]] = set()
    chosen = []
    for post in posts:
        fresh = [duty for duty in post.duties if (post.unit, duty) not in seen]
        if fresh:
            seen.update((post.unit, duty) for duty in post.duties)
            chosen.append(post)
    return chosen


async def create_accounts(home: Home, city: City, say: Say = _quiet) -> list[dict[str, Any]]:
    """An account with a generated password for each chosen post; what access.json says of them."""
    db = await Database.open(home.role_url("yiwang_worker"), size=1, routing=flow.ROUTING)
    found = []
    try:
        async with db.begin(Scope("keeper"), datetime.now(UTC)) as tx:
            for post in _one_per_duty(city, chosen_posts(city)):
                login = post.code.lower().replace("_", "-")
                unit = city.unit(post.unit)
                issued, change = await identity.create_person(
                    tx,
                    login,
                    f"{unit.name.zh} {post.name.zh}",
                    instance=home.instance_secret,
                )
                await _record_change(tx, city, change)
                _, change = await identity.appoint(
                    tx, issued.person.id, post.code, city.posts, by="setup"
                )
                await _record_change(tx, city, change)
                found += [
                    {
                        "name": login,
                        "password": issued.password,
                        "totp_secret": issued.totp_secret,
                        "duty": duty,
                        "unit": post.unit,
                        "place": unit.place,
                    }
                    for duty in post.duties
                ]
    finally:
        await db.close()
    say(f"{len({row['name'] for row in found})} accounts created")
    return found


async def add_person(home: Home, login: str, name: str, post: str) -> Issued:
    """One person in one post, with a generated password and second factor."""
    await prepare_database(home)
    db = await Database.open(home.role_url("yiwang_worker"), size=1, routing=flow.ROUTING)
    try:
        city = await load_city(db)
        async with db.begin(Scope("keeper"), datetime.now(UTC)) as tx:
            issued, change = await identity.create_person(
                tx, login, name, instance=home.instance_secret
            )
            await _record_change(tx, city, change)
            _, change = await identity.appoint(tx, issued.person.id, post, city.posts, by="command")
            await _record_change(tx, city, change)
            return issued
    finally:
        await db.close()


async def create_keys(
    home: Home, city: City, wishes: Iterable[KeyWish] = KEYS
) -> list[dict[str, Any]]:
    """Keys for other systems; each is shown this once and then only its digest is known."""
    db = await Database.open(home.role_url("yiwang_worker"), size=1, routing=flow.ROUTING)
    found = []
    try:
        async with db.begin(Scope("keeper"), datetime.now(UTC)) as tx:
            for wish in wishes:
                made = await identity.create_key(
                    tx,
                    wish.name,
                    wish.system,
                    wish.scopes,
                    place=city.pack.root,
                    unit=None,
                    by="setup",
                )
                key, token, change = made
                await _record_change(tx, city, change)
                found.append({"name": wish.name, "key": token, "scopes": list(key.scopes)})
    finally:
        await db.close()
    return found


async def prepare(
    home: Home,
    pack: str | None = None,
    *,
    accounts: bool = True,
    keys: Iterable[KeyWish] = KEYS,
    base_url: str = "",
    say: Say = _quiet,
) -> dict[str, Any]:
    """Bring an installation up to date; what access.json holds now.

    Runs as often as one likes: what is there stays, accounts and keys are made once.
    """
    await prepare_database(home, say)
    folder = pack_folder(pack or default_pack())
    access = home.access()
    new_accounts = accounts and not access.get("accounts")
    new_keys = not access.get("keys")
    # a second start asks for the city nowhere, and reading it takes a second
    if new_accounts or new_keys or not await _is_installed(home, folder):
        city = await install_pack(home, folder, say)
        if new_accounts:
            access["accounts"] = await create_accounts(home, city, say)
        if new_keys:
            access["keys"] = await create_keys(home, city, keys)
    access["base_url"] = base_url or access.get("base_url", "")
    access["open311_api_key"] = next(
        (row["key"] for row in access["keys"] if "open311:write" in row["scopes"]), ""
    )
    access["database_url"] = home.role_url("yiwang_service", far=True)
    if home.is_embedded:
        access["database_owner_url"] = home.owner_url(far=True)
    home.signing_key  # noqa: B018 - made now, so that the first seal finds it
    home.write_access(access)
    return access

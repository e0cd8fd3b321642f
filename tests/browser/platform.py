"""One running platform for the browser: service, worker, a prepared city, people who sign in."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyotp

from yiwang import demo, setup
from yiwang.ground.city import City
from yiwang.ground.identity import service as identity
from yiwang.home import Home
from yiwang.kit.db import Database, Scope

CENTRE = "310000_centre"
# who the tests sign in as: a post of theirs, by its duty and unit
WANTED = {
    "dispatcher": CENTRE,
    "duty_chief": CENTRE,
    "sysadmin": CENTRE,
    "secadmin": CENTRE,
    "leader": "310000_government",
    "handler": "310101_construction",
    "collector": "310101019G02_station",
    "checker": "310101019G02_station",
}
# A code of the second factor opens one session only; whoever has one can sign in once in 30 s.
CAREFUL = "careful dispatcher"
# Somebody who gets a second factor in a test, and a theme.
NEWCOMER = "new dispatcher"
_SETTLED_S = 60.0


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    login: str
    password: str
    secret: str | None

    @property
    def code(self) -> str:
        """The code of the second factor now; empty without one."""
        return pyotp.TOTP(self.secret).now() if self.secret else ""


@dataclass
class Running:
    """The platform, and who may do what on it."""

    url: str
    home: Home
    processes: demo.Platform
    people: Mapping[str, Account]
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def report(self, text: str, **more: Any) -> dict[str, Any]:
        """Report something as another system does; its receipt. It is dispatched at once, where
        a citizen's report is looked at first."""
        key = next(row["key"] for row in self.home.access()["keys"] if row["name"] == "integrator")
        body = {"text": text, "lon": 121.478, "lat": 31.236, "synthetic": True, **more}
        answer = self.client.post("/api/v1/reports", json=body, headers={"X-API-Key": key})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def settled(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        """A report's receipt once it became a case with a unit."""
        end = time.monotonic() + _SETTLED_S
        path = f"/api/v1/receipts/{receipt['number']}"
        while time.monotonic() < end:
            found: dict[str, Any] = self.client.get(path, params={"token": receipt["token"]}).json()
            if found.get("case") and found["case"]["dispatched_at"]:
                return found
        raise AssertionError(f"{receipt['number']} became no dispatched case in {_SETTLED_S} s")

    def stop(self) -> None:
        """Stop everything."""
        self.client.close()
        self.processes.stop()
        self.home.server.stop()
        shutil.rmtree(self.home.server.data.parent, ignore_errors=True)


async def start(folder: Path) -> Running:
    """A platform of its own in this folder."""
    home = Home.open(folder)
    await setup.prepare(home, "shanghai", accounts=False)
    people = await _hire(home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = demo.Platform(home, port)
    processes.start()
    return Running(processes.base_url, home, processes, people)


async def _hire(home: Home) -> dict[str, Account]:
    db = await Database.open(home.role_url("yiwang_worker"), size=1)
    try:
        city: City = await setup.load_city(db)
        found = {}
        async with db.begin(Scope("keeper"), datetime.now(UTC)) as tx:
            wishes = [(duty, duty, unit) for duty, unit in WANTED.items()]
            more = [(name, "dispatcher", CENTRE) for name in (CAREFUL, NEWCOMER)]
            for name, duty, unit in [*wishes, *more]:
                post = next(
                    row for row in city.posts.values() if row.unit == unit and duty in row.duties
                )
                login = f"test-{name.replace('_', '-').replace(' ', '-')}"
                issued, _ = await identity.create_person(
                    tx,
                    login,
                    name,
                    instance=home.instance_secret,
                    second_factor=name == CAREFUL,
                )
                await identity.appoint(tx, issued.person.id, post.code, city.posts, by="test")
                found[name] = Account(login, issued.password, issued.totp_secret)
    finally:
        await db.close()
    return found

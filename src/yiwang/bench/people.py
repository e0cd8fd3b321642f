"""Signing in with the accounts of access.json, and finding who works together in one town."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyotp

from yiwang.bench import client
from yiwang.bench.client import Connection
from yiwang.bench.installation import HOST, Installation
from yiwang.ground.packs.model import Place
from yiwang.kit.errors import Refusal

_STEP_S = 30  # RFC 6238: a code is good for one step, and for one sign-in


@dataclass(frozen=True, slots=True)
class Team:
    """Who carries a lifecycle: an intake agent and a dispatcher over a town, and a handler of
    a unit there; each by the token of a session."""

    town: Place
    unit: str
    intake: str
    dispatcher: str
    handler: str


async def sign_in_team(place: Installation) -> Team:
    """Sign in an intake agent, a dispatcher and a handler who work for the same town.

    Refuses where access.json has no such three ("bench.no_account").
    """
    accounts = place.access["accounts"]
    town, handler = _find_handler(place, accounts)
    return Team(
        town=town,
        unit=str(handler["unit"]),
        intake=await sign_in(place, _find_over(town, "intake", accounts)),
        dispatcher=await sign_in(place, _find_over(town, "dispatcher", accounts)),
        handler=await sign_in(place, handler),
    )


def _find_over(town: Place, duty: str, accounts: list[dict[str, Any]]) -> dict[str, Any]:
    """Whoever holds a duty over the town, the nearest first."""
    for code in reversed(town.path.split(".")):
        for row in accounts:
            if row["duty"] == duty and row["place"] == code:
                return row
    raise Refusal("bench.no_account", duty=duty, place=town.code)


def _find_handler(
    place: Installation, accounts: list[dict[str, Any]]
) -> tuple[Place, dict[str, Any]]:
    """A handler of a unit of one town, and the town; the unit with most functions comes first."""
    towns = {one.code: one for one in place.city.pack.places if one.level.value == "town"}
    found = [row for row in accounts if row["duty"] == "handler" and row["place"] in towns]
    if not found:
        raise Refusal("bench.no_account", duty="handler", place=place.city.pack.root)
    best = max(found, key=lambda row: len(place.city.units[row["unit"]].functions))
    return towns[best["place"]], best


async def sign_in(place: Installation, account: Mapping[str, Any]) -> str:
    """The token of a new session; waits for the next code where the present one is used up."""
    connection = await Connection.connect(HOST, place.port)
    status, body = 0, b""
    try:
        for _ in range(2):
            code = pyotp.TOTP(account["totp_secret"]).now()
            sent = {"login": account["name"], "password": account["password"], "code": code}
            data = client.request(
                "POST", "/api/v1/session", place.host, body=json.dumps(sent).encode()
            )
            status, body = await connection.ask(data)
            if status in (200, 201):
                return str(json.loads(body)["token"])
            await asyncio.sleep(_STEP_S - time.time() % _STEP_S + 0.5)
    finally:
        connection.close()
    raise Refusal(
        "bench.not_signed_in", login=account["name"], status=status, body=body.decode()[:300]
    )

"""An action with a key is done once, whatever happens to its answer; photos say where they were."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.sources.conftest import Site
from tests.sources.pictures import jpeg

from yiwang.ground.authority.model import Actor
from yiwang.kit.db import Scope
from yiwang.kit.errors import Refusal
from yiwang.matters.desk import once

KIND = "component/2007/0102"


async def _order(site: Site) -> tuple[int, dict[str, str]]:
    """An open order, and the headers of a handler of its unit."""
    headers = {"X-API-Key": await site.key("patrol", "reports:write")}
    await site.report(headers=headers, text="污水井盖破损", kind=KIND, lon=121.4787, lat=31.2385)
    await site.work()
    row = await site.world.row("select id, unit from orders where role = 'lead'")
    return row["id"], await site.person("handler", row["unit"])


async def _act(
    site: Site, order: int, action: str, who: dict[str, str], key: str, **body: Any
) -> httpx.Response:
    path = f"/api/v1/orders/{order}/actions/{action}"
    return await site.client.post(path, json=body, headers={**who, "Idempotency-Key": key})


async def _events(site: Site, action: str) -> int:
    found = await site.world.rows("select id from events where action = $1", action)
    return len(found)


def _scope(site: Site) -> Scope:
    """The scope of whoever signed in last."""
    return Scope(f"person:{[*site.world.persons.values()][-1]}")


async def _keys(site: Site) -> list[str]:
    """The keys of whoever signed in last."""
    async with site.world.service.begin(_scope(site), datetime.now(UTC)) as tx:
        return [row["key"] for row in await tx.fetch("select key from action_keys order by key")]


async def test_the_same_key_again_is_answered_as_it_was_and_done_once(site: Site) -> None:
    order, handler = await _order(site)
    first = await _act(site, order, "accept", handler, "k-1", version=1)
    assert first.status_code == 200, first.text
    # meanwhile it goes on: the answer that was missed is still the one that was given
    await _act(site, order, "contact", handler, "k-2", facts={"note": "已联系"}, version=2)
    again = await _act(site, order, "accept", handler, "k-1", version=1)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == first.headers["etag"] == '"2"'
    assert (await _events(site, "order.accept"), await _events(site, "order.contact")) == (1, 1)


async def test_of_two_at_once_with_one_key_one_is_done_and_both_are_answered(site: Site) -> None:
    order, handler = await _order(site)
    both = await asyncio.gather(
        *(_act(site, order, "accept", handler, "k", version=1) for _ in range(4))
    )
    assert [answer.status_code for answer in both] == [200] * 4, [a.text for a in both]
    assert len({answer.content for answer in both}) == 1
    assert await _events(site, "order.accept") == 1


async def test_a_key_is_its_owners_and_one_actions(site: Site) -> None:
    order, handler = await _order(site)
    done = await _act(site, order, "accept", handler, "k")
    assert done.status_code == 200
    other = await _act(site, order, "contact", handler, "k", facts={"note": "已联系"})
    assert (other.status_code, other.json()["code"]) == (409, "desk.key_reused")
    unit = (await site.world.row("select unit from orders where id = $1", order))["unit"]
    colleague = await site.person("handler", unit)
    theirs = await _act(site, order, "contact", colleague, "k", facts={"note": "已联系"})
    assert theirs.status_code == 200, theirs.text
    assert (await _act(site, order, "accept", handler, "x" * 201)).status_code == 422


async def test_a_refused_action_leaves_no_key(site: Site) -> None:
    order, handler = await _order(site)
    early = await _act(site, order, "finish", handler, "k", facts={"result": "已更换"})
    assert (early.status_code, early.json()["code"]) == (409, "procedure.not_possible")
    await _act(site, order, "accept", handler, "k-0")
    assert await _keys(site) == ["k-0"]
    late = await _act(site, order, "finish", handler, "k", facts={"result": "已更换"})
    assert late.status_code == 200, late.text


async def test_keys_are_forgotten_in_time(site: Site) -> None:
    order, handler = await _order(site)
    await _act(site, order, "accept", handler, "old")
    assert await _keys(site) == ["old"]
    scope = _scope(site)
    someone = Actor(scope.actor, "", (), scope=scope)
    digest = once.digest_of("order", order)
    almost, late = (datetime.now(UTC) + once.KEPT + timedelta(minutes=n) for n in (-1, 1))
    async with site.world.service.begin(scope, almost) as tx:
        with pytest.raises(Refusal, match=r"^desk\.key_reused"):
            await once.recall(tx, someone, "old", digest)
    async with site.world.service.begin(scope, late) as tx:
        assert await once.recall(tx, someone, "old", digest) is None


async def test_a_photo_that_says_nothing_takes_what_its_sender_says(site: Site) -> None:
    order, handler = await _order(site)
    path = f"/api/v1/orders/{order}/photos"
    taken = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)
    said = {"lon": "121.47870", "lat": "31.23850", "taken_at": taken.isoformat()}

    async def send(data: dict[str, str], colour: str) -> httpx.Response:
        files = [("photos", ("1.jpg", jpeg(colour=colour), "image/jpeg"))]
        form = {"role": "before", **data}
        return await site.client.post(path, files=files, data=form, headers=handler)

    kept = (await send(said, "red")).json()["items"][0]
    assert (kept["lon"], kept["lat"], kept["role"]) == (121.4787, 31.2385, "before")
    assert datetime.fromisoformat(kept["taken_at"]) == taken
    for wrong in (
        {"lon": "121.4787"},
        {"lon": "nan", "lat": "31"},
        {"lon": "181", "lat": "31"},
        {"taken_at": "2026-03-10T09:30:00"},
        {"taken_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()},
        {"taken_at": "yesterday"},
    ):
        answer = await send(wrong, "blue")
        assert (answer.status_code, answer.json()["code"]) == (422, "web.request_invalid"), wrong
        assert {row["code"] for row in answer.json()["errors"]} == {"sources.photo_stated"}

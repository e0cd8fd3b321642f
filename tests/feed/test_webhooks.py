"""Webhooks against real HTTP receivers: good, slow, dead, failing, gone."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import uvicorn
from tests.feed.scene import Scene
from tests.world import DISTRICT, TOWN

from yiwang.ground.authority.model import Actor
from yiwang.matters.feed import rules, sending, webhooks
from yiwang.matters.feed.webhooks import Deliveries

ELSEWHERE = "310104"
HANG = 0  # an answer that never comes


@dataclass
class Receiver:
    """A receiver of webhooks: what it got, and how it answers the n-th delivery (from 0)."""

    answer: Callable[[int], int] = field(default=lambda _: 204)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert (scope["type"], scope["method"]) == ("http", "POST")
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        status = self.answer(len(self.got))
        async with self._news:
            self.got.append((headers, body))
            if 200 <= status < 300:
                self.taken += msgspec.json.decode(body)
            self._news.notify_all()
        if status == HANG:
            await self._closing.wait()
            status = 503
        extra = [(b"location", b"/elsewhere")] if status == 302 else []
        await send({"type": "http.response.start", "status": status, "headers": extra})
        await send({"type": "http.response.body"})

    async def has(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(condition)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Receiver]:
        """This receiver on a port of its own."""
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/hook?x=1"
            config = uvicorn.Config(self, log_level="error", lifespan="off", access_log=False)
            server = uvicorn.Server(config)
            running = asyncio.create_task(server.serve(sockets=[listening]))
            while not server.started:  # noqa: ASYNC110 - it offers no event
                await asyncio.sleep(0.01)
            try:
                yield self
            finally:
                self._closing.set()
                server.should_exit = True
                await running


@asynccontextmanager
async def delivering(scene: Scene, timeout_s: float = 30) -> AsyncIterator[Deliveries]:
    """A worker's deliveries."""
    stopping = asyncio.Event()
    async with sending.open_client() as client:
        made = Deliveries(
            scene.world.worker, scene.world.city, stopping, client, timeout_s=timeout_s
        )
        running = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            stopping.set()
            await running


async def register(scene: Scene, url: str, actor: Actor | None = None, **more: Any) -> Any:
    """Register a webhook as somebody; the answer's JSON."""
    async with scene.client(actor or scene.key("webhooks")) as client:
        answer = await client.post("/webhooks", json={"url": url, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()


async def note(scene: Scene, count: int, action: str = "case.note", place: str = TOWN) -> None:
    """Leave some events."""
    async with scene.world.as_worker() as tx:
        await tx.execute(
            "insert into events (at, actor, action, matter, matter_id, place, article, rule, facts)"
            " select $1, 'person:7', $2, $3, n, $4::text::ltree, 'V', 'x', '{\"note\": \"secret\"}'"
            " from generate_series(1, $5) n",
            *(tx.now, action, action.partition(".")[0], scene.world.city.tree.path(place), count),
        )


async def stored(scene: Scene, webhook: Any) -> Any:
    """A webhook as it is stored."""
    return await scene.world.row("select * from webhooks where id = $1", webhook["id"])


async def until(scene: Scene, webhook: Any, condition: Callable[[Any], bool]) -> Any:
    """The stored webhook, once it is so."""
    async with asyncio.timeout(30):
        while not condition(row := await stored(scene, webhook)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return row


async def test_events_come_signed_in_order_and_in_batches(scene: Scene) -> None:
    async with Receiver().serving() as receiver, delivering(scene):
        made = await register(scene, receiver.url, actions=["case.*"], place=DISTRICT)
        await note(scene, 250)
        await note(scene, 3, "order.accept")
        await note(scene, 3, "person.create")
        await note(scene, 3, place=ELSEWHERE)
        await receiver.has(lambda: len(receiver.taken) >= 250)
        row = await until(scene, made, lambda row: row["delivered"] == 250)
        await note(scene, 1, "case.flag")
        await receiver.has(lambda: len(receiver.taken) >= 251)
    assert [event["data"]["id"] for event in receiver.taken] == [*range(1, 251), 1]
    assert len({event["id"] for event in receiver.taken}) == 251
    assert all(event["specversion"] == "1.0" for event in receiver.taken)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got)
    assert (row["failures"], row["last_error"]) == (0, None)
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    for headers, body in receiver.got:
        assert len(msgspec.json.decode(body)) <= webhooks.MOST
        assert b"secret" not in body
        assert b"person:7" not in body
        assert headers["content-type"] == "application/cloudevents-batch+json"
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{mac}"


async def test_a_dead_receiver_delays_no_other(scene: Scene) -> None:
    """It never answers; the others get everything meanwhile, and nobody waits for it."""
    async with (
        Receiver(lambda _: HANG).serving() as dead,
        Receiver().serving() as good,
        delivering(scene),
    ):
        for url in (dead.url, good.url, "http://127.0.0.1:9/refused"):
            await register(scene, url)
        await note(scene, 1)
        await dead.has(lambda: len(dead.got) == 1)
        for number in range(2, 6):
            await note(scene, 1)
            await good.has(lambda wanted=number: len(good.taken) >= wanted)  # type: ignore[misc]
    assert len(dead.got) == 1


async def test_a_failed_delivery_is_repeated_in_order(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "backoff", lambda _: timedelta(milliseconds=10))
    answers = [500, 302, HANG]
    receiver = Receiver(lambda n: answers[n] if n < len(answers) else 200)
    async with receiver.serving(), delivering(scene, timeout_s=0.3):
        made = await register(scene, receiver.url)
        await note(scene, 1, "case.file")
        await receiver.has(lambda: len(receiver.got) >= 1)
        await note(scene, 1, "case.flag")
        await receiver.has(lambda: len(receiver.taken) >= 2)
        row = await until(scene, made, lambda row: row["delivered"] == 2)
    assert [event["type"] for event in receiver.taken] == ["yiwang.case.file", "yiwang.case.flag"]
    assert (row["failures"], row["failing_since"]) == (0, None)


async def test_what_failed_is_told(scene: Scene) -> None:
    async with Receiver(lambda _: 500).serving() as receiver, delivering(scene):
        made = await register(scene, receiver.url)
        await note(scene, 1)
        row = await until(scene, made, lambda row: row["failures"] >= 1)
    assert row["last_error"] == "http 500"
    assert row["next_at"] > row["failing_since"]
    assert row["active"]


async def test_a_receiver_that_fails_for_days_is_ended_with_a_notice(scene: Scene) -> None:
    admin = scene.world.actor("sysadmin", scene.world.centre(scene.world.city.pack.root))
    async with scene.world.as_worker() as tx:
        await tx.execute(
            "insert into persons (id, login, name, created_at) overriding system value"
            " values ($1, 'admin', 'admin', $2)",
            admin.person,
            tx.now,
        )
    async with Receiver(lambda _: 500).serving() as receiver:
        made = await register(scene, receiver.url, admin)
        async with scene.world.as_worker() as tx:
            await tx.execute("update webhooks set failing_since = now() - interval '6 days'")
        async with delivering(scene):
            await note(scene, 1)
            row = await until(scene, made, lambda row: not row["active"])
    assert row["end_reason"] == "failing"
    event = await scene.world.row("select * from events where action = 'webhook.end'")
    assert event["matter_id"] == made["id"]
    notice = await scene.world.row("select * from notices where code = 'webhook.ended'")
    assert notice["person_id"] == admin.person


async def test_a_receiver_that_says_gone_is_ended_at_once(scene: Scene) -> None:
    async with Receiver(lambda _: 410).serving() as receiver, delivering(scene):
        made = await register(scene, receiver.url)
        await note(scene, 1)
        row = await until(scene, made, lambda row: not row["active"])
    assert (row["end_reason"], len(receiver.got)) == ("gone", 1)


async def test_another_worker_goes_on_where_the_last_one_was(scene: Scene) -> None:
    async with Receiver().serving() as receiver:
        made = await register(scene, receiver.url)
        async with delivering(scene):
            await note(scene, 1)
            await until(scene, made, lambda row: row["delivered"] == 1)
        assert (await stored(scene, made))["holder"] is None
        await note(scene, 2, "case.flag")
        async with scene.world.as_worker() as tx:  # a killed worker's lease that ran out
            await tx.execute("update webhooks set holder = 'x', held_until = now()")
        async with delivering(scene):
            await until(scene, made, lambda row: row["delivered"] == 3)
    kinds = [event["type"] for event in receiver.taken]
    assert kinds == ["yiwang.case.note", "yiwang.case.flag", "yiwang.case.flag"]


async def test_a_lease_that_holds_is_respected(scene: Scene) -> None:
    async with Receiver().serving() as receiver, Receiver().serving() as other:
        made = await register(scene, receiver.url)
        async with scene.world.as_worker() as tx:
            await tx.execute(
                "update webhooks set holder = 'x', held_until = now() + interval '1 hour'"
            )
        await register(scene, other.url)
        await note(scene, 1)
        async with delivering(scene):
            await other.has(lambda: len(other.taken) == 1)
    assert receiver.got == []
    assert (await stored(scene, made))["holder"] == "x"


async def test_a_webhook_may_begin_after_an_event(scene: Scene) -> None:
    await note(scene, 2)
    rows = await scene.world.rows("select xid, id from events order by id")
    after = f"{rows[-2]['xid']}-{rows[-2]['id']}"
    async with Receiver().serving() as receiver, delivering(scene):
        await register(scene, receiver.url, after=after)
        await receiver.has(lambda: len(receiver.taken) == 1)
    assert receiver.taken[0]["id"] == f"{rows[-1]['xid']}-{rows[-1]['id']}"


async def test_a_revoked_key_gets_nothing_more(scene: Scene) -> None:
    key = scene.key("webhooks")
    async with scene.world.as_worker() as tx:
        await tx.execute(
            "insert into api_keys (id, name, system, digest, scopes, place, created_by,"
            " created_at, revoked_at) overriding system value"
            " values ($1, 'k', 'k', '', '{}', 'x', 'x', $2, $2)",
            *(int(key.name.partition(":")[2]), tx.now),
        )
    async with Receiver().serving() as receiver, Receiver().serving() as other:
        await register(scene, receiver.url, key)
        await register(scene, other.url)
        await note(scene, 1)
        async with delivering(scene):
            await other.has(lambda: len(other.taken) == 1)
    assert receiver.got == []


async def test_who_may_register_what(scene: Scene) -> None:
    url = "http://127.0.0.1:9/hook"
    district = scene.key("webhooks", place=DISTRICT)
    refused = {
        (scene.key("events"), url, None): "authority.scope_missing",
        (scene.world.actor("handler", scene.world.centre()), url, None): "authority.duty_missing",
        (district, url, ELSEWHERE): "authority.elsewhere",
        (district, url, "nowhere"): "places.unknown",
        (district, "http://receiver.example/", None): "feed.url_bad",
        (district, "https://10.0.0.1/", None): "feed.host_private",
        (district, "https://169.254.169.254/latest", None): "feed.host_private",
    }
    for (actor, target, place), code in refused.items():
        async with scene.client(actor) as client:
            answer = await client.post("/webhooks", json={"url": target, "place": place})
        assert answer.json()["code"] == code
    assert await scene.world.rows("select 1 from webhooks") == []
    city = scene.world.city
    unit = next(u.code for u in city.units.values() if not city.is_over_place(u))
    made = await register(scene, url, scene.key("webhooks", place=DISTRICT, unit=unit))
    assert (made["unit"], made["place"]) == (unit, city.pack.root)
    inner = await register(scene, url, district, place=TOWN, actions=["case.file"])
    assert (inner["unit"], inner["place"], inner["actions"]) == (None, TOWN, ["case.file"])


async def test_one_sees_and_removes_ones_own(scene: Scene) -> None:
    mine, other = scene.key("webhooks"), scene.key("webhooks")
    made = await register(scene, "http://127.0.0.1:9/hook", mine)
    admin = scene.world.actor("sysadmin", scene.world.centre(scene.world.city.pack.root))
    async with scene.client(other) as client:
        assert (await client.get("/webhooks")).json() == []
        answer = await client.delete(f"/webhooks/{made['id']}")
        assert (answer.status_code, answer.json()["code"]) == (404, "feed.no_webhook")
    async with scene.client(admin) as client:
        assert [row["id"] for row in (await client.get("/webhooks")).json()] == [made["id"]]
    async with scene.client(mine) as client:
        shown = (await client.get("/webhooks")).json()
        assert [row["id"] for row in shown] == [made["id"]]
        assert "secret" not in shown[0]
        assert (await client.delete(f"/webhooks/{made['id']}")).status_code == 204
        assert (await client.get("/webhooks")).json() == []
        assert (await client.delete(f"/webhooks/{made['id']}")).status_code == 404
    row = await stored(scene, made)
    assert (row["active"], row["end_reason"], row["secret"]) == (False, "removed", b"")
    events = await scene.world.rows("select action from events order by id")
    assert [row["action"] for row in events] == ["webhook.register", "webhook.remove"]

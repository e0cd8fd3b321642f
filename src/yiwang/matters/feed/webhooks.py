"""Delivering webhooks, in the worker: each receiver has a task of its own.

At least once, in the ledger's order. A receiver that is slow or down waits alone, longer each time;
when it comes back it gets everything it missed. No transaction is open while the network is used.
Several workers share the receivers by leases, which a killed worker loses after 30 seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import httpx

from yiwang.ground.authority.model import platform
from yiwang.ground.city import City
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.kit.db import Database, Tx
from yiwang.matters.feed import rules, sending
from yiwang.matters.feed import webhook_store as store
from yiwang.matters.feed.model import Key, Occurrence, Webhook
from yiwang.matters.feed.sending import Outcome
from yiwang.matters.feed.tail import PAGE, Tail
from yiwang.matters.feed.targets import Reachable

MOST = 100  # events of one delivery
GIVE_UP_DAYS = 5.0
_POLL_S = 0.25
_CLAIM_S = 2.0
_LEASE_S = 30.0
_AGAIN_S = 1.0
_SAVE_EVERY = 2 * PAGE  # events that concerned nobody before the cursor is saved
_LOG = logging.getLogger("yiwang.webhooks")
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def deliver_forever(
    db: Database, current: Callable[[], City], stopping: asyncio.Event
) -> None:
    """Deliver to all webhooks until `stopping` is set; `current` gives the city in force."""
    async with sending.open_client() as client:
        await Deliveries(db, current(), stopping, client, current=current).run()


def reachable_in(city: City, now: datetime) -> Reachable:
    """Where this city's webhooks may point: settings `webhooks.loopback`, `webhooks.private`."""
    day, root = city.day(now), city.root_path
    return Reachable(
        bool(city.setting("webhooks.loopback", root, day, True)),
        bool(city.setting("webhooks.private", root, day, False)),
    )


class Deliveries:
    """All deliveries of one worker."""

    def __init__(
        self,
        db: Database,
        city: City,
        stopping: asyncio.Event,
        client: httpx.AsyncClient,
        *,
        timeout_s: float = sending.TIMEOUT_S,
        current: Callable[[], City] | None = None,
    ) -> None:
        self._db = db
        self._current = current or (lambda: city)
        self._stopping = stopping
        self._client = client
        self._timeout_s = timeout_s
        self._actor = platform(city.root_path)
        self._holder = secrets.token_hex(8)
        self._tail = Tail(db, city.root_path)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    @property
    def _city(self) -> City:
        return self._current()

    async def run(self) -> None:
        """Read the ledger's end and keep one task per receiver until told to stop."""
        claimed = started = False
        next_claim = 0.0
        loop = asyncio.get_running_loop()
        try:
            while not self._stopping.is_set():
                wait = _POLL_S
                try:
                    if not started:
                        await self._tail.start()
                        started = True
                    if loop.time() >= next_claim:
                        await self._share_out()
                        claimed, next_claim = True, loop.time() + _CLAIM_S
                    if await self._read_on() == PAGE:
                        wait = 0.0
                except _AWAY as error:
                    _LOG.warning("webhooks: %s; again in %.0f s", error, _AGAIN_S)
                    wait = _AGAIN_S
                await self._pause(wait)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            if claimed:
                with contextlib.suppress(*_AWAY):
                    async with self._begin() as tx:
                        await store.release(tx, self._holder)

    def _begin(self) -> contextlib.AbstractAsyncContextManager[Tx]:
        return self._db.begin(self._actor.scope, datetime.now(UTC))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _read_on(self) -> int:
        """Look whether something happened; waiting tasks go on if so."""
        found = await self._tail.poll()
        if found:
            news, self._news = self._news, asyncio.Event()
            news.set()
        return len(found)

    async def _share_out(self) -> None:
        """Renew this worker's leases; start tasks for new receivers, stop those of ended ones."""
        async with self._begin() as tx:
            mine = {row.id: row for row in await store.claim(tx, self._holder, _LEASE_S)}
        for webhook_id, task in list(self._tasks.items()):
            if webhook_id not in mine or task.done():
                task.cancel()
                del self._tasks[webhook_id]
        for webhook in mine.values():
            if webhook.id not in self._tasks:
                self._tasks[webhook.id] = asyncio.create_task(self._serve(webhook))

    async def _serve(self, webhook: Webhook) -> None:
        """Everything for one receiver, in order, for as long as it is ours."""
        saved = webhook.cursor
        idle = 0
        while True:
            try:
                await asyncio.sleep((webhook.next_at - datetime.now(UTC)).total_seconds())
                news = self._news
                batch, reached, looked = await self._next(webhook)
                if batch:
                    webhook = await self._deliver(webhook, batch, reached)
                    if not webhook.active:
                        return
                    saved, idle = webhook.cursor, 0
                    continue
                webhook = replace(webhook, cursor=reached)
                idle += looked
                if idle >= _SAVE_EVERY and saved != reached:
                    async with self._begin() as tx:
                        await store.passed(tx, webhook.id, self._holder, reached)
                    saved, idle = reached, 0
                if not looked:
                    await news.wait()
            except _AWAY as error:
                _LOG.warning("webhook %d: %s; again in %.0f s", webhook.id, error, _AGAIN_S)
                await asyncio.sleep(_AGAIN_S)

    async def _next(self, webhook: Webhook) -> tuple[list[Occurrence], Key, int]:
        """The next events for a receiver, up to where they reach, and how many were looked at."""
        page = await self._tail.after(webhook.cursor)
        batch: list[Occurrence] = []
        for looked, row in enumerate(page, 1):
            if rules.is_due_to(webhook, row):
                batch.append(row)
                if len(batch) == MOST:
                    return batch, row.key, looked
        return batch, page[-1].key if page else webhook.cursor, len(page)

    async def _deliver(self, webhook: Webhook, batch: list[Occurrence], reached: Key) -> Webhook:
        """Send a batch and record how it went; the webhook as it is afterwards."""
        now = datetime.now(UTC)
        outcome = await sending.send(
            self._client,
            self._city,
            webhook,
            batch,
            int(now.timestamp()),
            reachable_in(self._city, now),
            self._timeout_s,
        )
        async with self._begin() as tx:
            if outcome.error is None:
                await store.taken(tx, webhook.id, self._holder, reached, len(batch))
                return replace(
                    webhook, cursor=reached, failures=0, next_at=tx.now, failing_since=None
                )
            return await self._note_failure(tx, webhook, outcome)

    async def _note_failure(self, tx: Tx, webhook: Webhook, outcome: Outcome) -> Webhook:
        error = outcome.error or ""
        failures = webhook.failures + 1
        next_at = tx.now + rules.backoff(failures)
        since = await store.failed(tx, webhook.id, self._holder, error, failures, next_at)
        after = replace(
            webhook, failures=failures, next_at=next_at, last_error=error, failing_since=since
        )
        days = self._city.setting(
            "webhooks.give_up_days", self._city.root_path, self._city.day(tx.now), GIVE_UP_DAYS
        )
        if since is None:
            return replace(after, active=False)
        if outcome.gone or rules.gives_up(since, tx.now, float(days)):
            await self._give_up(tx, after, "gone" if outcome.gone else "failing")
            return replace(after, active=False)
        return after

    async def _give_up(self, tx: Tx, webhook: Webhook, reason: str) -> None:
        _LOG.warning("webhook %d ended: %s (%s)", webhook.id, reason, webhook.last_error)
        await store.end(tx, webhook.id, reason)
        name, _, number = webhook.created_by.partition(":")
        await store.tell(tx, webhook, int(number) if name == "person" else None)
        await ledger.record(
            tx,
            self._actor,
            [
                Entry(
                    action="webhook.end",
                    matter="webhook",
                    matter_id=webhook.id,
                    place=webhook.place,
                    article="XIII",
                    rule="webhook.end",
                    before="active",
                    after=reason,
                    facts={"error": webhook.last_error or "", "failures": webhook.failures},
                )
            ],
        )

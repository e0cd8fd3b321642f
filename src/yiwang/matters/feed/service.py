"""Use cases of webhooks: register one, see one's own, take one away."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from yiwang.ground.authority.model import Actor, Duty, Holding
from yiwang.ground.authority.rules import covers
from yiwang.ground.city import City
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.feed import rules, targets
from yiwang.matters.feed import webhook_store as store
from yiwang.matters.feed.model import Key, Webhook
from yiwang.matters.feed.targets import Reachable

MOST = 20  # webhooks of one key or person
_SECRET_BYTES = 32
_DUTIES = (Duty.SYSADMIN, Duty.SYSTEM)


@dataclass(frozen=True, slots=True)
class Wish:
    """A webhook to be registered; `place` is a code. Without `place` or `unit`: all one reaches."""

    url: str
    actions: Sequence[str]
    place: str | None = None
    unit: str | None = None


def bounds(city: City, actor: Actor, wish: Wish) -> tuple[str, str | None]:
    """The path and unit of a wish, within what the actor's duty reaches.

    Refuses an unknown place ("places.unknown") or unit, and what lies outside
    ("authority.elsewhere").
    """
    path = city.tree.path(wish.place) if wish.place else None
    if wish.unit:
        city.unit(wish.unit)
    for holding in actor.holdings:
        if holding.duty not in _DUTIES:
            continue
        if holding.over_place:
            if path is None or covers(holding.place, path):
                return path or holding.place, wish.unit
        elif wish.unit in (None, holding.unit):
            return path or city.root_path, holding.unit
    raise Refusal("authority.elsewhere", duty=Duty.SYSADMIN.value, place=wish.place or "–")


async def check_target(url: str, reachable: Reachable) -> None:
    """Refuse an address that no webhook may point to ("feed.url_bad", "feed.host_*")."""
    await targets.resolve(targets.read_url(url), reachable)


async def register(tx: Tx, city: City, actor: Actor, wish: Wish, after: Key) -> Webhook:
    """Register a webhook, which gets every event after `after`; its secret is shown once.

    The caller checked the address before it opened the transaction (:func:`check_target`).
    """
    actions = rules.check_actions(wish.actions)
    place, unit = bounds(city, actor, wish)
    known = [row for row in await store.every(tx) if row.created_by == actor.name and row.active]
    if len(known) >= MOST:
        raise Refusal("feed.too_many_webhooks", most=MOST)
    secret = secrets.token_bytes(_SECRET_BYTES)
    made = await store.add(tx, wish.url, secret, actions, place, unit, actor.name, after)
    await _record(tx, actor, made, "register", None, "active")
    return made


def _sees(actor: Actor, webhook: Webhook) -> bool:
    return webhook.created_by == actor.name or any(_covers(row, webhook) for row in actor.holdings)


def _covers(holding: Holding, webhook: Webhook) -> bool:
    return (
        holding.duty == Duty.SYSADMIN
        and holding.over_place
        and covers(holding.place, webhook.place)
    )


async def list_seen(tx: Tx, actor: Actor) -> list[Webhook]:
    """One's own webhooks, and as an administrator those of one's place."""
    return [row for row in await store.every(tx) if _sees(actor, row)]


async def remove(tx: Tx, actor: Actor, webhook_id: int) -> None:
    """Take a webhook away; refuses one that is not there or not to be seen ("feed.no_webhook")."""
    found = await store.find(tx, webhook_id)
    if found is None or not _sees(actor, found):
        raise Refusal("feed.no_webhook", id=webhook_id)
    await store.end(tx, webhook_id, "removed")
    await _record(tx, actor, found, "remove", "active" if found.active else "ended", "removed")


async def _record(
    tx: Tx, actor: Actor, webhook: Webhook, action: str, before: str | None, after: str
) -> None:
    entry = Entry(
        action=f"webhook.{action}",
        matter="webhook",
        matter_id=webhook.id,
        place=webhook.place,
        article="XIII",
        rule=f"webhook.{action}",
        before=before,
        after=after,
        facts={"url": webhook.url, "actions": list(webhook.actions)},
    )
    await ledger.record(tx, actor, [entry])

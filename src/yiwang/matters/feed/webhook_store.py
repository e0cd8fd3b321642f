"""SQL of webhooks: registered ones, who delivers to them now, and how far each has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from yiwang.kit.db import Row, Tx
from yiwang.matters.feed.model import Key, Webhook

_COLUMNS = (
    "id, url, secret, actions, place, unit, active, created_by, created_at, cursor_xid, cursor_id,"
    " failures, next_at, last_error, failing_since, delivered_at, delivered, ended_at, end_reason"
)
# A key that was revoked or ran out gets nothing more.
_WELCOME = """not exists (select 1 from api_keys k where w.created_by = 'key:' || k.id
    and (k.revoked_at is not null or k.expires_at <= now()))"""


def _read(row: Row) -> Webhook:
    return Webhook(
        id=row["id"],
        url=row["url"],
        secret=row["secret"],
        actions=tuple(row["actions"]),
        place=row["place"],
        unit=row["unit"],
        active=row["active"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        cursor=(row["cursor_xid"], row["cursor_id"]),
        failures=row["failures"],
        next_at=row["next_at"],
        last_error=row["last_error"],
        failing_since=row["failing_since"],
        delivered_at=row["delivered_at"],
        delivered=row["delivered"],
        ended_at=row["ended_at"],
        end_reason=row["end_reason"],
    )


async def add(
    tx: Tx,
    url: str,
    secret: bytes,
    actions: Sequence[str],
    place: str,
    unit: str | None,
    created_by: str,
    cursor: Key,
) -> Webhook:
    """A new webhook."""
    row = await tx.fetchrow(
        "insert into webhooks (url, secret, actions, place, unit, created_by, created_at,"
        " cursor_xid, cursor_id, next_at) values ($1, $2, $3, $4::text::ltree, $5, $6, $7, $8, $9,"
        f" $7) returning {_COLUMNS}",
        url,
        secret,
        list(actions),
        place,
        unit,
        created_by,
        tx.now,
        *cursor,
    )
    assert row is not None
    return _read(row)


async def every(tx: Tx) -> list[Webhook]:
    """All webhooks that were not removed, the newest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from webhooks where end_reason is distinct from 'removed'"
        " order by id desc"
    )
    return [_read(row) for row in rows]


async def find(tx: Tx, webhook_id: int) -> Webhook | None:
    """A webhook that was not removed."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from webhooks where id = $1 and end_reason is distinct from 'removed'",
        webhook_id,
    )
    return None if row is None else _read(row)


async def end(tx: Tx, webhook_id: int, reason: str) -> bool:
    """It gets nothing more; False where it had ended already. A removed one loses its secret."""
    done = await tx.fetchval(
        "update webhooks set active = false, ended_at = $2, end_reason = $3, holder = null,"
        " secret = case when $3 = 'removed' then '' else secret end"
        " where id = $1 and (active or $3 = 'removed') returning id",
        webhook_id,
        tx.now,
        reason,
    )
    return done is not None


async def claim(tx: Tx, holder: str, seconds: float) -> list[Webhook]:
    """All webhooks this worker delivers to for the next `seconds`: its own and unclaimed ones."""
    rows = await tx.fetch(
        f"""
        update webhooks w set holder = $1, held_until = now() + make_interval(secs => $2)
        where active and (holder is null or holder = $1 or held_until < now()) and {_WELCOME}
        returning {_COLUMNS}
        """,
        holder,
        seconds,
    )
    return [_read(row) for row in rows]


async def release(tx: Tx, holder: str) -> None:
    """Another worker may take over at once."""
    await tx.execute("update webhooks set holder = null where holder = $1", holder)


async def passed(tx: Tx, webhook_id: int, holder: str, cursor: Key) -> None:
    """Everything up to `cursor` did not concern it."""
    await tx.execute(
        "update webhooks set cursor_xid = $3, cursor_id = $4 where id = $1 and holder = $2",
        webhook_id,
        holder,
        *cursor,
    )


async def taken(tx: Tx, webhook_id: int, holder: str, cursor: Key, count: int) -> None:
    """The receiver took `count` events, up to `cursor`."""
    await tx.execute(
        "update webhooks set cursor_xid = $3, cursor_id = $4, delivered = delivered + $5,"
        " delivered_at = $6, failures = 0, failing_since = null, last_error = null, next_at = $6"
        " where id = $1 and holder = $2",
        webhook_id,
        holder,
        *cursor,
        count,
        tx.now,
    )


async def failed(
    tx: Tx, webhook_id: int, holder: str, error: str, failures: int, next_at: datetime
) -> datetime | None:
    """The receiver did not take it; since when it fails, None where it is not ours any more."""
    since: datetime | None = await tx.fetchval(
        "update webhooks set failures = $4, last_error = $3, next_at = $5,"
        " failing_since = coalesce(failing_since, $6) where id = $1 and holder = $2 and active"
        " returning failing_since",
        webhook_id,
        holder,
        error[:200],
        failures,
        next_at,
        tx.now,
    )
    return since


async def tell(tx: Tx, webhook: Webhook, person: int | None) -> None:
    """Leave a notice that a webhook ended, for its unit or whoever registered it."""
    if webhook.unit is None and person is None:
        return
    await tx.execute(
        "insert into notices (audience, unit, person_id, code, facts, at)"
        " values ($1, $2, $3, 'webhook.ended', $4, $5)",
        "person" if person is not None else "unit",
        None if person is not None else webhook.unit,
        person,
        {"webhook": webhook.id, "url": webhook.url, "error": webhook.last_error},
        tx.now,
    )

"""What a caller reported before, for whoever answers the telephone.

Only reports within the agent's reach, only by the exact number, and every look-up is recorded with
its reason: the record keeps a keyed digest of the number, never the number.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.ground.procedure.shapes import kind_name, place_name
from yiwang.kit import words
from yiwang.kit.db import Row, Tx
from yiwang.matters.assist.rules import spellings
from yiwang.matters.sources.receipts import number_of

SHOWN = 50


async def look_up(
    tx: Tx, city: City, actor: Actor, phone: str, reason: str, secret: bytes
) -> dict[str, Any]:
    """The newest 50 reports of a number with their cases; leaves one event, found or not.

    Refuses what is no telephone number ("callers.phone_bad").
    """
    country = str(city.setting("phone.country", city.root_path, city.day(tx.now), ""))
    known = spellings(phone, country)
    rows = await tx.fetch(
        "select p.name, r.id, r.state, r.source, r.received_at, r.title, r.text, r.address,"
        " r.kind, r.place, r.case_id, c.number, c.state as case_state, c.kind as case_kind,"
        " c.place as case_place, c.due_next, c.due_total, c.closed_at, c.lead"
        " from reporters p join reports r on r.id = p.report_id"
        " left join cases c on c.id = r.case_id"
        " where p.digits = any($1) order by p.report_id desc limit $2",
        *(list(known), SHOWN + 1),
    )
    mark = hmac.digest(secret, b"caller:" + known[0].encode("ascii"), "sha256").hex()[:32]
    found = min(len(rows), SHOWN)
    place = actor.holdings[0].place if actor.holdings else city.root_path
    entry = Entry(
        action="caller.look_up",
        matter="caller",
        matter_id=actor.person or 0,
        place=place,
        article="XIV",
        rule="caller.look_up",
        before=None,
        after=None,
        facts={"caller": mark, "found": found, "reason": reason},
    )
    await ledger.record(tx, actor, [entry])
    return {
        "items": [_report(city, row, tx.now) for row in rows[:SHOWN]],
        "more": len(rows) > SHOWN,
        "open": sum(
            row["case_id"] is not None and row["closed_at"] is None for row in rows[:SHOWN]
        ),
    }


def _report(city: City, row: Row, now: datetime) -> dict[str, Any]:
    kind = row["case_kind"] or row["kind"]
    return {
        "id": row["id"],
        "number": number_of(row["id"]),
        "name": row["name"],
        "received_at": row["received_at"].isoformat(),
        "source": row["source"],
        "state": row["state"],
        "state_name": words.label("state", row["state"], "report"),
        "title": row["title"],
        "text": row["text"],
        "address": row["address"],
        "kind": kind,
        "kind_name": kind_name(city, kind) if kind else None,
        "place_name": place_name(city, row["case_place"] or row["place"]),
        "case": _case(city, row, now),
    }


def _case(city: City, row: Row, now: datetime) -> dict[str, Any] | None:
    if row["case_id"] is None or row["number"] is None:
        return None
    due: datetime | None = row["due_next"] or row["due_total"]
    unit = city.unit_name(row["lead"]) if row["lead"] else None
    return {
        "id": row["case_id"],
        "number": row["number"],
        "state": row["case_state"],
        "state_name": words.label("state", row["case_state"], "case"),
        "due": due.isoformat() if due else None,
        "overdue": row["closed_at"] is None and due is not None and due < now,
        "closed_at": row["closed_at"].isoformat() if row["closed_at"] else None,
        "unit_name": {"zh": unit.zh, "en": unit.en} if unit else None,
    }

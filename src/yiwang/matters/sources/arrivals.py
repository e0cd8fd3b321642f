"""Reports that come with their case: taken at the desk or by a patrol, and filed at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from yiwang.ground.authority.model import Actor
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report that comes with its case; `reporter` is name, phone, e-mail."""

    state: str
    source: str
    system: str
    external_id: str | None
    key: str
    digest: bytes
    received_at: datetime
    happened_at: datetime
    title: str
    text: str
    address: str
    lon: float | None
    lat: float | None
    spot: Any
    kind: str
    place: str
    place_reason: dict[str, Any]
    attributes: dict[str, Any]
    language: str
    synthetic: bool
    urgent: bool
    case_id: int
    collector: int | None
    reporter: tuple[str, str, str]


_ARRIVE = """
arrived as (
  insert into reports (state, source, system, external_id, idempotency_key, digest, received_at,
    happened_at, title, text, address, lon, lat, spot, kind, place, place_reason, attributes,
    language, synthetic, urgent, case_id, collector, kind_reason, id)
  overriding system value
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
          $20, $21, $22, $23, '{"by": "hand"}', $24)
), told as (
  insert into reporters (report_id, name, phone, email)
  select $24, $25, $26, $27 where $25 <> '' or $26 <> '' or $27 <> ''
)
"""


async def receive_filed(tx: Tx, actor: Actor, arrival: Arrival) -> int:
    """Store a report that is filed as it comes; its id.

    Refuses ("sources.key_known") a key or number of its system that was used before.
    """
    values = [getattr(arrival, name) for name in Arrival.__slots__ if name != "reporter"]
    number = (await tx.numbers.take_ids("reports", 1))[0]
    entry = Entry(
        action="report.file",
        matter="report",
        matter_id=number,
        place=arrival.place,
        article="XIV",
        rule="report.file",
        before=None,
        after=arrival.state,
        facts={"source": arrival.source, "system": arrival.system, "case": arrival.case_id},
        case_id=arrival.case_id,
        at=arrival.received_at,
    )
    try:
        args = [*values, number, *arrival.reporter]
        await ledger.record_change(tx, actor, entry, _ARRIVE, args)
    except asyncpg.UniqueViolationError as error:
        raise Refusal("sources.key_known") from error
    return number

"""What the public may read of the city's requests, in the shapes of Open311 GeoReport v2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from yiwang.ground.city import City
from yiwang.ground.packs.model import Kind
from yiwang.kit import words
from yiwang.kit.db import Row, Scope, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.sources import rules
from yiwang.matters.sources.open311 import (
    Attribute,
    DataType,
    Request,
    RequestStatus,
    Service,
    ServiceDefinition,
)
from yiwang.matters.sources.open311_query import Circle, Query
from yiwang.matters.sources.receipts import number_of, report_id_of

NAME = "open311"
MEDIA = "/open311/v2/media/"
_ENDED = "('closed', 'cancelled', 'merged')"
_CLOSED = f"(r.state in ('rejected', 'withdrawn') or coalesce(c.state in {_ENDED}, false))"
_FILING = "filing"


def scope_of(city: City) -> Scope:
    """The public view of the whole city: no reporter's identity."""
    return Scope(NAME, places=(city.root_path,))


@dataclass(frozen=True, slots=True)
class Codes:
    """The service codes of a city's kinds: a kind's key with dots for slashes."""

    kinds: Mapping[str, Kind]

    @classmethod
    def of(cls, city: City, now: datetime) -> Self:
        """The services of today: the kinds under which something may be filed."""
        taxonomy = city.taxonomy
        return cls(
            {
                code_of(kind.key): kind
                for kind in taxonomy.kinds(city.day(now))
                if not taxonomy.children(kind.key)
            }
        )

    def kind(self, code: str) -> Kind:
        """The kind behind a service code; refuses ("sources.service_unknown", 404)."""
        found = self.kinds.get(code)
        if found is None:
            raise Refusal("sources.service_unknown", given=code[:80])
        return found


def code_of(key: str) -> str:
    """The service code of a kind."""
    return key.replace("/", ".")


def services(codes: Codes, city: City, language: str) -> list[Service]:
    """All services, in the pack's order."""
    found = []
    for code, kind in codes.kinds.items():
        major = city.taxonomy.kind(kind.parent).name if kind.parent else kind.name
        filing = kind.filing.say(language)
        found.append(
            Service(
                service_code=code,
                service_name=kind.name.say(language),
                description=filing or kind.name.say(language),
                metadata=bool(filing),
                group=major.say(language),
                keywords=kind.keywords[:10],
            )
        )
    return found


def definition(codes: Codes, code: str, language: str) -> ServiceDefinition:
    """What is asked or told beyond the form of a service: when something of it is filed."""
    kind = codes.kind(code)
    filing = kind.filing.say(language)
    told = Attribute(_FILING, filing, DataType.STRING, False, 1, variable=False)
    return ServiceDefinition(code, (told,) if filing else ())


_REQUEST = f"""
select r.id, r.state, r.source, r.received_at, r.title, r.text, r.address, r.lon, r.lat, r.kind,
       r.reason, {_CLOSED} as closed, c.number, c.kind as case_kind, c.state as case_state, c.lead,
       c.centre, c.forced, c.reason as case_reason, c.due_handle, c.due_total,
       greatest(r.received_at, c.filed_at, c.dispatched_at, c.handled_at, c.closed_at) as updated,
       (select a.id from attachments a where a.report_id = r.id and r.source = 'open311'
        and a.published is not null
        order by a.id limit 1) as photo
from reports r left join cases c on c.id = r.case_id
"""


async def requests(tx: Tx, city: City, query: Query, url: str, language: str) -> list[Request]:
    """The requests a query asks for, the newest first; `url` begins the addresses of pictures.

    The city's setting "open311.sources" may name the sources that are public.
    """
    where = ["coalesce(c.kind, r.kind) is not null"]
    values: list[Any] = []
    public = city.setting("open311.sources", city.root_path, city.day(tx.now))

    def add(condition: str, value: Any) -> None:
        values.append(value)
        where.append(condition.format(f"${len(values)}"))

    if public is not None:
        add("r.source = any({})", list(public))
    if query.ids:
        add("r.id = any({})", [n for text in query.ids if (n := report_id_of(text)) is not None])
    else:
        if query.codes:
            keys = [key for code in query.codes if (key := _key(city, code)) is not None]
            add("coalesce(c.kind, r.kind) = any({})", keys)
        if len(query.statuses) == 1:
            closed = RequestStatus.CLOSED in query.statuses
            where.append(_CLOSED if closed else f"not {_CLOSED}")
        if query.start is not None:
            add("r.received_at >= {}", query.start)
        if query.end is not None:
            add("r.received_at < {}", query.end)
        if query.near is not None:
            _near(city, query.near, add)
    clause = " and ".join(f"({condition})" for condition in where)
    rows = await tx.fetch(
        f"{_REQUEST} where {clause} order by r.received_at desc, r.id desc"
        f" limit {query.page_size} offset {query.offset}",
        *values,
    )
    return [_request(row, city, url, language) for row in rows]


def _near(city: City, circle: Circle, add: Callable[[str, Any], None]) -> None:
    x, y = city.frame.to_local(circle.lon, circle.lat)
    add("r.spot <@ circle({}::text::point, " + str(float(circle.metres)) + ")", f"({x},{y})")


def _key(city: City, code: str) -> str | None:
    """The kind behind a code, also of kinds no longer filed."""
    key = code.replace(".", "/", 2)
    if key in city.taxonomy:
        return key
    return next((kind.key for kind in city.taxonomy.kinds() if code_of(kind.key) == code), None)


def _request(row: Row, city: City, url: str, language: str) -> Request:
    key = row["case_kind"] or row["kind"]
    name = city.taxonomy.kind(key).name.say(language) if key and key in city.taxonomy else ""
    unit = row["lead"] or row["centre"]
    text = f"{row['title']}\n{row['text']}" if row["title"] else row["text"]
    return Request(
        service_request_id=number_of(row["id"]),
        status=RequestStatus.CLOSED if row["closed"] else RequestStatus.OPEN,
        service_code=code_of(key) if key else "",
        service_name=name,
        requested_at=row["received_at"].astimezone(city.zone),
        updated_at=row["updated"].astimezone(city.zone),
        description=rules.redact(text),
        status_notes=_notes(row, city, language),
        agency_responsible=city.unit_name(unit).say(language) if unit else None,
        expected_at=_local(row["due_handle"] or row["due_total"], city),
        address=rules.redact(row["address"]) or None,
        lon=row["lon"],
        lat=row["lat"],
        media_url=f"{url}{MEDIA}{row['photo']}" if row["photo"] else None,
    )


def _local(moment: datetime | None, city: City) -> datetime | None:
    return None if moment is None else moment.astimezone(city.zone)


def _notes(row: Row, city: City, language: str) -> str:
    """Where the request stands, in a sentence."""
    if row["case_state"] is None or row["state"] == "withdrawn":
        return words.sentence(
            f"receipt.report_{row['state']}", language, {"reason": row["reason"] or "–"}
        )
    unit = city.unit_name(row["lead"] or row["centre"])
    facts = {
        "number": row["number"],
        "unit_zh": unit.zh,
        "unit_en": unit.en,
        "reason": row["case_reason"] or "–",
    }
    state = "forced" if row["case_state"] == "closed" and row["forced"] else row["case_state"]
    return words.sentence(f"receipt.case_{state}", language, facts)


async def shown_photo(tx: Tx, number: int) -> bool:
    """Whether a photo is public: it came with a request over this interface."""
    return bool(
        await tx.fetchval(
            "select true from attachments a join reports r on r.id = a.report_id"
            " where a.id = $1 and r.source = 'open311' and r.state <> 'withdrawn'",
            number,
        )
    )

"""From what somebody sent to the row that is taken in: who they are, when, where."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from yiwang.ground.authority.model import Actor, Duty
from yiwang.ground.city import City
from yiwang.ground.places.coordinates import Crs
from yiwang.kit.errors import Fault, Refusal
from yiwang.matters.sources.bodies import ReportBody, canonical
from yiwang.matters.sources.drafts import clean_text
from yiwang.matters.sources.edge import Edge, to_wgs84
from yiwang.matters.sources.model import CONFIDENTIAL, SAME_AS, Source

CLOCK_AHEAD = timedelta(minutes=10)
_EARLIEST_YEAR = 1900
_KEY = re.compile(r"[\x20-\x7e]{1,200}")
_HAN = re.compile("[\u3400-\u9fff]")
_WRITES = "reports:write"
_BY_DUTY: tuple[tuple[Duty, Source], ...] = (
    (Duty.INTAKE, Source.HOTLINE),
    (Duty.DUTY_CHIEF, Source.HOTLINE),
    (Duty.COLLECTOR, Source.PATROL),
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends reports: the ledger's name for them, the system their numbers belong to (empty
    where it is the way in), and the sources they may name, their own first."""

    name: str
    system: str
    sources: tuple[Source, ...]
    person: int | None = None


ANYBODY = Sender("public", "", (Source.CITIZEN,))


def sender_of(actor: Actor, scope: str = _WRITES) -> Sender:
    """An actor as a sender of reports.

    Another system needs `scope` and may pass on what came from any source. A
    person names the source of their duty; whoever has none reports as a citizen.
    Refuses "authority.scope_missing".
    """
    if actor.system:
        if scope not in actor.scopes:
            raise Refusal("authority.scope_missing", scope=scope)
        others = [source for source in Source if source is not Source.SYSTEM]
        return Sender(actor.name, actor.system, (Source.SYSTEM, *others))
    duties = {row.duty for row in actor.holdings}
    own = [source for duty, source in _BY_DUTY if duty in duties]
    return Sender(actor.name, "", tuple(dict.fromkeys([*own, Source.CITIZEN])), actor.person)


# The columns of take_reports, in its order.
Row = tuple[Any, ...]


COLUMNS = (
    *("source", "system", "external_id", "key", "digest", "received_at", "happened_at", "title"),
    *("text", "address", "lon", "lat", "kind", "attributes", "language", "synthetic", "urgent"),
    *("collector", "name", "phone", "email", "actor"),
)


@dataclass(frozen=True, slots=True)
class Taking:
    """One report on its way in: its row, and what its sender must show to see it again."""

    row: Row
    digest: bytes
    received_at: datetime
    synthetic: bool
    keyed: bool  # the sender gave a key or a number of their own


@dataclass(slots=True)
class Receiver:
    """Turns bodies into rows for one city."""

    city: City
    edge: Edge
    _kinds: dict[tuple[str, int], str] = field(default_factory=dict)

    @classmethod
    def of(cls, city: City) -> Receiver:
        """The receiver of a city; the latest city's is kept, for its edge takes time to draw."""
        known = _LATEST[0] if _LATEST else None
        if known is None or known.city is not city:
            # a revised city keeps its areas, and with them its edge
            same = known is not None and known.city.pack.areas is city.pack.areas
            known = cls(city, known.edge if known and same else Edge.of(city.pack))
            _LATEST[:] = [known]
        return known

    def receive(self, report: ReportBody, sender: Sender, key: str | None, now: datetime) -> Taking:
        """The row of a report received at `now`.

        Refuses ("web.request_invalid") an unknown kind, a position that is not in the city, a
        moment in the future; and ("sources.source_foreign") a source that is not the sender's.
        """
        source = report.source or sender.sources[0]
        if source not in sender.sources:
            possible = ", ".join(sender.sources)
            raise Refusal("sources.source_foreign", source=source, sources=possible)
        if key is not None and _KEY.fullmatch(key) is None:
            raise Refusal("sources.key_bad")
        faults: list[Fault] = []
        lon, lat = self._position(report, faults)
        kind = self._kind(report.kind, now, faults)
        happened = _moment(report.happened_at, now, faults)
        if faults:
            raise Refusal("web.request_invalid", faults=faults)
        digest = hashlib.sha256(canonical(report)).digest()
        who = report.reporter
        text = _plain(report.text)
        row = (
            source.value,
            sender.system or source.value,
            report.external_id,
            key or secrets.token_hex(16),
            digest,
            now,
            happened,
            _plain(report.title),
            text,
            _plain(report.address),
            lon,
            lat,
            kind,
            _attributes(report),
            report.language or self._language(text),
            report.synthetic or False,
            report.urgent or False,
            sender.person if source is Source.PATROL else None,
            _plain(who.name) if who else "",
            _plain(who.phone) if who else "",
            _plain(who.email) if who else "",
            sender.name,
        )
        keyed = key is not None or report.external_id is not None
        return Taking(row, digest, now, report.synthetic or False, keyed)

    def _position(
        self, report: ReportBody, faults: list[Fault]
    ) -> tuple[float | None, float | None]:
        lon, lat = report.lon, report.lat
        if lon is None or lat is None:
            if lon is not lat:
                missing = "lat" if lat is None else "lon"
                facts = {"field": missing}
                faults.append(Fault(f"/{missing}", "sources.position_incomplete", facts))
            return None, None
        crs = report.crs or Crs.WGS84
        if crs is not Crs.WGS84 and abs(lon) <= 180 and abs(lat) <= 90:
            lon, lat = to_wgs84(lon, lat, crs)
        if (fault := self.edge.fault(lon, lat)) is not None:
            faults.append(fault)
        return lon, lat

    def _kind(self, key: str | None, now: datetime, faults: list[Fault]) -> str | None:
        if key is None:
            return None
        day = self.city.day(now)
        question = (key, day.toordinal())
        known = self._kinds.get(question)
        if known is not None:
            return known
        try:
            found = self.city.taxonomy.current(key, day).key
        except Refusal as refusal:
            faults.append(Fault("/kind", refusal.code, refusal.facts))
            return None
        if len(self._kinds) > 10_000:
            self._kinds.clear()
        self._kinds[question] = found
        return found

    def _language(self, text: str) -> str:
        """The language a text is in, as far as its script tells."""
        languages = self.city.pack.languages
        if _HAN.search(text):
            return "zh"
        return "en" if "en" in languages else languages[0]


_LATEST: list[Receiver] = []


def _attributes(report: ReportBody) -> dict[str, Any]:
    """What has no column of its own; the case that is named as the same thing is kept there, and
    that somebody is not to be named."""
    found = report.attributes or {}
    if report.same_as is not None:
        found = {**found, SAME_AS: report.same_as.strip()}
    if report.reporter is not None and report.reporter.confidential:
        found = {**found, CONFIDENTIAL: True}
    return found


def _moment(given: datetime | None, now: datetime, faults: list[Fault]) -> datetime:
    if given is None:
        return now
    if given.year < _EARLIEST_YEAR:
        faults.append(Fault("/happened_at", "sources.happened_early", {"year": _EARLIEST_YEAR}))
    elif given > now + CLOCK_AHEAD:
        facts: Mapping[str, Any] = {
            "given": given.isoformat(),
            "now": now.isoformat("T", "seconds"),
        }
        faults.append(Fault("/happened_at", "sources.happened_later", facts))
    return given


def _plain(text: str | None) -> str:
    return clean_text(text) if text else ""

"""Open311 GeoReport v2, the questions: the filters of `GET requests`.

An empty parameter counts as not given, as the standard says; unknown ones are ignored. Errors
are collected and raised together as `sources.open311_refused` with one fault for each.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from yiwang.kit.errors import Fault, Refusal
from yiwang.matters.sources.drafts import clean_text
from yiwang.matters.sources.open311 import RequestStatus

SPAN = timedelta(days=90)  # the standard's default and longest range
PAGE_SIZE = 1000  # the standard's largest answer
DEEPEST_ROW = 100_000  # what lies further back is asked for by date
WIDEST_METRES = 50_000
MOST_CODES = 1000

_DECIMAL = re.compile(r"[+-]?(?:\d{1,12}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?([Zz]|[+ -]\d\d:?\d\d)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Circle:
    """Within `metres` of a WGS-84 point."""

    lon: float
    lat: float
    metres: float


@dataclass(frozen=True, slots=True)
class Query:
    """The filters of `GET requests`.

    `ids`, where given, replaces every other filter. Empty `codes` and `statuses` mean all. The
    range is start <= requested < end; `end` is None for "until now".
    """

    ids: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    statuses: frozenset[RequestStatus] = frozenset()
    start: datetime | None = None
    end: datetime | None = None
    near: Circle | None = None
    page: int = 1
    page_size: int = PAGE_SIZE
    jurisdiction: str | None = None

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.page - 1) * self.page_size


class Fields:
    """Named texts of a query or a form, read one by one; what is wrong is kept in `faults`."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._texts: dict[str, list[str]] = defaultdict(list)
        for name, text in pairs:
            if cleaned := clean_text(text):
                self._texts[name].append(cleaned)
        self.faults: list[Fault] = []

    def names(self) -> Sequence[str]:
        """The names that were given with a text."""
        return tuple(self._texts)

    def all(self, name: str) -> tuple[str, ...]:
        """Every text given under `name`."""
        return tuple(self._texts.get(name, ()))

    def one(self, name: str, *, longest: int = 200) -> str | None:
        """The last text given under `name`; longer than `longest` characters is a fault."""
        texts = self._texts.get(name)
        if not texts:
            return None
        if len(texts[-1]) > longest:
            self.blame(name, "sources.field_too_long", limit=longest)
            return None
        return texts[-1]

    def some(self, name: str) -> tuple[str, ...]:
        """The texts of a list: given several times, or separated by commas."""
        texts = [part.strip() for text in self.all(name) for part in text.split(",")]
        found = tuple(dict.fromkeys(part for part in texts if part))
        if len(found) > MOST_CODES:
            self.blame(name, "sources.list_too_long", limit=MOST_CODES)
            return ()
        return found

    def number(self, name: str, low: float, high: float) -> float | None:
        """A decimal number from `low` to `high`."""
        text = self.one(name)
        if text is None:
            return None
        value = float(text) if _DECIMAL.fullmatch(text) else None
        if value is None or not low <= value <= high:
            self.blame(name, "sources.number_refused", value=shown(text), low=low, high=high)
            return None
        return value

    def whole(self, name: str, default: int, high: int) -> int:
        """A whole number from 1 to `high`."""
        text = self.one(name)
        if text is None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= high:
            self.blame(name, "sources.number_refused", value=shown(text), low=1, high=high)
            return default
        return int(text)

    def moment(self, name: str, zone: tzinfo, *, end_of_day: bool = False) -> datetime | None:
        """A W3C date and time with offset; a bare date is a day in `zone`."""
        text = self.one(name)
        if text is None:
            return None
        moment = read_moment(text, zone, end_of_day=end_of_day)
        if moment is None:
            self.blame(name, "sources.w3c_refused", value=shown(text))
        return moment

    def blame(self, name: str, code: str, **facts: Any) -> None:
        """Keep a fault of the field `name`."""
        self.faults.append(Fault(f"/{name}", code, {"field": name, **facts}))

    def settle(self) -> None:
        """Raise what was found; nothing where all is well."""
        if self.faults:
            raise Refusal("sources.open311_refused", faults=self.faults, count=len(self.faults))


def shown(text: str) -> str:
    """`text` short enough to be repeated in a sentence."""
    return text if len(text) <= 60 else text[:59] + "…"


def read_moment(text: str, zone: tzinfo, *, end_of_day: bool = False) -> datetime | None:
    """A moment in the W3C subset of ISO 8601, or None where `text` is none.

    A bare date is midnight in `zone` (`end_of_day`: the midnight after); a time needs an offset.
    A blank where the offset's plus should be is a plus that a URL has eaten.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day, clock, seconds, offset = match.groups()
    try:
        if clock is None:
            midnight = datetime.fromisoformat(day).replace(tzinfo=zone)
            return midnight + timedelta(days=1) if end_of_day else midnight
        if offset is None:
            return None
        moment = datetime.fromisoformat(
            f"{day}T{clock}{seconds or ':00'}{offset.upper().replace(' ', '+')}"
        )
        # years 1 and 9999 leave the calendar once they are moved to another zone
        return moment if 1900 <= moment.year <= 2200 else None
    except (ValueError, OverflowError):
        return None


def parse_query(pairs: Iterable[tuple[str, str]], *, now: datetime, zone: tzinfo) -> Query:
    """The filters of `GET requests` from the parts of a query string.

    `lat`, `long` and `radius` (metres), `page` and `page_size` are the known extensions. Refuses
    `sources.open311_refused` (400) with every fault.
    """
    fields = Fields(pairs)
    page = fields.whole("page", 1, DEEPEST_ROW)
    page_size = fields.whole("page_size", PAGE_SIZE, PAGE_SIZE)
    if (page - 1) * page_size > DEEPEST_ROW:
        fields.blame("page", "sources.page_too_deep", limit=DEEPEST_ROW)
    jurisdiction = fields.one("jurisdiction_id")
    if ids := fields.some("service_request_id"):
        fields.settle()
        return Query(ids=ids, page=page, page_size=page_size, jurisdiction=jurisdiction)
    start, end = _range(fields, now, zone)
    query = Query(
        codes=fields.some("service_code"),
        statuses=_statuses(fields),
        start=start,
        end=end,
        near=_circle(fields),
        page=page,
        page_size=page_size,
        jurisdiction=jurisdiction,
    )
    fields.settle()
    return query


def _range(fields: Fields, now: datetime, zone: tzinfo) -> tuple[datetime, datetime | None]:
    start = fields.moment("start_date", zone)
    end = fields.moment("end_date", zone, end_of_day=True)
    if start is None:
        return (end or now) - SPAN, end
    if end is None:
        return start, start + SPAN
    if end < start:
        fields.blame("end_date", "sources.range_reversed")
    elif end - start > SPAN + timedelta(days=1):  # two bare dates 90 days apart are 91 midnights
        fields.blame("end_date", "sources.range_too_long", limit=SPAN.days)
    return start, end


def _statuses(fields: Fields) -> frozenset[RequestStatus]:
    known: Mapping[str, RequestStatus] = {status.value: status for status in RequestStatus}
    found: set[RequestStatus] = set()
    for text in fields.some("status"):
        if (status := known.get(text.lower())) is None:
            fields.blame("status", "sources.status_unknown", value=shown(text))
        else:
            found.add(status)
    return frozenset(found)


def _circle(fields: Fields) -> Circle | None:
    lat = fields.number("lat", -90, 90)
    lon = fields.number("long", -180, 180)
    metres = fields.number("radius", 1, WIDEST_METRES)
    given = [name for name in ("lat", "long", "radius") if fields.all(name)]
    if not given:
        return None
    if len(given) < 3:
        fields.blame(given[0], "sources.circle_incomplete")
    if lat is None or lon is None or metres is None:
        return None
    return Circle(lon, lat, metres)

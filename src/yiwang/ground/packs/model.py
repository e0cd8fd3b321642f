"""A city as data: the rows a pack holds, as plain values.

A pack is read from `packs/<city>/` or, once installed, from the database; both give the same
:class:`Pack`. Every other room builds what it needs (tree of places, limits, calendar) from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Any

DUTIES = frozenset(
    {
        "intake",
        "collector",
        "dispatcher",
        "duty_chief",
        "handler",
        "checker",
        "evaluator",
        "leader",
        "steward",
        "deputy",
        "sysadmin",
        "secadmin",
        "auditor",
    }
)  # the names a post may list; authority gives them their meaning


class Level(StrEnum):
    """The five levels of Article V."""

    CITY = "city"
    DISTRICT = "district"
    TOWN = "town"
    GRID = "grid"
    COMMUNITY = "community"


class Origin(StrEnum):
    """Where a row comes from; whatever is not official says so wherever it shows."""

    OFFICIAL = "official"  # published by the city or the state
    SAMPLE = "sample"  # taken from another city's published rules; to be replaced
    GENERATED = "generated"  # made by a command, e.g. boundaries that nobody publishes
    RECORDS = "records"  # drawn from the city's own records


class Stage(StrEnum):
    """The clocks a case runs against."""

    VERIFY = "verify"
    FILE = "file"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    CONTACT = "contact"
    HANDLE = "handle"
    CHECK = "check"
    TOTAL = "total"


class ClockKind(StrEnum):
    """The four kinds of clock (GB/T 30428.8)."""

    URGENT_HOUR = "urgent_hour"  # 24 x 7
    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"
    NATURAL_DAY = "natural_day"


class UnitKind(StrEnum):
    """What a unit is in the organisation (Article III)."""

    GOVERNMENT = "government"
    CENTRE = "centre"  # operation centre of a city, district or town
    WORKSTATION = "workstation"  # grid workstation under a town's centre
    DEPARTMENT = "department"
    TEAM = "team"
    ENTERPRISE = "enterprise"  # water, power, gas ... companies that hold a duty
    QUEUE = "queue"  # a work queue of a department


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    zh: str
    en: str

    def say(self, language: str) -> str:
        """The text in `language`, or in the other one where it is missing."""
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)


@dataclass(frozen=True, slots=True)
class Place:
    """One area of the city. `path` is the ltree path from the city down, dots between codes."""

    code: str  # letters, digits, underscore only (an ltree label)
    parent: str | None
    level: Level
    path: str
    name: Text
    origin: Origin
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None  # exclusive
    area_origin: Origin | None = None  # where its boundary comes from; None without a boundary


@dataclass(frozen=True, slots=True)
class Unit:
    """A body that holds duties. `place` is the area it works for, `functions` what it is for
    ("drainage", "greening", ...): the responsibility list names functions, not units."""

    code: str
    parent: str | None
    kind: UnitKind
    place: str
    level: Level
    name: Text
    functions: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Post:
    """A chair in a unit with the duties that go with it."""

    code: str
    unit: str
    name: Text
    duties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of matter. `key` is `<scheme>/<version>/<code>`, unique for ever."""

    key: str
    scheme: str
    version: str
    code: str
    parent: str | None  # key of the major kind
    family: str  # "event", "component", "demand"
    name: Text
    keywords: tuple[str, ...]
    filing: Text  # condition for filing
    closing: Text  # condition for closing
    urgent: bool
    valid_from: date | None = None
    valid_to: date | None = None
    standard: str = ""  # the standard it is taken from, "" for the city's own wording


@dataclass(frozen=True, slots=True)
class Limit:
    """How long one stage of one kind may take, at one place, between two dates.

    `kind` is a kind's key, a major kind's key, a `<scheme>/<version>/*` or `*`.
    `milestone` names a staged deadline inside handling ("stop works"), empty for the stage itself.
    """

    kind: str
    stage: Stage
    milestone: str
    amount: float
    clock: ClockKind
    place: str  # code; the root of the city where it holds everywhere
    valid_from: date | None
    valid_to: date | None
    origin: Origin
    source: str  # which file or overlay says so
    basis: str  # the rule or document behind it


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Which function leads and which assist for a kind, at which level, where and when."""

    kind: str  # as in Limit
    level: Level  # the level of the unit that leads
    lead: str  # a function
    assist: tuple[str, ...]
    place: str
    valid_from: date | None
    valid_to: date | None
    source: str
    basis: str


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day that differs from its weekday: "off" (holiday) or "work" (make-up day)."""

    day: date
    kind: str
    name: Text


@dataclass(frozen=True, slots=True)
class Worktime:
    """Ordinary working time: weekdays (0 = Monday) and spans of the day in the city's zone."""

    weekdays: tuple[int, ...]
    spans: tuple[tuple[time, time], ...]
    day_starts_next: bool  # "N working days" starts on the next working day


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the city's rules, at a place and between dates, with where it comes from."""

    key: str
    value: Any
    place: str
    valid_from: date | None
    valid_to: date | None
    source: str
    basis: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """A district's own rules for a time (Article XIX): its rows lie among the pack's limits,
    responsibilities and settings, with `name` as their source."""

    name: str
    place: str
    valid_from: date | None
    valid_to: date | None  # exclusive
    basis: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Mark:
    """Which city is installed: the pack's digest, and how many revisions came in force since the
    first; those up to `base` came before this pack was installed and are no part of it."""

    digest: str
    revision: int
    base: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A whole city as data."""

    name: str
    version: str
    title: Text
    timezone: str
    languages: tuple[str, ...]
    root: str  # code of the city
    places: tuple[Place, ...]
    areas: Mapping[str, bytes]  # place code -> WKB (MultiPolygon, WGS-84)
    units: tuple[Unit, ...]
    posts: tuple[Post, ...]
    kinds: tuple[Kind, ...]
    limits: tuple[Limit, ...]
    responsibilities: tuple[Responsibility, ...]
    calendar: tuple[CalendarDay, ...]
    worktime: Worktime
    settings: tuple[Setting, ...]
    words: Mapping[str, Text]  # the city's own words: closing reasons, function names, labels
    notices: tuple[str, ...] = field(default=())  # licences and what is generated, shown in about
    overlays: tuple[Overlay, ...] = ()
    mark: Mark | None = field(default=None, compare=False)  # None: read from disk

"""The form of what the routes of assistance answer."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from yiwang.matters.desk.answers import Moment, Name


class SuggestedKind(TypedDict):
    """A kind the text may be about; `score` from 0 to 1, `reason` the words that say so."""

    key: str
    name: Name
    score: float
    reason: dict[str, Any]


class SuggestedPlace(TypedDict):
    """Where it is, and the town it is in; `confidence` from 0 to 1, 1 for a position inside."""

    code: str
    name: Name
    town_name: Name
    confidence: float
    reason: dict[str, Any]


class SuggestedLimit(TypedDict):
    """By when such a thing is usually done, and where the limit comes from."""

    kind: str
    stage: str
    stage_name: Name
    due: Moment
    amount: float
    clock: str
    clock_name: Name
    origin: str
    source: str
    basis: str


class SuggestedUnit(TypedDict):
    """The unit that would lead, for staff."""

    code: str
    name: Name
    assist: list[str]
    reason: dict[str, Any]


class SimilarCase(TypedDict):
    """An open case nearby in public columns; `repeat`: a report would be attached to it unasked.

    `lon` and `lat` are rounded to about 50 m. `case` is the whole case, for those who may see it.
    """

    number: str
    kind: str
    kind_name: Name
    place: str
    place_name: Name
    state: str
    state_name: Name
    reported_at: Moment
    due: Moment | None
    unit_name: Name
    report_count: int
    lon: float | None
    lat: float | None
    distance_m: float
    score: float
    repeat: bool
    reason: dict[str, Any]
    case: NotRequired[dict[str, Any]]


class Suggestion(TypedDict):
    """What a report will come to, as far as it is written; `unit` for staff only."""

    kinds: list[SuggestedKind]
    place: SuggestedPlace | None
    limit: SuggestedLimit | None
    similar: list[SimilarCase]
    unit: NotRequired[SuggestedUnit | None]


class WorkItem(TypedDict):
    """A matter that waits: `must` are the actions it waits for, `actions` all that are open now.

    `left_s` are the seconds until it is due, below 0 when overdue; `whose` says whether it is
    "mine", my "units", or of "others" within my reach.
    """

    matter: str
    matter_name: Name
    id: int
    version: int
    case_id: int | None
    number: str | None
    title: str
    address: str
    lon: float | None
    lat: float | None
    state: str
    state_name: Name
    kind: str | None
    kind_name: Name | None
    place: str
    place_name: Name
    unit: str | None
    unit_name: Name | None
    since: Moment
    due: Moment | None
    left_s: int | None
    overdue: bool
    urgent: bool
    supervised: bool
    whose: str
    must: list[str]
    actions: list[str]


class WorkGroup(TypedDict):
    """How much waits of one kind; `more` where only the first 1000 were counted."""

    matter: str
    name: Name
    count: int
    more: bool
    overdue: int
    urgent: int
    mine: int
    units: int


class WorkPage(TypedDict):
    """A page of the work list."""

    items: list[WorkItem]
    next: str | None
    groups: list[WorkGroup]


class NoticeRow(TypedDict):
    """A notice to me or a unit of mine."""

    id: int
    at: Moment
    read: bool
    audience: str
    unit: str | None
    unit_name: Name | None
    case_id: int | None
    number: str | None
    code: str
    says: Name


class NoticePage(TypedDict):
    """A page of notices; `unread` counts up to 200."""

    items: list[NoticeRow]
    next: str | None
    unread: int


class Unread(TypedDict):
    """How many notices are unread now."""

    unread: int


class SavedFilter(TypedDict):
    """A saved filter; `query` holds the parameters of its list."""

    id: int
    list: str
    name: str
    query: dict[str, str]
    mine: bool
    person_name: str
    unit: str | None
    unit_name: Name | None
    changed_at: Moment


class SavedFilters(TypedDict):
    """Saved filters, one's own first."""

    items: list[SavedFilter]


class Present(TypedDict):
    """Somebody else who has the case open."""

    person: int
    name: str
    since: Moment
    writing: bool


class Presences(TypedDict):
    """Who else is on the case; the next heartbeat is due in `again_in_s` seconds."""

    others: list[Present]
    again_in_s: int


class ShiftRow(TypedDict):
    """Somebody on duty."""

    id: int
    role: str
    person: int
    name: str
    since: Moment
    until: Moment


class Roster(TypedDict):
    """The shifts of a centre."""

    unit: str
    items: list[ShiftRow]


class Colleague(TypedDict):
    """Somebody who works in a unit, with their duties there."""

    id: int
    name: str
    duties: list[str]


class Colleagues(TypedDict):
    """Who works in a unit."""

    unit: str
    items: list[Colleague]


class Checker(TypedDict):
    """Somebody who may take a check; `open` counts the checks they have to do already."""

    id: int
    name: str
    open: int


class Checkers(TypedDict):
    """Who may take a check."""

    items: list[Checker]


class CentreOnDuty(TypedDict):
    """Who is on duty in one centre now."""

    unit: str
    unit_name: Name
    place: str
    on_duty: list[ShiftRow]


class OnDuty(TypedDict):
    """Who is on duty now, the centre of the place itself first."""

    moment: Moment
    centres: list[CentreOnDuty]


class CallersCase(TypedDict):
    """The case a caller's report became."""

    id: int
    number: str
    state: str
    state_name: Name
    due: Moment | None
    overdue: bool
    closed_at: Moment | None
    unit_name: Name | None


class CallersReport(TypedDict):
    """What a caller reported before."""

    id: int
    number: str
    name: str
    received_at: Moment
    source: str
    state: str
    state_name: Name
    title: str
    text: str
    address: str
    kind: str | None
    kind_name: Name | None
    place_name: Name
    case: CallersCase | None


class Caller(TypedDict):
    """The newest 50 reports of a number; `open` of them have a case that is not closed."""

    items: list[CallersReport]
    more: bool
    open: int


class OrdersReporter(TypedDict):
    """Who sent one of the reports behind an order, as far as they said."""

    number: str
    source: str
    received_at: Moment
    name: str
    phone: str
    email: str


class OrdersReporters(TypedDict):
    """Whom to contact about an order. `confidential` asked not to be named, `unnamed` said nothing
    of who they are; `more` where only the first 20 reports were looked at."""

    items: list[OrdersReporter]
    confidential: int
    unnamed: int
    more: bool

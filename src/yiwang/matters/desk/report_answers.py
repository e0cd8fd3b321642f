"""The form of what the routes to reports, receipts and imports answer."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from yiwang.matters.desk.answers import Moment, Name


class Photo(TypedDict):
    """A photo; `href` gives the published picture, `href` with `variant=original` the original."""

    id: int
    role: str
    media_type: Literal["image/jpeg", "image/png", "image/webp"]
    size: int
    width: int
    height: int
    lon: float | None
    lat: float | None
    taken_at: Moment | None
    sha256: str
    state: Literal["kept", "published", "withheld"]
    href: str
    thumbnail: str


class Photos(TypedDict):
    """Photos of a matter."""

    items: list[Photo]


class ReporterView(TypedDict):
    """Who reported; only for those whose duty needs it."""

    name: str
    phone: str
    email: str


class CaseOfReport(TypedDict):
    """The case a report became."""

    id: int
    number: str
    state: str
    kind: str
    lead: str | None
    returned: int
    discovered_at: Moment
    reported_at: Moment
    filed_at: Moment | None
    dispatched_at: Moment | None
    handled_at: Moment | None
    closed_at: Moment | None
    due_handle: Moment | None
    due_next: Moment | None
    report_count: int


class ReportRow(TypedDict, total=False):
    """A report in a list, as far as `fields` asks."""

    id: int
    number: str
    version: int
    state: str
    source: str
    system: str
    external_id: str | None
    received_at: Moment
    happened_at: Moment
    title: str
    text: str
    address: str
    lon: float | None
    lat: float | None
    kind: str | None
    place: str
    language: str
    synthetic: bool
    urgent: bool
    reason: str | None
    case_id: int | None
    case: CaseOfReport | None


class ReportRows(TypedDict):
    """A page of reports; `next` is the cursor of the page after it."""

    items: list[ReportRow]
    next: str | None


class Ticket(TypedDict):
    """Number and token of a receipt."""

    number: str
    token: str


class Addition(TypedDict):
    """What a reporter added."""

    at: Moment
    note: str


class Rating(TypedDict):
    """How well its reporter thinks it was done."""

    at: Moment
    satisfied: bool
    note: str


class Notice(TypedDict):
    """What the reporter was told."""

    at: Moment
    code: str
    says: Name


class ReceiptCase(TypedDict):
    """The case, for its reporter."""

    number: str
    state: str
    says: Name
    next: Name
    kind: Name | None
    unit: Name
    due: Moment | None
    filed_at: Moment | None
    dispatched_at: Moment | None
    handled_at: Moment | None
    closed_at: Moment | None
    reports: int
    reopened: int


class ReceiptView(TypedDict):
    """What became of a report, in plain words."""

    number: str
    state: str
    says: Name
    received_at: Moment
    title: str
    text: str
    address: str
    lon: float | None
    lat: float | None
    synthetic: bool
    notes: list[Addition]
    rating: Rating | None
    case: ReceiptCase | None
    notices: list[Notice]
    actions: list[str]
    photos: list[Photo]


class Tally(TypedDict):
    """How the rows of an import fared so far."""

    taken: int
    repeated: int
    refused: int


class SheetRow(TypedDict):
    """A row of a table; `row` is its number in the file."""

    row: int
    cells: list[str]


class SheetFault(TypedDict):
    """What is wrong with a row."""

    row: int
    says: list[str]


class Preview(TypedDict):
    """What bringing a table in would do."""

    header: list[str]
    rows: list[SheetRow]
    valid: int
    faulty: int
    faults: list[SheetFault]


class ImportJob(TypedDict):
    """A table that is brought in, and how far it is. `errors` gives the refused rows."""

    id: int
    version: int
    state: str
    filename: str
    crs: str
    columns: dict[str, Any]
    done: int
    total: int | None
    result: Tally
    error: str | None
    created_at: Moment
    finished_at: Moment | None
    actions: list[str]
    errors: str
    preview: NotRequired[Preview]


class ImportJobs(TypedDict):
    """One's imports, the latest first."""

    items: list[ImportJob]
    next: str | None

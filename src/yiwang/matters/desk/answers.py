"""The form of what the desk's routes answer, besides the matters themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NotRequired, TypeAlias, TypedDict

from msgspec import Meta

from yiwang.ground.packs.model import Level, Origin, UnitKind
from yiwang.matters.cases.history import HopStage

Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Name(TypedDict):
    """A name in both languages."""

    zh: str
    en: str


class FactForm(TypedDict):
    """One fact of an action: its JSON schema and its name, enough to draw a field from."""

    name: str
    zh: str
    en: str
    schema: dict[str, Any]


class Action(TypedDict):
    """An action that may be done now, with the facts it needs and those it takes."""

    action: str
    label: Name
    needs: list[FactForm]
    takes: list[FactForm]
    article: str


class Step(Action):
    """One row of a lifecycle table. `end` is null where the state stays; `system` marks what only
    the platform does; in the states `waits` the matter waits for it."""

    start: list[str]
    end: str | None
    duty: str
    system: bool
    waits: list[str]


class Lifecycle(TypedDict):
    """One lifecycle table; `names` says every state, `diagram` is Mermaid."""

    matter: str
    label: Name
    states: list[str]
    initial: list[str]
    final: list[str]
    names: dict[str, Name]
    rules: list[Step]
    diagram: str


class Lifecycles(TypedDict):
    """Every lifecycle table."""

    items: list[Lifecycle]


class FactForms(TypedDict):
    """The vocabulary of facts."""

    items: list[FactForm]


class Terms(TypedDict):
    """What every code is called. States and actions stand under their matter."""

    matter: dict[str, Name]
    state: dict[str, dict[str, Name]]
    action: dict[str, dict[str, Name]]
    roster: dict[str, Name]
    duty: dict[str, Name]
    stage: dict[str, Name]
    source: dict[str, Name]
    clock: dict[str, Name]
    sort: dict[str, Name]
    role: dict[str, Name]
    mode: dict[str, Name]
    outcome: dict[str, Name]
    fact: dict[str, Name]
    status: dict[str, Name]
    level: dict[str, Name]
    unit_kind: dict[str, Name]
    family: dict[str, Name]
    day: dict[str, Name]
    origin: dict[str, Name]
    scope: dict[str, Name]


class Kind(TypedDict):
    """A kind of matter; `leaf` ones are filed under."""

    key: str
    scheme: str
    version: str
    code: str
    parent: str | None
    family: str
    name: Name
    filing: Name
    closing: Name
    urgent: bool
    leaf: bool


class Kinds(TypedDict):
    """The kinds in force today."""

    items: list[Kind]


class Area(TypedDict):
    """A place; `path` leads to it from the city, `path_name` says it from the district on,
    `children` counts the places in it."""

    code: str
    parent: str | None
    level: Level
    path: str
    name: Name
    path_name: Name
    origin: Origin
    children: int


class Areas(TypedDict):
    """Places."""

    items: list[Area]


class UnitRow(TypedDict):
    """A unit of the city's organisation."""

    code: str
    parent: str | None
    kind: UnitKind
    place: str
    level: Level
    name: Name
    functions: list[str]
    origin: Origin


class Units(TypedDict):
    """Units."""

    items: list[UnitRow]


class Spread(TypedDict):
    """How long it took: median and 90th percentile in seconds, over `count` cases."""

    count: int
    p50_s: float | None
    p90_s: float | None


class Punctual(TypedDict):
    """Handled cases by their limit."""

    on_time: int
    late: int
    unlimited: int


class Figures(TypedDict):
    """Counts of what one may see. `reports` and `cases` are by state, `times` the four times."""

    reports: dict[str, int]
    repeats: int
    cases: dict[str, int]
    dispatched: int
    returned: int
    forced: int
    overdue: int
    synthetic: int
    handled: Punctual
    times: dict[str, Spread]


class CityName(TypedDict):
    """The city of this installation."""

    name: str
    zh: str
    en: str


class Todos(TypedDict):
    """What the worker has still to do; `oldest_s` is how long the oldest waits, in seconds."""

    waiting: int
    parked: int
    oldest_s: float | None


class Sealed(TypedDict):
    """How many events are sealed."""

    sealed: int


class Status(TypedDict):
    """Whether the platform keeps up."""

    city: CityName
    pack: str
    timezone: str
    clock: Moment
    notices: list[str]
    todos: Todos
    ledger: Sealed


class Entry(TypedDict):
    """One line of a case's history; `actor_name` where a person of the staff did it."""

    at: Moment
    actor: str
    actor_name: str | None
    unit: str | None
    unit_name: Name | None
    action: str
    label: Name
    matter: str
    id: int
    before: str | None
    after: str | None
    facts: dict[str, Any]


class Span(TypedDict):
    """A stretch of time that does not count."""

    since: Moment
    until: Moment | None


class Hop(TypedDict):
    """One stretch of a case in one hand; `late` is null without a due time."""

    stage: HopStage
    stage_name: Name
    holder: str
    holder_name: Name | None
    matter: str
    id: int
    started: Moment
    ended: Moment | None
    how: str | None
    elapsed_hours: float
    working_hours: float
    due: Moment | None
    late: bool | None
    pauses: list[Span]


class CaseHistory(TypedDict):
    """Everything that happened to a case, and who used how much time."""

    entries: list[Entry]
    hops: list[Hop]


class Problem(TypedDict):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    detail_zh: str
    detail_en: str
    instance: NotRequired[str]
    possible: NotRequired[list[str]]
    errors: NotRequired[list[dict[str, str]]]


class Outcome(TypedDict):
    """What came of one of many actions."""

    ok: bool
    id: NotRequired[int]
    state: NotRequired[str]
    version: NotRequired[int]
    problem: NotRequired[Problem]


class Outcomes(TypedDict):
    """What came of many actions, in their order."""

    items: list[Outcome]
    done: int

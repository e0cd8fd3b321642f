"""How published cases, maps and figures look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from yiwang.ground.city import City
from yiwang.ground.packs.model import Place
from yiwang.ground.procedure.shapes import kind_name, place_name
from yiwang.kit import words
from yiwang.kit.db import Row
from yiwang.kit.sheets_out import Cell, csv_head, csv_lines
from yiwang.matters.cases.model import OPEN
from yiwang.matters.publication import rules
from yiwang.matters.publication.rules import Figures
from yiwang.matters.publication.service import PlacePage, Settings

URGENT, OVERDUE, SYNTHETIC = 1, 2, 8  # as in the staff's picture of the city


class Both(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class Licence(BaseModel):
    """Under which the data may be used."""

    name: str
    url: str


class PublicCase(BaseModel):
    """A case as everybody may see it: no text, no person, a position to some `position_m`."""

    number: str
    kind: str
    kind_name: Both
    place: str
    place_name: Both
    state: str = Field(description="Code of the state; `state_name` says it plainly / 状态代码")
    state_name: Both
    next: Both = Field(description="What happens next / 接下来")
    open: bool
    overdue: bool
    holder: str | None = Field(description="The unit that has it now / 当前处置单位")
    holder_name: Both | None
    lon: float | None
    lat: float | None
    reported: int = Field(description="Epoch seconds / 秒")
    due: int | None
    ended: int | None
    reports: int = Field(description="How many reported it / 上报次数")
    reopened: int
    merged_into: str | None
    urgent: bool
    synthetic: bool


class PublicCases(BaseModel):
    """A page of published cases."""

    items: list[PublicCase]
    next: str | None
    licence: Licence
    position_m: float


class PublicStep(BaseModel):
    """What happened, and when."""

    step: str
    name: Both
    at: int


class PublicCasePage(PublicCase):
    """One case with its steps and published photos."""

    steps: list[PublicStep]
    photos: list[dict[str, Any]]
    licence: Licence
    position_m: float


class PublicColumns(BaseModel):
    """One list for each column, all of the same length; kind, place and state are indexes."""

    number: list[str]
    lon: list[float]
    lat: list[float]
    kind: list[int]
    place: list[int]
    state: list[int]
    flags: list[int] = Field(description="1 urgent, 2 overdue, 8 synthetic")
    due: list[int | None]
    reported: list[int]


class PublicMap(BaseModel):
    """Every open case with a position, by columns."""

    moment: int
    count: int
    kinds: list[str]
    places: list[str]
    states: list[str]
    columns: PublicColumns
    licence: Licence
    position_m: float


class FiguresOut(BaseModel):
    """Figures of a place. Null where there was nothing, or too little to be told (`few`)."""

    opened: int
    closed: int
    cancelled: int
    repeats: int
    open_now: int
    overdue_now: int
    on_time: float | None = Field(description="Percent / 百分比")
    median_days: float | None
    p90_days: float | None
    satisfaction: float | None
    repeats_share: float | None
    few: list[str]


class PlaceFigures(BaseModel):
    """A place with its figures."""

    place: str
    parent: str | None
    level: str
    name: Both
    figures: FiguresOut


class PublicPlaces(BaseModel):
    """The figures of every place of a level over some months."""

    months: int
    least: int = Field(description="Smaller numbers give no share / 少于此数不计比率")
    note: Both
    licence: Licence
    items: list[PlaceFigures]


class HotKind(BaseModel):
    """A kind and how often."""

    kind: str
    name: Both
    count: int


class MonthFigures(BaseModel):
    """A month's figures; `open_now` and `overdue_now` are those of no month and left out."""

    month: str
    since: int
    opened: int
    closed: int
    on_time: float | None
    median_days: float | None
    p90_days: float | None
    satisfaction: float | None
    few: list[str]


class Rank(BaseModel):
    """A rank among the places of its level that have the figure."""

    figure: str
    rank: int
    of: int


class PublicPlace(PlaceFigures):
    """A place's page: a year's figures, 24 months, what is reported most, ranks."""

    least: int
    note: Both
    licence: Licence
    hottest: list[HotKind]
    monthly: list[MonthFigures]
    ranks: list[Rank]


def note(least: int) -> dict[str, str]:
    """What is held back, said."""
    return {
        "zh": f"少于 {least} 件时不公布比率、中位数和排名；用时按 9% 宽的时段归并。",
        "en": f"Of fewer than {least} no share, median or rank is told; times are counted in steps"
        " of 9 %.",
    }


def licence(settings: Settings) -> dict[str, str]:
    """The licence of published data."""
    return {"name": settings.licence, "url": settings.licence_url}


def _epoch(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _late(row: Row, now: datetime) -> bool:
    return row["state"] in OPEN and row["due"] is not None and row["due"] < now


def show_case(city: City, row: Row, now: datetime) -> dict[str, Any]:
    """A published case."""
    state = rules.plain_state(row["state"], row["passed_check"])
    is_open = row["state"] in OPEN
    lead = row["lead"] if is_open else None
    holder = city.unit_name(lead) if lead else None
    return {
        "number": row["number"],
        "kind": row["kind"],
        "kind_name": kind_name(city, row["kind"]),
        "place": row["place"].rpartition(".")[2],
        "place_name": place_name(city, row["place"]),
        "state": row["state"],
        "state_name": words.label("public_state", state),
        "next": words.label("public_next", state),
        "open": is_open,
        "overdue": _late(row, now),
        "holder": lead,
        "holder_name": {"zh": holder.zh, "en": holder.en} if holder else None,
        "lon": _degrees(row["lon"]),
        "lat": _degrees(row["lat"]),
        "reported": _epoch(row["reported_at"]),
        "due": _epoch(row["due"]),
        "ended": None if is_open else _epoch(row["closed_at"]),
        "reports": row["report_count"],
        "reopened": row["reopened"],
        "merged_into": row["merged_into"],
        "urgent": row["urgent"],
        "synthetic": row["synthetic"],
    }


def _degrees(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def show_page(
    city: City, row: Row, photos: Sequence[dict[str, Any]], settings: Settings, now: datetime
) -> dict[str, Any]:
    """A published case with its steps."""
    return {
        **show_case(city, row, now),
        "steps": [
            {"step": step, "name": words.label("public_step", step), "at": _epoch(at)}
            for step, at in rules.steps(row)
        ],
        "photos": list(photos),
        "licence": licence(settings),
        "position_m": settings.metres,
    }


def show_map(rows: Sequence[Row], settings: Settings, now: datetime) -> dict[str, Any]:
    """Open cases by columns."""
    kinds: dict[str, int] = {}
    places: dict[str, int] = {}
    states = {state: n for n, state in enumerate(OPEN)}
    columns: dict[str, list[Any]] = {name: [] for name in PublicColumns.model_fields}
    for row in rows:
        columns["number"].append(row["number"])
        columns["lon"].append(_degrees(row["lon"]))
        columns["lat"].append(_degrees(row["lat"]))
        columns["kind"].append(kinds.setdefault(row["kind"], len(kinds)))
        town = row["place"].rpartition(".")[2]
        columns["place"].append(places.setdefault(town, len(places)))
        columns["state"].append(states[row["state"]])
        flags = URGENT * row["urgent"] + OVERDUE * _late(row, now) + SYNTHETIC * row["synthetic"]
        columns["flags"].append(flags)
        columns["due"].append(_epoch(row["due"]))
        columns["reported"].append(_epoch(row["reported_at"]))
    return {
        "moment": int(now.timestamp()),
        "count": len(rows),
        "kinds": list(kinds),
        "places": list(places),
        "states": list(states),
        "columns": columns,
        "licence": licence(settings),
        "position_m": settings.metres,
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {**asdict(figures), "few": list(figures.few)}


def show_place(place: Place, figures: Figures) -> dict[str, Any]:
    """A place with its figures."""
    return {
        "place": place.code,
        "parent": place.parent,
        "level": place.level.value,
        "name": {"zh": place.name.zh, "en": place.name.en},
        "figures": _figures(figures),
    }


def show_place_page(city: City, page: PlacePage, settings: Settings) -> dict[str, Any]:
    """A place's page."""
    told = [name for name in MonthFigures.model_fields if name not in ("month", "since")]
    return {
        **show_place(page.place, page.figures),
        "least": settings.least,
        "note": note(settings.least),
        "licence": licence(settings),
        "hottest": [
            {"kind": key, "name": kind_name(city, key), "count": n} for key, n in page.hottest
        ],
        "monthly": [
            {
                "month": begin.astimezone(city.zone).strftime("%Y-%m"),
                "since": int(begin.timestamp()),
                **{name: _figures(row)[name] for name in told},
            }
            for begin, row in page.months
        ],
        "ranks": [
            {"figure": name, "rank": rank, "of": of} for name, (rank, of) in page.ranks.items()
        ],
    }


_FILE = (
    *("number", "kind", "kind_name", "place", "place_name", "state", "state_name", "open"),
    *("overdue", "holder_name", "lon", "lat", "reported", "due", "ended", "reports", "merged_into"),
    *("synthetic", "licence"),
)


def as_csv(
    city: City, rows: Sequence[Row], settings: Settings, language: str, now: datetime
) -> bytes:
    """Published cases as CSV, names in one language, moments in the city's time."""
    lines: list[list[Cell]] = []
    for row in rows:
        shown = show_case(city, row, now)
        shown |= {"reported": row["reported_at"], "due": row["due"], "licence": settings.licence}
        shown["ended"] = None if shown["open"] else row["closed_at"]
        cells = (shown[name] for name in _FILE)
        lines.append([cell[language] if isinstance(cell, dict) else cell for cell in cells])
    return csv_head(_FILE) + csv_lines(lines, city.zone)


def as_geojson(
    city: City, rows: Sequence[Row], settings: Settings, now: datetime
) -> dict[str, Any]:
    """Published cases as GeoJSON (RFC 7946); without a position the geometry is null."""
    features = []
    for row in rows:
        shown = show_case(city, row, now)
        lon, lat = shown.pop("lon"), shown.pop("lat")
        point = None if lat is None else {"type": "Point", "coordinates": [lon, lat]}
        features.append(
            {"type": "Feature", "id": row["number"], "geometry": point, "properties": shown}
        )
    return {"type": "FeatureCollection", "licence": licence(settings), "features": features}

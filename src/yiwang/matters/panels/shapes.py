"""How panels and layouts look from outside."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from yiwang.ground.city import City
from yiwang.ground.packs.model import Place
from yiwang.ground.packs.screen import STATUSES
from yiwang.kit import words
from yiwang.matters.panels import registry
from yiwang.matters.panels.service import Layout, Shown

_SOURCES = {
    "overdue_now": "open",
    "overdue_soon": "open",
    "overdue_list": "open",
    "latest": "record",
    "roster": "roster",
    "health": "platform",
}
StatusName = Literal["ok", "watch", "warn", "alarm"]
ModeName = Literal["daily", "special", "emergency"]


class Said(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class ThresholdOut(BaseModel):
    """When a figure is to be watched, is bad, is alarming; null where a limit is not set."""

    when: Literal["above", "below"]
    watch: float | None
    warn: float | None
    alarm: float | None
    source: Said


class PanelOut(BaseModel):
    """One panel's figures, in the one shape that all have."""

    panel: str
    title: Said
    kind: Literal["value", "series", "ranking", "list", "times"]
    unit: str
    unit_name: Said
    place: str
    place_name: Said
    value: float | None
    status: StatusName
    status_reason: Said
    threshold: ThresholdOut | None
    trend: list[tuple[int, float | None]] = Field(
        description="[epoch seconds, value], the oldest first / 由旧到新"
    )
    items: list[dict[str, Any]]
    reason: Said | None = Field(description="How the value came about / 数值依据")
    link: str | None = Field(description="An operation that has the rest / 更多数据的接口")
    as_of: int = Field(description="Until when was counted, epoch seconds / 统计截止时刻")
    fresh: bool
    source: Said


class PlacedIn(BaseModel):
    """A panel on the screen."""

    model_config = ConfigDict(extra="forbid")
    panel: str = Field(min_length=2, max_length=40)
    region: Literal["top", "left", "right", "bottom"]
    size: int = Field(1, ge=1, le=4)


class LayoutIn(BaseModel):
    """The panels of one mode, in their order."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"panels": [{"panel": "open_now", "region": "left", "size": 1}]}]
        },
    )
    panels: list[PlacedIn] = Field(max_length=60)


class PlacedOut(BaseModel):
    """A panel on the screen, with what it is called."""

    panel: str
    title: Said
    kind: str
    region: str
    size: int


class LayoutOut(BaseModel):
    """One mode's layout. `place` is whose it is; `by` and `at` where a centre arranged it."""

    mode: ModeName
    title: Said
    place: str
    own: bool = Field(description="Arranged by a centre, not the pack's / 由中心自行布置")
    by: str | None
    at: int | None
    panels: list[PlacedOut]


class ScreenOut(BaseModel):
    """The screen of a place: every mode's layout, the colours of statuses, all panels."""

    place: str
    place_name: Said
    may_arrange: bool
    fresh_s: float
    colours: dict[str, str]
    modes: list[LayoutOut]
    panels: list[dict[str, Any]]


def show_panel(city: City, shown: Shown) -> dict[str, Any]:
    """A panel's answer."""
    panel, found, limits = shown.panel, shown.found, shown.threshold
    name = shown.place.name
    return {
        "panel": panel.name,
        "title": words.label("panel", panel.name),
        "kind": panel.kind,
        "unit": panel.unit,
        "unit_name": words.label("panel_unit", panel.unit),
        "place": shown.place.code,
        "place_name": {"zh": name.zh, "en": name.en},
        "value": found.value,
        "status": shown.judged.status.value,
        "status_reason": shown.judged.reason.shown,
        "threshold": limits
        and {
            "when": "above" if limits.above else "below",
            **{status: getattr(limits, status) for status in STATUSES},
            "source": limits.source.shown,
        },
        "trend": [list(row) for row in found.trend],
        "items": list(found.items),
        "reason": found.reason.shown if found.reason else None,
        "link": found.link,
        "as_of": int(shown.as_of.timestamp()),
        "fresh": shown.fresh,
        "source": words.label("panel_source", _SOURCES.get(panel.name, "tallies")),
    }


def show_layout(layout: Layout) -> dict[str, Any]:
    """A mode's layout; panels that nobody has any more are left out."""
    rows = [(row, registry.find(row["panel"])) for row in layout.panels]
    return {
        "mode": layout.mode,
        "title": words.label("screen_mode", layout.mode),
        "place": layout.place.rpartition(".")[2],
        "own": layout.by is not None,
        "by": layout.by,
        "at": int(layout.at.timestamp()) if layout.at else None,
        "panels": [
            {
                "panel": panel.name,
                "title": words.label("panel", panel.name),
                "kind": panel.kind,
                "region": row["region"],
                "size": row.get("size", 1),
            }
            for row, panel in rows
            if panel is not None
        ],
    }


def show_screen(
    place: Place, screen: dict[str, Any], layouts: list[Layout], may_arrange: bool
) -> dict[str, Any]:
    """The screen of a place."""
    return {
        "place": place.code,
        "place_name": {"zh": place.name.zh, "en": place.name.en},
        "may_arrange": may_arrange,
        "fresh_s": float(screen.get("fresh_s", 15)),
        "colours": screen.get("colours", {}),
        "modes": [show_layout(layout) for layout in layouts],
        "panels": [
            {"panel": name, "title": words.label("panel", name), "kind": panel.kind}
            for name in registry.names()
            if (panel := registry.find(name)) is not None
        ],
    }

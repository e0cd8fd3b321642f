"""Limits and responsibilities, from the pack's own tables and from overlays alike."""

from __future__ import annotations

from collections.abc import Iterable

from yiwang.ground.packs.findings import Spot
from yiwang.ground.packs.model import (
    ClockKind,
    Level,
    Limit,
    Origin,
    Overlay,
    Responsibility,
    Stage,
)
from yiwang.ground.packs.tables import Row


def read_limits(
    rows: Iterable[Row], place: str, source: str, overlay: Overlay | None = None
) -> list[tuple[Limit, Spot]]:
    """Limits with their spots; place, dates and basis of the overlay stand where a row has none."""
    return [
        (
            Limit(
                kind=row.required("kind"),
                stage=row.choice("stage", Stage, Stage.HANDLE),
                milestone=row.text("milestone"),
                amount=row.number("amount"),
                clock=row.choice("clock", ClockKind, ClockKind.WORKING_DAY),
                place=row.text("place", place),
                valid_from=row.day("valid_from") or (overlay.valid_from if overlay else None),
                valid_to=row.day("valid_to") or (overlay.valid_to if overlay else None),
                origin=row.choice("origin", Origin, overlay.origin if overlay else Origin.OFFICIAL),
                source=source,
                basis=row.text("basis", overlay.basis if overlay else ""),
            ),
            row.spot,
        )
        for row in rows
    ]


def read_responsibilities(
    rows: Iterable[Row], place: str, source: str, overlay: Overlay | None = None
) -> list[tuple[Responsibility, Spot]]:
    """Responsibilities with their spots, completed like limits."""
    return [
        (
            Responsibility(
                kind=row.required("kind"),
                level=row.choice("level", Level, Level.TOWN),
                lead=row.required("lead"),
                assist=row.many("assist"),
                place=row.text("place", place),
                valid_from=row.day("valid_from") or (overlay.valid_from if overlay else None),
                valid_to=row.day("valid_to") or (overlay.valid_to if overlay else None),
                source=source,
                basis=row.text("basis", overlay.basis if overlay else ""),
            ),
            row.spot,
        )
        for row in rows
    ]

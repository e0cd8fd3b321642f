"""A scale as a pack writes it: `air/<key>.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from yiwang.kit.errors import Refusal
from yiwang.signals.indicators.air.model import Level, Pollutant, Rounding, Scale, Step


def parse_scale(text: str, name: str) -> Scale:
    """The scale that `text` (YAML) describes; `name` is said where it is wrong.

    Refused: `air.scale_wrong` where something is missing or no number, where steps or levels leave
    a gap in the index, fall, or do not end at the same one.
    """
    try:
        scale = _build(yaml.safe_load(text))
    except (yaml.YAMLError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Refusal("air.scale_wrong", file=name, reason=_say(error)) from error
    for reason in _find_faults(scale):
        raise Refusal("air.scale_wrong", file=name, reason=reason)
    return scale


def _say(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return " ".join(str(error).split()) or type(error).__name__


def _build(value: Mapping[str, Any]) -> Scale:
    return Scale(
        key=str(value["key"]),
        name=_both(value["name"]),
        source=str(value["source"]),
        first_day=_day(value["first_day"]),
        last_day=None if value["last_day"] is None else _day(value["last_day"]),
        rounding=Rounding(value["rounding"]),
        named_from=int(value["named_from"]),
        exceeds_from=int(value["exceeds_from"]),
        levels=tuple(
            Level(str(row["key"]), int(row["upto"]), _both(row["name"]), str(row["colour"]))
            for row in value["levels"]
        ),
        pollutants={key: _pollutant(key, row) for key, row in value["pollutants"].items()},
    )


def _pollutant(key: str, row: Mapping[str, Any]) -> Pollutant:
    return Pollutant(
        key=key,
        substance=str(row["substance"]),
        name=_both(row["name"]),
        unit=str(row["unit"]),
        hours=int(row["hours"]),
        decimals=row.get("decimals"),
        steps=tuple(_step(step) for step in row["steps"]),
        otherwise=row.get("otherwise"),
    )


def _step(row: Sequence[Any]) -> Step:
    low, high, index_low, index_high = row
    return Step(Decimal(str(low)), Decimal(str(high)), int(index_low), int(index_high))


def _both(names: Mapping[str, Any]) -> Mapping[str, str]:
    return {"zh": str(names["zh"]), "en": str(names["en"])}


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise ValueError(f"{value} is not a day")
    return value


def _find_faults(scale: Scale) -> list[str]:
    """What cannot be right about a scale whose every value can be read."""
    found = []
    bounds = [level.upto for level in scale.levels]
    if bounds != sorted(set(bounds)) or not bounds:
        found.append("levels do not rise")
    for row in scale.pollutants.values():
        pairs = list(zip(row.steps, row.steps[1:], strict=False))
        if not row.steps or row.steps[0].low != 0:
            found.append(f"{row.key}: the steps do not begin at 0")
        if any(step.high <= step.low or step.index_high < step.index_low for step in row.steps):
            found.append(f"{row.key}: a step does not rise")
        if any(after.low < before.high for before, after in pairs):
            found.append(f"{row.key}: steps overlap")
        if any(after.index_low - before.index_high not in (0, 1) for before, after in pairs):
            found.append(f"{row.key}: the index leaps between two steps")
        ends = row.steps[-1].index_high if row.steps else 0
        if row.otherwise is None and bounds and ends != bounds[-1]:
            found.append(f"{row.key}: the steps end at {ends}, the levels at {bounds[-1]}")
        if row.otherwise is not None and row.otherwise not in scale.pollutants:
            found.append(f"{row.key}: there is no {row.otherwise}")
    return found

"""From concentrations to an index, exactly as a regulation's table says.

All arithmetic is decimal and rational: a value on a border falls where the regulation puts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from math import ceil, floor

from yiwang.kit.errors import Refusal
from yiwang.signals.indicators.air.model import Air, Index, Level, Pollutant, Rounding, Scale, Step


def index(scale: Scale, pollutant: str, concentration: float | Decimal) -> Index:
    """The index of one pollutant.

    `concentration` is in the unit of the scale's row. Refused: `air.pollutant_unknown`,
    `air.concentration_wrong` (negative or no number), `air.beyond_row` (above a row that goes no
    further and names another one).
    """
    row = _row(scale, pollutant)
    exact = _cut(_exact(pollutant, concentration), row.decimals)
    step = _find_step(row, exact)
    if step is None:
        if row.otherwise is not None:
            raise Refusal(
                "air.beyond_row",
                pollutant=pollutant,
                value=str(exact),
                limit=str(row.steps[-1].high),
                otherwise=row.otherwise,
            )
        return Index(pollutant, exact, scale.ceiling, scale.levels[-1], beyond=True)
    value = _round(_interpolate(step, exact), scale.rounding)
    return Index(pollutant, exact, value, find_level(scale, value), beyond=False)


def combine(scale: Scale, concentrations: Mapping[str, float | Decimal]) -> Air:
    """The index of the air from what is known of it: the highest of all pollutants'.

    A concentration beyond a row that names another one is left to that other row, if it is there.
    Refused: `air.nothing_measured`, and what :func:`index` refuses.
    """
    parts: dict[str, Index] = {}
    for key, concentration in concentrations.items():
        try:
            parts[key] = index(scale, key, concentration)
        except Refusal as refusal:
            if refusal.code != "air.beyond_row" or refusal.facts["otherwise"] not in concentrations:
                raise
    if not parts:
        raise Refusal("air.nothing_measured", known=", ".join(scale.pollutants))
    value = max(part.value for part in parts.values())
    primary = (
        tuple(key for key, part in parts.items() if part.value == value)
        if value > scale.named_from
        else ()
    )
    exceeding = tuple(key for key, part in parts.items() if part.value > scale.exceeds_from)
    return Air(value, find_level(scale, value), primary, exceeding, parts)


def find_level(scale: Scale, value: int) -> Level:
    """The level that an index belongs to; the last one takes whatever is higher."""
    return next((level for level in scale.levels if value <= level.upto), scale.levels[-1])


def _row(scale: Scale, pollutant: str) -> Pollutant:
    row = scale.pollutants.get(pollutant)
    if row is None:
        known = ", ".join(scale.pollutants)
        raise Refusal("air.pollutant_unknown", pollutant=pollutant, scale=scale.key, known=known)
    return row


def _exact(pollutant: str, concentration: float | Decimal) -> Decimal:
    """What was written, not what binary floating point made of it."""
    exact = (
        Decimal(repr(concentration)) if isinstance(concentration, float | int) else concentration
    )
    if not exact.is_finite() or exact < 0:
        raise Refusal("air.concentration_wrong", pollutant=pollutant, value=str(concentration))
    return exact


def _cut(concentration: Decimal, decimals: int | None) -> Decimal:
    if decimals is None:
        return concentration
    return concentration.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)


def _find_step(row: Pollutant, concentration: Decimal) -> Step | None:
    return next((step for step in row.steps if concentration <= step.high), None)


def _interpolate(step: Step, concentration: Decimal) -> Fraction:
    share = Fraction(concentration - step.low) / Fraction(step.high - step.low)
    return step.index_low + share * (step.index_high - step.index_low)


def _round(value: Fraction, rounding: Rounding) -> int:
    return ceil(value) if rounding is Rounding.UP else floor(value + Fraction(1, 2))

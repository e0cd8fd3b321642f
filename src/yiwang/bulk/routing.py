"""Which units a made-up case falls to, by the city's own responsibility list and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from yiwang.ground.city import City
from yiwang.ground.packs.model import Level, Limit, Responsibility, Stage
from yiwang.ground.taxonomy.model import EffectiveLimit, EffectiveResponsibility

Limits: TypeAlias = Mapping[Stage, EffectiveLimit]

_FALLBACK = "territory"


@dataclass(frozen=True, slots=True)
class Route:
    """The unit that leads, one that assists, the centre that commands and the unit that checks."""

    lead: str
    assist: str | None
    fallback: str
    centre: str
    checker: str


class Router:
    """Answers for (kind, place, day), remembered: a year of cases asks the same again."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._routes: dict[tuple[str, Level | None, tuple[str, ...], str], Route] = {}
        self._centres: dict[str, tuple[str, str, tuple[str, ...]]] = {}
        self._limits: dict[int, tuple[object, Limits]] = {}
        self._turns = _turns(city)

    def epoch(self, day: date) -> date:
        """The last day up to `day` on which a limit or a responsibility changed."""
        return max((turn for turn in self._turns if turn <= day), default=date.min)

    def route(self, kind: str, path: str, on: date) -> Route:
        """Who leads, assists, commands and checks."""
        duty = self._city.taxonomy.responsibility_for(kind, path, on)
        key = (duty.lead, duty.level, duty.assist, path) if duty else (_FALLBACK, None, (), path)
        found = self._routes.get(key)
        if found is None:
            found = self._routes[key] = self._find(duty, path)
        return found

    def limits(self, kind: str, path: str, on: date) -> Limits:
        """The limit of each stage, milestones left out."""
        clocks = self._city.taxonomy.stage_clocks(kind, path, on)
        kept = self._limits.get(id(clocks))
        if kept is None:
            found = {
                stage: rows[0] for stage, rows in clocks.items() if rows and not rows[0].milestone
            }
            # The mapping is kept beside its answer, so that its id stays its own.
            kept = self._limits[id(clocks)] = (clocks, found)
        return kept[1]

    def _find(self, duty: EffectiveResponsibility | None, path: str) -> Route:
        city = self._city
        around = self._centres.get(path)
        if around is None:
            centre = city.centre(path).code
            fallback = next((unit.code for unit in city.units_with(_FALLBACK, path)), centre)
            checkers = tuple(unit.code for unit in city.checkers(path))
            around = self._centres[path] = (centre, fallback, checkers)
        centre, fallback, checkers = around
        lead = self._unit(duty.lead, duty.level, path) if duty else None
        assists = (self._unit(name, None, path) for name in (duty.assist if duty else ()))
        lead = lead or fallback
        return Route(
            lead=lead,
            assist=next((unit for unit in assists if unit and unit != lead), None),
            fallback=fallback,
            centre=city.centre(path, duty.level).code if duty else centre,
            checker=next((unit for unit in checkers if unit not in (lead, fallback)), centre),
        )

    def _unit(self, function: str, level: Level | None, path: str) -> str | None:
        units = self._city.units_with(function, path)
        at_level = [unit for unit in units if unit.level == level]
        return next((unit.code for unit in at_level or units), None)


def _turns(city: City) -> Sequence[date]:
    rows: list[Limit | Responsibility] = [*city.pack.limits, *city.pack.responsibilities]
    return sorted({day for row in rows for day in (row.valid_from, row.valid_to) if day})

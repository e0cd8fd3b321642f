"""One city as a value: places, units, kinds, calendar and settings, ready to be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from yiwang.ground.judgement.keywords import KeywordClassifier
from yiwang.ground.judgement.model import Classifier, MatchSettings
from yiwang.ground.judgement.settings import read_match_settings
from yiwang.ground.packs.effective import select
from yiwang.ground.packs.model import Level, Pack, Post, Setting, Text, Unit, UnitKind
from yiwang.ground.places.addresses import Gazetteer
from yiwang.ground.places.coordinates import LocalFrame
from yiwang.ground.places.locating import Locator
from yiwang.ground.places.names import PlaceNames
from yiwang.ground.places.tree import PlaceTree, path_contains
from yiwang.ground.taxonomy.catalogue import Taxonomy
from yiwang.ground.worktime.calendar import Calendar
from yiwang.kit.errors import Refusal


@dataclass(frozen=True, slots=True)
class _Places:
    """What stands on the places of a pack alone."""

    tree: PlaceTree
    locator: Locator
    addresses: Gazetteer
    names: PlaceNames


@dataclass(frozen=True, slots=True)
class City:
    """Everything a service asks of its city. Built once, replaced whole when the pack changes."""

    pack: Pack
    zone: ZoneInfo
    tree: PlaceTree
    locator: Locator
    frame: LocalFrame
    addresses: Gazetteer
    names: PlaceNames
    taxonomy: Taxonomy
    calendar: Calendar
    classifier: Classifier
    units: Mapping[str, Unit]
    posts: Mapping[str, Post]
    root_path: str
    unit_paths: Mapping[str, str]
    _by_function: Mapping[tuple[str, str], tuple[Unit, ...]] = field(repr=False)
    _settings: Mapping[str, tuple[Setting, ...]] = field(repr=False)
    _duties: Mapping[str, frozenset[str]] = field(repr=False)
    _match_settings: dict[tuple[int, ...], MatchSettings] = field(default_factory=dict, repr=False)

    @classmethod
    def build(cls, pack: Pack) -> City:
        """Prepare a checked pack."""
        tree = PlaceTree.build(pack)
        places = _Places(tree, Locator.build(pack), Gazetteer.build(pack), PlaceNames.build(tree))
        return cls._build(pack, places)

    @classmethod
    def _build(cls, pack: Pack, places: _Places) -> City:
        tree = places.tree
        taxonomy = Taxonomy.build(pack)
        by_function: dict[tuple[str, str], list[Unit]] = {}
        for unit in pack.units:
            for function in (unit.kind.value, *unit.functions):
                by_function.setdefault((function, unit.place), []).append(unit)
        settings: dict[str, list[Setting]] = {}
        for setting in pack.settings:
            settings.setdefault(setting.key, []).append(setting)
        duties: dict[str, set[str]] = {}
        for post in pack.posts:
            duties.setdefault(post.unit, set()).update(post.duties)
        return cls(
            pack=pack,
            zone=ZoneInfo(pack.timezone),
            tree=tree,
            locator=places.locator,
            frame=LocalFrame.of(pack),
            addresses=places.addresses,
            names=places.names,
            taxonomy=taxonomy,
            calendar=Calendar.build(pack.calendar, pack.worktime, pack.timezone),
            classifier=KeywordClassifier.build(pack.kinds),
            units={unit.code: unit for unit in pack.units},
            posts={post.code: post for post in pack.posts},
            root_path=tree.path(pack.root),
            unit_paths={unit.code: tree.path(unit.place) for unit in pack.units},
            _by_function={key: tuple(units) for key, units in by_function.items()},
            _settings={key: tuple(rows) for key, rows in settings.items()},
            _duties={unit: frozenset(names) for unit, names in duties.items()},
        )

    def revised(self, pack: Pack) -> City:
        """The city of a pack with the same places: what stands on places alone is taken over.

        ValueError where places or time zone are others.
        """
        if pack.places is not self.pack.places or pack.timezone != self.pack.timezone:
            raise ValueError("a revised city keeps its places and its time zone")
        places = _Places(self.tree, self.locator, self.addresses, self.names)
        return self._build(pack, places)

    def day(self, moment: datetime) -> date:
        """The city's own calendar day at a moment."""
        return moment.astimezone(self.zone).date()

    def unit(self, code: str) -> Unit:
        """A unit by its code; refuses an unknown one ("city.unit_unknown")."""
        found = self.units.get(code)
        if found is None:
            raise Refusal("city.unit_unknown", unit=code)
        return found

    def unit_name(self, code: str) -> Text:
        """A unit's name; its code where the unit is no longer in the pack."""
        found = self.units.get(code)
        return found.name if found else Text(code, code)

    def units_with(self, function: str, path: str) -> list[Unit]:
        """Units with a function that work for this place or one above it, the deepest first."""
        return [
            unit
            for code in reversed(path.split("."))
            for unit in self._by_function.get((function, code), ())
        ]

    def centre(self, path: str, level: Level | None = None) -> Unit:
        """The operation centre of a place: the deepest on its path, or that of one level.

        Refuses where the pack has none at all ("city.no_centre").
        """
        best: Unit | None = None
        for unit in self._centres(path):
            if level is None or unit.level == level:
                return unit
            best = best or unit
        if best is None:
            raise Refusal("city.no_centre", place=path)
        return best

    def _centres(self, path: str) -> Iterable[Unit]:
        for code in reversed(path.split(".")):
            yield from self._by_function.get(("centre", code), ())

    def common_centre(self, one: str, other: str) -> Unit:
        """The centre of the lowest place that holds both units' places."""
        paths = (self.unit_paths[one], self.unit_paths[other])
        return self.centre(self.tree.lowest_common(paths).path)

    def checkers(self, path: str) -> list[Unit]:
        """Units over this place in which somebody may check, the deepest first."""
        return [
            unit
            for code in reversed(path.split("."))
            for unit in self._units_at(code)
            if "checker" in self._duties.get(unit.code, ())
        ]

    def _units_at(self, code: str) -> Iterable[Unit]:
        for function in ("workstation", "centre"):
            yield from self._by_function.get((function, code), ())

    def is_over_place(self, unit: Unit) -> bool:
        """Whether the unit's duties reach every matter of its place."""
        return unit.kind in (UnitKind.CENTRE, UnitKind.WORKSTATION, UnitKind.GOVERNMENT)

    def setting(self, key: str, path: str, on: date, default: Any = None) -> Any:
        """The value of a rule in force at a place on a day, or `default` where none is set."""
        found = self.effective(key, path, on)
        return default if found is None else found.value

    def effective(self, key: str, path: str, on: date) -> Setting | None:
        """The row of a rule in force at a place on a day, with its source and basis."""
        rows = self._settings.get(key)
        if not rows:
            return None
        if len(rows) == 1 and rows[0].place == self.pack.root and rows[0].valid_from is None:
            return rows[0]
        return select(rows, path, on)

    def match_settings(self, path: str, on: date) -> MatchSettings:
        """The rules for repeats in force at a place on a day."""
        rows = {
            key: row
            for key in self._settings
            if key.startswith(("match.", "location."))
            if (row := self.effective(key, path, on)) is not None
        }
        question = tuple(map(id, rows.values()))
        known = self._match_settings.get(question)
        if known is None:
            known = read_match_settings({key: row.value for key, row in rows.items()})
            self._match_settings[question] = known
        return known

    def words(self, key: str) -> Text:
        """The city's own word for a key; the key itself where it has none."""
        return self.pack.words.get(key, Text(key, key))

    def holds(self, over: str, path: str) -> bool:
        """Whether the place with path `over` is `path` or holds it."""
        return path_contains(over, path)

"""The kinds of one city with their limits and responsibilities, ready to be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches

from yiwang.ground.packs.model import Kind, Limit, Pack, Responsibility, Stage
from yiwang.ground.taxonomy.model import EffectiveLimit, EffectiveResponsibility
from yiwang.ground.taxonomy.rules import choose, holds
from yiwang.kit.errors import Refusal

StageClocks = Mapping[Stage, tuple[EffectiveLimit, ...]]

_ANY = "*"
_NEAR = 3
# Answers kept; a day of a large city needs a few thousand. Emptied when full.
_KEPT = 20_000


class Taxonomy:
    """Kinds by key, and what is in force for them. Immutable to its users."""

    __slots__ = (
        "_by_family",
        "_children",
        "_clocks",
        "_kinds",
        "_limits",
        "_patterns",
        "_places",
        "_responsibilities",
        "_responsible",
    )

    def __init__(
        self,
        kinds: Iterable[Kind],
        limits: Iterable[Limit],
        responsibilities: Iterable[Responsibility],
    ) -> None:
        """ValueError for a key given twice, an unknown parent, or kinds that are each other's."""
        self._kinds: dict[str, Kind] = {}
        for kind in kinds:
            if self._kinds.setdefault(kind.key, kind) is not kind:
                raise ValueError(f"the kind {kind.key} is given twice")
        self._children: dict[str | None, list[Kind]] = {}
        self._by_family: dict[str, list[Kind]] = {}
        self._patterns: dict[str, dict[str, int]] = {}
        for kind in self._kinds.values():
            self._children.setdefault(kind.parent, []).append(kind)
            self._by_family.setdefault(kind.family, []).append(kind)
            self._patterns[kind.key] = self._rank_patterns(kind)
        self._limits: dict[str, dict[tuple[Stage, str], list[Limit]]] = {}
        self._responsibilities: dict[str, list[Responsibility]] = {}
        self._places: set[str] = set()
        for limit in limits:
            by_stage = self._limits.setdefault(limit.kind, {})
            by_stage.setdefault((limit.stage, limit.milestone), []).append(limit)
            self._places.add(limit.place)
        for row in responsibilities:
            self._responsibilities.setdefault(row.kind, []).append(row)
            self._places.add(row.place)
        self._clocks: dict[tuple[str, tuple[str, ...], date], StageClocks] = {}
        self._responsible: dict[
            tuple[str, tuple[str, ...], date], EffectiveResponsibility | None
        ] = {}

    @classmethod
    def build(cls, pack: Pack) -> Taxonomy:
        """The taxonomy of a pack; ValueError where its kinds contradict each other."""
        return cls(pack.kinds, pack.limits, pack.responsibilities)

    def __contains__(self, key: str) -> bool:
        return key in self._kinds

    def kinds(self, on: date | None = None) -> Sequence[Kind]:
        """All kinds in the pack's order, or those that may be filed on a day."""
        return tuple(
            kind
            for kind in self._kinds.values()
            if on is None or holds(kind.valid_from, kind.valid_to, on)
        )

    def kind(self, key: str) -> Kind:
        """The kind with this key, retired or not; Refusal `taxonomy.kind_unknown`."""
        found = self._kinds.get(key)
        if found is None:
            raise Refusal("taxonomy.kind_unknown", kind=key, near=self._near(key))
        return found

    def current(self, key: str, on: date) -> Kind:
        """The kind with this key, which a matter may be filed under on a day.

        Refusal `taxonomy.kind_unknown`, or `taxonomy.kind_retired` outside its dates.
        """
        found = self.kind(key)
        if not holds(found.valid_from, found.valid_to, on):
            raise Refusal(
                "taxonomy.kind_retired",
                kind=key,
                zh=found.name.say("zh"),
                en=found.name.say("en"),
                since=(found.valid_from or "…"),
                until=(found.valid_to or "…"),
                near=self._near(key, on),
            )
        return found

    def children(self, key: str | None) -> Sequence[Kind]:
        """The kinds directly under a major kind; the topmost ones for None."""
        return tuple(self._children.get(key, ()))

    def family(self, family: str) -> Sequence[Kind]:
        """The kinds of a family ("event", "component", "demand")."""
        return tuple(self._by_family.get(family, ()))

    def lineage(self, key: str) -> tuple[Kind, ...]:
        """The kind and what lies above it, the topmost first."""
        found = [self.kind(key)]
        while (parent := found[-1].parent) is not None:
            found.append(self._kinds[parent])
        return tuple(reversed(found))

    def limits_for(
        self, kind: str, stage: Stage, place_path: str, on: date
    ) -> tuple[EffectiveLimit, ...]:
        """The limit of a stage, then its staged milestones in the pack's order.

        Empty where nobody limits this stage. `place_path` is the ltree path of the matter's
        place, `on` the local day whose rules hold. Refusal `taxonomy.kind_unknown`.
        """
        return self.stage_clocks(kind, place_path, on).get(stage, ())

    def stage_clocks(self, kind: str, place_path: str, on: date) -> StageClocks:
        """All limits of a kind by stage, as :meth:`limits_for` gives them one by one."""
        codes = self._codes(place_path)
        question = (kind, codes, on)
        known = self._clocks.get(question)
        if known is None:
            known = self._find_clocks(kind, codes, on)
            if len(self._clocks) >= _KEPT:
                self._clocks.clear()
            self._clocks[question] = known
        return known

    def responsibility_for(
        self, kind: str, place_path: str, on: date
    ) -> EffectiveResponsibility | None:
        """Whose job a kind is at a place; None where the list says nothing.

        Then the territorial fallback applies. Refusal `taxonomy.kind_unknown`.
        """
        codes = self._codes(place_path)
        question = (kind, codes, on)
        if question in self._responsible:
            return self._responsible[question]
        found = self._find_responsibility(kind, codes, on)
        if len(self._responsible) >= _KEPT:
            self._responsible.clear()
        self._responsible[question] = found
        return found

    def _codes(self, place_path: str) -> tuple[str, ...]:
        """The codes on a path that any row names: grids by the thousand share an answer."""
        return tuple(code for code in place_path.split(".") if code in self._places)

    def _find_clocks(self, kind: str, codes: tuple[str, ...], on: date) -> StageClocks:
        self.kind(kind)
        patterns, depths = self._patterns[kind], _depths(codes)
        rows: dict[tuple[Stage, str], list[Limit]] = {}
        for pattern in patterns:
            for slot, some in self._limits.get(pattern, {}).items():
                rows.setdefault(slot, []).extend(some)
        found: dict[Stage, list[EffectiveLimit]] = {}
        for (stage, milestone), candidates in rows.items():
            row = choose(candidates, patterns, depths, on)
            if row is None:
                continue
            limits = found.setdefault(stage, [])
            # The stage's own limit stands before its milestones.
            limits.insert(len(limits) if milestone else 0, _limit(kind, row))
        return {stage: tuple(limits) for stage, limits in found.items()}

    def _find_responsibility(
        self, kind: str, codes: tuple[str, ...], on: date
    ) -> EffectiveResponsibility | None:
        self.kind(kind)
        patterns = self._patterns[kind]
        rows = [row for p in patterns for row in self._responsibilities.get(p, ())]
        row = choose(rows, patterns, _depths(codes), on)
        if row is None:
            return None
        return EffectiveResponsibility(
            kind=kind,
            level=row.level,
            lead=row.lead,
            assist=row.assist,
            pattern=row.kind,
            place=row.place,
            valid_from=row.valid_from,
            source=row.source,
            basis=row.basis,
        )

    def _rank_patterns(self, kind: Kind) -> dict[str, int]:
        """The patterns that fit a kind, the most particular first."""
        chain = [kind.key]
        above = kind.parent
        while above is not None:
            if above not in self._kinds:
                raise ValueError(f"the kind {chain[-1]} has an unknown parent {above}")
            if above in chain:
                raise ValueError(f"the kind {above} lies above itself")
            chain.append(above)
            above = self._kinds[above].parent
        chain += [f"{kind.scheme}/{kind.version}/{_ANY}", _ANY]
        return {pattern: rank for rank, pattern in enumerate(chain)}

    def _near(self, key: str, on: date | None = None) -> str:
        """Keys like `key`: the same code in another version first, then by spelling."""
        code = key.rpartition("/")[2]
        open_keys = [kind.key for kind in self.kinds(on) if kind.key != key]
        same = [other for other in open_keys if self._kinds[other].code == code]
        close = get_close_matches(key, open_keys, n=_NEAR, cutoff=0.5)
        return ", ".join(list(dict.fromkeys(same + close))[:_NEAR]) or "–"


def _depths(codes: tuple[str, ...]) -> dict[str, int]:
    return {code: depth for depth, code in enumerate(codes)}


def _limit(kind: str, row: Limit) -> EffectiveLimit:
    return EffectiveLimit(
        kind=kind,
        stage=row.stage,
        milestone=row.milestone,
        amount=row.amount,
        clock=row.clock,
        pattern=row.kind,
        place=row.place,
        valid_from=row.valid_from,
        origin=row.origin,
        source=row.source,
        basis=row.basis,
    )

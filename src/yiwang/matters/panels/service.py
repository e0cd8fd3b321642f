"""Use cases of panels: ask one, see the layout of a screen, arrange it, take that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from yiwang.ground.authority import rules as authority
from yiwang.ground.authority.model import Actor
from yiwang.ground.authority.rules import covers
from yiwang.ground.city import City
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.ground.packs.model import Place
from yiwang.ground.packs.screen import MODES, STATUSES, layout_problem
from yiwang.kit.db import Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.panels import rankings, registry, rules, store, streams, vital
from yiwang.matters.panels.model import Bilingual, Found, Judged, Lookback, Moment, Threshold
from yiwang.matters.panels.registry import Ask, Panel

DUTY = "duty_chief"
_FRESH_S = 15.0
registry.register(*vital.PANELS, *rankings.PANELS, *streams.PANELS)


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel's answer: what it found, how it was judged, until when it counts."""

    panel: Panel
    place: Place
    found: Found
    threshold: Threshold | None
    judged: Judged
    as_of: datetime
    fresh: bool


def reach(city: City, actor: Actor, code: str | None) -> Place:
    """The place that is asked about, the highest of one's own where none is named.

    Refuses one beyond the actor's reach ("panels.beyond_reach").
    """
    mine = sorted(actor.scope.places, key=lambda path: path.count("."))
    if code is None and mine:
        return city.tree.get(mine[0].rpartition(".")[2])
    place = city.tree.get(code) if code is not None else city.tree.root
    if not any(covers(path, place.path) for path in mine):
        possible = [path.rpartition(".")[2] for path in mine]
        raise Refusal("panels.beyond_reach", place=place.code, possible=possible)
    return place


def require_mode(mode: str) -> None:
    """Refuse ("panels.mode_unknown") what is no mode of the screen."""
    if mode not in MODES:
        raise Refusal("panels.mode_unknown", mode=mode, possible=list(MODES))


def screen_of(city: City, place: str, now: datetime) -> dict[str, Any]:
    """The pack's screen in force at a place; empty where the pack has none."""
    found: dict[str, Any] = city.setting("screen", place, city.day(now), {})
    return found


def threshold_of(screen: dict[str, Any], name: str) -> Threshold | None:
    """The threshold of a panel, None where the pack sets none."""
    row = (screen.get("thresholds") or {}).get(name)
    if row is None:
        return None
    limits = {status: row.get(status) for status in STATUSES}
    return Threshold(row["when"] == "above", **limits, source=Bilingual(**row["source"]))


async def ask(
    tx: Tx,
    city: City,
    actor: Actor,
    mode: str,
    name: str,
    code: str | None,
    at: datetime | None,
    span: Lookback,
) -> Shown:
    """One panel's figures of a place, now or at a past moment.

    Refuses an unknown mode or panel ("panels.mode_unknown", "panels.unknown"), a place beyond
    reach ("panels.beyond_reach") and a moment to come ("panels.future").
    """
    require_mode(mode)
    panel = registry.find(name)
    if panel is None:
        raise Refusal("panels.unknown", panel=name, possible=list(registry.names()))
    if at is not None and at > tx.now + timedelta(minutes=1):
        raise Refusal("panels.future")
    place = reach(city, actor, code)
    moment = rules.moment(tx.now, at, city.zone)
    found = await panel.read(Ask(tx, city, actor, place, moment, span))
    screen = screen_of(city, place.path, tx.now)
    threshold = threshold_of(screen, name)
    as_of, fresh = await _freshness(tx, panel, moment, screen)
    return Shown(panel, place, found, threshold, rules.judge(found.value, threshold), as_of, fresh)


async def _freshness(
    tx: Tx, panel: Panel, moment: Moment, screen: dict[str, Any]
) -> tuple[datetime, bool]:
    """Until when a panel counts, and whether that is fresh: of a past moment, whole."""
    if moment.past and not panel.kept:
        return moment.now, False
    if panel.live and not moment.past:
        return moment.now, True
    _, seen = await store.cursor(tx)
    if moment.past:
        return moment.as_of, seen is not None and seen >= moment.as_of
    if seen is None:
        return moment.now, False
    kept = timedelta(seconds=float(screen.get("fresh_s", _FRESH_S)))
    return min(seen, moment.now), moment.now - seen <= kept


@dataclass(frozen=True, slots=True)
class Layout:
    """The panels of one mode: the pack's own, or as a centre arranged them."""

    mode: str
    panels: Sequence[dict[str, Any]]
    place: str  # the path of the place it was made for
    by: str | None = None
    at: datetime | None = None


async def layouts(tx: Tx, city: City, place: Place) -> list[Layout]:
    """Every mode's layout at a place: its centre's, else the nearest above, else the pack's."""
    screen = screen_of(city, place.path, tx.now)
    made = await store.layouts(tx, rules.ancestors(place.path))
    found = []
    for mode in MODES:
        rows = [row for row in made if row["mode"] == mode]
        if rows:
            row = max(rows, key=lambda row: row["place"].count("."))
            found.append(Layout(mode, row["panels"], row["place"], row["by"], row["at"]))
        else:
            panels = (screen.get("modes") or {}).get(mode, [])
            found.append(Layout(mode, panels, city.root_path))
    return found


def own_place(city: City, actor: Actor, code: str | None) -> Place:
    """The place whose screen the actor arranges: that of a centre at which they hold the duty.

    Refuses whoever does not hold it there ("authority.duty_missing", "authority.elsewhere"), and a
    place without a centre of its own ("panels.no_centre").
    """
    if code is None:
        held = [row for row in actor.holdings if row.duty == DUTY and row.over_place]
        if not held:
            raise Refusal("authority.duty_missing", duty=DUTY)
        code = held[0].place.rpartition(".")[2]
    place = reach(city, actor, code)
    authority.require(actor, DUTY, place.path)
    centre = city.centre(place.path)
    if city.unit_paths[centre.code] != place.path:
        raise Refusal("panels.no_centre", place=place.code, centre=centre.place)
    return place


async def arrange(
    tx: Tx, city: City, actor: Actor, mode: str, code: str | None, panels: list[dict[str, Any]]
) -> Layout:
    """Arrange one mode of a centre's screen; recorded.

    Refuses a layout that names unknown panels or is none ("panels.layout").
    """
    require_mode(mode)
    place = own_place(city, actor, code)
    problem = layout_problem(panels)
    if problem:
        raise Refusal("panels.layout", value=str(problem[0])[:80], expected=problem[1])
    for row in panels:
        if registry.find(row["panel"]) is None:
            raise Refusal("panels.unknown", panel=row["panel"], possible=list(registry.names()))
    await store.put_layout(tx, place.path, mode, panels, actor.name)
    await _record(tx, actor, place, "arrange", {"mode": mode, "panels": panels})
    return Layout(mode, panels, place.path, actor.name, tx.now)


async def reset(tx: Tx, city: City, actor: Actor, mode: str, code: str | None) -> Layout:
    """Take a centre's own layout back; recorded. Nothing changes where it had none."""
    require_mode(mode)
    place = own_place(city, actor, code)
    if await store.drop_layout(tx, place.path, mode):
        await _record(tx, actor, place, "reset", {"mode": mode})
    return next(row for row in await layouts(tx, city, place) if row.mode == mode)


async def _record(tx: Tx, actor: Actor, place: Place, action: str, facts: dict[str, Any]) -> None:
    entry = Entry(
        action=f"screen.{action}",
        matter="screen",
        matter_id=0,
        place=place.path,
        article="V",
        rule=f"screen.{action}",
        before=None,
        after=None,
        facts=facts,
    )
    await ledger.record(tx, actor, [entry])


def unknown_panels(screen: dict[str, Any]) -> list[str]:
    """The panels a pack's screen names and nobody has."""
    named = [row["panel"] for rows in (screen.get("modes") or {}).values() for row in rows]
    named += list(screen.get("thresholds") or {})
    return sorted({name for name in named if registry.find(name) is None})

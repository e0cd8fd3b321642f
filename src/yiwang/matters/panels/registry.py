"""The panels there are. A later stage registers its own and has them served alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.packs.model import Place
from yiwang.kit.db import Tx
from yiwang.matters.panels.model import Found, Lookback, Moment

Kind = Literal["value", "series", "ranking", "list", "times"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a panel: a place, a moment and how far its trend goes back, by whom."""

    tx: Tx
    city: City
    actor: Actor
    place: Place
    moment: Moment
    span: Lookback

    @property
    def path(self) -> str:
        """The place's path."""
        return self.place.path


Read: TypeAlias = Callable[[Ask], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its name is a term (`panel`, with `panel_source`), `read` finds its figures.

    `unit` is the term of its unit. `live` panels are read from what is open now rather than from
    the tallies, so that they are fresh whatever the fold is at; `kept` says whether they know the
    past.
    """

    name: str
    kind: Kind
    unit: str
    read: Read
    live: bool = False
    kept: bool = True


_PANELS: dict[str, Panel] = {}


def register(*panels: Panel) -> None:
    """Add panels to those that are served; ValueError where a name is taken by another."""
    for panel in panels:
        if _PANELS.get(panel.name, panel) != panel:
            raise ValueError(f"two panels are called {panel.name}")
        _PANELS[panel.name] = panel


def find(name: str) -> Panel | None:
    """The panel of a name, None where there is none."""
    return _PANELS.get(name)


def names() -> tuple[str, ...]:
    """The names of all panels."""
    return tuple(_PANELS)

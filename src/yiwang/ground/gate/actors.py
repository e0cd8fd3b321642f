"""From a person's posts or a system's key to the actor that authority judges."""

from __future__ import annotations

from collections.abc import Iterable

from yiwang.ground.authority.model import Actor, Duty, Holding
from yiwang.ground.city import City
from yiwang.ground.identity.model import Appointment, Key, Person
from yiwang.kit.db import Scope

# Whose work needs to know who reported: taking, sending, handling and checking.
_PERSONS = frozenset(
    (
        Duty.INTAKE,
        Duty.DISPATCHER,
        Duty.DUTY_CHIEF,
        Duty.CHECKER,
        Duty.HANDLER,
        Duty.COLLECTOR,
    )
)
_READS_PERSONS = "persons:read"
_ACTS = "act:"
# A key never holds the administration of the platform, nor acts as the platform itself.
_MAY_ACT = frozenset(duty.value for duty in (*_PERSONS, Duty.LEADER, Duty.EVALUATOR))


def holdings_of(appointments: Iterable[Appointment], city: City) -> tuple[Holding, ...]:
    """The duties that these appointments give; a post or unit no longer in the pack gives none."""
    found: dict[Holding, None] = {}
    for row in appointments:
        post = city.posts.get(row.post)
        unit = None if post is None else city.units.get(post.unit)
        if post is None or unit is None:
            continue
        over = city.is_over_place(unit)
        for duty in post.duties:
            found[Holding(Duty(duty), unit.code, city.unit_paths[unit.code], over)] = None
    return tuple(found)


def _scope(name: str, holdings: Iterable[Holding], person: int | None, persons: bool) -> Scope:
    rows = tuple(holdings)
    return Scope(
        name,
        places=tuple(dict.fromkeys(row.place for row in rows if row.over_place)),
        units=tuple(dict.fromkeys(row.unit for row in rows if row.unit)),
        person=person,
        persons=persons,
    )


def actor_of(person: Person, appointments: Iterable[Appointment], city: City) -> Actor:
    """A person as an actor, with the duties of their appointments in force."""
    name = f"person:{person.id}"
    holdings = holdings_of(appointments, city)
    persons = any(row.duty in _PERSONS for row in holdings)
    return Actor(
        name,
        person.name,
        holdings,
        person=person.id,
        language=person.language,
        scope=_scope(name, holdings, person.id, persons),
    )


def key_actor(key: Key, city: City) -> Actor:
    """A system's key as an actor: over its place, or for its unit where it has one.

    A key whose place or unit is no longer in the pack reaches nothing.
    """
    name = f"key:{key.id}"
    unit = city.units.get(key.unit) if key.unit else None
    place = city.tree.find(key.place)
    holdings: tuple[Holding, ...] = ()
    if place is not None and (unit is not None or not key.unit):
        over = unit is None or city.is_over_place(unit)
        code = unit.code if unit else ""
        holdings = tuple(
            Holding(duty, code, place.path, over) for duty in (Duty.SYSTEM, *_acting(key.scopes))
        )
    return Actor(
        name,
        key.name,
        holdings,
        scopes=key.scopes,
        system=key.system,
        scope=_scope(name, holdings, None, _READS_PERSONS in key.scopes),
    )


def _acting(scopes: Iterable[str]) -> list[Duty]:
    """The duties under which a key acts: its scopes of the form "act:<duty>"."""
    names = [scope.removeprefix(_ACTS) for scope in scopes if scope.startswith(_ACTS)]
    return [Duty(name) for name in names if name in _MAY_ACT]


def public_actor(language: str = "zh") -> Actor:
    """Anybody who did not sign in."""
    title = "公众" if language == "zh" else "the public"
    return Actor("public", title, language=language, scope=Scope("public"))

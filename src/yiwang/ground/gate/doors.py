"""Who may pass which route, said at the route itself, so that it can be read and tested.

    async def dispatch(actor: Annotated[Actor, holds("dispatcher")], ...): ...

A route without a door is a defect; `authority_of` finds it.
"""
# No `annotations` from __future__ here: FastAPI reads those of a callable object as they are.

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.service import Gate, require_duty
from yiwang.kit.errors import Refusal


def gate_of(request: Request) -> Gate:
    """The gate of the service that answers this request (`app.state.gate`)."""
    gate = request.app.state.gate
    if not isinstance(gate, Gate):
        raise TypeError("app.state.gate is not a Gate")
    return gate


@dataclass(frozen=True, slots=True)
class Door:
    """Who may pass: holders of one of `duties`, keys with `scope`, every signed-in person
    (`persons`), every key (`keys`), or `everybody`; `unasked` does not even look who it is."""

    duties: tuple[str, ...] = ()
    scope: str = ""
    persons: bool = False
    keys: bool = False
    everybody: bool = False
    unasked: bool = False

    @property
    def authority(self) -> str:
        """The door in words, for documents and tests."""
        if self.everybody:
            return "public"
        parts = ["|".join(self.duties)] if self.duties else []
        if self.persons:
            parts.append("signed in")
        if self.keys:
            parts.append("any key")
        if self.scope:
            parts.append(f"scope {self.scope}")
        return " or ".join(parts)

    def judge(self, actor: Actor) -> None:
        """Refuse an actor who may not pass, and say what is missing."""
        if self.everybody:
            return
        if actor.system:
            if self.keys or (self.scope and self.scope in actor.scopes):
                return
            if self.scope:
                raise Refusal("authority.scope_missing", scope=self.scope)
            raise Refusal("gate.person_only")
        if self.persons:
            return
        if not self.duties:
            raise Refusal("gate.key_only", scope=self.scope)
        require_duty(actor, "|".join(self.duties))

    async def __call__(self, request: Request) -> Actor:
        """Whoever asks, let through."""
        gate = gate_of(request)
        if self.unasked:
            return gate.public_actor(request)
        if self.everybody:
            return await gate.anybody(request)
        actor = await gate.asking(request)
        self.judge(actor)
        return actor


def holds(duty: str, *, scope: str = "") -> Any:
    """Whoever holds one of these duties ("a|b") somewhere, or a key with `scope`."""
    return Depends(Door(duties=tuple(duty.split("|")), scope=scope))


def anybody_signed_in(*, scope: str = "", keys: bool = False) -> Any:
    """Every signed-in person; a key only with `scope`, or any where `keys` says so."""
    return Depends(Door(persons=True, scope=scope, keys=keys))


def scope(name: str) -> Any:
    """Only keys with this scope."""
    return Depends(Door(scope=name))


def public(*, unasked: bool = False) -> Any:
    """Everybody; whoever is signed in comes as themselves, unless they are `unasked`."""
    return Depends(Door(everybody=True, unasked=unasked))


async def _at_gate(request: Request) -> Gate:
    # a coroutine: what is a plain function the framework sends to a thread and back
    return gate_of(request)


AtGate = Annotated[Gate, Depends(_at_gate)]


async def _asking(request: Request) -> Actor:
    return await gate_of(request).asking(request)


# Whoever asks, where another dependency of the route is its door.
Asking = Annotated[Actor, Depends(_asking)]

Endpoint = Callable[[Request, Actor], Awaitable[Response]]
_GUARDED: dict[Any, Door] = {}


def guarded(door: Any) -> Callable[[Endpoint], Callable[[Request], Awaitable[Response]]]:
    """The same door for a plain Starlette endpoint, which gets the actor beside the request."""
    checked = door.dependency
    if not isinstance(checked, Door):
        raise TypeError("guarded() takes holds(), scope(), public() or anybody_signed_in()")

    def decorate(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def passed(request: Request) -> Response:
            return await endpoint(request, await checked(request))

        passed.__name__ = getattr(endpoint, "__name__", "passed")
        passed.__doc__ = endpoint.__doc__
        _GUARDED[passed] = checked
        return passed

    return decorate


def _doors(dependant: Any) -> Iterator[Door]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Door):
            yield inner.call
        yield from _doors(inner)


def doors_of(route: Any) -> tuple[Door, ...]:
    """The doors of a route (as `iter_route_contexts` or an app's `routes` give it)."""
    found = _GUARDED.get(getattr(route, "endpoint", None))
    if found is not None:
        return (found,)
    dependant = getattr(route, "dependant", None)
    return () if dependant is None else tuple(dict.fromkeys(_doors(dependant)))


def authority_of(route: Any) -> str | None:
    """Who may pass a route, in words; None where it has no door."""
    return " and ".join(door.authority for door in doors_of(route)) or None


def authorities(routes: list[BaseRoute]) -> list[tuple[str, str, str | None]]:
    """(method, path, authority) of every route of an app, included routers and all."""
    return [
        (method, route.path or "", authority_of(route))
        for route in iter_route_contexts(routes)
        for method in sorted(route.methods or ())
    ]


SECURITY_SCHEMES: dict[str, dict[str, str]] = {
    "session": {"type": "apiKey", "in": "cookie", "name": "yiwang_session"},
    "token": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def document_doors(openapi: dict[str, Any], routes: list[BaseRoute]) -> None:
    """Write into an OpenAPI document who may pass each operation (`security`, `x-authority`)."""
    openapi.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
    for route in iter_route_contexts(routes):
        operations = openapi.get("paths", {}).get(route.path_format or "", {})
        for method in route.methods or ():
            operation = operations.get(method.lower())
            doors = doors_of(route)
            if operation is None or not doors:
                continue
            operation["x-authority"] = authority_of(route)
            operation["security"] = _security(doors)


def _security(doors: tuple[Door, ...]) -> list[dict[str, list[str]]]:
    closed = [door for door in doors if not door.everybody]
    persons = all(door.persons or door.duties for door in closed)
    keys = all(door.keys or door.scope for door in closed)
    found: list[dict[str, list[str]]] = [] if closed else [{}]
    if persons:
        found += [{"session": []}, {"token": []}]
    if keys:
        found.append({"key": []})
    return found

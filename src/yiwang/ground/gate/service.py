"""The gate of one running service: its clock, its secrets, and who it has let in lately."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta

from starlette.requests import HTTPConnection

from yiwang.ground.authority.model import Actor, Duty
from yiwang.ground.city import City
from yiwang.ground.gate.actors import actor_of, key_actor, public_actor
from yiwang.ground.gate.clock import Clock, RealClock, SimulatedClock, parse_moment
from yiwang.ground.gate.model import COOKIE, CSRF_HEADER, TIME_HEADER, Credential, Known
from yiwang.ground.identity import second_factor, sessions, signing_in, tokens
from yiwang.ground.identity import service as people
from yiwang.ground.identity.lockout import LOCKOUT, Lockout
from yiwang.ground.identity.model import (
    Appointment,
    Attempt,
    Change,
    Session,
    SignedIn,
    Terms,
)
from yiwang.ground.identity.second_factor import Wanted
from yiwang.ground.ledger import service as ledger
from yiwang.ground.ledger.service import Entry
from yiwang.kit.db import Database, Scope, Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.web.note import language_of, note_of

FRESH = timedelta(seconds=30)
_MOST = 20_000
_SAFE = frozenset(("GET", "HEAD", "OPTIONS", "QUERY"))
_KNOWN = "yiwang.known"
_GATE = Scope("gate")


class Gate:
    """Finds out who asks. One per process; `city` may be replaced when its pack changes.

    `clock` is the clock of matters, simulated in a replay. `real` is the clock of sessions, keys
    and locks, which never is. What was found out holds for 30 s, so a session ended in another
    process stops within that time, one ended here at once.
    """

    def __init__(
        self,
        db: Database,
        city: City,
        *,
        secret: bytes,
        clock: Clock | None = None,
        real: Clock | None = None,
        terms: Terms = Terms(),
        limits: Lockout = LOCKOUT,
    ) -> None:
        self.db = db
        self.secret = secret
        self.clock: Clock = clock or RealClock()
        self.real: Clock = real or RealClock()
        self.terms = terms
        self.limits = limits
        self._city = city
        self._known: OrderedDict[bytes, Known] = OrderedDict()

    @property
    def city(self) -> City:
        """The city whose units and posts give the duties."""
        return self._city

    @city.setter
    def city(self, city: City) -> None:
        self._city = city
        self._known.clear()

    def now(self, request: HTTPConnection) -> datetime:
        """The moment of the matters this request is about.

        The header `Yiwang-Time` says it where the service runs on a simulated clock; elsewhere the
        header is refused ("gate.time_refused").
        """
        given = request.headers.get(TIME_HEADER)
        if given is None:
            return self.clock.now()
        if not isinstance(self.clock, SimulatedClock):
            raise Refusal("gate.time_refused")
        moment = parse_moment(given)
        self.clock.set(moment)
        return moment

    def begin(self, request: HTTPConnection, actor: Actor) -> AbstractAsyncContextManager[Tx]:
        """A transaction for `actor` at the request's moment."""
        return self.db.begin(actor.scope, self.now(request))

    def look(self, request: HTTPConnection, actor: Actor) -> AbstractAsyncContextManager[Tx]:
        """Reading for `actor` at the request's moment, each statement for itself."""
        return self.db.look(actor.scope, self.now(request))

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[Tx]:
        """A transaction of the administration of people, at the real moment."""
        async with self.db.begin(Scope("keeper"), self.real.now()) as tx:
            yield tx

    async def asking(self, request: HTTPConnection) -> Actor:
        """Who asks; refuses (401) where nobody is signed in.

        An unsafe method with the cookie needs the session's CSRF token ("gate.csrf", 403).
        """
        return (await self.known(request)).actor

    async def known(self, request: HTTPConnection) -> Known:
        """Who asks, with their session."""
        found = request.scope.get(_KNOWN)
        if isinstance(found, Known):
            return found
        shown = credential_of(request)
        if shown is None:
            raise Refusal("web.sign_in")
        known = await self._fresh(shown)
        self._require_csrf(request, shown, known)
        request.scope[_KNOWN] = known
        note = note_of(request.scope)
        note.caller = known.actor.name
        note.language = known.actor.language
        return known

    def known_key(self, key: str) -> Actor | None:
        """The system behind an API key that was asked about a moment ago; None: ask again."""
        known = self._known.get(tokens.digest(key))
        if known is None or known.session is not None or self.real.now() >= known.fresh_until:
            return None
        return known.actor

    async def known_by_token(self, token: str) -> Known:
        """Who is behind a session's token, without a request."""
        return await self._fresh(Credential(token, False, False))

    async def known_again(self, request: HTTPConnection) -> Known:
        """Who asks, found out anew after something about them changed."""
        request.scope.pop(_KNOWN, None)
        return await self.known(request)

    async def _fresh(self, shown: Credential) -> Known:
        now = self.real.now()
        mark = tokens.digest(shown.token)
        known = self._known.get(mark)
        if known is None or now >= known.fresh_until:
            known = await self._look_up(shown, now)
            self._remember(mark, known)
        return known

    async def _look_up(self, shown: Credential, now: datetime) -> Known:
        fresh = now + FRESH
        async with self.db.begin(_GATE, now) as tx:
            if shown.key:
                key = await people.key_of(tx, shown.token)
                ends = fresh if key.expires_at is None else min(fresh, key.expires_at)
                return Known(key_actor(key, self._city), None, ends)
            found = await sessions.session_of(tx, shown.token, self.terms)
        actor = actor_of(found.person, found.appointments, self._city)
        ends = min([fresh, found.session.expires_at, *_ends(found.appointments)])
        return Known(actor, found.session, ends, found.person.theme)

    def _remember(self, mark: bytes, known: Known) -> None:
        self._known.pop(mark, None)
        self._known[mark] = known
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

    @staticmethod
    def _require_csrf(request: HTTPConnection, shown: Credential, known: Known) -> None:
        if not shown.cookie or known.session is None or request.scope["method"] in _SAFE:
            return
        given = request.headers.get(CSRF_HEADER, "")
        if not secrets.compare_digest(given.encode(), known.session.csrf.encode()):
            raise Refusal("gate.csrf")

    def public_actor(self, request: HTTPConnection) -> Actor:
        """Anybody who did not sign in, in the language they ask for."""
        return public_actor(language_of(request.scope))

    async def anybody(self, request: HTTPConnection) -> Actor:
        """Who asks, or the public where nobody is signed in."""
        try:
            return await self.asking(request)
        except Refusal as refusal:
            if refusal.status != 401:
                raise
            return self.public_actor(request)

    def forget(self, marks: Iterable[bytes] = (), *, name: str = "") -> None:
        """Ask again about these sessions, and about the actor called `name`."""
        for mark in marks:
            self._known.pop(mark, None)
        if name:
            for mark in [m for m, row in self._known.items() if row.actor.name == name]:
                del self._known[mark]

    async def record(
        self, tx: Tx, actor: Actor, changes: Sequence[Change], place: str = ""
    ) -> None:
        """Write changes of people and keys to the ledger; `place` is a path, else the city's."""
        where = place or self._city.root_path
        entries = [
            Entry(
                action=row.action,
                matter=row.matter,
                matter_id=row.matter_id,
                place=where,
                article=row.article,
                rule=f"identity.{row.action}",
                before=row.before,
                after=row.after,
                facts=row.facts,
            )
            for row in changes
        ]
        await ledger.record(tx, actor, entries)

    async def _record_named(self, tx: Tx, name: str, changes: Sequence[Change]) -> None:
        await self.record(tx, Actor(name, name), changes)

    async def sign_in(self, attempt: Attempt) -> SignedIn:
        """Open a session; refuses ("identity.sign_in_failed") without saying why."""
        return await signing_in.sign_in(
            self.db,
            attempt,
            self.real.now(),
            instance=self.secret,
            record=self._record_named,
            terms=self.terms,
            limits=self.limits,
        )

    async def change_password(self, known: Known, old: str, new: str) -> None:
        """Give whoever asks a new password; their other sessions end."""
        person, session = require_person(known)
        ended = await signing_in.change_password(
            self.db,
            *(person, session.id, old, new, self.real.now()),
            record=self._record_named,
            limits=self.limits,
        )
        self.forget(ended)

    async def want_second_factor(self, known: Known, password: str, code: str) -> Wanted:
        """A new secret for whoever asks; it holds once it is confirmed."""
        person, _ = require_person(known)
        return await second_factor.want(
            self.db,
            *(person, password, code, self.real.now()),
            instance=self.secret,
            record=self._record_named,
            limits=self.limits,
        )

    async def confirm_second_factor(self, known: Known, code: str) -> None:
        """Put the wanted secret of whoever asks in force; their other sessions end."""
        person, session = require_person(known)
        async with self.keeping() as tx:
            ended, changes = await second_factor.confirm(
                tx, person, code, session.id, instance=self.secret
            )
            await self.record(tx, known.actor, changes)
        self.forget(ended)

    async def sign_out(self, known: Known) -> None:
        """End the session of whoever asks."""
        _, session = require_person(known)
        async with self.db.begin(_GATE, self.real.now()) as tx:
            await self.record(tx, known.actor, await sessions.sign_out(tx, session))
        self.forget([session.id])


def _ends(appointments: Iterable[Appointment]) -> list[datetime]:
    return [row.until for row in appointments if row.until is not None]


def credential_of(request: HTTPConnection) -> Credential | None:
    """What a request shows of itself: `Authorization: Bearer`, `X-API-Key`, or the cookie."""
    sent = request.headers.get("authorization")
    if sent is not None:
        kind, _, token = sent.partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            raise Refusal("gate.authorization_bad")
        return Credential(token, token.startswith("yw_"), False)
    key = request.headers.get("x-api-key")
    if key is not None:
        return Credential(key.strip(), True, False)
    cookie = request.cookies.get(COOKIE)
    return Credential(cookie, False, True) if cookie else None


def require_person(known: Known) -> tuple[int, Session]:
    """The person and session of whoever asks; refuses a key ("gate.person_only")."""
    if known.session is None or known.actor.person is None:
        raise Refusal("gate.person_only")
    return known.actor.person, known.session


def require_duty(actor: Actor, duty: str) -> None:
    """Refuse ("authority.duty_missing") an actor who holds none of these duties ("a|b") anywhere.

    Over which place they hold it is asked where the matter is known.
    """
    wanted = set(duty.split("|"))
    if wanted & {Duty.INTAKE, Duty.DISPATCHER}:
        wanted.add(Duty.DUTY_CHIEF)
    if not any(row.duty in wanted for row in actor.holdings):
        raise Refusal("authority.duty_missing", duty=duty)

"""What the routes of sessions, people and keys take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from yiwang.ground.city import City
from yiwang.ground.gate.model import Known
from yiwang.ground.identity.model import Appointment, Key, Person, Session
from yiwang.ground.ledger.model import Event

Number = Annotated[int, Field(ge=1, lt=2**63)]
Language = Literal["zh", "en"]
Theme = Literal["system", "light", "dark", "sun"]
_Password = Annotated[str, Field(min_length=1, max_length=256)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignInIn(_In):
    """A login with its password, and the six digits of the second factor where one is set."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"login": "li.na", "password": "correct-horse", "code": "123456"}]
        },
    )
    login: str = Field(min_length=1, max_length=128)
    password: _Password
    code: str = Field("", max_length=16)


class PasswordIn(_In):
    """The old password and the new one."""

    old: _Password
    new: _Password


class ProfileIn(_In):
    """What a person changes of themselves; what is left out stays."""

    language: Language | None = None
    theme: Theme | None = None


class ProofIn(_In):
    """The password, and a code of the second factor that is to be replaced."""

    password: _Password
    code: str = Field("", max_length=16)


class CodeIn(_In):
    """Six digits an authenticator app shows."""

    code: str = Field(min_length=1, max_length=16)


class SecondFactorOut(BaseModel):
    """Whether a code is asked for at sign-in, and whether a new secret waits for its first one."""

    active: bool
    waiting: bool


class WantedOut(BaseModel):
    """A new secret for an authenticator app, shown here and never again."""

    secret: str
    enrolment: str = Field(description="otpauth address, as a QR code says it")
    until: datetime


class PersonIn(_In):
    """A new person, with the first post they hold."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"login": "li.na", "name": "李娜", "post": "dispatcher"}]},
    )
    login: str = Field(min_length=2, max_length=64)
    name: str = Field(min_length=1, max_length=100)
    post: str = Field(min_length=1, max_length=100)
    phone: str | None = Field(None, max_length=40)
    email: str | None = Field(None, max_length=200)
    language: Language = "zh"


class ActiveIn(_In):
    """Whether an account is open."""

    active: bool


class AppointmentIn(_In):
    """A post given to a person, from now or `since` on, for good or `until`."""

    post: str = Field(min_length=1, max_length=100)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class KeyIn(_In):
    """A new key of another system, over a place, for one unit if named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "12345 hotline",
                    "system": "hotline12345",
                    "scopes": ["reports:write"],
                    "place": "310000",
                }
            ]
        },
    )
    name: str = Field(min_length=1, max_length=100)
    system: str = Field(min_length=2, max_length=64)
    scopes: list[str] = Field(min_length=1, max_length=30)
    place: str = Field(min_length=1, max_length=80)
    unit: str | None = Field(None, max_length=80)
    expires_at: AwareDatetime | None = None


class Named(BaseModel):
    """Something of the city, with its name in both languages."""

    code: str
    zh: str
    en: str


class DutyOut(BaseModel):
    """A duty, where it is held, and whether it reaches everything of the place."""

    duty: str
    unit: str
    place: str
    over_place: bool


class PersonOut(BaseModel):
    """A person with an account."""

    id: int
    login: str
    name: str
    phone: str | None
    email: str | None
    language: str
    active: bool
    created_at: datetime
    posts: list[str]


class MeOut(BaseModel):
    """Whoever asks: what they may do, where. `csrf` goes into X-CSRF-Token."""

    name: str
    title: str
    language: str
    theme: Theme | None = Field(description="null: never chosen, the browser's own holds")
    duties: list[DutyOut]
    units: list[Named]
    places: list[Named]
    scopes: list[str]
    system: str
    csrf: str | None
    expires_at: datetime | None


class SignedInOut(BaseModel):
    """A new session. The token also comes as a cookie; it is shown here and never again."""

    token: str
    csrf: str
    expires_at: datetime
    me: MeOut


class SessionOut(BaseModel):
    """An open session of whoever asks."""

    id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str
    address: str
    current: bool


class AppointmentOut(BaseModel):
    """A post that a person holds."""

    id: int
    post: str
    since: datetime
    until: datetime | None
    granted_by: str


class StepOut(BaseModel):
    """One change of an account, as the record has it."""

    at: datetime
    action: str
    by: str | None = Field(
        description="name of the person who did it; null: a command, the platform"
    )
    post: str | None
    revision: int | None


class IssuedOut(BaseModel):
    """What a person signs in with, shown here and never again."""

    person: PersonOut
    password: str
    totp_secret: str | None
    enrolment: str | None = Field(None, description="otpauth address for an authenticator app")


class KeyOut(BaseModel):
    """A key of another system, without its secret."""

    id: int
    name: str
    system: str
    scopes: list[str]
    place: str
    unit: str | None
    created_by: str
    created_by_name: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class KeyMadeOut(KeyOut):
    """A new key with its token, shown here and never again."""

    token: str


def me_of(known: Known, city: City) -> MeOut:
    """Whoever asks, as they see themselves."""
    actor = known.actor
    units = [city.units[code] for code in actor.units if code in city.units]
    codes = dict.fromkeys(row.place.rpartition(".")[2] for row in actor.holdings)
    places = [place for code in codes if (place := city.tree.find(code)) is not None]
    return MeOut(
        name=actor.name,
        title=actor.title,
        language=actor.language,
        theme=cast(Theme | None, known.theme),
        duties=[
            DutyOut(
                duty=row.duty,
                unit=row.unit,
                place=row.place.rpartition(".")[2],
                over_place=row.over_place,
            )
            for row in actor.holdings
        ],
        units=[Named(code=u.code, zh=u.name.say("zh"), en=u.name.say("en")) for u in units],
        places=[Named(code=p.code, zh=p.name.say("zh"), en=p.name.say("en")) for p in places],
        scopes=list(actor.scopes),
        system=actor.system,
        csrf=known.session.csrf if known.session else None,
        expires_at=known.session.expires_at if known.session else None,
    )


def person_out(person: Person, held: list[Appointment]) -> PersonOut:
    """A person as an administrator sees them."""
    return PersonOut(
        id=person.id,
        login=person.login,
        name=person.name,
        phone=person.phone,
        email=person.email,
        language=person.language,
        active=person.active,
        created_at=person.created_at,
        posts=[row.post for row in held],
    )


def appointment_out(row: Appointment) -> AppointmentOut:
    """An appointment as an administrator sees it."""
    return AppointmentOut(
        id=row.id, post=row.post, since=row.since, until=row.until, granted_by=row.granted_by
    )


def session_out(row: Session, current: Session) -> SessionOut:
    """A session as its owner sees it."""
    return SessionOut(
        id=row.name,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        agent=row.agent,
        address=row.address,
        current=row.id == current.id,
    )


def step_out(row: Event, by: str | None) -> StepOut:
    """A change of an account, with the name of whoever did it."""
    post, revision = row.facts.get("post"), row.facts.get("revision")
    return StepOut(at=row.at, action=row.action, by=by, post=post, revision=revision)


def key_out(row: Key, maker: str | None) -> KeyOut:
    """A key as an administrator sees it, with what its maker is called."""
    return KeyOut(
        id=row.id,
        name=row.name,
        system=row.system,
        scopes=list(row.scopes),
        place=row.place,
        unit=row.unit,
        created_by=row.created_by,
        created_by_name=maker,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )

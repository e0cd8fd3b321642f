"""Routes of signing in and of one's own sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, public
from yiwang.ground.gate.model import COOKIE
from yiwang.ground.gate.service import require_person
from yiwang.ground.gate.shapes import (
    CodeIn,
    MeOut,
    PasswordIn,
    ProfileIn,
    ProofIn,
    SecondFactorOut,
    SessionOut,
    SignedInOut,
    SignInIn,
    WantedOut,
    me_of,
    session_out,
)
from yiwang.ground.identity import second_factor as factors
from yiwang.ground.identity import service as people
from yiwang.ground.identity import sessions, totp
from yiwang.ground.identity.model import Attempt
from yiwang.kit.web.problems import documented

router = APIRouter(prefix="/api/v1", tags=["session"])

SignedInPerson = Annotated[Actor, anybody_signed_in()]


@router.post("/session", status_code=201, responses=documented((400, 401, 413, 422, 429, 503)))
async def sign_in(
    body: SignInIn,
    request: Request,
    response: Response,
    gate: AtGate,
    _: Annotated[Actor, public(unasked=True)],
) -> SignedInOut:
    """Sign in with login, password and second factor. 登录。"""
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    done = await gate.sign_in(Attempt(body.login, body.password, body.code, agent, address))
    response.set_cookie(
        COOKIE,
        done.token,
        max_age=int(gate.terms.longest.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    response.headers["Location"] = "/api/v1/session"
    known = await gate.known_by_token(done.token)
    return SignedInOut(
        token=done.token,
        csrf=done.csrf,
        expires_at=done.session.expires_at,
        me=me_of(known, gate.city),
    )


@router.get("/session", responses=documented((401, 429, 503)))
async def me(
    request: Request, gate: AtGate, _: Annotated[Actor, anybody_signed_in(keys=True)]
) -> MeOut:
    """Who I am, what I may do, and where. 当前登录者。"""
    return me_of(await gate.known(request), gate.city)


@router.delete("/session", status_code=204, responses=documented((401, 403, 429, 503)))
async def sign_out(request: Request, response: Response, gate: AtGate, _: SignedInPerson) -> None:
    """End this session. 退出登录。"""
    await gate.sign_out(await gate.known(request))
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


@router.get("/sessions", responses=documented((401, 403, 429, 503)))
async def my_sessions(request: Request, gate: AtGate, _: SignedInPerson) -> list[SessionOut]:
    """My open sessions. 我的会话。"""
    person, current = require_person(await gate.known(request))
    async with gate.keeping() as tx:
        rows = await sessions.sessions_of(tx, person, gate.terms)
    return [session_out(row, current) for row in rows]


@router.delete("/sessions", status_code=204, responses=documented((401, 403, 429, 503)))
async def end_others(request: Request, gate: AtGate, actor: SignedInPerson) -> None:
    """End all my sessions but this one. 结束我的其他会话。"""
    person, current = require_person(await gate.known(request))
    async with gate.keeping() as tx:
        ended, changes = await sessions.end_sessions(tx, person, current.id)
        await gate.record(tx, actor, changes)
    gate.forget(ended)


@router.delete(
    "/sessions/{name}", status_code=204, responses=documented((401, 403, 404, 422, 429, 503))
)
async def end_one(name: str, request: Request, gate: AtGate, actor: SignedInPerson) -> None:
    """End one of my sessions. 结束我的某个会话。"""
    person, _ = require_person(await gate.known(request))
    async with gate.keeping() as tx:
        ended, changes = await sessions.end_session(tx, person, name)
        await gate.record(tx, actor, changes)
    gate.forget(ended)


@router.post(
    "/session/password",
    status_code=204,
    responses=documented((400, 401, 403, 404, 413, 422, 429, 503)),
)
async def change_password(
    body: PasswordIn, request: Request, gate: AtGate, _: SignedInPerson
) -> None:
    """Change my password; my other sessions end. 修改密码。"""
    await gate.change_password(await gate.known(request), body.old, body.new)


@router.get("/session/second-factor", responses=documented((401, 403, 404, 429, 503)))
async def second_factor(request: Request, gate: AtGate, _: SignedInPerson) -> SecondFactorOut:
    """Whether I sign in with a second factor. 我的第二因素。"""
    person, _session = require_person(await gate.known(request))
    async with gate.keeping() as tx:
        held = await factors.credential_of(tx, person)
        return SecondFactorOut(
            active=held.sealed_totp is not None, waiting=factors.waits(held, tx.now)
        )


@router.post(
    "/session/second-factor",
    status_code=201,
    responses=documented((400, 401, 403, 404, 413, 422, 429, 503)),
)
async def want_second_factor(
    body: ProofIn, request: Request, gate: AtGate, _: SignedInPerson
) -> WantedOut:
    """A new secret for my authenticator app; it holds once confirmed. 设置第二因素。"""
    known = await gate.known(request)
    wanted = await gate.want_second_factor(known, body.password, body.code)
    issuer = gate.city.pack.title.say(known.actor.language)
    return WantedOut(
        secret=wanted.secret,
        enrolment=totp.enrolment(wanted.secret, wanted.person.login, issuer),
        until=wanted.until,
    )


@router.post(
    "/session/second-factor/confirmation",
    status_code=204,
    responses=documented((400, 401, 403, 409, 413, 422, 429, 503)),
)
async def confirm_second_factor(
    body: CodeIn, request: Request, gate: AtGate, _: SignedInPerson
) -> None:
    """Put my new second factor in force; my other sessions end. 确认第二因素。"""
    await gate.confirm_second_factor(await gate.known(request), body.code)


@router.patch("/profile", responses=documented((400, 401, 403, 413, 422, 429, 503)))
async def change_profile(
    body: ProfileIn, request: Request, gate: AtGate, actor: SignedInPerson
) -> MeOut:
    """Change the language I read and the theme I see. 修改语言与主题。"""
    person, _ = require_person(await gate.known(request))
    async with gate.keeping() as tx:
        changes = await people.set_profile(tx, person, language=body.language, theme=body.theme)
        await gate.record(tx, actor, changes)
    gate.forget(name=actor.name)
    return me_of(await gate.known_again(request), gate.city)

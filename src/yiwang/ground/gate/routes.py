"""Routes of signing in and of one's own sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.doors import AtGate, anybody_signed_in, public
from yiwang.ground.gate.model import COOKIE
from yiwang.ground.gate.service import require_person
from yiwang.ground.gate.shapes import (
    MeOut,
    PasswordIn,
    ProfileIn,
    SessionOut,
    SignedInOut,
    SignInIn,
    me_of,
    session_out,
)
from yiwang.ground.identity import service as people
from yiwang.ground.identity import sessions
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


@router.patch("/profile", responses=documented((400, 401, 403, 413, 422, 429, 503)))
async def change_profile(
    body: ProfileIn, request: Request, gate: AtGate, actor: SignedInPerson
) -> MeOut:
    """Change the language I read. 修改语言。"""
    person, _ = require_person(await gate.known(request))
    async with gate.keeping() as tx:
        _, change = await people.set_language(tx, person, body.language)
        await gate.record(tx, actor, [change])
    gate.forget(name=actor.name)
    return me_of(await gate.known_again(request), gate.city)

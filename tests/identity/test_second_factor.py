"""A person sets up their own second factor: proven, confirmed, asked for from then on."""

from __future__ import annotations

import asyncpg
import httpx
import pytest
from tests.identity.conftest import DISPATCHER, ROOT, Lobby

from yiwang.ground.identity import totp
from yiwang.kit.errors import Refusal

AT = "/session/second-factor"
CONFIRM = f"{AT}/confirmation"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_second_factor_is_set_up_and_asked_for(lobby: Lobby, owner_url: str) -> None:
    issued = await lobby.hire("li.na", DISPATCHER)
    proof = {"password": issued.password}
    one, other = [(await lobby.sign_in("li.na")).token for _ in range(2)]
    async with lobby.client(one) as web, lobby.client(other) as second:
        assert (await web.get(AT)).json() == {"active": False, "waiting": False}
        none = await web.post(CONFIRM, json={"code": "000000"})
        assert code(none) == (409, "identity.factor_not_wanted")
        wrong = await web.post(AT, json={"password": "wrong"})
        assert code(wrong) == (403, "identity.proof_wrong")

        wanted = (await web.post(AT, json=proof)).json()
        assert wanted["enrolment"].startswith("otpauth://totp/")
        assert wanted["secret"] in wanted["enrolment"]
        assert (await web.get(AT)).json() == {"active": False, "waiting": True}
        await lobby.gate.sign_in(lobby.attempt("li.na"))  # until then as before
        assert code(await web.post(CONFIRM, json={"code": "000000"})) == (
            403,
            "identity.code_wrong",
        )
        shown = totp.code_at(wanted["secret"], lobby.real.now())
        assert (await web.post(CONFIRM, json={"code": shown})).status_code == 204
        assert (await web.get(AT)).json() == {"active": True, "waiting": False}
        assert (await second.get("/session")).status_code == 401
        assert code(await web.post(CONFIRM, json={"code": shown}))[0] == 409

        with pytest.raises(Refusal, match=r"identity\.sign_in_failed"):
            await lobby.gate.sign_in(lobby.attempt("li.na"))
        with pytest.raises(Refusal):  # the code that confirmed opens nothing more
            await lobby.gate.sign_in(lobby.attempt("li.na", code=shown))
        lobby.pass_time(seconds=30)
        fresh = totp.code_at(wanted["secret"], lobby.real.now())
        await lobby.gate.sign_in(lobby.attempt("li.na", code=fresh))

        lobby.pass_time(seconds=30)
        assert code(await web.post(AT, json=proof)) == (403, "identity.proof_wrong")
        known = totp.code_at(wanted["secret"], lobby.real.now())
        assert (await web.post(AT, json=proof | {"code": known})).status_code == 201
    conn = await asyncpg.connect(owner_url)
    rows = await conn.fetch("select action, facts::text as f from events order by id")
    await conn.close()
    actions = [row["action"] for row in rows]
    assert actions.count("person.want_second_factor") == 2
    assert actions.count("person.set_second_factor") == 1
    assert wanted["secret"] not in str([row["f"] for row in rows])


async def test_a_wanted_secret_waits_a_quarter_of_an_hour(lobby: Lobby) -> None:
    issued = await lobby.hire("li.na", DISPATCHER)
    async with lobby.client((await lobby.sign_in("li.na")).token) as web:
        wanted = (await web.post(AT, json={"password": issued.password})).json()
        lobby.pass_time(minutes=15)
        late = {"code": totp.code_at(wanted["secret"], lobby.real.now())}
        assert code(await web.post(CONFIRM, json=late)) == (409, "identity.factor_not_wanted")
        assert (await web.get(AT)).json() == {"active": False, "waiting": False}


async def test_guessing_the_proof_locks_the_account(lobby: Lobby) -> None:
    issued = await lobby.hire("li.na", DISPATCHER)
    async with lobby.client((await lobby.sign_in("li.na")).token) as web:
        for _ in range(5):
            await web.post(AT, json={"password": "x"})
        right = await web.post(AT, json={"password": issued.password})
        assert code(right) == (403, "identity.proof_wrong")


async def test_a_reset_takes_the_wanted_secret_away(lobby: Lobby) -> None:
    await lobby.hire("root", ROOT)
    issued = await lobby.hire("li.na", DISPATCHER)
    async with lobby.client((await lobby.sign_in("li.na")).token) as web:
        await web.post(AT, json={"password": issued.password})
    async with lobby.client((await lobby.sign_in("root")).token) as web:
        number = issued.person.id
        assert (await web.post(f"/persons/{number}/reset")).json()["enrolment"]
        past = (await web.get(f"/persons/{number}/history")).json()
        assert past[0]["action"] == "person.reset"
        assert past[0]["by"] == "root"
        assert [row["post"] for row in past if row["action"] == "person.appoint"] == [DISPATCHER]
        assert (await web.get("/persons/999999/history")).status_code == 404


async def test_language_and_theme_are_the_accounts(lobby: Lobby, owner_url: str) -> None:
    await lobby.hire("li.na", DISPATCHER)
    async with lobby.client((await lobby.sign_in("li.na")).token) as web:
        assert (await web.get("/session")).json()["theme"] is None
        me = (await web.patch("/profile", json={"theme": "dark"})).json()
        assert (me["theme"], me["language"]) == ("dark", "zh")
        me = (await web.patch("/profile", json={"language": "en"})).json()
        assert (me["theme"], me["language"]) == ("dark", "en")
        await web.patch("/profile", json={"language": "en", "theme": "dark"})  # as it is
        assert (await web.patch("/profile", json={"theme": "pink"})).status_code == 422
    async with lobby.client((await lobby.sign_in("li.na")).token) as web:
        assert (await web.get("/session")).json()["theme"] == "dark"
    conn = await asyncpg.connect(owner_url)
    rows = await conn.fetch(
        "select action from events where action like 'person.set_%' order by id"
    )
    await conn.close()
    assert [row["action"] for row in rows] == ["person.set_theme", "person.set_language"]

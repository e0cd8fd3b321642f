"""The routes of signing in and of sessions, over HTTP."""

from __future__ import annotations

import pytest
from tests.identity.conftest import DISPATCHER, ROOT, Lobby

from yiwang.ground.gate.clock import SimulatedClock
from yiwang.ground.gate.doors import authorities, document_doors


async def test_every_route_has_a_door(lobby: Lobby) -> None:
    rows = {
        (method, path): authority
        for method, path, authority in authorities(lobby.app.routes)
        if path.startswith("/api/")
    }
    assert len(rows) == 23
    assert all(rows.values()), rows
    assert rows["POST", "/api/v1/session"] == "public"
    assert {row for (_, path), row in rows.items() if "person" in path or "keys" in path} == {
        "sysadmin|secadmin"
    }
    openapi = lobby.app.openapi()
    document_doors(openapi, lobby.app.routes)
    assert openapi["paths"]["/api/v1/keys"]["post"]["security"] == [{"session": []}, {"token": []}]
    assert openapi["paths"]["/api/v1/session"]["post"]["security"][0] == {}


async def test_a_browser_signs_in_changes_and_signs_out(lobby: Lobby) -> None:
    issued = await lobby.hire("li.na", DISPATCHER, second_factor=True)
    given = lobby.attempt("li.na")
    async with lobby.client() as web:
        answer = await web.post(
            "/session",
            json={"login": given.login, "password": given.password, "code": given.code},
        )
        assert answer.status_code == 201, answer.text
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert answer.headers["x-request-id"]
        lobby.pass_time(seconds=30)
        given = lobby.attempt("li.na")
        again = {"login": given.login, "password": given.password, "code": given.code}
        answer = await web.post("/session", json=again)  # with the old cookie still there
        assert answer.status_code == 201, answer.text
        body = answer.json()
        me = (await web.get("/session")).json()
        assert me == body["me"]
        assert me["name"] == f"person:{issued.person.id}"
        assert [row["duty"] for row in me["duties"]] == ["dispatcher"]
        assert me["places"][0]["zh"] == "黄浦区"
        assert me["csrf"] == body["csrf"]

        bare = await web.patch("/profile", json={"language": "en"})
        assert (bare.status_code, bare.json()["code"]) == (403, "gate.csrf")
        csrf = {"X-CSRF-Token": me["csrf"]}
        changed = await web.patch("/profile", json={"language": "en"}, headers=csrf)
        assert changed.json()["language"] == "en"
        spoken = await web.patch("/profile", json={"language": "fr"}, headers=csrf)
        assert spoken.status_code == 422
        assert spoken.headers["content-language"] == "en"

        assert (await web.delete("/session")).status_code == 403
        assert (await web.delete("/session", headers=csrf)).status_code == 204
    async with lobby.client(body["token"]) as web:
        gone = await web.get("/session")
        assert (gone.status_code, gone.json()["code"]) == (401, "identity.session_ended")
        assert gone.headers["www-authenticate"] == "Bearer"


async def test_sessions_are_listed_and_ended_one_by_one(lobby: Lobby) -> None:
    await lobby.hire("li.na", DISPATCHER)
    await lobby.hire("wang", DISPATCHER)
    tokens = [(await lobby.sign_in("li.na")).token for _ in range(3)]
    foreign = await lobby.sign_in("wang")
    async with lobby.client(tokens[0]) as web, lobby.client(tokens[1]) as other:
        rows = (await web.get("/sessions")).json()
        assert len(rows) == 3
        assert (await other.get("/session")).status_code == 200
        mine = next(row for row in (await other.get("/sessions")).json() if row["current"])
        assert (await web.delete(f"/sessions/{mine['id']}")).status_code == 204
        assert (await other.get("/session")).status_code == 401  # although it was remembered
        for name in (mine["id"], foreign.session.name, "zz", "ab" * 32):
            assert (await web.delete(f"/sessions/{name}")).status_code == 404
        assert (await web.delete("/sessions")).status_code == 204
        rows = (await web.get("/sessions")).json()
        assert [row["current"] for row in rows] == [True]
    async with lobby.client(foreign.token) as web:
        assert (await web.get("/session")).status_code == 200


async def test_a_new_password_ends_the_other_sessions(lobby: Lobby) -> None:
    issued = await lobby.hire("li.na", DISPATCHER)
    one, other = [(await lobby.sign_in("li.na")).token for _ in range(2)]
    new = "a quite different one"
    async with lobby.client(one) as web, lobby.client(other) as second:
        assert (await second.get("/session")).status_code == 200
        for body, code in (
            ({"old": "wrong", "new": new}, "identity.password_wrong"),
            ({"old": issued.password, "new": "short"}, "identity.password_weak"),
            ({"old": issued.password, "new": issued.password}, "identity.password_same"),
        ):
            assert (await web.post("/session/password", json=body)).json()["code"] == code
        done = await web.post("/session/password", json={"old": issued.password, "new": new})
        assert done.status_code == 204
        assert (await second.get("/session")).status_code == 401
        assert (await web.get("/session")).status_code == 200
    await lobby.gate.sign_in(lobby.attempt("li.na", password=new))


async def test_guessing_the_old_password_locks_too(lobby: Lobby) -> None:
    issued = await lobby.hire("li.na", DISPATCHER)
    token = (await lobby.sign_in("li.na")).token
    async with lobby.client(token) as web:
        for _ in range(5):
            await web.post("/session/password", json={"old": "x", "new": "quite another one"})
        right = {"old": issued.password, "new": "quite another one"}
        answer = await web.post("/session/password", json=right)
        assert answer.json()["code"] == "identity.password_wrong"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Basic eA==", "gate.authorization_bad"),
        ("Bearer ", "gate.authorization_bad"),
        ("Bearer nonsense", "identity.session_unknown"),
        ("Bearer yw_1_nonsense", "identity.key_unknown"),
    ],
)
async def test_a_wrong_authorization_is_told(lobby: Lobby, header: str, code: str) -> None:
    async with lobby.client() as web:
        answer = await web.get("/session", headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_malformed_sign_ins_are_clear_errors(lobby: Lobby) -> None:
    async with lobby.client() as web:
        for content, status, code in (
            (b"{", 400, "web.json_malformed"),
            (b'{"login": 5}', 422, "web.request_invalid"),
            (b'{"login": "\\ud800", "password": "x"}', 422, "web.request_invalid"),
            (b'{"\\ud800": 1, "login": "a", "password": "x"}', 422, "web.request_invalid"),
            (b'{"login": "a\\u0000b", "password": "x"}', 401, "identity.sign_in_failed"),
            (b'{"login": "ab", "password": "\\u0000"}', 401, "identity.sign_in_failed"),
        ):
            answer = await web.post(
                "/session", content=content, headers={"Content-Type": "application/json"}
            )
            assert (answer.status_code, answer.json()["code"]) == (status, code), content
    await lobby.hire("root", ROOT)
    async with lobby.client((await lobby.sign_in("root")).token) as web:
        body = {"login": "nul", "name": "a\x00b", "post": DISPATCHER}
        answer = await web.post("/persons", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "web.value_unstorable")


async def test_the_simulated_time_is_refused_on_the_real_clock(lobby: Lobby) -> None:
    gate = lobby.gate
    given = {"yiwang-time": "2020-05-01T08:00:00+08:00"}

    class Asked:
        headers = given

    def moment() -> str:
        return gate.now(Asked()).isoformat()  # type: ignore[arg-type]

    with pytest.raises(Exception, match=r"gate\.time_refused"):
        moment()
    gate.clock = SimulatedClock()
    assert moment() == "2020-05-01T00:00:00+00:00"
    given["yiwang-time"] = "2019-05-01T08:00:00Z"
    assert moment() == "2019-05-01T08:00:00+00:00"  # each request has its own moment
    assert gate.clock.now().year == 2020  # but the clock does not go back
    for wrong in ("yesterday", "2020-05-01T08:00:00", "x" * 300):
        given["yiwang-time"] = wrong
        with pytest.raises(Exception, match=r"gate\.time_bad"):
            moment()

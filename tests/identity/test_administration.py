"""The routes of the administration of people and keys, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
from tests.identity.conftest import DISPATCHER, DISTRICT, ELSEWHERE, ROOT, Lobby


async def test_an_administrator_hires_resets_and_closes(lobby: Lobby, owner_url: str) -> None:
    await lobby.hire("root", ROOT)
    async with lobby.client((await lobby.sign_in("root")).token) as web:
        me = (await web.get("/session")).json()
        body = {"login": "Li.Na", "name": "李娜", "post": DISPATCHER}
        made = await web.post("/persons", json=body)
        assert made.status_code == 201, made.text
        person = made.json()["person"]
        assert person["posts"] == [DISPATCHER]
        assert made.json()["enrolment"].startswith("otpauth://totp/")
        assert (await web.post("/persons", json=body)).json()["code"] == "identity.login_taken"
        assert (await web.get(f"/persons/{person['id']}")).json() == person

        path = f"/persons/{person['id']}/appointments"
        again = await web.post(path, json={"post": DISPATCHER})
        assert again.json()["code"] == "identity.post_held"
        assert (await web.post(path, json={"post": "no.such"})).status_code == 422
        more = await web.post(path, json={"post": ELSEWHERE})
        assert more.status_code == 201
        assert (await web.delete(f"{path}/{more.json()['id']}")).status_code == 204
        assert (await web.delete(f"{path}/{more.json()['id']}")).status_code == 404
        assert len((await web.get(path)).json()) == 1

        issued = (await web.post(f"/persons/{person['id']}/reset")).json()
        assert issued["password"] != made.json()["password"]
        closed = await web.patch(f"/persons/{person['id']}", json={"active": False})
        assert closed.json()["active"] is False

        own = me["name"].partition(":")[2]
        for call in (
            web.post(f"/persons/{own}/appointments", json={"post": DISPATCHER}),
            web.post(f"/persons/{own}/reset"),
            web.patch(f"/persons/{own}", json={"active": False}),
        ):
            answer = await call
            assert (answer.status_code, answer.json()["code"]) == (403, "identity.oneself")
        auditor = await web.post("/persons", json=body | {"login": "audit", "post": ROOT})
        both = await web.post(
            f"/persons/{auditor.json()['person']['id']}/appointments",
            json={"post": "310000_centre.auditor"},
        )
        assert both.json()["code"] == "identity.apart"
    conn = await asyncpg.connect(owner_url)
    rows = await conn.fetch(
        "select action, place::text from events where matter_id = $1 order by id", person["id"]
    )
    await conn.close()
    assert [row["action"] for row in rows] == [
        "person.create",
        "person.appoint",
        "person.appoint",
        "person.end_appointment",
        "person.reset",
        "person.close",
    ]
    assert {row["place"] for row in rows} == {"310000.310101", "310000.310104"}


async def test_a_closed_account_stops_at_once(lobby: Lobby) -> None:
    await lobby.hire("root", ROOT)
    issued = await lobby.hire("li.na", DISPATCHER)
    token = (await lobby.sign_in("li.na")).token
    async with (
        lobby.client((await lobby.sign_in("root")).token) as web,
        lobby.client(token) as theirs,
    ):
        assert (await theirs.get("/session")).status_code == 200
        await web.patch(f"/persons/{issued.person.id}", json={"active": False})
        assert (await theirs.get("/session")).status_code == 401
        given = lobby.attempt("li.na")
        body = {"login": given.login, "password": given.password}
        assert (await theirs.post("/session", json=body)).status_code == 401


async def test_a_district_reaches_its_own_people_only(lobby: Lobby) -> None:
    await lobby.hire("district", DISTRICT)
    root = await lobby.hire("root", ROOT)
    own = await lobby.hire("own", DISPATCHER)
    foreign = await lobby.hire("foreign", ELSEWHERE)
    both = await lobby.hire("both", DISPATCHER, ELSEWHERE)
    stray = await lobby.hire("stray")
    async with lobby.client((await lobby.sign_in("district")).token) as web:
        listed = {row["login"] for row in (await web.get("/persons")).json()["items"]}
        assert listed == {"district", "own", "both"}
        for person in (root, foreign, stray):
            number = person.person.id
            for call in (
                web.get(f"/persons/{number}"),
                web.get(f"/persons/{number}/appointments"),
                web.post(f"/persons/{number}/reset"),
                web.patch(f"/persons/{number}", json={"active": False}),
                web.post(f"/persons/{number}/appointments", json={"post": DISPATCHER}),
            ):
                answer = await call
                assert (answer.status_code, answer.json()["code"]) == (
                    404,
                    "identity.person_missing",
                )
        elsewhere = await web.post(f"/persons/{both.person.id}/reset")
        assert elsewhere.json()["code"] == "authority.elsewhere"
        for post in (ROOT, ELSEWHERE):
            answer = await web.post(f"/persons/{own.person.id}/appointments", json={"post": post})
            assert answer.json()["code"] == "authority.elsewhere"
            hired = await web.post("/persons", json={"login": "xx", "name": "x", "post": post})
            assert hired.status_code == 403
        assert (await web.post(f"/persons/{own.person.id}/reset")).status_code == 200
        key = {"name": "k", "system": "kk", "scopes": ["reports:write"], "place": "310000"}
        assert (await web.post("/keys", json=key)).json()["code"] == "authority.elsewhere"
        assert (await web.post("/keys", json=key | {"place": "310101"})).status_code == 201
        assert len((await web.get("/keys")).json()) == 1


async def test_a_dispatcher_administers_nothing(lobby: Lobby) -> None:
    await lobby.hire("li.na", DISPATCHER)
    async with lobby.client((await lobby.sign_in("li.na")).token) as web:
        for path in ("/persons", "/keys", "/persons/1", "/persons/1/appointments"):
            answer = await web.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "authority.duty_missing")
    async with lobby.client() as web:
        answer = await web.get("/persons")
        assert (answer.status_code, answer.json()["code"]) == (401, "web.sign_in")


async def test_people_come_in_pages(lobby: Lobby) -> None:
    await lobby.hire("root", ROOT)
    for number in range(5):
        await lobby.hire(f"p{number}", DISPATCHER)
    async with lobby.client((await lobby.sign_in("root")).token) as web:
        found, after = [], None
        while True:
            params = {"limit": "2"} | ({"after": after} if after else {})
            page = (await web.get("/persons", params=params)).json()
            assert 0 < len(page["items"]) <= 2
            found += [row["login"] for row in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert found == ["p0", "p1", "p2", "p3", "p4", "root"]
        only = (await web.get("/persons", params={"search": "p3"})).json()
        assert [row["login"] for row in only["items"]] == ["p3"]
        wrong = await web.get("/persons", params={"after": "nonsense"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "web.cursor_bad")


async def test_a_key_is_shown_once_and_works_until_revoked(lobby: Lobby) -> None:
    await lobby.hire("root", ROOT)
    body = {
        "name": "hotline",
        "system": "hotline12345",
        "scopes": ["reports:write"],
        "place": "310000",
        "expires_at": (lobby.real.now() + timedelta(days=1)).isoformat(),
    }
    async with lobby.client((await lobby.sign_in("root")).token) as web:
        made = (await web.post("/keys", json=body)).json()
        assert made["token"].startswith(f"yw_{made['id']}_")
        assert "token" not in (await web.get("/keys")).json()[0]
        async with lobby.client(made["token"]) as key, lobby.client() as header:
            me = (await key.get("/session")).json()
            assert (me["system"], me["scopes"]) == ("hotline12345", ["reports:write"])
            again = await header.get("/session", headers={"X-API-Key": made["token"]})
            assert again.json() == me
            assert (await key.get("/sessions")).json()["code"] == "gate.person_only"
            assert (await key.get("/persons")).status_code == 403
            forged = made["token"][:-1] + ("A" if made["token"][-1] != "A" else "B")
            answer = await header.get("/session", headers={"X-API-Key": forged})
            assert answer.json()["code"] == "identity.key_unknown"
            assert (await web.delete(f"/keys/{made['id']}")).status_code == 204
            assert (await web.delete(f"/keys/{made['id']}")).status_code == 404
            assert (await key.get("/session")).status_code == 401
        late = (await web.post("/keys", json=body)).json()
        async with lobby.client(late["token"]) as key:
            assert (await key.get("/session")).status_code == 200
            lobby.pass_time(days=1)
            assert (await key.get("/session")).status_code == 401


async def test_an_appointment_stops_when_it_ends(lobby: Lobby) -> None:
    await lobby.hire("root", ROOT)
    issued = await lobby.hire("li.na")
    token = (await lobby.sign_in("li.na")).token
    now = lobby.real.now()
    async with (
        lobby.client((await lobby.sign_in("root")).token) as web,
        lobby.client(token) as theirs,
    ):
        body = {
            "post": DISPATCHER,
            "since": (now + timedelta(minutes=5)).isoformat(),
            "until": (now + timedelta(minutes=10)).isoformat(),
        }
        path = f"/persons/{issued.person.id}/appointments"
        assert (await web.post(path, json=body)).status_code == 201
        found = []
        for minutes in (0, 5, 4.9, 0.2):
            lobby.pass_time(minutes=minutes)
            found.append(len((await theirs.get("/session")).json()["duties"]))
        assert found == [0, 1, 1, 0]
        gone = {"post": ELSEWHERE, "until": now.isoformat()}
        assert (await web.post(path, json=gone)).json()["code"] == "identity.appointment_times"

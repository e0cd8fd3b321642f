"""People at work: who is on a case, who is on duty, what a caller reported before."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.assist.conftest import hire
from tests.feed.scene import Scene
from tests.handling import scene as cases
from tests.world import START, World

from yiwang.ground.gate.clock import SimulatedClock
from yiwang.kit.errors import Refusal
from yiwang.matters.assist import rules
from yiwang.matters.assist.model import Elsewhere, Held, Role, Shift
from yiwang.matters.feed.model import Wanted
from yiwang.matters.feed.streaming import reach_of

CENTRE = cases.DISTRICT_CENTRE
OTHER = "310115_centre"
LON, LAT = 121.478, 31.236
PHONE = "13800001234"


def _at(scene: Scene, **later: float) -> None:
    clock = scene.gate.clock
    assert isinstance(clock, SimulatedClock)
    clock.set(scene.world.pass_time(**later))


async def test_two_people_on_one_case_see_each_other(scene: Scene, world: World) -> None:
    case = await cases.open_case(world)
    one = await hire(world, "dispatcher", CENTRE, "one")
    two = await hire(world, "duty_chief", CENTRE, "two")
    far = await hire(world, "dispatcher", OTHER, "far")
    path = f"/cases/{case}/presence"
    async with scene.client(one) as first, scene.client(two) as second, scene.client(far) as third:
        assert (await first.post(path, json={})).json() == {"others": [], "again_in_s": 20}
        _at(scene, seconds=10)
        (seen,) = (await second.post(path, json={"writing": True})).json()["others"]
        assert (seen["name"], seen["since"], seen["writing"]) == ("one", START.isoformat(), False)
        _at(scene, seconds=10)
        (seen,) = (await first.post(path, json={})).json()["others"]
        assert (seen["name"], seen["writing"]) == ("two", True)
        assert (await third.post(path, json={})).status_code == 404
        _at(scene, seconds=29)
        (seen,) = (await second.post(path, json={})).json()["others"]
        assert seen["since"] == START.isoformat()  # the heartbeats go on
        _at(scene, seconds=1)
        assert (await second.post(path, json={})).json()["others"] == []  # 30 s after the last
        back = await first.post(path, json={})
        assert [row["name"] for row in back.json()["others"]] == ["two"]
        (seen,) = (await second.post(path, json={})).json()["others"]
        assert seen["since"] == world.now.isoformat()  # came back, and anew
        await second.post(path, json={"leaving": True})
        assert (await first.post(path, json={})).json()["others"] == []


async def test_the_stream_tells_who_came_and_who_writes_and_nobody_else_hears(
    scene: Scene, world: World
) -> None:
    case = await cases.open_case(world)
    one = await hire(world, "dispatcher", CENTRE, "one")
    two = await hire(world, "duty_chief", CENTRE, "two")
    idle = await hire(world, "dispatcher", CENTRE, "idle")
    path = f"/cases/{case}/presence"
    audience = scene.feed.audience
    mine = audience.join(reach_of(one), Wanted())
    narrow = audience.join(reach_of(one), Wanted(actions=frozenset({"case.file"})))
    other = audience.join(reach_of(idle), Wanted())
    async with scene.client(one) as first, scene.client(two) as second:
        await first.post(path, json={})
        alone = await mine.next(1)
        assert alone is not None
        assert alone.data == {"case": case, "others": []}
        assert b"id:" not in alone.wire()
        for body, seen in (
            ({}, [("two", False)]),
            ({"writing": True}, [("two", True)]),
            ({"leaving": True}, []),
        ):
            await second.post(path, json=body)
            told = await mine.next(1)
            assert told is not None
            assert told.name == "presence"
            assert [(row["name"], row["writing"]) for row in told.data["others"]] == seen
        await first.post(path, json={})  # a mere heartbeat is no news
        for listener in (mine, narrow, other):
            with pytest.raises(TimeoutError):
                await listener.next(0)


async def test_whoever_left_long_ago_leaves_no_rows(scene: Scene, world: World) -> None:
    one, two = await cases.open_case(world), await cases.open_case(world)
    who = await hire(world, "dispatcher", CENTRE, "one")
    async with scene.client(who) as client:
        await client.post(f"/cases/{one}/presence", json={})
        _at(scene, seconds=31)
        await client.post(f"/cases/{two}/presence", json={})
    assert [row["case_id"] for row in await world.rows("select * from presences")] == [two]


def _window(days: int = 7) -> dict[str, str]:
    return {"from": START.isoformat(), "to": (START + timedelta(days=days)).isoformat()}


def _row(person: Any, role: str = "operator", start: float = 0, hours: float = 8) -> dict[str, Any]:
    since = START + timedelta(hours=start)
    until = since + timedelta(hours=hours)
    return {
        "role": role,
        "person": person.person,
        "since": since.isoformat(),
        "until": until.isoformat(),
    }


async def test_a_chief_plans_the_roster_and_the_record_keeps_who(
    scene: Scene, world: World
) -> None:
    chief = await hire(world, "duty_chief", CENTRE, "chief")
    agent = await hire(world, "intake", CENTRE, "agent")
    asked = {"unit": CENTRE, **_window()}
    shifts = [_row(chief, "duty_chief"), _row(agent), _row(agent, start=24)]
    async with scene.client(chief) as client:
        put = await client.put("/roster", params=asked, json={"shifts": shifts})
        assert put.status_code == 200, put.text
        rows = put.json()["items"]
        assert [(row["name"], row["role"]) for row in rows] == [
            ("chief", "duty_chief"),
            ("agent", "operator"),
            ("agent", "operator"),
        ]
        again = await client.put("/roster", params=asked, json={"shifts": shifts})
        assert again.json() == put.json()  # what did not change stays, and is no event
        less = await client.put("/roster", params=asked, json={"shifts": shifts[:2]})
        assert len(less.json()["items"]) == 2
    async with scene.client(agent) as client:
        seen = await client.get("/roster", params=asked)
        assert len(seen.json()["items"]) == 2
        now = (await client.get("/roster/now?place=310101002")).json()["centres"]
        found = {row["unit"]: [one["name"] for one in row["on_duty"]] for row in now}
        assert found == {"310101002_centre": [], CENTRE: ["chief", "agent"], "310000_centre": []}
        _at(scene, hours=9)
        (city,) = (await client.get("/roster/now")).json()["centres"]
        assert (city["unit"], city["on_duty"]) == ("310000_centre", [])
        put = await client.put("/roster", params=asked, json={"shifts": []})
        assert put.json()["code"] == "authority.duty_missing"
    events = await world.rows("select * from events where matter = 'roster' order by id")
    assert [row["actor"] for row in events] == [chief.name] * 2
    assert [len(row["facts"]["added"]) for row in events] == [3, 0]
    assert events[1]["facts"]["removed"][0]["person"] == agent.person


async def test_two_who_plan_at_once_do_not_overwrite_each_other(scene: Scene, world: World) -> None:
    chief = await hire(world, "duty_chief", CENTRE, "chief")
    other = await hire(world, "duty_chief", CENTRE, "other")
    asked = {"unit": CENTRE, **_window()}
    async with scene.client(chief) as one, scene.client(other) as two:
        seen = {"If-Match": (await one.get("/roster", params=asked)).headers["etag"]}
        body = {"shifts": [_row(chief)]}
        put = await one.put("/roster", params=asked, json=body, headers=seen)
        assert put.status_code == 200, put.text
        late = await two.put("/roster", params=asked, json={"shifts": []}, headers=seen)
        assert (late.status_code, late.json()["code"]) == (412, "roster.changed")
        now = await two.get("/roster", params=asked)
        assert now.headers["etag"] == put.headers["etag"] != seen["If-Match"]
        assert len(now.json()["items"]) == 1
        seen = {"If-Match": now.headers["etag"]}
        both = {"shifts": [_row(chief), _row(other)]}
        put = await two.put("/roster", params=asked, json=both, headers=seen)
        assert len(put.json()["items"]) == 2
        bad = await two.put("/roster", params=asked, json=both, headers={"If-Match": "x"})
        assert (bad.status_code, bad.json()["code"]) == (400, "web.if_match_bad")


async def test_whoever_may_take_a_check_is_named_the_least_busy_first(
    scene: Scene, world: World
) -> None:
    checks = []
    for _ in range(2):
        case, order = await cases.dispatched(world)
        await cases.finish(world, order)
        checks.append((await cases.open_check(world, case))["id"])
    chief = await hire(world, "duty_chief", cases.TOWN_CENTRE, "chief")
    one = await hire(world, "checker", cases.STATION, "one")
    two = await hire(world, "checker", cases.STATION, "two")
    both = await hire(world, "checker", cases.STATION, "both")
    async with world.as_worker() as tx:
        post = f"{order.unit}.handler"
        assert post in world.city.posts
        await tx.execute(
            "insert into appointments (person_id, post, since, granted_by)"
            " values ($1, $2, $3, 'test')",
            *(both.person, post, world.now),
        )
    async with scene.client(chief) as client:
        path = f"/checks/{checks[0]}"
        assert (await client.get(f"{path}/people")).json()["items"] == [
            {"id": one.person, "name": "one", "open": 0},
            {"id": two.person, "name": "two", "open": 0},
        ]
        facts = {"facts": {"person": one.person}}
        assigned = await client.post(f"{path}/actions/assign", json=facts)
        assert assigned.status_code == 200, assigned.text
        found = (await client.get(f"/checks/{checks[1]}/people")).json()["items"]
        assert [(row["name"], row["open"]) for row in found] == [("two", 0), ("one", 1)]
        assert (await client.get("/checks/987654/people")).status_code == 404
    agent = await hire(world, "intake", cases.TOWN_CENTRE, "agent")
    async with scene.client(agent) as client:
        refused = await client.get(f"{path}/people")
        assert refused.json()["code"] == "authority.duty_missing"


async def test_a_chief_sees_who_works_in_a_unit_and_an_agent_does_not(
    scene: Scene, world: World
) -> None:
    chief = await hire(world, "duty_chief", CENTRE, "chief")
    agent = await hire(world, "intake", CENTRE, "agent")
    await hire(world, "intake", OTHER, "far")
    async with scene.client(chief) as client:
        found = (await client.get("/roster/people", params={"unit": CENTRE})).json()
        assert [(row["name"], row["id"]) for row in found["items"]] == [
            ("agent", agent.person),
            ("chief", chief.person),
        ]
        assert ["intake" in row["duties"] for row in found["items"]] == [True, False]
        unknown = await client.get("/roster/people", params={"unit": "nobody"})
        assert unknown.status_code in (404, 422)
    async with scene.client(agent) as client:
        refused = await client.get("/roster/people", params={"unit": CENTRE})
        assert refused.json()["code"] == "authority.duty_missing"


async def test_a_history_tells_who_did_what_by_name(scene: Scene, world: World) -> None:
    case = await cases.open_case(world)
    chief = await hire(world, "duty_chief", CENTRE, "chief")
    async with scene.client(chief) as client:
        noted = await client.post(f"/cases/{case}/actions/note", json={"facts": {"note": "seen"}})
        assert noted.status_code == 200, noted.text
        history = (await client.get(f"/cases/{case}/history")).json()["entries"]
        assert history[-1]["actor_name"] == "chief"
        assert {row["actor_name"] for row in history[:-1]} == {None}


async def test_another_centres_chief_plans_nothing_here(scene: Scene, world: World) -> None:
    far = await hire(world, "duty_chief", OTHER, "far")
    async with scene.client(far) as client:
        put = await client.put("/roster", params={"unit": CENTRE, **_window()}, json={"shifts": []})
        assert put.json()["code"] == "authority.elsewhere"


async def test_conflicts_are_refused_with_a_sentence(scene: Scene, world: World) -> None:
    chief = await hire(world, "duty_chief", CENTRE, "张三")
    agent = await hire(world, "intake", CENTRE, "李四")
    far = await hire(world, "intake", OTHER, "王五")
    both = await hire(world, "duty_chief", OTHER, "赵六")
    async with world.as_worker() as tx:
        await tx.execute(
            "insert into appointments (person_id, post, since, granted_by)"
            " select $1, post, since, 'test' from appointments where person_id = $2",
            *(both.person, agent.person),
        )
    asked = {"unit": CENTRE, **_window()}
    async with scene.client(both) as client:
        there = {"unit": OTHER, **_window()}
        put = await client.put("/roster", params=there, json={"shifts": [_row(both, start=4)]})
        assert put.status_code == 200, put.text
    async with scene.client(chief) as client:
        for shifts, code, word in (
            ([_row(agent), _row(agent, start=7)], "roster.twice", "李四"),
            ([_row(both)], "roster.twice", OTHER),
            ([_row(far)], "roster.no_post", "王五"),
            ([_row(agent, "duty_chief")], "roster.not_chief", "李四"),
            ([_row(agent, start=-1)], "roster.outside", ""),
            ([_row(agent, hours=49)], "roster.length", "48"),
            ([_row(agent, hours=-1)], "roster.length", ""),
            ([{**_row(agent), "person": 999}], "roster.person_unknown", "999"),
        ):
            put = await client.put("/roster", params=asked, json={"shifts": shifts})
            assert put.json()["code"] == code, put.text
            assert word in put.json()["detail_zh"]
        for params, code in (
            ({**asked, "unit": "310101_housing"}, "roster.no_centre"),
            ({**asked, "to": START.isoformat()}, "roster.window"),
            ({**asked, **_window(94)}, "roster.window"),
            ({**asked, "unit": "nobody"}, "city.unit_unknown"),
        ):
            put = await client.put("/roster", params=params, json={"shifts": []})
            assert put.json()["code"] in (code, "authority.elsewhere"), put.text
            assert (await client.get("/roster", params=params)).json()["code"] == code
    assert len(await world.rows("select 1 from roster")) == 1


_POST = {1: [Held("a", ("duty_chief",), START, None)]}


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=6),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=3),
)
def test_nobody_is_on_duty_twice_at_once(
    mine: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    def shift(start: int, hours: int) -> Shift:
        since = START + timedelta(hours=start)
        return Shift(since, since + timedelta(hours=hours), Role.OPERATOR, 1)

    here = [shift(*row) for row in mine]
    there = [Elsewhere("b", shift(*row)) for row in others]
    busy: dict[datetime, int] = {}
    for one in (*here, *(row.shift for row in there if here)):
        for hour in range((one.until - one.since) // timedelta(hours=1)):
            moment = one.since + timedelta(hours=hour)
            busy[moment] = busy.get(moment, 0) + 1
    clash = any(count > 1 for count in busy.values())
    end = START + timedelta(days=7)
    with pytest.raises(Refusal, match=r"roster\.twice") if clash else nullcontext():
        rules.require_shifts("a", START, end, here, {1: "x"}, _POST, there)


@pytest.mark.parametrize(
    "phone", [PHONE, "138 0000 1234", "+86 138-0000-1234", "008613800001234", "8613800001234"]
)
def test_one_number_is_one_number_however_it_is_written(phone: str) -> None:
    assert rules.spellings(phone, "86") == (PHONE, f"86{PHONE}", f"0086{PHONE}")


@pytest.mark.parametrize("phone", ["", "1234", "abc", "1" * 21, "一二三四五"])
def test_what_is_no_number_is_refused(phone: str) -> None:
    with pytest.raises(Refusal) as caught:
        rules.spellings(phone, "86")
    assert caught.value.code == "callers.phone_bad"


async def test_a_callers_reports_with_their_cases_and_a_trace(scene: Scene, world: World) -> None:
    await world.report("路面塌陷有大坑", LON, LAT, phone="+86 138 0000 1234")
    await world.report("你好请问", LON, LAT, phone=PHONE)
    await world.report("暴露垃圾成堆没人清", LON, LAT, phone=PHONE + "5")
    await world.work()
    agent = await hire(world, "intake", CENTRE, "agent")
    far = await hire(world, "intake", OTHER, "far")
    async with scene.client(agent) as client:
        asked = {"phone": "138-0000-1234", "reason": "来电"}
        found = (await client.get("/callers", params=asked)).json()
        assert [row["state"] for row in found["items"]] == ["queued", "filed"]
        assert found["items"][0]["case"] is None
        assert found["items"][1]["case"]["number"]
        assert found["items"][1]["case"]["due"]
        assert (found["open"], found["more"]) == (1, False)
        part = (await client.get("/callers", params={"phone": PHONE[:-1]})).json()
        assert part["items"] == []  # the whole number only
        bad = await client.get("/callers", params={"phone": "12"})
        assert bad.json()["code"] == "callers.phone_bad"
    async with scene.client(far) as client:
        assert (await client.get("/callers", params={"phone": PHONE})).json()["items"] == []
    handler = await hire(world, "handler", "310101002_sanitation", "handler")
    async with scene.client(handler) as client:
        shut = await client.get("/callers", params={"phone": PHONE})
        assert shut.json()["code"] == "authority.duty_missing"
    events = await world.rows("select * from events where matter = 'caller' order by id")
    assert [row["actor"] for row in events] == [agent.name, agent.name, far.name]
    assert [row["facts"]["found"] for row in events] == [2, 0, 0]
    assert events[0]["facts"]["reason"] == "来电"
    assert events[0]["facts"]["caller"] == events[2]["facts"]["caller"]
    assert PHONE not in str([dict(row["facts"]) for row in events])


async def test_a_look_up_reads_the_index_of_numbers(world: World) -> None:
    agent = world.actor("intake", CENTRE)
    async with world.as_(agent) as tx:
        await tx.execute("set local enable_seqscan = off")
        rows = await tx.fetch(
            "explain select report_id from reporters where digits = any($1)", [PHONE]
        )
    assert "reporters_digits" in "\n".join(row[0] for row in rows)

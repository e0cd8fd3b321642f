"""Notices read by each person for themselves; filters of one's own and of the unit."""

from __future__ import annotations

from typing import Any

import pytest
from tests.assist.conftest import hire
from tests.feed.scene import Scene
from tests.handling import scene as cases
from tests.world import World

from yiwang.matters.assist import notices

CENTRE = cases.DISTRICT_CENTRE


async def _tell(world: World, **row: Any) -> int:
    values = {
        "audience": "unit",
        "unit": None,
        "person_id": None,
        "code": "check.undecided",
        "facts": {"number": "N1", "reason": None},
    } | row
    async with world.as_worker() as tx:
        number: int = await tx.fetchval(
            "insert into notices (audience, unit, person_id, code, facts, at)"
            " values ($1, $2, $3, $4, $5, $6) returning id",
            *values.values(),
            world.now,
        )
    return number


async def test_a_units_notice_is_read_by_each_for_themselves(scene: Scene, world: World) -> None:
    one = await hire(world, "dispatcher", CENTRE, "one")
    two = await hire(world, "duty_chief", CENTRE, "two")
    ids = [await _tell(world, unit=CENTRE) for _ in range(3)]
    own = await _tell(world, audience="person", person_id=one.person, code="webhook.ended")
    await _tell(world, unit="310115_centre")
    async with scene.client(one) as client:
        found = (await client.get("/notices")).json()
        assert [row["id"] for row in found["items"]] == [own, *reversed(ids)]
        assert found["unread"] == 4
        assert found["items"][1]["says"]["zh"].startswith("案件 N1")
        assert found["items"][1]["unit_name"]["en"]
        done = await client.post("/notices/read", json={"ids": [ids[2], own]})
        assert done.json() == {"unread": 2}
        found = (await client.get("/notices")).json()
        assert [row["id"] for row in found["items"]] == [ids[1], ids[0], own, ids[2]]
        assert [row["read"] for row in found["items"]] == [False, False, True, True]
        assert len((await client.get("/notices?unread=true")).json()["items"]) == 2
        assert (await client.post("/notices/read", json={"up_to": own})).json() == {"unread": 0}
    async with scene.client(two) as client:
        assert (await client.get("/notices")).json()["unread"] == 3


async def test_pages_of_notices_hold_each_once(scene: Scene, world: World) -> None:
    who = await hire(world, "dispatcher", CENTRE, "one")
    ids = [await _tell(world, unit=CENTRE) for _ in range(5)]
    async with scene.client(who) as client:
        await client.post("/notices/read", json={"ids": [ids[4], ids[1]]})
        seen, after = [], ""
        while True:
            found = (await client.get(f"/notices?limit=2{after}")).json()
            seen += [row["id"] for row in found["items"]]
            if found["next"] is None:
                break
            after = f"&after={found['next']}"
        assert seen == [ids[3], ids[2], ids[0], ids[4], ids[1]]
        assert (await client.get("/notices?after=x")).status_code == 422


async def test_others_notices_and_those_to_come_stay_unread(scene: Scene, world: World) -> None:
    who = await hire(world, "dispatcher", CENTRE, "one")
    other = await _tell(world, unit="310115_centre")
    mine = await _tell(world, unit=CENTRE)
    async with scene.client(who) as client:
        await client.post("/notices/read", json={"ids": [other]})
        await client.post("/notices/read", json={"up_to": 10**12})
        assert not await world.rows("select 1 from notice_reads")
        assert (await world.row("select up_to from notice_marks"))["up_to"] == mine
        await _tell(world, unit=CENTRE)
        assert (await client.get("/notices")).json()["unread"] == 1


async def test_a_key_has_no_read_notices(scene: Scene) -> None:
    async with scene.client(scene.key("cases:read")) as client:
        assert (await client.post("/notices/read", json={"up_to": 1})).status_code == 403


def test_what_nobody_wrote_a_sentence_for_says_its_code() -> None:
    assert notices.says("no.such", {}) == {"zh": "no.such", "en": "no.such"}


async def test_filters_are_ones_own_and_the_units_where_shared(scene: Scene, world: World) -> None:
    one = await hire(world, "dispatcher", CENTRE, "one")
    two = await hire(world, "duty_chief", CENTRE, "two")
    far = await hire(world, "dispatcher", "310115_centre", "far")
    wish = {"list": "work", "name": "超期", "query": {"overdue": "true"}}
    listed = {"list": "cases", "name": "我区", "query": {"state": "open", "sort": "due"}}
    async with scene.client(one) as client:
        first = await client.post("/filters", json=wish)
        assert first.status_code == 201
        shared = (await client.post("/filters", json={**listed, "unit": CENTRE})).json()
        assert shared["unit_name"]["zh"]
        assert (await client.post("/filters", json=wish)).json()["code"] == "filters.name_taken"
        number = first.json()["id"]
        changed = await client.patch(f"/filters/{number}", json={"name": "急", "unit": CENTRE})
        assert (changed.json()["name"], changed.json()["unit"]) == ("急", CENTRE)
        changed = await client.patch(f"/filters/{number}", json={"unit": None})
        assert (changed.json()["name"], changed.json()["unit"]) == ("急", None)
        found = (await client.get("/filters?list=work")).json()["items"]
        assert [(row["name"], row["mine"]) for row in found] == [("急", True)]
    async with scene.client(two) as client:
        (row,) = (await client.get("/filters")).json()["items"]
        assert (row["name"], row["mine"], row["person_name"]) == ("我区", False, "one")
        for method in ("PATCH", "DELETE"):
            answer = await client.request(
                method, f"/filters/{row['id']}", json={"name": "x"} if method == "PATCH" else None
            )
            assert answer.json()["code"] == "filters.unknown"
    async with scene.client(far) as client:
        assert (await client.get("/filters")).json()["items"] == []
    async with scene.client(one) as client:
        assert (await client.delete(f"/filters/{number}")).status_code == 204
        assert len((await client.get("/filters")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"list": "work", "name": "x", "query": {"overdue": "maybe"}}, "listing.values"),
        ({"list": "cases", "name": "x", "query": {"colour": "red"}}, "listing.filter_unknown"),
        ({"list": "cases", "name": "x", "query": {"sort": "colour"}}, "listing.sort_unknown"),
        ({"list": "work", "name": "x", "unit": "310115_centre"}, "filters.unit_foreign"),
        ({"list": "people", "name": "x"}, "web.request_invalid"),
    ],
)
async def test_a_filter_its_list_would_refuse_is_not_kept(
    scene: Scene, world: World, wish: dict[str, Any], code: str
) -> None:
    who = await hire(world, "dispatcher", CENTRE, "one")
    async with scene.client(who) as client:
        answer = await client.post("/filters", json=wish)
        assert answer.status_code in (403, 422)
        assert answer.json()["code"] == code
    assert not await world.rows("select 1 from saved_filters")


async def test_a_hundred_filters_are_enough(scene: Scene, world: World) -> None:
    who = await hire(world, "dispatcher", CENTRE, "one")
    async with world.as_(who) as tx:
        await tx.execute(
            "insert into saved_filters (person_id, list, name, query, created_at, changed_at)"
            " select $1, 'work', i::text, '{}', $2, $2 from generate_series(1, 100) i",
            *(who.person, world.now),
        )
    async with scene.client(who) as client:
        answer = await client.post("/filters", json={"list": "work", "name": "one more"})
    assert answer.json()["code"] == "filters.too_many"

"""Suggestions while somebody writes: what they say is what the platform then does."""

from __future__ import annotations

from typing import Any

import pytest
from tests.assist.conftest import hire
from tests.feed.scene import Scene
from tests.handling import scene as cases
from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.ground.gate.actors import public_actor
from yiwang.ground.judgement import KeywordClassifier
from yiwang.ground.packs.model import Level
from yiwang.kit.db import Scope

ROAD = "路面塌陷有大坑"
REFUSE = "暴露垃圾成堆没人清"
LON, LAT = 121.478, 31.236
PUBLIC = {
    *("number", "kind", "kind_name", "place", "place_name", "state", "state_name", "due"),
    *("reported_at", "unit_name", "report_count", "lon", "lat", "distance_m", "score"),
    *("repeat", "reason"),
}


async def _ask(scene: Scene, actor: Actor, status: int = 200, **body: Any) -> Any:
    async with scene.client(actor) as client:
        answer = await client.post("/suggest", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_kind_place_and_limit_are_those_the_report_gets(scene: Scene, world: World) -> None:
    found = await _ask(scene, public_actor(), text=REFUSE, lon=LON, lat=LAT)
    await world.report(REFUSE, LON, LAT)
    await world.work()
    case = await world.row("select * from cases")
    assert found["kinds"][0]["key"] == case["kind"]
    assert found["kinds"][0]["reason"]["words"]
    scores = [row["score"] for row in found["kinds"]]
    assert scores == sorted(scores, reverse=True)
    assert found["place"]["code"] == case["place"].rpartition(".")[2]
    assert found["place"]["confidence"] == 1.0
    assert found["place"]["town_name"]["en"] in found["place"]["name"]["en"]
    assert found["limit"]["kind"] == case["kind"]
    assert found["limit"]["due"] > world.now.isoformat()
    assert found["limit"]["origin"]
    assert found["similar"] == []
    assert "unit" not in found


def test_a_text_that_is_not_sure_yet_has_its_kinds_all_the_same(city: City) -> None:
    strict = KeywordClassifier.build(city.pack.kinds, threshold=0.99)
    assert strict.classify(ROAD) == ()
    assert strict.rank(ROAD)
    assert strict.rank(ROAD) == city.classifier.rank(ROAD) == city.classifier.classify(ROAD)


async def test_nothing_written_suggests_nothing(scene: Scene) -> None:
    found = await _ask(scene, public_actor(), text="")
    assert found == {"kinds": [], "place": None, "limit": None, "similar": []}


async def test_an_address_gives_the_place_with_its_confidence(scene: Scene) -> None:
    found = await _ask(scene, public_actor(), text="", address="黄浦区南京东路街道")
    assert found["place"]["code"] == "310101002"
    assert 0 < found["place"]["confidence"] <= 1
    assert found["place"]["reason"]["by"] == "address"


async def test_open_cases_near_by_come_with_distance_score_and_reason(
    scene: Scene, world: World
) -> None:
    await world.report(ROAD, LON, LAT)
    await world.report(REFUSE, LON, LAT)
    await world.work()
    near = await _ask(scene, public_actor(), text=ROAD, lon=LON + 0.0001, lat=LAT)
    wide = await _ask(scene, public_actor(), text=ROAD, lon=LON + 0.002, lat=LAT)
    far = await _ask(scene, public_actor(), text=ROAD, lon=LON + 0.02, lat=LAT)
    (one,) = near["similar"]
    assert set(one) == PUBLIC
    assert one["repeat"] is True
    assert one["reason"]["why"] == "alike"
    assert one["distance_m"] < 60  # to where it is published, not to where it is
    assert not {"metres", "nearness", "score"} & set(one["reason"])
    (other,) = wide["similar"]
    assert other["number"] == one["number"]
    assert other["repeat"] is False
    assert 0 < other["score"] < one["score"] <= 1
    assert far["similar"] == []
    again = await world.report(ROAD, LON + 0.0001, LAT)
    await world.work()
    joined = await world.row(
        "select c.number, r.match_reason from reports r join cases c on c.id = r.case_id"
        " where r.id = $1",
        again,
    )
    assert joined["number"] == one["number"]
    score = joined["match_reason"]["considered"][0]["score"]
    assert one["score"] == pytest.approx(score, abs=0.0051)


async def test_before_anything_is_written_what_is_open_here_is_shown(
    scene: Scene, world: World
) -> None:
    await world.report(ROAD, LON, LAT)
    await world.report(REFUSE, LON + 0.001, LAT)
    await world.work()
    found = (await _ask(scene, public_actor(), lon=LON, lat=LAT))["similar"]
    assert [row["reason"]["why"] for row in found] == ["nearby", "nearby"]
    assert [row["distance_m"] for row in found] == sorted(row["distance_m"] for row in found)


async def test_the_public_sees_public_columns_staff_the_whole(scene: Scene, world: World) -> None:
    await world.report(f"{ROAD}，请找我13800001111", LON, LAT)
    await world.work()
    asked: dict[str, Any] = {"text": ROAD, "lon": LON, "lat": LAT}
    (shown,) = (await _ask(scene, public_actor(), **asked))["similar"]
    assert "13800001111" not in str(shown)
    assert shown["lon"] == pytest.approx(LON, abs=6e-4)
    assert (shown["lon"], shown["lat"]) != (LON, LAT)
    level = world.city.tree.get(shown["place"]).level
    assert level is Level.TOWN
    agent = await hire(world, "intake", cases.DISTRICT_CENTRE, "agent")
    found = await _ask(scene, agent, **asked)
    assert "13800001111" in found["similar"][0]["case"]["text"]
    assert "note" in found["similar"][0]["case"]["actions"]
    assert found["unit"]["code"] in world.city.units
    assert found["unit"]["reason"]["by"]
    stranger = await hire(world, "intake", "310115_centre", "stranger")
    (foreign,) = (await _ask(scene, stranger, **asked))["similar"]
    assert set(foreign) == PUBLIC


async def test_closed_cases_are_not_shown(scene: Scene, world: World) -> None:
    await world.report(ROAD, LON, LAT)
    await world.work()
    async with world.as_worker() as tx:
        await tx.execute("update cases set state = 'closed'")
    found = await _ask(scene, public_actor(), text=ROAD, lon=LON, lat=LAT)
    assert found["similar"] == []


async def test_a_chosen_kind_counts(scene: Scene) -> None:
    found = await _ask(scene, public_actor(), text=ROAD, kind=cases.REFUSE, lon=LON, lat=LAT)
    assert [row["key"] for row in found["kinds"]] == [cases.REFUSE]
    assert found["limit"]["kind"] == cases.REFUSE
    refused = await _ask(scene, public_actor(), 422, text="x", kind="no/such/kind")
    assert refused["code"] == "taxonomy.kind_unknown"


async def test_half_a_position_and_one_outside(scene: Scene) -> None:
    half = await _ask(scene, public_actor(), 422, text="x", lon=LON)
    assert half["errors"][0]["code"] == "sources.position_incomplete"
    found = await _ask(scene, public_actor(), text=ROAD, lon=10.0, lat=50.0)
    assert found["place"] is None
    assert found["similar"] == []


async def test_a_stranger_may_type_but_not_hammer(scene: Scene, world: World) -> None:
    async with scene.client(public_actor()) as client:
        codes = [(await client.post("/suggest", json={})).status_code for _ in range(90)]
    assert codes[:60] == [200] * 60
    assert 429 in codes
    agent = await hire(world, "intake", cases.DISTRICT_CENTRE, "agent")
    await _ask(scene, agent, text="x")


async def test_what_lies_near_is_told_to_whoever_has_a_name(world: World) -> None:
    """The function looks past row-level security: only at open cases, and for some actor."""
    await world.report(ROAD, LON, LAT)
    await world.work()
    x, y = world.city.frame.to_local(LON, LAT)
    ask = "select number from cases_near($1, $2, 50, $3, 5)"
    for scope, count in ((Scope("public"), 1), (Scope(""), 0)):
        async with world.service.begin(scope, world.now) as tx:
            assert len(await tx.fetch(ask, x, y, world.now)) == count
            assert await tx.fetch("select 1 from cases") == []


async def test_what_is_published_without_a_position_is_not_near_to_anything(
    scene: Scene, world: World
) -> None:
    await world.report(ROAD, LON, LAT)
    await world.work()
    async with world.as_worker() as tx:
        await tx.execute("update cases set kind = 'demand/2020/0302'")
    asked: dict[str, Any] = {"text": "x", "kind": "demand/2020/0302", "lon": LON, "lat": LAT}
    assert (await _ask(scene, public_actor(), **asked))["similar"] == []

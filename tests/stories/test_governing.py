"""Articles I, III and XIX: see it early, supervise from above, try it out in one district first."""

from __future__ import annotations

from datetime import timedelta

from tests.stories.steps import Story, between
from tests.world import World

from yiwang.matters.cases import service as cases
from yiwang.matters.desk import figures

SQUAD, SANITATION = "310101002_squad", "310101002_sanitation"
TOWN, DISTRICT, CITY = "310101002_centre", "310101_centre", "310000_centre"
LON, LAT = 121.478, 31.236


async def test_article_i_the_four_times_of_one_thing_are_measured(world: World) -> None:
    """第一条：高效处置一件事，早发现、早预警、早研判、早处置。"""
    story = Story(world)
    # At 09:40 a collector sees refuse; at 10:00 the report is in, and the platform files it and
    # finds the unit in the same minute.
    seen = world.now - timedelta(minutes=20)
    await story.reported("暴露垃圾成堆没人清", LON, LAT, source="patrol", happened_at=seen)
    row = await story.row()
    assert (row["state"], row["lead"]) == ("dispatched", SANITATION)
    # The team takes it up a quarter of an hour later and clears it in 40 minutes.
    world.pass_time(minutes=15)
    await story.cleared(SANITATION)
    world.pass_time(minutes=10)
    await story.passed()
    row = await story.row()
    assert row["state"] == "closed"
    assert between(row, "discovered_at", "reported_at") == 20
    assert between(row, "reported_at", "filed_at") == 0
    assert between(row, "filed_at", "dispatched_at") == 0
    assert between(row, "dispatched_at", "handled_at") == 55
    # The same four times stand in the figures, and who used them in the history.
    async with world.as_worker() as tx:
        found = await figures.figures_of(tx, world.city)
    assert {name: time["p50_s"] for name, time in found["times"].items()} == {
        "discover": 1200.0,
        "file": 0.0,
        "dispatch": 0.0,
        "handle": 3300.0,
    }
    hops = await story.hops()
    assert [(hop.stage.value, round(hop.elapsed_hours * 60)) for hop in hops] == [
        ("dispatch", 0),
        ("handle", 55),
        ("check", 10),
    ]
    assert not any(hop.late for hop in hops)


async def test_article_iii_the_city_supervises_a_district_s_case(world: World) -> None:
    """第三条：三级运行中心，上级指导监督下级。"""
    story = Story(world)
    await story.reported("非机动车乱停放", LON, LAT)
    assert (await story.row())["lead"] == SQUAD
    # Town, district and city see the case; another district, its town and its people do not.
    for centre in (TOWN, DISTRICT, CITY):
        assert await story.seen_by(world.actor("leader", centre))
    for other in ("310115_centre", "310101013_centre", "310115005_centre"):
        assert not await story.seen_by(world.actor("leader", other))
    # The squad lets its limit pass; the platform notices by itself.
    world.pass_time(days=3)
    async with world.as_worker() as tx:
        assert await cases.raise_late(tx, world.city) == 1
    assert (await story.row())["overdue"] == ["handle"]
    # The city's duty chief puts the case under supervision and urges the unit.
    await story.does("duty_chief", CITY, "case", "flag", supervised=True, reason="超时未处置")
    await story.does("leader", CITY, "order", "urge", note="请今日办结")
    assert (await story.row())["supervised"] is True
    assert (await story.newest("order"))["urged"] == 1
    # The lower level cannot lift the matter out of the higher one's sight, nor another district.
    assert (await story.may_not("duty_chief", "310115_centre", "case", "flag", urgent=True)).code
    # Handled at last; a supervised case is always checked, by somebody outside the squad.
    await story.cleared(SQUAD)
    look = await story.newest("check")
    assert look["unit"] != SQUAD
    refused = await story.may_not("checker", SQUAD, "check", "pass")
    assert refused.code in ("check.own_unit", "procedure.not_found", "authority.duty_missing")
    await story.passed()
    assert (await story.row())["state"] == "closed"
    # The city reads the whole history; it says that the squad was late.
    hops = await story.hops(world.actor("leader", CITY))
    assert [(hop.holder, hop.late) for hop in hops if hop.stage == "handle"] == [(SQUAD, True)]
    flags = await world.row("select * from events where action = 'case.flag'")
    assert (flags["article"], flags["unit"]) == ("III", CITY)


async def test_article_xix_pudong_tries_a_shorter_limit_first(world: World) -> None:
    """第十九条：支持浦东新区先行先试。"""
    limits = {}
    for name, lon, lat in (("黄浦", LON, LAT), ("浦东", 121.51, 31.235)):
        story = Story(world)
        await story.reported("暴露垃圾成堆没人清", lon, lat)
        row = await story.row()
        assert row["state"] == "dispatched"
        limits[name] = row["limit_reason"]["handle"]
        order = await story.newest("order")
        assert order["due_handle"] == row["due_handle"]
    # The same thing: four working hours in the city, two in the pilot; each says where from.
    assert (limits["黄浦"]["amount"], limits["浦东"]["amount"]) == (4.0, 2.0)
    assert limits["浦东"]["source"] == "pudong-pilot"
    assert limits["黄浦"]["source"] != "pudong-pilot"
    assert "第十九条" in limits["浦东"]["basis"]
    # Also the pilot's own number of returns: one is enough, then the territory must take it.
    first = (await story.newest("order"))["unit"]
    await story.does("handler", first, "order", "return", reason="不属本队")
    await story.does("dispatcher", "310115_centre", "order", "uphold_return")
    second = await story.newest("order")
    assert second["reason"]["returned_too_often"] is True
    assert "territory" in world.city.unit(second["unit"]).functions

"""From reports to cases on a real database: one thing is one case."""

from __future__ import annotations

from tests.handling import scene
from tests.world import TOWN, World

from yiwang.matters.cases import absorbing, filing, service
from yiwang.matters.sources import service as sources

ROAD = "路面塌陷有大坑"
REFUSE = "暴露垃圾成堆没人清"
LON, LAT = 121.478, 31.236


async def _case_of(world: World, report: int) -> int | None:
    found = (await world.row("select case_id from reports where id = $1", report))["case_id"]
    return None if found is None else int(found)


async def _notices(world: World, report: int) -> list[str]:
    rows = await world.rows("select code from notices where report_id = $1 order by id", report)
    return [row["code"] for row in rows]


async def test_a_repeat_is_attached_counted_and_its_reporter_told_once(world: World) -> None:
    first = await world.report(ROAD, LON, LAT)
    await world.work()
    case = await _case_of(world, first)
    assert case is not None
    world.pass_time(hours=1)
    second = await world.report("还是那个" + ROAD, LON + 0.0001, LAT)
    await world.work()
    assert await _case_of(world, second) == case
    row = await scene.state(world, case)
    assert row["report_count"] == 2
    assert await _notices(world, second) == ["report.attached"]
    assert await _notices(world, first) == ["case.filed"]
    report = await world.row("select * from reports where id = $1", second)
    assert report["state"] == "attached"
    assert report["match_reason"]
    async with world.as_worker() as tx:
        await absorbing.absorb(tx, world.city, [first, second])
    assert (await scene.state(world, case)) == row
    assert await _notices(world, second) == ["report.attached"]
    events = await world.rows("select action from events where case_id = $1", case)
    assert [e["action"] for e in events].count("case.attach") == 1


async def test_repeats_within_one_batch_meet(world: World) -> None:
    reports = [await world.report(f"{ROAD}{i}", LON + i * 0.00002, LAT) for i in range(4)]
    await world.work()
    cases = {await _case_of(world, report) for report in reports}
    assert len(cases) == 1
    (case,) = cases
    assert case is not None
    assert (await scene.state(world, case))["report_count"] == 4
    for report in reports[1:]:
        assert (await _notices(world, report)).count("report.attached") == 1


async def test_far_late_or_other_is_another_case(world: World) -> None:
    first = await world.report(ROAD, LON, LAT)
    far = await world.report(ROAD, LON + 0.002, LAT)  # about 190 m
    other = await world.report(REFUSE, LON, LAT)
    await world.work()
    world.pass_time(hours=25)
    late = await world.report(ROAD, LON, LAT)
    await world.work()
    cases = [await _case_of(world, report) for report in (first, far, other, late)]
    assert None not in cases
    assert len(set(cases)) == 4


async def test_a_closed_case_takes_nothing_in(world: World) -> None:
    first = await world.report(ROAD, LON, LAT)
    await world.work()
    case = await _case_of(world, first)
    assert case is not None
    chief = world.actor("duty_chief", scene.DISTRICT_CENTRE)
    async with world.as_(chief) as tx:
        await service.act(tx, world.city, chief, case, "close", {"reason": "已修复"})
    again = await world.report(ROAD, LON, LAT)
    await world.work()
    assert await _case_of(world, again) not in (None, case)


async def test_positions_that_say_nothing_never_match(world: World) -> None:
    city = scene.with_settings(world.city, location__placeholders=[[LON, LAT]])
    world.city = city
    one = await world.report(ROAD, LON, LAT, address="黄浦区南京东路街道")
    two = await world.report(ROAD, LON, LAT, address="黄浦区南京东路街道")
    await world.work()
    assert await _case_of(world, one) != await _case_of(world, two)


async def test_a_citizens_report_is_verified_first(world: World) -> None:
    report = await world.report(ROAD, LON, LAT, source="citizen")
    await world.work()
    case = await _case_of(world, report)
    assert case is not None
    row = await scene.state(world, case)
    assert (row["state"], row["filed_at"], row["lead"]) == ("verifying", None, None)
    assert row["due_verify"] == row["due_next"]
    check = await scene.open_check(world, case)
    assert check["sort"] == "verify"
    assert await _notices(world, report) == []


async def test_what_is_unclear_waits_at_the_desk_and_goes_the_way_again(world: World) -> None:
    lost = await world.report(ROAD, 100.0, 10.0)
    vague = await world.report("你好请问", LON, LAT)
    await world.work()
    agent = world.actor("intake", world.centre("310000"))
    for report, reason in ((lost, "place"), (vague, "kind")):
        row = await world.row("select * from reports where id = $1", report)
        assert (row["state"], row["reason"], row["case_id"]) == ("queued", reason, None)
    async with world.as_(agent) as tx:
        await filing.act(tx, world.city, agent, lost, "correct", {"place": TOWN})
        await filing.act(tx, world.city, agent, vague, "correct", {"kind": scene.REFUSE})
    await world.work()
    for report in (lost, vague):
        row = await world.row("select * from reports where id = $1", report)
        assert row["state"] == "filed"
        case = await scene.state(world, row["case_id"])
        assert case["state"] == "dispatched"
        assert case["place"].startswith("310000.310101.310101002")


async def test_a_corrected_position_replaces_the_hand_given_place(world: World) -> None:
    report = await world.report(ROAD, 100.0, 10.0)
    await world.work()
    agent = world.actor("intake", world.centre("310000"))
    async with world.as_(agent) as tx:
        await filing.act(tx, world.city, agent, report, "correct", {"place": "310115"})
    async with world.as_(agent) as tx:
        await filing.act(tx, world.city, agent, report, "correct", {"lon": LON, "lat": LAT})
    await world.work()
    row = await world.row("select * from reports where id = $1", report)
    assert (row["state"], row["place_reason"]) == ("filed", {"by": "point"})
    assert row["place"].startswith("310000.310101.")


async def test_a_report_is_settled_once_until_it_is_corrected(world: World) -> None:
    report = await world.report(ROAD, LON, LAT)
    for _ in range(2):
        async with world.as_worker() as tx:
            await sources.settle(tx, world.city, [report])
    events = await world.rows("select action from events where matter_id = $1", report)
    assert [row["action"] for row in events] == ["report.receive", "report.settle"]
    agent = world.actor("intake", world.centre("310000"))
    async with world.as_(agent) as tx:
        await filing.act(tx, world.city, agent, report, "correct", {"kind": scene.REFUSE})
    async with world.as_worker() as tx:
        await absorbing.absorb(tx, world.city, [report])  # not settled since: passed over
    assert await _case_of(world, report) is None
    await world.work()
    case = await _case_of(world, report)
    assert case is not None
    assert (await scene.state(world, case))["kind"] == scene.REFUSE

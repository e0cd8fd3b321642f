"""Articles V, XIII and XIV: dispatched by authority, once; and the citizen who reported it."""

from __future__ import annotations

from datetime import timedelta

from tests.stories.steps import PHONE, Story
from tests.world import World

SQUAD, SANITATION = "310101002_squad", "310101002_sanitation"
TOWN, DISTRICT, CITY = "310101002_centre", "310101_centre", "310000_centre"
REFUSE = "暴露垃圾成堆没人清"
LON, LAT = 121.478, 31.236


async def test_article_v_the_full_loop_with_return_and_rework(world: World) -> None:
    """第五条：按职责派遣，受理、及时处置、反馈，并接受监督检查。"""
    story = Story(world)
    # A patroller reports refuse; by the responsibility list the sanitation team gets it.
    await story.reported(REFUSE, LON, LAT, source="patrol")
    assert (await story.newest("order"))["unit"] == SANITATION
    # It is rubble from a building site, says the team, and returns it. The centre judges.
    world.pass_time(minutes=20)
    await story.does("handler", SANITATION, "order", "return", reason="系建筑垃圾，非环卫职责")
    refused = await story.may_not("dispatcher", "310115_centre", "order", "uphold_return")
    assert refused.code == "procedure.not_found"
    world.pass_time(minutes=10)
    await story.does("dispatcher", TOWN, "order", "uphold_return", unit=SQUAD)
    # The squad accepts, calls the construction commission to help, asks for more time, finishes.
    await story.does("handler", SQUAD, "order", "accept")
    helper = {"unit": "310101_construction", "reason": "需要清运车"}
    await story.does("handler", SQUAD, "order", "call_assist", **helper)
    ask = {"amount": 1, "clock": "working_day", "reason": "清运车明日到"}
    await story.does("handler", SQUAD, "order", "ask_extension", **ask)
    own = await story.may_not("dispatcher", SQUAD, "approval", "grant")
    assert own.code in ("authority.duty_missing", "approval.own", "authority.elsewhere")
    before = (await story.newest("order"))["due_handle"]
    wish = await story.newest("approval")
    await story.does("dispatcher", wish["centre"], "approval", "grant")
    assert (await story.newest("order"))["due_handle"] > before
    world.pass_time(hours=3)
    await story.does("handler", SQUAD, "order", "finish", result="已清运")
    # Not the squad itself but another unit looks, and finds some left: rework on a new clock.
    look = await story.newest("check")
    assert look["unit"] not in (SQUAD, SANITATION)
    world.pass_time(minutes=30)
    await story.does("checker", look["unit"], "check", "fail", reason="墙角仍有残留")
    again = await story.newest("order")
    assert (again["unit"], again["reason"]["by"], again["state"]) == (SQUAD, "rework", "issued")
    await story.cleared(SQUAD)
    world.pass_time(minutes=15)
    await story.passed()
    row = await story.row()
    assert (row["state"], row["forced"], row["returned"]) == ("closed", False, 1)
    # Every hop has its own clock and the main chain has no gap.
    hops = [hop for hop in await story.hops() if hop.stage != "assist"]
    assert [(hop.stage.value, hop.holder) for hop in hops] == [
        ("dispatch", row["centre"]),
        ("handle", SANITATION),
        ("judge", row["centre"]),
        ("dispatch", row["centre"]),
        ("handle", SQUAD),
        ("check", look["unit"]),
        ("handle", SQUAD),
        ("check", (await story.newest("check"))["unit"]),
    ]
    total = sum((hop.ended - hop.started for hop in hops if hop.ended), timedelta())
    assert total == row["closed_at"] - row["filed_at"]
    helpers = [hop.holder for hop in await story.hops() if hop.stage == "assist"]
    assert helpers == ["310101_construction"]


async def test_article_xiii_one_thing_is_never_dispatched_twice(world: World) -> None:
    """第十三条：不重复派单，不重复填报。"""
    story = Story(world)
    await story.reported(REFUSE, LON, LAT)
    case, number = story.case, (await story.row())["number"]
    # Four more people report the same refuse, through other channels.
    others = []
    for i, source in enumerate(("hotline", "patrol", "citizen", "open311")):
        world.pass_time(minutes=30)
        others.append(
            await story.reported(f"{REFUSE}（{i}）", LON + i * 0.0001, LAT, source=source)
        )
        assert story.case == case
        assert "report.attached" in await story.told(others[-1])
    row = await story.row()
    assert (row["report_count"], row["number"], row["rounds"]) == (5, number, 1)
    orders = await world.rows("select unit from orders where case_id = $1", case)
    assert [order["unit"] for order in orders] == [SANITATION]
    # The very same report sent again is the very same report.
    assert await story.reported("路灯不亮", LON + 0.01, LAT, external_id="A-1") == (
        await world.report("路灯不亮", LON + 0.01, LAT, external_id="A-1")
    )
    story.case = case
    # Rightly returned once, it never goes back to that unit: not by rule, not by hand.
    await story.does("handler", SANITATION, "order", "return", reason="非环卫职责")
    await story.does("dispatcher", CITY, "order", "uphold_return")
    second = (await story.newest("order"))["unit"]
    assert second != SANITATION
    await story.does("dispatcher", CITY, "case", "recall", reason="改派")
    refused = await story.may_not("dispatcher", CITY, "case", "dispatch", unit=SANITATION)
    assert refused.code == "dispatch.returned_before"
    await story.does("dispatcher", CITY, "case", "dispatch", unit=SQUAD)
    leads = await world.rows("select unit from orders where role = 'lead' and case_id = $1", case)
    assert [lead["unit"] for lead in leads] == [SANITATION, second, SQUAD]
    # All five learn the end, each once.
    await story.cleared(SQUAD)
    await story.passed()
    reports = await world.rows("select id from reports where case_id = $1", case)
    assert len(reports) == 5
    for report in reports:
        assert (await story.told(report["id"])).count("case.ended") == 1


async def test_article_xiv_the_hotline_calls_back_and_the_caller_is_not_satisfied(
    world: World,
) -> None:
    """第十四条：12345 市民服务热线。"""
    story = Story(world)
    caller = await story.reported(REFUSE, LON, LAT, source="hotline", phone=PHONE)
    assert await story.told(caller) == ["case.filed"]
    # First contact with the caller, then the work.
    await story.does("handler", SANITATION, "order", "accept")
    world.pass_time(minutes=5)
    await story.does("handler", SANITATION, "order", "contact", note="已电话联系，约定下午清理")
    order = await story.newest("order")
    assert order["contacted_at"] < order["due_contact"]
    world.pass_time(hours=1)
    await story.does("handler", SANITATION, "order", "finish", result="已清理", outcome="solved")
    # The check is a call back: "it is not fixed", says the caller.
    look = await story.newest("check")
    assert look["mode"] == "callback"
    await story.does("checker", look["unit"], "check", "fail", reason="来电人表示未解决")
    await story.cleared(SANITATION)
    await story.passed("来电人表示满意")
    assert await story.told(caller) == ["case.filed", "case.ended"]
    # A week later it is there again: the same case is opened again, under the same number.
    number = (await story.row())["number"]
    world.pass_time(days=7)
    await story.does("intake", DISTRICT, "case", "reopen", reason="来电人反映反弹")
    row = await story.row()
    assert (row["state"], row["number"], row["reopened"]) == ("dispatched", number, 1)
    await story.cleared(SANITATION)
    assert (await story.newest("check"))["reason"]["why"] == "reopened"
    await story.passed()
    assert await story.told(caller) == ["case.filed", "case.ended", "case.ended.1"]
    stages = [stage for stage, _ in await story.hands()]
    assert stages == [
        *("dispatch", "handle", "check", "handle", "check"),
        *("dispatch", "handle", "check"),
    ]


async def test_article_xiv_a_citizen_without_a_photo_is_believed_after_a_look(
    world: World,
) -> None:
    """第十四条：市民随手拍，先核实、后立案，并告知上报人。"""
    story = Story(world)
    citizen = await story.reported(REFUSE, LON, LAT, source="citizen", phone=PHONE)
    row = await story.row()
    assert (row["state"], row["filed_at"]) == ("verifying", None)
    assert await story.told(citizen) == []
    # Somebody nearby goes and looks: it is there.
    look = await story.newest("check")
    assert (look["sort"], look["mode"]) == ("verify", "onsite")
    world.pass_time(minutes=25)
    await story.does("checker", look["unit"], "check", "pass", note="属实")
    row = await story.row()
    assert (row["state"], row["lead"]) == ("dispatched", SANITATION)
    assert await story.told(citizen) == ["case.filed"]
    await story.cleared(SANITATION)
    await story.passed()
    # "Not fixed", says the citizen, and is heard.
    await story.does("intake", DISTRICT, "case", "reopen", reason="市民反映未解决")
    await story.cleared(SANITATION)
    await story.passed()
    assert await story.told(citizen) == ["case.filed", "case.ended", "case.ended.1"]
    assert [stage for stage, _ in await story.hands()] == [
        *("verify", "dispatch", "handle", "check"),
        *("dispatch", "handle", "check"),
    ]


async def test_article_xiv_what_is_not_there_ends_with_a_reason(world: World) -> None:
    """第十四条：核实不存在的，说明理由。"""
    story = Story(world)
    citizen = await story.reported(REFUSE, LON, LAT, source="citizen", phone=PHONE)
    look = await story.newest("check")
    await story.does("checker", look["unit"], "check", "fail", reason="现场未发现垃圾")
    row = await story.row()
    assert (row["state"], row["reason"]) == ("cancelled", "现场未发现垃圾")
    assert await story.told(citizen) == ["case.ended"]
    assert await world.rows("select 1 from orders") == []
    assert [stage for stage, _ in await story.hands()] == ["verify"]

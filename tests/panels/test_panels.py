"""The screen over HTTP: every panel in one shape, at every place, now and then; its layout."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from tests.feed.scene import Scene
from tests.handling.scene import with_settings
from tests.panels.scene import lived, tally

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.clock import SimulatedClock
from yiwang.kit.db import Scope
from yiwang.matters.panels import registry, service
from yiwang.matters.panels.shapes import PanelOut, ScreenOut

CITY, DISTRICT, TOWN = "310000", "310101", "310101002"


def _chief(scene: Scene, unit: str = "310101_centre") -> Actor:
    return scene.world.actor("duty_chief", unit)


async def _settle(scene: Scene) -> None:
    await lived(scene.world)
    await tally(scene.world)
    scene.gate.clock = SimulatedClock(scene.world.now)


async def _panel(scene: Scene, actor: Actor, name: str, **asked: Any) -> dict[str, Any]:
    async with scene.client(actor) as client:
        answer = await client.get(f"/panels/daily/{name}", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    PanelOut.model_validate(found)
    return found


async def test_every_panel_has_the_one_shape_now_and_then(scene: Scene) -> None:
    await _settle(scene)
    chief = _chief(scene, "310000_centre")
    past = (scene.world.now - timedelta(days=2)).isoformat()
    far = (scene.world.now - timedelta(days=200)).isoformat()
    questions: tuple[dict[str, Any], ...] = (
        {},
        {"span": "30d"},
        {"at": past},
        {"at": far},
        {"place": TOWN},
    )
    for name, asked in product(registry.names(), questions):
        found = await _panel(scene, chief, name, **asked)
        assert found["panel"] == name
        assert found["title"]["zh"] != name
        assert found["source"]["zh"] != found["source"]["en"]
        assert found["as_of"] <= scene.world.now.timestamp()
        assert found["fresh"] or "at" in asked


async def test_vital_signs_count_what_happened(scene: Scene) -> None:
    await _settle(scene)
    chief = _chief(scene, "310000_centre")
    values = {
        name: (await _panel(scene, chief, name))["value"]
        for name in ("open_now", "overdue_now", "opened_today", "on_time_week", "rework_share")
    }
    assert values == {
        "open_now": 2,
        "overdue_now": 2,
        "opened_today": 0,
        "on_time_week": 100.0,
        "rework_share": 50.0,
    }
    trend = (await _panel(scene, chief, "opened_today", span="30d"))["trend"]
    assert len(trend) == 30
    assert [n for _, n in trend if n] == [3]
    stock = (await _panel(scene, chief, "open_now", span="30d"))["trend"]
    assert [n for _, n in stock][-5:] == [0, 2, 2, 2, 2]
    assert len((await _panel(scene, chief, "open_now"))["trend"]) == 24


async def test_a_place_has_its_own_figures(scene: Scene) -> None:
    await _settle(scene)
    chief = _chief(scene, "310000_centre")
    opened = {
        place: (await _panel(scene, chief, "open_now", place=place))["value"]
        for place in (CITY, DISTRICT, TOWN, "310101013", "310115")
    }
    assert opened == {CITY: 2, DISTRICT: 1, TOWN: 0, "310101013": 1, "310115": 1}


async def test_a_past_moment_is_as_it_was_then(scene: Scene) -> None:
    start = scene.world.now
    await _settle(scene)
    chief = _chief(scene, "310000_centre")
    soon = (start + timedelta(hours=3)).isoformat()
    assert (await _panel(scene, chief, "opened_today", at=soon))["value"] == 3
    assert (await _panel(scene, chief, "closed_today", at=soon))["value"] == 1
    assert (await _panel(scene, chief, "overdue_now", at=soon))["value"] == 0
    before = await _panel(scene, chief, "open_now", at=(start - timedelta(hours=2)).isoformat())
    assert before["value"] == 0
    latest = await _panel(scene, chief, "latest", at=(start + timedelta(hours=2)).isoformat())
    assert latest["items"]
    assert all(row["at"] <= start.timestamp() + 7200 for row in latest["items"])
    unkept = await _panel(scene, chief, "overdue_soon", at=soon)
    assert (unkept["value"], unkept["fresh"]) == (None, False)
    assert unkept["reason"]["en"]


async def test_what_is_not_folded_yet_is_not_fresh(scene: Scene) -> None:
    await _settle(scene)
    chief = _chief(scene)
    scene.world.pass_time(minutes=2)
    scene.gate.clock = SimulatedClock(scene.world.now)
    found = await _panel(scene, chief, "opened_today")
    assert not found["fresh"]
    assert found["as_of"] == int((scene.world.now - timedelta(minutes=2)).timestamp())
    assert (await _panel(scene, chief, "overdue_list"))["fresh"]


async def test_lists_say_it_in_words(scene: Scene) -> None:
    await _settle(scene)
    chief = _chief(scene, "310000_centre")
    latest = (await _panel(scene, chief, "latest"))["items"]
    assert latest[0]["action"] == "case.overdue"
    assert "：" in latest[0]["text"]["zh"]
    overdue = (await _panel(scene, chief, "overdue_list"))["items"]
    assert [row["late_s"] > 0 for row in overdue] == [True, True]
    systems = (await _panel(scene, chief, "systems"))["items"]
    assert {row["key"]: row["value"] for row in systems} == {"hotline": 1, "test": 1}
    assert {row["status"] for row in systems} == {"watch"}  # silent for three days
    kinds = (await _panel(scene, chief, "hot_kinds"))["items"]
    assert sum(row["value"] for row in kinds) == 3
    places = (await _panel(scene, chief, "hot_places"))["items"]
    assert {row["key"] for row in places} == {"310101", "310115"}
    roster = await _panel(scene, chief, "roster", place=DISTRICT)
    assert roster["link"] == f"/api/v1/roster/now?place={DISTRICT}"


async def test_a_threshold_gives_the_status_and_its_reason(scene: Scene) -> None:
    await _settle(scene)
    found = await _panel(scene, _chief(scene), "rework_share")
    assert (found["value"], found["status"]) == (50.0, "alarm")
    assert found["threshold"]["alarm"] == 20
    assert "20" in found["status_reason"]["en"]
    assert found["threshold"]["source"]["zh"]


async def test_one_asks_about_ones_own_places(scene: Scene) -> None:
    chief = _chief(scene)
    async with scene.client(chief) as client:
        own = await client.get("/panels/daily/open_now")
        assert own.json()["place"] == DISTRICT
        for path, code in (
            (f"/panels/daily/open_now?place={CITY}", "panels.beyond_reach"),
            ("/panels/daily/open_now?place=310115", "panels.beyond_reach"),
            ("/panels?place=310115", "panels.beyond_reach"),
            ("/panels/daily/open_now?place=nowhere", "places.unknown"),
            ("/panels/weekly/open_now", "panels.mode_unknown"),
            ("/panels/daily/nothing", "panels.unknown"),
            ("/panels/daily/open_now?at=2099-01-01T00:00:00Z", "panels.future"),
        ):
            answer = await client.get(path)
            assert answer.json()["code"] == code, path
    handler = scene.world.actor("handler", "310101002_sanitation")
    async with scene.client(handler) as client:
        answer = await client.get("/panels/daily/open_now")
        assert (answer.status_code, answer.json()["code"]) == (403, "panels.beyond_reach")


async def test_the_database_shows_nobody_the_tallies_of_others(scene: Scene) -> None:
    await _settle(scene)
    world = scene.world
    async with world.as_(_chief(scene, "310115_centre")) as tx:
        rows = await tx.fetch("select distinct place from tallies")
        assert {row["place"].split(".")[1] for row in rows} == {"310115"}
        assert await tx.fetch("select * from tally_senders")
    for scope in (Scope(""), Scope("public"), Scope("person:1", units=("310101002_sanitation",))):
        async with world.service.begin(scope, world.now) as tx:
            assert not await tx.fetch("select * from tallies")
            assert not await tx.fetch("select * from tally_senders")
            assert not await tx.fetch("select * from screen_layouts")


LAYOUT = [
    {"panel": "latest", "region": "left", "size": 2},
    {"panel": "open_now", "region": "top", "size": 1},
]


async def _screen(scene: Scene, actor: Actor, place: str | None = None) -> Mapping[str, Any]:
    async with scene.client(actor) as client:
        answer = await client.get("/panels", params={"place": place} if place else {})
    assert answer.status_code == 200, answer.text
    ScreenOut.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return {**found, "daily": next(row for row in found["modes"] if row["mode"] == "daily")}


async def test_a_centre_arranges_its_own_screen_and_takes_it_back(scene: Scene) -> None:
    chief, town = _chief(scene), _chief(scene, "310101002_centre")
    assert not (await _screen(scene, chief))["daily"]["own"]
    async with scene.client(chief) as client:
        answer = await client.put("/panels/daily", json={"panels": LAYOUT})
        assert answer.status_code == 200, answer.text
    mine = (await _screen(scene, chief))["daily"]
    assert [row["panel"] for row in mine["panels"]] == ["latest", "open_now"]
    assert (mine["own"], mine["place"], mine["by"]) == (True, DISTRICT, chief.name)
    # whoever sits below looks at the same until they arrange their own
    assert (await _screen(scene, town))["daily"]["place"] == DISTRICT
    async with scene.client(town) as client:
        assert (await client.put("/panels/daily", json={"panels": []})).status_code == 200
    assert (await _screen(scene, town))["daily"]["place"] == TOWN
    assert (await _screen(scene, chief))["daily"]["place"] == DISTRICT
    other = _chief(scene, "310115_centre")
    assert not (await _screen(scene, other))["daily"]["own"]
    async with scene.client(chief) as client:
        assert not (await client.delete("/panels/daily")).json()["own"]
        assert not (await client.delete("/panels/daily")).json()["own"]
    events = await scene.world.rows(
        "select action, actor, facts from events where matter = 'screen' order by id"
    )
    assert [row["action"] for row in events] == ["screen.arrange", "screen.arrange", "screen.reset"]
    assert events[0]["facts"] == {"mode": "daily", "panels": LAYOUT}


async def test_only_the_duty_at_its_own_centre_arranges(scene: Scene) -> None:
    chief, dispatcher = _chief(scene), scene.world.actor("dispatcher", "310101_centre")
    assert (await _screen(scene, chief))["may_arrange"]
    assert not (await _screen(scene, dispatcher))["may_arrange"]
    body = {"panels": LAYOUT}
    async with scene.client(dispatcher) as client:
        answer = await client.put("/panels/daily", json=body)
        assert answer.json()["code"] == "authority.duty_missing"
    async with scene.client(chief) as client:
        for path, sent, code in (
            ("/panels/daily?place=310115", body, "panels.beyond_reach"),
            ("/panels/daily?place=310101002001", body, "panels.no_centre"),
            ("/panels/weekly", body, "panels.mode_unknown"),
            ("/panels/daily", {"panels": [LAYOUT[0], LAYOUT[0]]}, "panels.layout"),
            ("/panels/daily", {"panels": [LAYOUT[0] | {"panel": "no_such"}]}, "panels.unknown"),
        ):
            answer = await client.put(path, json=sent)
            assert answer.json()["code"] == code, answer.text
    assert not await scene.world.rows("select * from screen_layouts")


async def test_a_pack_without_a_screen_shows_no_panels_and_judges_nothing(scene: Scene) -> None:
    scene.gate.city = with_settings(scene.world.city, screen={})
    screen = await _screen(scene, _chief(scene))
    assert [row["panels"] for row in screen["modes"]] == [[], [], []]
    assert (await _panel(scene, _chief(scene), "rework_share"))["threshold"] is None


def test_two_panels_of_one_name_are_a_mistake() -> None:
    panel = registry.find("open_now")
    assert panel is not None
    registry.register(panel)
    with pytest.raises(ValueError, match="open_now"):
        registry.register(registry.Panel("open_now", "list", "case", panel.read))


def test_the_shipped_screens_name_known_panels(scene: Scene) -> None:
    city = scene.world.city
    screen = service.screen_of(city, city.root_path, datetime.now(city.zone))
    assert screen["modes"]["emergency"]
    assert service.unknown_panels(screen) == []
    assert service.unknown_panels({"modes": {"daily": [{"panel": "x_y"}]}}) == ["x_y"]

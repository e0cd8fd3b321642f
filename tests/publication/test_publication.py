"""What everybody may see, over HTTP and behind the second wall."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.requests import Request
from tests.feed.scene import Scene
from tests.handling import scene as handling
from tests.panels.scene import lived, tally
from tests.stories.steps import PHONE

from yiwang.ground.authority.model import Actor
from yiwang.ground.gate.clock import SimulatedClock
from yiwang.ground.packs.model import Level
from yiwang.kit.db import Scope
from yiwang.matters.desk import service as desk
from yiwang.matters.publication import lists, routes, shapes
from yiwang.matters.publication.shelf import KEPT_S, Shelf

LON, LAT = 121.478123, 31.236789
SECRET = "我是三零二室的王某，电话在此"
TOWN = "310101002"
PUBLIC = Actor("public", "")


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def _get(scene: Scene, path: str, **asked: Any) -> httpx.Response:
    scene.gate.clock = SimulatedClock(scene.world.now)
    scene.app.state.public_shelf = Shelf()
    async with scene.client(PUBLIC) as client:
        return await client.get(f"/public{path}", params=asked or None)


async def _json(scene: Scene, path: str, **asked: Any) -> dict[str, Any]:
    answer = await _get(scene, path, **asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _report(scene: Scene, **more: Any) -> str:
    """A report with everything that must stay unsaid; the number of its case."""
    values: dict[str, Any] = {"address": f"{SECRET}路9号", "title": SECRET, "phone": PHONE}
    report = await scene.world.report(f"暴露垃圾成堆没人清，{SECRET}", LON, LAT, **values | more)
    await scene.world.work()
    row = await scene.world.row(
        "select c.number from reports r join cases c on c.id = r.case_id where r.id = $1", report
    )
    return str(row["number"])


async def test_a_published_case_says_what_happens_and_nothing_of_who_reported(scene: Scene) -> None:
    number = await _report(scene)
    answer = await _get(scene, f"/cases/{number}")
    page = answer.json()
    shapes.PublicCasePage.model_validate(page)
    for path in (f"/cases/{number}", "/cases", "/map", "/export", "/export?format=geojson"):
        text = (await _get(scene, path)).text
        assert number in text
        for secret in (SECRET, PHONE, str(LON), str(LAT), "责任清单", "reason"):
            assert secret not in text, (path, secret)
    assert page["state_name"]["zh"] == "处置单位正在办理"
    assert page["next"]["en"].startswith("Next:")
    assert page["holder"] == "310101002_sanitation"
    assert [step["step"] for step in page["steps"]] == ["reported", "filed", "dispatched"]
    assert (page["place"], page["open"], page["photos"]) == (TOWN, True, [])
    assert page["due"] > page["reported"]


async def test_a_position_is_as_coarse_as_the_pack_says(scene: Scene) -> None:
    number = await _report(scene)
    page = await _json(scene, f"/cases/{number}")
    north = (page["lat"] - LAT) * 111_320
    east = (page["lon"] - LON) * 111_320 * math.cos(math.radians(LAT))
    assert page["position_m"] == 50
    assert 0 < math.hypot(north, east) <= 50 / math.sqrt(2) + 0.5
    grid = page["lat"] / (50 / 111_320)
    assert abs(grid - round(grid)) < 0.01


async def test_a_sensitive_kind_has_no_position(scene: Scene) -> None:
    open_number = await _report(scene, kind="demand/2020/0101")
    hidden = await _report(scene, kind="demand/2020/0305")
    page = await _json(scene, f"/cases/{hidden}")
    assert (page["lon"], page["lat"]) == (None, None)
    shown = (await _json(scene, "/map"))["columns"]["number"]
    assert (open_number in shown, hidden in shown) == (True, False)
    file = await _json(scene, "/export", format="geojson")
    points = {row["id"]: row["geometry"] for row in file["features"]}
    assert points[hidden] is None
    assert points[open_number]["type"] == "Point"
    box = "121.4,31.2,121.5,31.3"
    boxed = [row["number"] for row in (await _json(scene, "/cases", bbox=box))["items"]]
    assert (open_number in boxed, hidden in boxed) == (True, False)


async def test_only_published_photos_of_what_is_public_are_shown(scene: Scene) -> None:
    world = scene.world
    world.city = handling.with_settings(world.city, dispatch__automatic=False)
    number, hidden = await _report(scene), await _report(scene, kind="demand/2020/0305")
    async with world.as_worker() as tx:
        made = await tx.fetch(
            "insert into attachments (report_id, case_id, place, role, media_type, sha256, size,"
            " width, height, created_at, created_by, state)"
            " select r.id, case when s.direct then r.case_id end, r.place, 'near', 'image/jpeg',"
            " 'x', 1, 1, 1, now(), 'test', s.state from reports r, (values ('kept', true),"
            " ('withheld', true), ('published', true), ('published', false)) s(state, direct)"
            " order by r.id returning id, report_id, state"
        )
    first = min(row["report_id"] for row in made)
    public = sorted(
        row["id"] for row in made if (row["report_id"], row["state"]) == (first, "published")
    )

    async def shown(of: str, yes: bool = True) -> list[int]:
        scene.gate.city = handling.with_settings(world.city, photos__public=yes)
        return [row["id"] for row in (await _json(scene, f"/cases/{of}"))["photos"]]

    assert await shown(number) == public
    assert await shown(number, yes=False) == []
    assert await shown(hidden) == []
    await world.rows("update reports set state = 'withdrawn' where id = $1 returning id", first)
    assert await shown(number) == []


async def test_merged_cancelled_and_unchecked_cases_are_told_truthfully(scene: Scene) -> None:
    world = scene.world
    world.city = handling.with_settings(world.city, dispatch__automatic=False)
    numbers = [await _report(scene, kind=f"event/2007/010{n}") for n in (1, 2, 3)]
    chief = world.actor("duty_chief", handling.DISTRICT_CENTRE)
    rows = await world.rows("select id, number from cases")
    ids = {row["number"]: row["id"] for row in rows}
    target, merged, cancelled = numbers
    async with world.as_(chief) as tx:
        for number, action, facts in (
            (merged, "merge", {"case": ids[target]}),
            (cancelled, "cancel", {"reason": f"内部：{SECRET}"}),
            (target, "close", {"reason": f"内部：{SECRET}"}),
        ):
            await desk.act(tx, world.city, chief, "case", ids[number], action, facts)
    pages = {number: await _json(scene, f"/cases/{number}") for number in numbers}
    assert pages[merged]["merged_into"] == target
    assert pages[merged]["steps"][-1]["step"] == "merged"
    assert pages[cancelled]["state_name"]["zh"] == "不予办理"
    assert pages[target]["state_name"]["zh"] == "已结案，未经核查"
    assert SECRET not in str(pages)
    assert {page["holder"] for page in pages.values()} == {None}
    assert (await _json(scene, "/map"))["count"] == 0


async def test_the_list_filters_sorts_and_pages(scene: Scene) -> None:
    first = await _report(scene, kind="event/2007/0102")
    scene.world.pass_time(days=2)
    second = await _report(scene, kind="demand/2020/0101")

    async def numbers(**asked: Any) -> list[str]:
        found = await _json(scene, "/cases", **asked)
        shapes.PublicCases.model_validate(found)
        return [row["number"] for row in found["items"]]

    assert await numbers() == [second, first]
    assert await numbers(sort="reported") == [first, second]
    assert await numbers(kind="event/2007/01") == [first]
    assert await numbers(place="310101", state="open") == [second, first]
    assert await numbers(place="310115") == []
    assert await numbers(overdue="true") == [first]
    assert await numbers(overdue="false") == [second]
    assert await numbers(days="1") == [second]
    assert await numbers(state="ended") == []
    assert set(await numbers(sort="due")) == {first, second}
    page = await _json(scene, "/cases", limit=1)
    assert page["items"][0]["number"] == second
    rest = await _json(scene, "/cases", limit=1, cursor=page["next"])
    assert [row["number"] for row in rest["items"]] == [first]
    scene.world.pass_time(days=60)
    assert await numbers() == []
    assert len(await numbers(state="open")) == 2


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/cases/310000000000", 404, "publication.no_case"),
        ("/cases?place=310101002001", 422, "listing.values"),
        ("/cases?bbox=1,2,3", 422, "listing.values"),
        ("/cases?bbox=9,2,3,4", 422, "listing.values"),
        ("/cases?days=9999", 422, "listing.values"),
        ("/cases?reporter=me", 422, "listing.filter_unknown"),
        ("/cases?sort=text", 422, "listing.sort_unknown"),
        ("/cases?state=open&state=ended", 422, "listing.filter_twice"),
        ("/map?place=310101002001", 404, "publication.too_small"),
        ("/places/310101002001", 404, "publication.too_small"),
        ("/places/nowhere", 404, "places.unknown"),
        ("/places?parent=nowhere", 404, "places.unknown"),
    ],
)
async def test_wrong_questions_are_refused(scene: Scene, path: str, status: int, code: str) -> None:
    answer = await _get(scene, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_files_carry_their_licence(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await _report(scene)
    await _report(scene, kind="demand/2020/0101")
    answer = await _get(scene, "/export", language="en", days=5)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    row = next(row for row in rows if row["number"] == number)
    assert row["licence"] == "CC-BY-4.0"
    assert row["state_name"] == "being worked on"
    assert row["reported"].startswith("2026-03-10 10:00")
    file = await _json(scene, "/export", format="geojson")
    assert file["licence"]["url"].startswith("https://creativecommons.org")
    monkeypatch.setattr(routes, "FILE_MOST", 1)
    monkeypatch.setattr(routes, "_PAGE", 1)
    refused = await _get(scene, "/export")
    assert refused.json()["code"] == "publication.too_many_rows"


async def test_figures_of_every_town_and_a_towns_page(scene: Scene) -> None:
    await lived(scene.world)
    await tally(scene.world)
    scene.gate.city = handling.with_settings(scene.world.city, publication__least=1)
    found = await _json(scene, "/places", level="town")
    shapes.PublicPlaces.model_validate(found)
    assert len(found["items"]) == len(scene.world.city.tree.at_level(Level.TOWN))
    towns = {row["place"]: row["figures"] for row in found["items"]}
    town = towns[TOWN]
    assert (town["opened"], town["closed"], town["open_now"], town["on_time"]) == (2, 1, 0, 100.0)
    assert (town["repeats"], town["repeats_share"]) == (1, 50.0)
    assert towns["310115004"]["overdue_now"] == 1
    inner = await _json(scene, "/places", level="town", parent="310101", months=1)
    assert {row["parent"] for row in inner["items"]} == {"310101"}
    page = await _json(scene, f"/places/{TOWN}")
    shapes.PublicPlace.model_validate(page)
    assert len(page["monthly"]) == 24
    assert page["monthly"][-1]["month"] == "2026-03"
    assert page["monthly"][-1]["opened"] == 2
    assert {row["figure"]: (row["rank"], row["of"]) for row in page["ranks"]} == {
        "on_time": (1, 1),
        "median_days": (1, 1),
    }
    assert [row["count"] for row in page["hottest"]] == [2]
    assert not (await _json(scene, "/places/310000"))["ranks"]
    # by the pack's own rule these numbers are too small to be told
    scene.gate.city = scene.world.city
    careful = await _json(scene, f"/places/{TOWN}")
    assert careful["figures"]["on_time"] is None
    assert "on_time" in careful["figures"]["few"]
    assert (careful["ranks"], careful["hottest"]) == ([], [])
    assert "10" in careful["note"]["zh"]


async def test_the_public_scope_sees_views_and_no_table(scene: Scene) -> None:
    await _report(scene)
    await tally(scene.world)
    async with scene.world.service.begin(Scope("public"), scene.world.now) as tx:
        assert len(await tx.fetch("select * from published_cases")) == 1
        for table in ("cases", "reports", "reporters", "events", "tallies"):
            assert not await tx.fetch(f"select * from {table}"), table
        rows = await tx.fetch("select place, grain from published_tallies")
        assert rows
        assert all(lists.published(row["place"]) and row["grain"] != "hour" for row in rows)
        names = await tx.fetch(
            "select column_name from information_schema.columns"
            " where table_name = 'published_cases'"
        )
        hidden = {"title", "text", "address", "reason", "spot", "parties", "exact_lon", "centre"}
        assert not hidden & {row["column_name"] for row in names}
        for statement in (
            "update published_cases set state = 'closed'",
            "delete from published_tallies",
        ):
            with pytest.raises(
                (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError)
            ):
                async with tx.savepoint():
                    await tx.execute(statement)


async def test_a_leaky_question_learns_no_exact_position(scene: Scene) -> None:
    """A condition that tells what it is asked about sees only rows and columns of the view."""
    await _report(scene)
    async with scene.world.service.begin(Scope("public"), scene.world.now) as tx:
        rows = await tx.fetch("select lat from published_cases where lat::text like $1", f"%{LAT}%")
    assert not rows


async def test_answers_are_shared_for_a_few_seconds() -> None:
    clock = Clock()
    shelf = Shelf(clock)
    made: list[int] = []

    async def make() -> bytes:
        made.append(1)
        return b"%d" % len(made)

    async def ask(tag: str = "") -> tuple[int, bytes, str]:
        sent = [(b"if-none-match", tag.encode())] if tag else []
        request = Request({"type": "http", "headers": sent})
        answer = await shelf.answer(request, "k", "application/json", make)
        return answer.status_code, bytes(answer.body), answer.headers["etag"]

    status, body, tag = await ask()
    assert (status, body) == (200, b"1")
    assert (await ask())[1] == b"1"
    assert await ask(tag) == (304, b"", tag)
    clock.now += KEPT_S + 0.1
    assert (await ask(tag))[:2] == (200, b"2")


async def test_an_answer_is_refused_anew_and_what_failed_is_not_kept(scene: Scene) -> None:
    async with scene.client(PUBLIC) as client:
        scene.app.state.public_shelf = Shelf()
        assert (await client.get("/public/cases/0")).status_code == 404
        assert (await client.get("/public/cases/0")).status_code == 404
        answer = await client.get("/public/map")
        again = await client.get("/public/map", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert answer.headers["cache-control"] == "public, max-age=5"

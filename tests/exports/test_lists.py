"""The routes of lists: what is seen, in which order, with which actions; and finding by text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from tests.feed.scene import Scene
from tests.world import DISTRICT, TOWN

from yiwang.ground.authority.model import Actor
from yiwang.kit.db import Scope, Tx
from yiwang.matters.exports.lists import LISTS

ELSEWHERE = "310104"  # 徐汇区


def dispatcher(scene: Scene, place: str = DISTRICT) -> Actor:
    """A dispatcher of a place's centre."""
    return scene.world.actor("dispatcher", scene.world.centre(place))


async def listed(scene: Scene, actor: Actor, path: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    async with scene.client(actor) as client:
        cursor = ""
        while True:
            joint = "&" if "?" in path else "?"
            answer = await client.get(f"{path}{joint}limit=2{cursor}")
            assert answer.status_code == 200, answer.text
            found += answer.json()["items"]
            if answer.json()["next"] is None:
                return found
            cursor = f"&cursor={answer.json()['next']}"


async def test_a_list_holds_what_its_reader_may_see_and_do(scene: Scene) -> None:
    mine = [await scene.file(TOWN, f"路灯不亮 {n}") for n in range(5)]
    other = await scene.file(ELSEWHERE, "路灯不亮")
    found = await listed(scene, dispatcher(scene), "/cases?state=open")
    assert {row["id"] for row in found} == {case.id for case in mine}
    assert all("dispatch" in row["actions"] and "reopen" not in row["actions"] for row in found)
    assert all(row["place"] == TOWN and row["place_name"]["zh"] for row in found)
    assert all(row["kind_name"]["en"] and row["centre_name"]["zh"] for row in found)
    theirs = await listed(scene, dispatcher(scene, ELSEWHERE), "/cases")
    assert [row["id"] for row in theirs] == [other.id]


async def test_orders_of_a_list(scene: Scene) -> None:
    first = await scene.file(TOWN, "一")
    scene.world.pass_time(hours=1)
    second = await scene.file(TOWN, "二")
    actor = dispatcher(scene)
    newest = await listed(scene, actor, "/cases")
    oldest = await listed(scene, actor, "/cases?sort=reported")
    due = await listed(scene, actor, "/cases?sort=due")
    assert [row["id"] for row in newest] == [second.id, first.id]
    assert [row["id"] for row in oldest] == [first.id, second.id]
    assert {row["id"] for row in due} == {first.id, second.id}


async def test_filters_of_cases(scene: Scene) -> None:
    lamp = await scene.file(TOWN, "路灯不亮", kind=scene.kind(0))
    tree = await scene.file(TOWN, "树木倒伏", kind=scene.kind(40))
    actor = dispatcher(scene)

    async def ids(query: str) -> set[int]:
        return {row["id"] for row in await listed(scene, actor, f"/cases?{query}")}

    assert await ids(f"kind={lamp.kind}") == {lamp.id}
    assert await ids(f"kind={tree.kind}") == {tree.id}
    assert await ids(f"number={tree.number}") == {tree.id}
    assert await ids(f"place={TOWN}&state=filed") == {lamp.id, tree.id}
    assert await ids("state=closed") == set()
    assert await ids(f"place={ELSEWHERE}") == set()
    assert await ids(f"centre={lamp.centre}&synthetic=true") == {lamp.id, tree.id}
    assert await ids("overdue=true") == set()
    assert await ids("overdue=false") == {lamp.id, tree.id}
    scene.world.pass_time(days=900)
    scene.gate.clock.set(scene.world.now)  # type: ignore[attr-defined]
    late = await ids("overdue=true")
    assert late == {row.id for row in (lamp, tree) if row.due_next is not None}
    assert late


_WRONG = {
    "colour=red": "listing.filter_unknown",
    "sort=colour": "listing.sort_unknown",
    "state=lost": "listing.values",
    "place=nowhere": "listing.values",
    "unit=nobody": "listing.values",
    "kind=nothing": "taxonomy.kind_unknown",
    "state=open&state=filed": "listing.filter_twice",
    "cursor=abc": "listing.cursor_bad",
    "reported_from=yesterday": "listing.values",
    "q=": "listing.values",
}


async def test_a_wrong_query_is_refused(scene: Scene) -> None:
    async with scene.client(dispatcher(scene)) as client:
        for query, code in _WRONG.items():
            answer = await client.get(f"/cases?{query}")
            assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_every_list_answers_in_every_order(scene: Scene) -> None:
    for name in set(LISTS) - {"reports"}:
        for sort in LISTS[name].listing.sorts:
            assert await listed(scene, dispatcher(scene), f"/{name}?sort={sort.name}") == []


async def test_every_filter_of_every_list_is_good_sql(scene: Scene) -> None:
    samples = {"boolean": "true", "integer": "1"}
    special = {"place": TOWN, "kind": scene.kind(), "q": "路灯", "state": "open"}
    special |= dict.fromkeys(("unit", "centre", "against"), scene.world.centre())
    async with scene.client(dispatcher(scene)) as client:
        for name in set(LISTS) - {"reports"}:
            for row in LISTS[name].listing.parameters()[:-1]:
                text = special.get(row["name"]) or samples.get(row["schema"]["type"])
                if "pattern" in row["schema"]:
                    text = row["schema"]["pattern"].strip("^()$").partition("|")[0]
                if row["schema"].get("format") == "date-time":
                    text = "2026-03-01T00:00:00Z"
                answer = await client.get(f"/{name}", params={row["name"]: text or "x"})
                assert answer.status_code == 200, (name, row["name"], answer.text)


async def test_a_unit_without_a_place_reads_its_own(scene: Scene) -> None:
    """A handler of a department: the cases and orders of its unit, and no others."""
    mine, other = await scene.file(TOWN, "我们的"), await scene.file(TOWN, "别人的")
    city = scene.world.city
    unit, stranger = [u.code for u in city.units.values() if not city.is_over_place(u)][:2]
    async with scene.world.as_worker() as tx:
        for case, code in ((mine, unit), (other, stranger)):
            await tx.execute(
                "insert into orders (state, case_id, unit, role, centre, place, parties, kind,"
                " issued_by, issued_at) values ('issued', $1, $2, 'lead', $3, $4::text::ltree, $5,"
                " $6, 'platform', $7)",
                *(case.id, code, case.centre, case.place, [code], case.kind, tx.now),
            )
            await tx.execute("update cases set parties = $2 where id = $1", case.id, [code])
    handler = scene.world.actor("handler", unit)
    assert [row["id"] for row in await listed(scene, handler, "/cases")] == [mine.id]
    orders = await listed(scene, handler, "/orders?state=open&sort=due")
    assert [(row["case_id"], row["unit"]) for row in orders] == [(mine.id, unit)]
    assert "accept" in orders[0]["actions"]
    assert await listed(scene, handler, f"/orders?unit={stranger}") == []


async def found(scene: Scene, actor: Actor, text: str) -> set[int]:
    """What a search finds."""
    async with scene.client(actor) as client:
        answer = await client.get("/cases", params={"q": text})
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()["items"]}


async def test_search(scene: Scene) -> None:
    lamp = await scene.file(TOWN, "路灯不亮", "南京东路 100 号门口路灯 broken LAMP post")
    tree = await scene.file(TOWN, "树木倒伏", "压到车 100% 50_50")
    other = await scene.file(ELSEWHERE, "路灯不亮")
    mine, city = dispatcher(scene), dispatcher(scene, scene.world.city.pack.root)
    assert await found(scene, mine, "路灯") == {lamp.id}
    assert await found(scene, city, "路灯") == {lamp.id, other.id}
    assert await found(scene, city, "路灯不亮") == {lamp.id, other.id}
    assert await found(scene, mine, "南京 100") == {lamp.id}
    assert await found(scene, mine, "lamp POST") == {lamp.id}
    assert await found(scene, mine, "100%") == {tree.id}
    assert await found(scene, mine, "0_5") == {tree.id}
    assert await found(scene, mine, "\\") == set()
    assert await found(scene, mine, tree.number) == {tree.id}
    assert await found(scene, mine, other.number) == set()
    assert await found(scene, mine, "垃圾") == set()
    bin_ = await scene.file(TOWN, "桶满", address="延安东路 7 弄 21 号")
    assert await found(scene, mine, "延安东路 7 弄") == {bin_.id}
    assert await found(scene, mine, "桶满 延安") == {bin_.id}
    assert await found(scene, mine, "1-2-3") == set()


async def test_search_follows_what_a_case_says(scene: Scene) -> None:
    case = await scene.file(TOWN, "路灯不亮", "孔雀开屏")
    async with scene.world.as_worker() as tx:
        await tx.execute("update cases set text = '白鹤', address = '外滩' where id = $1", case.id)
    assert await found(scene, dispatcher(scene), "孔雀") == set()
    assert await found(scene, dispatcher(scene), "路灯 白鹤 外滩") == {case.id}
    async with scene.world.as_(dispatcher(scene)) as tx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.fetch("select * from case_words")


async def _bury(tx: Tx, case_id: int) -> None:
    """3 000 newer cases."""
    await tx.execute(
        "insert into cases (state, number, source, kind, place, title, discovered_at,"
        " reported_at, centre) select 'closed', 'x' || n, 'hotline', kind, place, '路灯',"
        " discovered_at, reported_at + interval '1 day', centre"
        " from cases, generate_series(1, 3000) n where id = $1",
        case_id,
    )


async def test_search_finds_a_rare_text_of_long_ago_and_open_cases_of_ones_place(
    scene: Scene,
) -> None:
    """Behind 3 000 newer cases: trigrams find rare texts, one's own open cases any word."""
    old = await scene.file(TOWN, "孔雀开屏 peacock")
    gone = await scene.file(TOWN, "孔雀开屏 peacock")
    async with scene.world.as_worker() as tx:
        await tx.execute("update cases set state = 'closed' where id = $1", gone.id)
        await _bury(tx, old.id)
    district = dispatcher(scene)
    whole = dispatcher(scene, scene.world.city.pack.root)
    assert await found(scene, district, "peacock") == {old.id, gone.id}
    assert await found(scene, whole, "peacock") == {old.id, gone.id}
    assert await found(scene, district, "孔雀") == {old.id}
    assert await found(scene, whole, "孔雀") == set()


async def test_search_finds_a_rare_chinese_text_of_long_ago(scene: Scene) -> None:
    """As above, where the server knows Chinese letters."""
    gone = await scene.file(TOWN, "孔雀开屏")
    async with scene.world.as_worker() as tx:
        if not await tx.fetchval("select cardinality(show_trgm('孔雀开'))"):
            pytest.skip("this server's LC_CTYPE is C: pg_trgm knows no Chinese letters")
        await tx.execute("update cases set state = 'closed' where id = $1", gone.id)
        await _bury(tx, gone.id)
    assert await found(scene, dispatcher(scene), "孔雀开") == {gone.id}


async def test_search_sees_no_more_than_its_actor(scene: Scene) -> None:
    case = await scene.file(TOWN, "路灯不亮")
    async with scene.world.service.begin(Scope(""), scene.world.now) as tx:
        assert await tx.fetch("select search_cases('路灯', 10)") == []
    nobody = replace(dispatcher(scene), scope=Scope("person:9"))
    async with scene.world.as_(nobody) as tx:
        assert await tx.fetch("select search_cases('路灯', 10)") == []
        assert await tx.fetch("select search_cases($1, 10)", case.number) == []


async def test_a_place_filter_reaches_the_index_behind_the_wall(scene: Scene) -> None:
    """`<@` is leakproof, so PostgreSQL may use the index of places under row-level security."""
    path = scene.world.city.tree.path(TOWN)
    async with scene.world.as_(dispatcher(scene)) as tx:
        await tx.execute("set local enable_seqscan = off; set local enable_indexscan = off")
        rows = await tx.fetch(
            "explain select id from cases where state in ('reported', 'verifying', 'filed',"
            " 'dispatched', 'checking', 'suspended')"
            f" and place <@ '{path}'::ltree"
        )
    plan = "\n".join(row[0] for row in rows)
    assert "cases_place" in plan
    assert "Index Cond: (place <@" in plan

"""A revision from draft to force, on a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.handling import scene as street
from tests.revision import scene
from tests.revision.scene import refused
from tests.world import World

from yiwang.ground.city import City
from yiwang.ground.packs import store as packs
from yiwang.ground.revision import rules, service, store
from yiwang.ground.revision.following import look
from yiwang.ground.revision.items import items, name_of
from yiwang.ground.revision.model import Sort

KIND = street.REFUSE
HOLIDAY: dict[str, Any] = {
    "day": "2026-03-10",
    "kind": "off",
    "name": {"zh": "临时放假", "en": "Sudden holiday"},
}


def _limit(city: City, amount: float) -> dict[str, Any]:
    rows = [b for b in scene.items_of(city, Sort.LIMITS) if b["stage"] == "handle"]
    found = next(b for b in rows if b["kind"] == KIND and not b["milestone"])
    return {**found, "amount": amount}


async def _of_database(world: World) -> City:
    async with world.as_worker() as tx:
        pack = await packs.load(tx)
    assert pack is not None
    return City.build(pack)


async def test_a_limit_takes_effect_on_its_day_and_no_earlier(world: World) -> None:
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    day = scene.TODAY + timedelta(days=1)
    made = await scene.draft(world, author, (Sort.LIMITS, "", _limit(world.city, 77)), on=day)
    await scene.act(world, author, made.id, "submit")
    await scene.act(world, other, made.id, "approve", reason="同意")
    desk = scene.worker(world)
    before = world.city.taxonomy.stage_clocks(KIND, world.city.root_path, day)
    assert await desk.revise() == 0
    world.pass_time(days=1)
    assert await desk.revise() == 1
    assert await desk.revise() == 0
    path = world.city.tree.path(street.COMMUNITY)
    limit = next(iter(desk.city.taxonomy.stage_clocks(KIND, path, day).values()))
    found = [row for rows in (limit,) for row in rows]
    handle = [
        row
        for rows in desk.city.taxonomy.stage_clocks(KIND, path, day).values()
        for row in rows
        if row.amount == 77
    ]
    assert found
    assert [row.source for row in handle] == [f"limits.csv@revision/{made.id}"]
    assert before == world.city.taxonomy.stage_clocks(KIND, world.city.root_path, day)
    # the same as the database says, and as any other process takes up
    assert (await _of_database(world)).pack.limits == desk.city.pack.limits
    taken = await look(world.service, world.city, world.now)
    assert taken is not None
    assert taken.pack.limits == desk.city.pack.limits
    assert await look(world.service, taken, world.now) is None
    events = await world.rows(
        "select action, actor, before, after from events where matter = 'revision' order by id"
    )
    assert [(row["action"], row["after"]) for row in events] == [
        ("revision.draft", "draft"),
        ("revision.submit", "submitted"),
        ("revision.approve", "approved"),
        ("revision.enforce", "in_force"),
    ]


async def test_a_process_that_follows_keeps_its_places(world: World) -> None:
    first = await look(world.service, world.city, world.now)
    assert first is not None
    world.city = first
    await scene.pass_through(world, (Sort.LIMITS, "", _limit(world.city, 9)))
    second = await look(world.service, first, world.now)
    assert second is not None
    assert second.locator is first.locator
    assert second.pack.areas is first.pack.areas
    assert second.pack.mark is not None
    assert second.pack.mark.revision == 1


async def test_two_persons_and_their_duties(world: World) -> None:
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    second = await scene.admin(world, "sysadmin", "another")
    made = await scene.draft(world, author, (Sort.CALENDAR, "", HOLIDAY))
    with refused("procedure.not_possible"):
        await scene.act(world, other, made.id, "approve")
    with refused("revision.not_author"):
        await scene.act(world, second, made.id, "submit")
    with refused("authority.duty_missing"):
        await scene.act(world, other, made.id, "submit")
    await scene.act(world, author, made.id, "submit")
    with refused("authority.duty_missing"):
        await scene.act(world, author, made.id, "approve")
    both = replace(author, holdings=(*author.holdings, *other.holdings))
    with refused("revision.own"):
        await scene.act(world, both, made.id, "approve")
    with refused("revision.own"):
        await scene.act(world, both, made.id, "reject", reason="x")
    with refused("authority.platform_only"):
        await scene.act(world, other, (await _approved(world, made.id)), "enforce")
    chief = world.actor("duty_chief", scene.CENTRE)
    with refused("authority.duty_missing"):
        await scene.draft(world, chief, (Sort.CALENDAR, "", HOLIDAY))


async def _approved(world: World, number: int) -> int:
    other = await scene.admin(world, "secadmin")
    await scene.act(world, other, number, "approve")
    return number


async def test_rejected_and_withdrawn_change_nothing(world: World) -> None:
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    one = await scene.draft(world, author, (Sort.CALENDAR, "", HOLIDAY))
    await scene.act(world, author, one.id, "submit")
    done = await scene.act(world, other, one.id, "reject", reason="没有通知文件")
    assert (done.state, done.decision, done.decided_by) == (
        "rejected",
        "没有通知文件",
        other.person,
    )
    two = await scene.draft(world, author, (Sort.CALENDAR, "", HOLIDAY))
    await scene.act(world, author, two.id, "submit")
    await scene.act(world, other, two.id, "approve")
    assert (await scene.act(world, author, two.id, "withdraw")).state == "withdrawn"
    assert await scene.worker(world).revise() == 0
    assert (await _of_database(world)).pack == world.city.pack


async def test_a_district_administrates_its_own(world: World) -> None:
    district = await scene.admin(world, "sysadmin", "d", "310101_centre")
    town = next(b for b in scene.items_of(world.city, Sort.UNITS) if b["place"] == "310101002")
    renamed = {**town, "name": {"zh": "新名", "en": "New name"}}
    made = await scene.draft(world, district, (Sort.UNITS, "", renamed))
    assert made.place == world.city.tree.path("310101002")
    with refused("authority.elsewhere"):
        await scene.draft(world, district, (Sort.CALENDAR, "", HOLIDAY))
    foreign = next(b for b in scene.items_of(world.city, Sort.UNITS) if b["place"] == "310115")
    with refused("authority.elsewhere"):
        await scene.draft(
            world, district, (Sort.UNITS, "", renamed), (Sort.UNITS, foreign["code"], None)
        )
    stranger = await scene.admin(world, "sysadmin", "e", "310115_centre")
    async with world.as_(stranger) as tx:
        assert await store.page(tx, (), "", None, 10) == []


async def test_a_holiday_moves_what_is_open(world: World) -> None:
    case, _ = await street.dispatched(world)
    before = await street.state(world, case)
    author = await scene.admin(world, "sysadmin")
    made = await scene.draft(world, author, (Sort.CALENDAR, "", HOLIDAY))
    async with world.as_(author) as tx:
        touched = await service.touches(tx, world.city, made)
    assert touched is not None
    assert (touched.open_cases, touched.due, touched.limits, touched.routes) == (1, 1, 0, 0)
    await scene.pass_through(world, (Sort.CALENDAR, "", HOLIDAY))
    after = await street.state(world, case)
    assert after["due_handle"] > before["due_handle"]
    assert after["due_handle"].isoformat() == "2026-03-11T04:00:00+00:00"


async def test_what_is_touched_is_told_before(world: World) -> None:
    await street.dispatched(world)
    author = await scene.admin(world, "sysadmin")
    city = world.city
    path = city.tree.path(street.COMMUNITY)
    duty = city.taxonomy.responsibility_for(KIND, path, scene.TODAY)
    assert duty is not None
    row = next(
        b
        for b in scene.items_of(city, Sort.RESPONSIBILITIES)
        if b["kind"] == duty.pattern and b["place"] == duty.place
    )
    other = {**row, "lead": "maintenance"}
    made = await scene.draft(
        world, author, (Sort.RESPONSIBILITIES, "", other), (Sort.LIMITS, "", _limit(city, 99))
    )
    async with world.as_(author) as tx:
        touched = await service.touches(tx, city, made)
    assert touched is not None
    assert (touched.limits, touched.routes, touched.due) == (1, 1, 0)
    shown = [rules.difference(change) for change in made.parts]
    assert [(f.field, f.after) for f in shown[0].fields] == [("lead", "maintenance")]
    assert [(f.field, f.after) for f in shown[1].fields] == [("amount", 99.0)]
    assert {row.what for row in shown} == {"changed"}


async def test_the_check_names_item_and_remedy(world: World) -> None:
    _, order = await street.dispatched(world)
    author = await scene.admin(world, "sysadmin")
    post = scene.items_of(world.city, Sort.POSTS)[0]
    secadmin = f"{scene.CENTRE}.secadmin"
    setting = next(b for b in scene.items_of(world.city, Sort.SETTINGS) if b["key"] == "return.max")
    centre = next(
        b for b in scene.items_of(world.city, Sort.SETTINGS) if b["key"] == "place.centre"
    )
    known = {b["key"]: b for b in scene.items_of(world.city, Sort.SETTINGS)}
    radius, pattern = known["match.radius_m"], known["case.number_pattern"]
    made = await scene.draft(
        world,
        author,
        (Sort.LIMITS, "", {**_limit(world.city, 5), "kind": "no/such/kind"}),
        (Sort.LIMITS, "", _limit(world.city, -5)),
        (Sort.POSTS, "", {**post, "duties": ["king"]}),
        (Sort.POSTS, "", {**post, "code": "elsewhere.x"}),
        (Sort.POSTS, secadmin, None),
        (Sort.UNITS, order.unit, None),
        (Sort.KINDS, KIND, None),
        (Sort.SETTINGS, "", {**setting, "value": "two"}),
        (Sort.SETTINGS, "", {**centre, "value": [0.0, 0.0]}),
        (Sort.SETTINGS, "", {**radius, "value": -1}),
        (Sort.SETTINGS, "", {**pattern, "value": "{nobody}"}),
        (Sort.WORDS, "", {"key": "function.x", "zh": "", "en": "x"}),
    )
    async with world.as_(author) as tx:
        errors = await service.check(tx, world.city.pack, made)
    wrong = {error.file for error in errors if error.code == "packs.value_wrong"}
    assert wrong >= {f"settings/{name_of(Sort.SETTINGS, row)}" for row in (radius, pattern)}
    found = {(error.file.partition("/")[0], error.code) for error in errors}
    assert found >= {
        ("limits", "packs.kind_unmatched"),
        ("limits", "packs.value_wrong"),
        ("posts", "packs.duty_unknown"),
        ("posts", "packs.value_wrong"),
        ("posts", "revision.administration_missing"),
        ("posts", "packs.post_without_unit"),
        ("units", "revision.unit_busy"),
        ("kinds", "revision.kind_busy"),
        ("settings", "packs.value_wrong"),
        ("settings", "revision.setting_fixed"),
        ("words", "packs.language_missing"),
    }
    assert all(error.remedy_en and error.remedy_zh for error in errors)
    async with world.as_(author) as tx:
        assert await service.touches(tx, world.city, made) is None
    with refused("revision.check"):
        await scene.act(world, author, made.id, "submit")


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ([(Sort.UNITS, "no_such", None)], "revision.item_missing"),
        ([(Sort.CALENDAR, "2026-01-02", HOLIDAY)], "revision.renamed"),
        ([(Sort.CALENDAR, "", HOLIDAY)] * 2, "revision.twice"),
        ([(Sort.CALENDAR, "", {"day": "soon"})], "revision.body"),
        ([(Sort.CALENDAR, "", {**HOLIDAY, "colour": "red"})], "revision.body"),
        ([(Sort.SETTINGS, "", {"source": "nowhere"})], "revision.body"),
        (
            [
                (Sort.WORDS, "", {"key": f"w{n}", "zh": "字", "en": "w"})
                for n in range(rules.MOST + 1)
            ],
            "revision.many",
        ),
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, wishes: Any, code: str) -> None:
    author = await scene.admin(world, "sysadmin")
    with refused(code):
        await scene.draft(world, author, *wishes)


async def test_more_is_refused(world: World) -> None:
    author = await scene.admin(world, "sysadmin")
    unit = scene.items_of(world.city, Sort.UNITS)[0]
    with refused("revision.nothing"):
        await scene.draft(world, author, (Sort.UNITS, "", unit))
    empty = await scene.draft(world, author)
    with refused("revision.empty"):
        await scene.act(world, author, empty.id, "submit")
    with refused("revision.edit"):
        await scene.act(world, author, empty.id, "edit")
    late = await scene.draft(
        world, author, (Sort.CALENDAR, "", HOLIDAY), on=scene.TODAY - timedelta(days=1)
    )
    with refused("revision.past"):
        await scene.act(world, author, late.id, "submit")
    with refused("revision.not_in_force"):
        async with world.as_(author) as tx:
            await service.take_back(tx, world.city, author, late.id)
    machine = replace(author, person=None)
    with refused("gate.person_only"):
        await scene.draft(world, machine, (Sort.CALENDAR, "", HOLIDAY))


async def test_what_does_not_fit_any_more_is_sent_back(world: World) -> None:
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    one = await scene.draft(world, author, (Sort.LIMITS, "", _limit(world.city, 7)))
    two = await scene.draft(world, author, (Sort.LIMITS, "", _limit(world.city, 8)))
    for made in (one, two):
        await scene.act(world, author, made.id, "submit")
        await scene.act(world, other, made.id, "approve")
    desk = scene.worker(world)
    assert [await desk.revise() for _ in range(3)] == [1, 1, 0]
    rows = await world.rows("select state, decision from revisions order by id")
    assert [row["state"] for row in rows] == ["in_force", "draft"]
    assert KIND in rows[1]["decision"]
    world.city = desk.city
    with refused("revision.stale"):
        await scene.act(world, author, two.id, "submit")


async def test_taken_back_and_its_history(world: World) -> None:
    origin = world.city.pack
    word = {"key": "function.new", "zh": "新职能", "en": "new function"}
    old = _limit(world.city, 0)
    made = await scene.pass_through(
        world,
        (Sort.LIMITS, "", _limit(world.city, 55)),
        (Sort.CALENDAR, "", HOLIDAY),
        (Sort.WORDS, "", word),
        (Sort.LIMITS, "", {**old, "amount": 3.0, "valid_from": "2026-06-01"}),
    )
    assert made.state == "in_force"
    assert world.city.words("function.new").en == "new function"
    assert len(world.city.pack.limits) == len(origin.limits) + 1
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    async with world.as_(author) as tx:
        back = await service.take_back(tx, world.city, author, made.id)
    assert back.restores == made.id
    await scene.act(world, author, back.id, "submit")
    await scene.act(world, other, back.id, "approve")
    desk = scene.worker(world)
    assert await desk.revise() == 1
    world.city = desk.city
    assert world.city.pack.calendar == origin.calendar
    assert world.city.pack.words == origin.words
    assert len(world.city.pack.limits) == len(origin.limits)
    async with world.as_(author) as tx:
        name = name_of(Sort.LIMITS, _limit(world.city, 1))
        found = await store.of_item(tx, Sort.LIMITS, name)
        assert [row.id for row in found] == [back.id, made.id]
        with refused("revision.restored"):
            await service.take_back(tx, world.city, author, made.id)
        made_so_far = await store.in_force(tx)
    assert rules.folded(made_so_far) == {}


async def test_items_of_another_day(world: World) -> None:
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    name = name_of(Sort.LIMITS, _limit(world.city, 1))
    before = items(world.city.pack, Sort.LIMITS)[name]["amount"]
    await scene.pass_through(world, (Sort.LIMITS, "", _limit(world.city, 55)))
    later = date(2026, 5, 1)
    made = await scene.draft(world, author, (Sort.LIMITS, "", _limit(world.city, 66)), on=later)
    await scene.act(world, author, made.id, "submit")
    await scene.act(world, other, made.id, "approve")
    present = items(world.city.pack, Sort.LIMITS)
    async with world.as_(author) as tx:
        amounts = [
            (await service.items_as_of(tx, world.city, present, Sort.LIMITS, day))[name]["amount"]
            for day in (date(2026, 3, 9), scene.TODAY, later)
        ]
    assert amounts == [before, 55, 66]


async def test_edited_against_what_is_in_force(world: World) -> None:
    author = await scene.admin(world, "sysadmin")
    made = await scene.draft(world, author, (Sort.LIMITS, "", _limit(world.city, 7)))
    await scene.pass_through(world, (Sort.LIMITS, "", _limit(world.city, 6)))
    wanted = service.Draft("新题", "新由", scene.TODAY, [(Sort.LIMITS, "", _limit(world.city, 5))])
    async with world.as_(author) as tx:
        with refused("procedure.version"):
            await service.edit(tx, world.city, author, made.id, wanted, 9)
        after = await service.edit(tx, world.city, author, made.id, wanted, made.version)
    assert (after.title, after.version) == ("新题", 2)
    before = after.parts[0].before
    assert before is not None
    assert before["amount"] == 6
    assert (await scene.act(world, author, made.id, "submit")).state == "submitted"

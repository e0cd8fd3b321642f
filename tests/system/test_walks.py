"""Random walks: any actor tries any action on any matter; the laws of the house always hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.world import TOWN, World
from yiwang.ground.authority.model import Actor
from yiwang.ground.procedure import service as procedure
from yiwang.kit.errors import Refusal
from yiwang.matters.desk import service as desk

TEXTS = ("路面塌陷有大坑", "暴露垃圾成堆没人清", "路灯不亮", "乱停放非机动车", "违章搭建私搭乱建")
ORDER_OPEN = ("issued", "accepted", "suspended", "returned", "disputed")


def _actors(world: World) -> list[Actor]:
    """People of every duty in units that work for the town, and some who do not."""
    path = world.city.tree.path(TOWN)
    units = [
        unit
        for unit in world.city.units.values()
        if world.city.holds(world.city.unit_paths[unit.code], path)
        or world.city.holds(path, world.city.unit_paths[unit.code])
    ]
    found = []
    for unit in units:
        duties = {
            duty for post in world.city.pack.posts if post.unit == unit.code for duty in post.duties
        }
        found += [world.actor(duty, unit.code) for duty in sorted(duties)]
    found.append(world.actor("dispatcher", world.centre("310115")))
    return found


def _facts(
    chance: random.Random, world: World, ids: dict[str, list[int]], names: Any
) -> dict[str, Any]:
    path = world.city.tree.path(TOWN)
    units = [
        u.code
        for u in world.city.units.values()
        if world.city.holds(world.city.unit_paths[u.code], path)
    ]
    pool: dict[str, Callable[[], Any]] = {
        "reason": lambda: chance.choice(("不属于本单位", "已超时", "情况复杂")),
        "note": lambda: "已联系",
        "result": lambda: "已处理",
        "unit": lambda: chance.choice(units),
        "against": lambda: chance.choice(units),
        "kind": lambda: chance.choice([k.key for k in world.city.taxonomy.kinds() if k.parent]),
        "place": lambda: TOWN,
        "amount": lambda: chance.choice((1, 3.5)),
        "clock": lambda: chance.choice(("working_day", "urgent_hour")),
        "until": lambda: f"{world.now + timedelta(days=2):%Y-%m-%dT%H:%M:%S+00:00}",
        "case": lambda: chance.choice(ids["case"]),
        "parent": lambda: ids["case"][0],
        "reports": lambda: [chance.choice(ids["report"])],
        "person": lambda: 1000 + chance.randrange(20),
        "outcome": lambda: chance.choice(("solved", "explained")),
        "mode": lambda: "onsite",
        "supervised": lambda: True,
        "urgent": lambda: True,
        "typical": lambda: chance.random() < 0.5,
        "milestone": lambda: "stop",
        "assist": lambda: [chance.choice(units)],
        "lon": lambda: 121.48 + chance.random() * 0.01,
        "lat": lambda: 31.23 + chance.random() * 0.01,
        "address": lambda: "南京东路1号",
        "title": lambda: "拆分",
        "text": lambda: "内容",
        "evidence": list,
    }
    return {name: pool[name]() for name in names}


async def _ids(world: World) -> dict[str, list[int]]:
    found = {}
    for name, each in desk.PROCEDURES.items():
        rows = await world.rows(f"select id from {each.relation} order by id")
        found[name] = [row["id"] for row in rows]
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_any_actor_any_action(world: World, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(6):
        await world.report(chance.choice(TEXTS), 121.478 + number * 0.001, 31.236 + number * 0.0007)
    await world.work()
    actors = _actors(world)
    done = refused = 0
    for _ in range(350):
        ids = await _ids(world)
        name = chance.choice([n for n in desk.PROCEDURES if ids[n] and n != "report"])
        table = desk.PROCEDURES[name].table
        matter_id = chance.choice(ids[name])
        async with world.as_worker() as tx:
            matter = await procedure.find(tx, desk.PROCEDURES[name], matter_id)
        likely = [rule for rule in table.possible(matter.state) if not rule.system]
        rule = (
            chance.choice(likely or list(table.rules))
            if chance.random() < 0.8
            else chance.choice(table.rules)
        )
        takes = [fact for fact in rule.takes if chance.random() < 0.4]
        facts = _facts(chance, world, ids, [*rule.needs, *takes])
        world.pass_time(minutes=chance.randrange(0, 300))
        before = await world.rows("select count(*) as n from events")
        able = [
            one for one in actors if rule in procedure.possible(desk.PROCEDURES[name], one, matter)
        ]
        actor = chance.choice(able if able and chance.random() < 0.8 else actors)
        try:
            async with world.as_(actor) as tx:
                await desk.act(tx, world.city, actor, name, matter_id, rule.action, facts)
        except Refusal:
            refused += 1
            after = await world.rows("select count(*) as n from events")
            assert after == before, "a refusal left a trace in the record"
        else:
            done += 1
            events = await world.rows(
                "select * from events where matter = $1 and matter_id = $2 order by id desc",
                name,
                matter_id,
            )
            assert any(
                row["action"] == f"{name}.{rule.action}" and row["actor"] == actor.name
                for row in events
            )
        if chance.random() < 0.5:
            await world.work()
        await _laws(world)
    await world.work()
    await _laws(world)
    assert done > 20
    assert refused > 20


async def _laws(world: World) -> None:
    """What holds at every moment, whoever did what."""
    for name, each in desk.PROCEDURES.items():
        rows = await world.rows(f"select id, state from {each.relation}")
        assert {row["state"] for row in rows} <= set(each.table.states)
        last = await world.rows(
            "select distinct on (matter_id) matter_id, after from events where matter = $1"
            " order by matter_id, id desc",
            name,
        )
        recorded = {row["matter_id"]: row["after"] for row in last}
        assert recorded == {row["id"]: row["state"] for row in rows}, f"{name}: the record differs"
    twice = await world.rows(
        "select case_id from orders where role = 'lead' and state = any($1)"
        " group by case_id having count(*) > 1",
        list(ORDER_OPEN),
    )
    assert not twice, "two open leads"
    own = await world.rows(
        "select c.id from checks c"
        " where c.state in ('passed', 'failed') and c.unit = any(c.handlers)"
    )
    assert not own, "a handling unit checked its own work"
    orphans = await world.rows(
        "select c.id, c.number from cases c"
        " where c.state = 'closed' and not c.forced and c.reason is null"
        " and not exists (select 1 from checks k where k.case_id = c.id and k.state = 'passed')"
    )
    assert not orphans, "closed without a passed check or a reason"


async def test_steps_follow_the_tables(world: World) -> None:
    """Every recorded change of state is a row of its table."""
    await world.report("路面塌陷有大坑", 121.478, 31.236)
    await world.work()
    rows = await world.rows(
        "select matter, action, before, after from events where before is not null"
    )
    for row in rows:
        table = desk.PROCEDURES[row["matter"]].table
        rule = table.rule(row["action"].partition(".")[2], row["before"])
        assert rule is not None, row
        assert row["after"] == (rule.end or row["before"])

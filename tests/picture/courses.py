"""Random courses of action: whatever people, the platform and the clock may do to cases."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

from tests.world import World

from yiwang.ground.authority.model import Actor, Duty, Holding
from yiwang.kit.db import Scope
from yiwang.kit.errors import Refusal
from yiwang.matters.cases import service as cases
from yiwang.matters.desk import service as desk

POINTS = ((121.478, 31.236), (121.490, 31.215), (121.467, 31.210), (121.520, 31.230))
PLACES = ("310101002", "310101013", "310101", "310115004", "310101002001")
TEXTS = ("路面塌陷有大坑", "暴露垃圾成堆没人清", "共享单车乱停放", "路灯不亮", "窨井盖缺失")
_TRIES = 8
_DUTIES = ("intake", "dispatcher", "duty_chief", "handler", "checker", "collector", "leader")


class Course:
    """One course in one world; the same for a seed."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        city = world.city
        kinds = city.taxonomy.kinds(city.day(world.now))
        self._kinds = [kind.key for kind in kinds if not city.taxonomy.children(kind.key)]
        self._units = [unit.code for unit in city.units.values() if unit.kind == "department"]

    async def step(self) -> None:
        """Time passes; then one thing happens, and what follows from it or only a part of that."""
        self.world.pass_time(minutes=self.chance.randint(1, 240), microseconds=7)
        what = self.chance.random()
        if what < 0.3:
            lon, lat = self.chance.choice(POINTS)
            lon += self.chance.uniform(-0.003, 0.003)
            await self.world.report(self.chance.choice(TEXTS), lon, lat)
        elif what < 0.35:
            async with self.world.as_worker() as tx:
                self.done["late"] += await cases.raise_late(tx, self.world.city)
        else:
            for _ in range(_TRIES):
                if await self._act():
                    break
        if self.chance.random() < 0.8:
            await self.world.work()

    def _somebody(self) -> Actor:
        """Somebody with every duty, of a centre or of a department."""
        city = self.world.city
        unit = city.unit(
            self.chance.choice((*self._units, city.centre(city.root_path).code, "310101_centre"))
        )
        holdings = tuple(Holding(Duty(duty), unit.code, city.root_path, True) for duty in _DUTIES)
        number = self.chance.randint(1, 50)
        scope = Scope(f"person:{number}", (city.root_path,), (unit.code,), number, persons=True)
        return Actor(f"person:{number}", unit.code, holdings, number, scope=scope)

    async def _act(self) -> bool:
        """Try something; False where it was refused or not possible."""
        matter = self.chance.choice(
            ("case", "case", "order", "order", "check", *("approval", "dispute"))
        )
        procedure = desk.PROCEDURES[matter]
        rows = await self.world.rows(
            f"select id, state from {procedure.relation} order by id desc limit 12"
        )
        if not rows:
            return False
        row = self.chance.choice(rows)
        rules = [rule for rule in procedure.table.possible(row["state"]) if not rule.system]
        if not rules:
            return False
        rule = self.chance.choice(rules)
        if rule.end in ("closed", "cancelled", "merged") and self.chance.random() < 0.6:
            return False
        taken = [name for name in rule.takes if self.chance.random() < 0.5]
        facts = {name: await self._fact(name, row["id"]) for name in (*rule.needs, *taken)}
        somebody = self._somebody()
        try:
            async with self.world.as_(somebody) as tx:
                await desk.act(tx, self.world.city, somebody, matter, row["id"], rule.action, facts)
        except Refusal:
            return False
        self.done[f"{matter}.{rule.action}"] += 1
        return True

    async def _fact(self, name: str, matter: int) -> Any:
        chance = self.chance
        if name in ("case", "parent"):
            rows = await self.world.rows("select id from cases order by id")
            return chance.choice(rows)["id"]
        if name in ("unit", "against"):
            return chance.choice(self._units)
        lon, lat = chance.choice(POINTS)
        values: dict[str, Any] = {
            "kind": chance.choice(self._kinds),
            "place": chance.choice(PLACES),
            "assist": [chance.choice(self._units)],
            "lon": lon,
            "lat": lat,
            "amount": 1,
            "clock": "working_day",
            "mode": "onsite",
            "outcome": "solved",
            "until": (self.world.now + timedelta(days=2)).isoformat(),
            "supervised": chance.random() < 0.7,
            "urgent": chance.random() < 0.5,
            "typical": True,
            "person": 1,
            "reports": [matter],
            "evidence": [],
        }
        return values.get(name, "随机")

"""The plain steps of a story: people act through the desk, the worker carries out in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.world import World

from yiwang.ground.authority.model import Actor
from yiwang.kit.errors import Refusal
from yiwang.matters.cases.history import Hop
from yiwang.matters.checking import account
from yiwang.matters.desk import service as desk

PHONE = "13800138000"


@dataclass
class Story:
    """One case in one world, and the words to tell it with."""

    world: World
    case: int = 0

    async def reported(self, text: str, lon: float, lat: float, **more: Any) -> int:
        """Somebody reports; what follows by itself has happened. The report's number."""
        report = await self.world.report(text, lon, lat, **more)
        await self.world.work()
        row = await self.world.row("select case_id from reports where id = $1", report)
        self.case = row["case_id"]
        return report

    async def does(self, duty: str, unit: str, matter: str, action: str, /, **facts: Any) -> Any:
        """Somebody of a unit does something to the case, or its newest order, check or wish."""
        person = self.world.actor(duty, unit)
        number = self.case if matter == "case" else (await self.newest(matter))["id"]
        async with self.world.as_(person) as tx:
            after = await desk.act(tx, self.world.city, person, matter, number, action, facts)
        await self.world.work()
        return after

    async def may_not(
        self, duty: str, unit: str, matter: str, action: str, /, **facts: Any
    ) -> Refusal:
        """Somebody tries and is refused; nothing happened."""
        before = await self.world.rows("select count(*) from events")
        try:
            await self.does(duty, unit, matter, action, **facts)
        except Refusal as refusal:
            assert await self.world.rows("select count(*) from events") == before
            return refusal
        raise AssertionError(f"{duty} of {unit} was allowed to {action}")

    async def newest(self, matter: str) -> dict[str, Any]:
        """The newest lead order, check, approval or dispute of the case."""
        lead = " and role = 'lead'" if matter == "order" else ""
        rows = await self.world.rows(
            f"select * from {matter}s where case_id = $1{lead} order by id desc limit 1", self.case
        )
        return dict(rows[0])

    async def row(self) -> dict[str, Any]:
        """The case as it is."""
        return dict(await self.world.row("select * from cases where id = $1", self.case))

    async def told(self, report: int) -> list[str]:
        """What the reporter was told, in order."""
        rows = await self.world.rows(
            "select code from notices where report_id = $1 order by id", report
        )
        return [row["code"] for row in rows]

    async def hops(self, reader: Actor | None = None) -> list[Hop]:
        """The case's hands in their order, as a reader sees them."""
        if reader is not None:
            async with self.world.as_(reader) as tx:
                return list((await account.history(tx, self.world.city, self.case)).hops)
        async with self.world.as_worker() as tx:
            return list((await account.history(tx, self.world.city, self.case)).hops)

    async def hands(self) -> list[tuple[str, str]]:
        """Stage and holder of each hop."""
        return [(hop.stage.value, hop.holder) for hop in await self.hops()]

    async def cleared(self, unit: str) -> None:
        """The unit accepts and finishes."""
        await self.does("handler", unit, "order", "accept")
        self.world.pass_time(minutes=40)
        await self.does("handler", unit, "order", "finish", result="已处理完毕")

    async def passed(self, note: str = "现场已恢复") -> None:
        """Whoever is to check finds it good."""
        look = await self.newest("check")
        await self.does("checker", look["unit"], "check", "pass", note=note)

    async def seen_by(self, actor: Actor) -> bool:
        """Whether the case is there for somebody, asked of the database itself."""
        async with self.world.as_(actor) as tx:
            return bool(await tx.fetch("select 1 from cases where id = $1", self.case))


def minutes(span: timedelta) -> float:
    """A span in minutes."""
    return span.total_seconds() / 60


def between(row: dict[str, Any], start: str, end: str) -> float:
    """The minutes between two moments of a case."""
    first, last = row[start], row[end]
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return minutes(last - first)

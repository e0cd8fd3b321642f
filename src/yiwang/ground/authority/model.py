"""Who acts: duties held through posts in units, over the unit's place."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from yiwang.kit.scope import Scope


class Duty(StrEnum):
    """What a person may be charged with. Supervision and command are separate (监督指挥分离)."""

    INTAKE = "intake"  # 受理员
    COLLECTOR = "collector"  # 采集员, 网格员
    DISPATCHER = "dispatcher"  # 派遣员
    DUTY_CHIEF = "duty_chief"  # 值班长
    HANDLER = "handler"  # 处置人员
    CHECKER = "checker"  # 核查员
    EVALUATOR = "evaluator"  # 考核员
    LEADER = "leader"  # 领导
    STEWARD = "steward"  # 数据管理员
    DEPUTY = "deputy"  # 人大代表
    SYSADMIN = "sysadmin"  # 系统管理员
    SECADMIN = "secadmin"  # 安全管理员
    AUDITOR = "auditor"  # 审计员
    SYSTEM = "system"  # another system, with a key
    PLATFORM = "platform"  # Yiwang itself


@dataclass(frozen=True, slots=True)
class Holding:
    """One duty held in one unit, over that unit's place (an ltree path).

    `over_place` says whether the duty reaches every matter of the place (operation centres and
    workstations) or only matters of the unit itself (departments, teams, enterprises).
    """

    duty: Duty
    unit: str
    place: str
    over_place: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with everything authority needs to know of them."""

    name: str  # "person:12", "key:3", "platform"
    title: str  # shown in histories
    holdings: tuple[Holding, ...] = ()
    person: int | None = None
    scopes: tuple[str, ...] = ()  # of a system's key
    system: str = ""  # of a system's key: the sending system
    language: str = "zh"
    scope: Scope = field(default=Scope(""))

    @property
    def units(self) -> tuple[str, ...]:
        """The units this actor belongs to."""
        return tuple(dict.fromkeys(row.unit for row in self.holdings))

    @property
    def unit(self) -> str | None:
        """The unit that stands in the record beside the actor."""
        return self.holdings[0].unit if self.holdings else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an actor may, under which holding, and why (not)."""

    allowed: bool
    code: str  # "authority.holds" or the code of the refusal
    holding: Holding | None
    facts: dict[str, Any]


def platform(root: str, title: str = "Yiwang") -> Actor:
    """The platform itself, acting by rule over the whole city whose path is `root`."""
    holding = Holding(Duty.PLATFORM, "", root, True)
    return Actor(
        "platform", title, (holding,), scope=Scope("platform", places=(root,), persons=True)
    )

"""What a made-up caller says, composed of kinds, places and a few turns of speech."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speech:
    """The turns of one language. `{at}` is where, `{what}` the kind, `{more}` what is added."""

    roads: tuple[str, ...]
    address: str
    title: str
    texts: tuple[str, ...]
    additions: tuple[str, ...]
    results: tuple[str, ...]
    returned: str
    cancelled: str
    suspended: str
    passed: str


_ZH = Speech(
    roads=tuple(
        f"{name}{kind}"
        for name in ("人民", "中山", "建设", "和平", "新华", "解放", "文化", "长江", "光明", "胜利")
        for kind in ("路", "东路", "西路", "街", "支路")
    ),
    address="{town}{road}{number}号",
    title="{address}{what}",
    texts=(
        "市民来电反映，{at}附近有{what}的情况，{more}。",
        "{at}发现{what}，{more}。",
        "您好，{at}这里{what}，{more}，希望尽快处理。",
        "巡查至{at}，发现{what}，{more}。",
        "{at}一直存在{what}的问题，{more}，请核实处置。",
        "路过{at}，看到{what}，{more}。",
    ),
    additions=(
        "影响行人通行",
        "已有三天",
        "居民意见较大",
        "夜间尤为明显",
        "存在安全隐患",
        "之前反映过没有解决",
        "靠近学校门口",
        "下雨后更加严重",
        "请派人到现场查看",
        "范围约两平方米",
    ),
    results=(
        "已到现场处置完毕",
        "问题已解决并清理现场",
        "已修复，恢复原状",
        "已整改并告知当事人",
        "已处置，加强日常巡查",
    ),
    returned="不属于本单位职责范围",
    cancelled="经核实情况不存在",
    suspended="需结合专项工程统一处理",
    passed="现场核查已解决",
)
_EN = Speech(
    roads=tuple(
        f"{name} {kind}"
        for name in ("Oak", "Main", "Park", "Mill", "Church", "River", "Hill", "Lake")
        for kind in ("Street", "Avenue", "Road", "Lane")
    ),
    address="{number} {road}, {town}",
    title="{what} at {address}",
    texts=(
        "{what} at {at}; {more}.",
        "There is {what} near {at}, {more}.",
        "I would like to report {what} at {at}: {more}.",
        "On patrol at {at}: {what}, {more}.",
    ),
    additions=(
        "it blocks the pavement",
        "it has been there for three days",
        "the neighbours complain",
        "it is worse at night",
        "somebody may get hurt",
        "it was reported before",
        "close to the school",
        "worse after rain",
    ),
    results=("done on site", "repaired", "cleared and cleaned", "put right, owner told"),
    returned="not the duty of this unit",
    cancelled="nothing was found on site",
    suspended="waits for planned works",
    passed="seen on site: solved",
)


def speech(language: str) -> Speech:
    """The turns of "zh" or "en"."""
    return _ZH if language == "zh" else _EN

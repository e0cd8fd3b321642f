"""Units and posts of the Shanghai pack: the real shape, with generic names below the bureaus."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.shanghai.divisions import ROOT, Division

Row = tuple[str, ...]

_UNIT_COLUMNS = (
    "code",
    "parent",
    "kind",
    "place",
    "level",
    "name_zh",
    "name_en",
    "functions",
    "origin",
)
_POST_COLUMNS = ("unit", "kind", "level", "code", "name_zh", "name_en", "duties")

# code, Chinese, English, functions; held by the city and by every district
_BUREAUS = (
    (
        "appearance",
        "绿化和市容管理局",
        "Landscaping and City Appearance Bureau",
        "greening;appearance;sanitation",
    ),
    ("water", "水务局", "Water Authority", "water;drainage;river"),
    ("housing", "房屋管理局", "Housing Administration Bureau", "housing"),
    ("planning", "规划和自然资源局", "Planning and Natural Resources Bureau", "planning"),
    (
        "enforcement",
        "城市管理行政执法局",
        "Urban Management and Law Enforcement Bureau",
        "urban_management",
    ),
    ("police", "公安局", "Public Security Bureau", "public_security"),
    ("market", "市场监督管理局", "Market Regulation Bureau", "market"),
    ("ecology", "生态环境局", "Ecology and Environment Bureau", "ecology"),
    ("emergency", "应急管理局", "Emergency Management Bureau", "emergency"),
    ("civil_affairs", "民政局", "Civil Affairs Bureau", "civil_affairs"),
    ("health", "卫生健康委员会", "Health Commission", "health"),
    ("education", "教育局", "Education Bureau", "education"),
    (
        "labour",
        "人力资源和社会保障局",
        "Human Resources and Social Security Bureau",
        "labour;social_security",
    ),
    ("medical_insurance", "医疗保障局", "Healthcare Security Bureau", "medical_insurance"),
    ("culture", "文化和旅游局", "Culture and Tourism Bureau", "culture"),
    ("justice", "司法局", "Justice Bureau", "justice"),
    ("petition", "信访办公室", "Petition Office", "petition"),
    ("civil_defence", "国防动员办公室", "National Defence Mobilisation Office", "civil_defence"),
    ("data", "数据局", "Data Bureau", "data"),
)
_CITY_ONLY = (
    (
        "construction",
        "住房和城乡建设管理委员会",
        "Housing and Urban-Rural Construction Commission",
        "construction",
    ),
    ("transport", "交通委员会", "Transport Commission", "transport;road"),
    ("economy", "经济和信息化委员会", "Economy and Informatization Commission", "economy;energy"),
    ("traffic_police", "公安局交通警察总队", "Traffic Police Corps", "traffic_police"),
    ("fire", "消防救援总队", "Fire and Rescue Corps", "fire"),
    ("agriculture", "农业农村委员会", "Agriculture and Rural Affairs Commission", "agriculture"),
)
_DISTRICT_ONLY = (
    (
        "construction",
        "建设和管理委员会",
        "Construction and Management Commission",
        "construction;transport;road",
    ),
    ("economy", "经济委员会", "Economic Commission", "economy"),
    ("traffic_police", "公安分局交通警察支队", "Traffic Police Detachment", "traffic_police"),
    ("fire", "消防救援支队", "Fire and Rescue Detachment", "fire"),
)
_RURAL = {"310112", "310113", "310114", "310115", "310116", "310117", "310118", "310120", "310151"}
_AGRICULTURE = ("agriculture", "农业农村委员会", "Agriculture and Rural Affairs Commission",
                "agriculture")  # fmt: skip
_ENTERPRISES = (
    ("power", "供电企业", "Power Supply Enterprise", "power_supply"),
    ("gas", "燃气企业", "Gas Supply Enterprise", "gas_supply"),
    ("water_supply", "供水企业", "Water Supply Enterprise", "water_supply"),
    ("telecom", "通信企业", "Telecom Enterprise", "telecom"),
    ("transit", "公共交通企业", "Public Transport Enterprise", "public_transport"),
)
_TEAMS = (
    ("squad", "城管中队", "Urban Management Squad", "urban_management"),
    ("sanitation", "环卫队", "Sanitation Team", "sanitation;greening"),
    ("maintenance", "市政养护队", "Municipal Maintenance Team", "maintenance"),
    ("integrated", "综合执法队", "Integrated Enforcement Team", "enforcement"),
    ("community", "社区事务受理服务中心", "Community Affairs Service Centre", "civil_affairs"),
)

_POSTS: tuple[Row, ...] = (
    ("", "centre", "", "intake", "受理员", "Intake agent", "intake"),
    ("", "centre", "", "dispatcher", "派遣员", "Dispatcher", "dispatcher"),
    ("", "centre", "", "chief", "值班长", "Duty chief", "duty_chief"),
    ("", "centre", "", "checker", "核查员", "Checker", "checker"),
    ("", "centre", "", "evaluator", "考核员", "Evaluator", "evaluator"),
    ("", "government", "", "leader", "分管领导", "Leader in charge", "leader"),
    ("", "department", "", "leader", "部门负责人", "Head of department", "leader"),
    ("", "department", "", "handler", "处置员", "Handler", "handler"),
    ("", "department", "", "steward", "数据管理员", "Data steward", "steward"),
    ("", "enterprise", "", "leader", "企业负责人", "Head of enterprise", "leader"),
    ("", "enterprise", "", "handler", "处置员", "Handler", "handler"),
    ("", "team", "", "leader", "队长", "Team leader", "leader"),
    ("", "team", "", "handler", "处置员", "Handler", "handler"),
    ("", "workstation", "", "collector", "网格员", "Grid collector", "collector"),
    ("", "workstation", "", "checker", "现场核查员", "On-site checker", "checker"),
    ("", "workstation", "", "handler", "自行处置员", "On-the-spot handler", "handler"),
    (f"{ROOT}_centre", "", "", "sysadmin", "系统管理员", "System administrator", "sysadmin"),
    (f"{ROOT}_centre", "", "", "secadmin", "安全管理员", "Security administrator", "secadmin"),
    (f"{ROOT}_centre", "", "", "auditor", "审计管理员", "Audit administrator", "auditor"),
    (f"{ROOT}_congress", "", "", "deputy", "人大代表", "Deputy to the congress", "deputy"),
)  # fmt: skip


def write(divisions: Iterable[Division], folder: Path) -> None:
    """Write units.csv and posts.csv."""
    for name, columns, rows in (
        ("units.csv", _UNIT_COLUMNS, _units(divisions)),
        ("posts.csv", _POST_COLUMNS, iter(_POSTS)),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)


def _units(divisions: Iterable[Division]) -> Iterator[Row]:
    for one in divisions:
        if one.level in ("city", "district", "town"):
            yield from _seat(one)
        if one.level == "city":
            yield from _offices(one, _BUREAUS + _CITY_ONLY, "department", "official")
            yield from _offices(one, _ENTERPRISES, "enterprise", "sample")
            standing = (
                "congress",
                "人民代表大会常务委员会",
                "People's Congress Standing Committee",
                "",
            )
            yield from _offices(one, (standing,), "government", "official")
        elif one.level == "district":
            rural = (_AGRICULTURE,) if one.code in _RURAL else ()
            yield from _offices(one, _BUREAUS + _DISTRICT_ONLY + rural, "department", "official")
        elif one.level == "town":
            yield from _offices(one, _TEAMS, "team", "sample")
        elif one.level == "grid":
            zh = one.zh.replace("责任网格", "网格工作站")
            en = one.en.replace("responsibility grid", "grid workstation")
            yield (f"{one.code}_station", f"{one.parent}_centre", "workstation", one.code, "grid",
                   zh, en, "grid", "generated")  # fmt: skip


def _seat(one: Division) -> Iterator[Row]:
    """The government of a place and its operation centre."""
    above = f"{one.parent}_government" if one.parent else ""
    zh, en = "人民政府", "People's Government"
    if one.zh.endswith("街道"):
        zh, en = "办事处", "Office"
    elif one.level == "town" and not one.zh.endswith(("镇", "乡")):
        zh, en = "管理委员会", "Administrative Committee"
    yield (f"{one.code}_government", above, "government", one.code, one.level,
           one.zh + zh, f"{one.en} {en}", "", "official")  # fmt: skip
    yield (f"{one.code}_centre", f"{one.code}_government", "centre", one.code, one.level,
           f"{one.zh}城市运行管理中心", f"{one.en} Operation Centre", "territory",
           "official")  # fmt: skip


def _offices(one: Division, offices: Iterable[Row], kind: str, origin: str) -> Iterator[Row]:
    for code, zh, en, functions in offices:
        yield (f"{one.code}_{code}", f"{one.code}_government", kind, one.code, one.level,
               one.zh + zh, f"{one.en} {en}", functions, origin)  # fmt: skip

"""Kinds of matter, limits and responsibilities of the Shanghai pack."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_STANDARD = "CJ/T 214-2007"
_COLUMNS = (
    *("scheme", "version", "code", "parent", "family", "name_zh", "name_en", "keywords"),
    *("filing_zh", "filing_en", "closing_zh", "closing_en", "urgent"),
    *("valid_from", "valid_to", "standard"),
)
_LIMITS = (
    *("kind", "stage", "milestone", "amount", "clock"),
    *("place", "valid_from", "valid_to", "origin", "basis"),
)
_LEADS = ("kind", "level", "lead", "assist", "place", "valid_from", "valid_to", "basis")
_LEVELS = {"c": "city", "d": "district", "t": "town"}
_CLOCKS = {"uh": "urgent_hour", "wh": "working_hour", "wd": "working_day", "nd": "natural_day"}
_AMOUNT = re.compile(r"(?:(\w+):)?([\d.]+)(uh|wh|wd|nd)")
_SAMPLE = "sample limits from published city rules; replace by the city's own"
_LIST = "sample responsibility list; replace by the city's own"

# what is wrong with a component, by group: zh keywords, en keywords, conditions
_GROUPS = {
    "cover": (
        ("缺失", "破损", "松动", "移位", "沉降", "异响"),
        ("missing", "broken", "loose"),
        "缺失、破损、移位或与路面高差明显",
        "is missing, broken, displaced or not level with the road",
        "已补齐或更换，与路面平顺",
        "is replaced and level with the road",
    ),
    "facility": (
        ("损坏", "破损", "倾斜", "不亮", "缺失"),
        ("broken", "damaged", "leaning"),
        "损坏、倾斜、缺失或不能使用",
        "is damaged, leaning, missing or out of use",
        "已修复并正常使用",
        "is mended and in use",
    ),
    "road": (
        ("损坏", "破损", "歪斜", "不亮", "缺失", "倒了"),
        ("broken", "damaged", "missing"),
        "损坏、缺失或影响通行",
        "is damaged, missing or hinders traffic",
        "已修复，通行正常",
        "is mended and traffic flows",
    ),
    "appearance": (
        ("损坏", "破损", "脏", "满溢", "异味"),
        ("broken", "dirty", "overflowing"),
        "损坏、脏污或满溢",
        "is damaged, dirty or overflowing",
        "已修复或清洁",
        "is mended or clean",
    ),
    "tree": (
        ("倒伏", "枯死", "折断", "倾斜", "虫害", "要倒"),
        ("fallen", "dead", "leaning"),
        "倾斜、倒伏、枯死或遭虫害",
        "is leaning, fallen, dead or diseased",
        "已扶正、修剪、补种或治理",
        "is righted, pruned, replanted or treated",
    ),
    "green": (
        ("损坏", "破损", "枯死", "踩踏"),
        ("broken", "damaged"),
        "破损、缺失或植被枯死",
        "is damaged or missing, or its plants are dead",
        "已修复或补种",
        "is mended or replanted",
    ),
    "building": (
        ("损坏", "破损", "渗水"),
        ("broken", "damaged"),
        "破损或有安全隐患",
        "is damaged or unsafe",
        "已修复，无安全隐患",
        "is mended and safe",
    ),
    "other": (
        ("损坏", "破损", "隐患"),
        ("broken", "hazard"),
        "损坏或有安全隐患",
        "is damaged or unsafe",
        "已修复，隐患消除",
        "is mended and the danger removed",
    ),
}
_EVERYDAY = {
    "0101": "自来水井盖", "0102": "污水井盖;窨井盖;下水道井盖;井盖", "0103": "雨水井盖;窨井",
    "0104": "雨水篦子;下水篦子", "0105": "电力井盖;电缆井盖", "0107": "电信井盖;弱电井盖",
    "0111": "煤气井盖;燃气井盖", "0113": "消防栓;消火栓;灭火器", "0116": "配电箱;电箱",
    "0117": "电线杆;电杆", "0118": "路灯;街灯;路灯坏了;路灯不亮", "0126": "健身器材;健身器械",
    "0134": "变压器;变电箱", "0135": "调压站", "0136": "摄像头;监控;探头", "0137": "售货亭",
    "0203": "公交站牌;候车亭;公交站亭", "0205": "天桥;人行天桥", "0206": "地道;地下通道",
    "0207": "高架;立交桥", "0209": "交通标志;指示牌;路牌标志", "0210": "红绿灯;信号灯",
    "0211": "护栏;隔离栏;栏杆", "0212": "自行车架", "0213": "路牌;路名牌", "0216": "隔音屏",
    "0301": "公厕;公共厕所;厕所", "0302": "化粪池", "0304": "垃圾房;垃圾站;垃圾库房;垃圾中转站",
    "0305": "垃圾桶;果皮箱;垃圾箱房", "0307": "广告牌;店招", "0401": "古树;古木",
    "0402": "行道树;大树;树枝;梧桐树", "0405": "绿地;草坪;绿化带", "0407": "长椅;座椅",
    "0410": "喷泉", "0501": "宣传栏;公告栏", "0502": "防空洞;人防", "0503": "地下室",
    "0602": "工地", "0604": "河道护栏", "0606": "防汛墙;防洪墙",
}  # fmt: skip
_MAJORS = {
    "01": ("城市管理", "City management"),
    "02": ("交通", "Transport"),
    "03": ("民生", "People's livelihood"),
    "04": ("市场", "Market"),
    "05": ("生态安全", "Environment and safety"),
    "06": ("农业农村", "Agriculture and villages"),
    "07": ("政务", "Government"),
    "99": ("其他", "Other"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind before it is written, with who leads and how long it may take."""

    scheme: str
    version: str
    code: str
    zh: str
    en: str
    keywords: str = ""
    conditions: tuple[str, str, str, str] = ("", "", "", "")
    urgent: bool = False
    standard: str = ""
    lead: str = ""  # "<level letter>:<function>"
    assist: str = ""
    limits: str = ""  # "4wh,stop:2uh": amounts of handling, milestones named

    @property
    def key(self) -> str:
        """The kind's key in the pack."""
        return f"{self.scheme}/{self.version}/{self.code}"

    def row(self) -> tuple[str, ...]:
        """The cells of kinds/*.csv."""
        parent = self.code[:2] if len(self.code) > 2 else ""
        urgent = "true" if self.urgent else "false"
        head = (self.scheme, self.version, self.code, parent, self.scheme, self.zh, self.en)
        return (*head, self.keywords, *self.conditions, urgent, "", "", self.standard)


def write(domain: Path, folder: Path) -> None:
    """Write kinds/*.csv, limits.csv and responsibility.csv."""
    (folder / "kinds").mkdir(exist_ok=True)
    entries: list[Entry] = []
    for name, found in (
        ("event-2007", list(_events(domain))),
        ("component-2007", list(_components(domain))),
        ("demand-2020", list(_demands())),
    ):
        _table(folder / "kinds" / f"{name}.csv", _COLUMNS, [entry.row() for entry in found])
        entries += found
    _table(folder / "limits.csv", _LIMITS, list(_limits(entries)))
    _table(folder / "responsibility.csv", _LEADS, list(_leads(entries)))


def _table(path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _piped(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE))


def _codes(path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            minor = "" if row["minor"] == "00" else row["minor"]
            yield row["major"] + minor, row["zh"], row["en"].capitalize()


def _events(domain: Path) -> Iterator[Entry]:
    told = {row["code"]: row for row in _piped("events.psv")}
    for code, zh, en in _codes(domain / "event-codes.csv"):
        row = told.get(code)
        if row is None:
            yield Entry("event", "2007", code, zh, en, standard=_STANDARD)
        else:
            yield _told("event", "2007", code, zh, en, row, _STANDARD)


def _demands() -> Iterator[Entry]:
    seen: set[str] = set()
    for row in _piped("demands.psv"):
        major = row["code"][:2]
        if major not in seen:
            seen.add(major)
            yield Entry("demand", "2020", major, *_MAJORS[major])
        yield _told("demand", "2020", row["code"], row["name zh"], row["name en"], row, "")


def _told(
    scheme: str, version: str, code: str, zh: str, en: str, row: dict[str, str], standard: str
) -> Entry:
    return Entry(
        scheme,
        version,
        code,
        zh,
        en,
        ";".join((row["zh keywords"], row["en keywords"])),
        (row["filing zh"], row["filing en"], row["closing zh"], row["closing en"]),
        bool(row["urgent"]),
        standard,
        row["lead"],
        row["assist"],
        row["limits"],
    )


def _components(domain: Path) -> Iterator[Entry]:
    told = {code: row for row in _piped("components.psv") for code in row["minors"].split(",")}
    for code, zh, en in _codes(domain / "component-codes.csv"):
        row = told.get(code)
        if row is None:
            yield Entry("component", "2007", code, zh, en, standard=_STANDARD)
            continue
        words_zh, words_en, filing_zh, filing_en, closing_zh, closing_en = _GROUPS[row["group"]]
        names = list(dict.fromkeys((zh.split("(")[0], *_EVERYDAY.get(code, "").split(";"))))
        names = [name for name in names if name]
        keywords = [*names, *(name + word for name in names for word in words_zh)]
        keywords += [en.lower(), *(f"{word} {en.lower()}" for word in words_en)]
        conditions = (
            f"{zh}{filing_zh}",
            f"{en}: it {filing_en}",
            f"{zh}{closing_zh}",
            f"{en}: it {closing_en}",
        )
        yield Entry(
            "component",
            "2007",
            code,
            zh,
            en,
            ";".join(keywords),
            conditions,
            row["group"] == "cover" and code == "0111",
            _STANDARD,
            row["lead"],
            row["assist"],
            row["limits"],
        )


def _limits(entries: list[Entry]) -> Iterator[tuple[str, ...]]:
    general = (
        ("*", "verify", "24uh"),
        ("*", "file", "2uh"),
        ("*", "dispatch", "0.5uh"),
        ("*", "accept", "2wh"),
        ("*", "contact", "1wd"),
        ("*", "handle", "5wd"),
        ("*", "check", "2uh"),
        ("*", "total", "30wd"),
        ("component/2007/*", "handle", "3wd"),
        ("demand/2020/*", "check", "1wd"),
        ("demand/2020/*", "total", "15wd"),
    )
    for kind, stage, amount in general:
        yield from _amounts(kind, stage, amount)
    for entry in entries:
        if entry.limits:
            yield from _amounts(entry.key, "handle", entry.limits)
        if entry.urgent:
            yield from _amounts(entry.key, "dispatch", "0.25uh")
            yield from _amounts(entry.key, "accept", "0.5uh")


def _amounts(kind: str, stage: str, text: str) -> Iterator[tuple[str, ...]]:
    for part in text.split(","):
        found = _AMOUNT.fullmatch(part)
        if found is None:
            raise ValueError(f"{kind}: {part} is no amount")
        milestone, amount, clock = found.groups()
        yield (kind, stage, milestone or "", amount, _CLOCKS[clock], "", "", "", "sample", _SAMPLE)


def _leads(entries: list[Entry]) -> Iterator[tuple[str, ...]]:
    for entry in entries:
        if entry.lead:
            level, function = entry.lead.split(":")
            yield (entry.key, _LEVELS[level], function, entry.assist, "", "", "", _LIST)
        elif len(entry.code) > 2:
            raise ValueError(f"{entry.key} has no lead")

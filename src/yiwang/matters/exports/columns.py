"""The columns of exported tables: headings in both languages, and what stands in each cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.ground.city import City
from yiwang.ground.procedure.shapes import kind_name, place_name
from yiwang.kit import words
from yiwang.kit.sheets_out import Cell

_Say = Callable[[City, str, Any], Cell]


def _plain(_city: City, _language: str, value: Any) -> Cell:
    found: Cell = value
    return found


def _flag(_city: City, language: str, value: Any) -> Cell:
    return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")


def _kind(city: City, language: str, value: Any) -> Cell:
    return kind_name(city, value)[language]


def _place(city: City, language: str, value: Any) -> Cell:
    return place_name(city, value)[language]


def _unit(city: City, language: str, value: Any) -> Cell:
    return city.unit_name(value).say(language)


def _stages(_city: City, language: str, value: Any) -> Cell:
    return ("、" if language == "zh" else ", ").join(_word(word, language) for word in value)


def _said(_city: City, language: str, value: Any) -> Cell:
    return _word(value, language)


_CODES = ("state", "stage", "source", "sort", "role", "mode", "outcome", "clock")


def _word(value: str, language: str) -> str:
    return words.say(value, language, _CODES)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the field of the matter, its headings, and how a value is said."""

    field: str
    zh: str
    en: str
    say: _Say = _plain

    def heading(self, language: str) -> str:
        """The heading in a language."""
        return self.zh if language == "zh" else self.en

    def cell(self, city: City, language: str, matter: Any) -> Cell:
        """The cell of a matter; empty where it has no value."""
        value = getattr(matter, self.field)
        return None if value is None else self.say(city, language, value)


_ID = Column("id", "编号", "id")
_STATE = Column("state", "状态", "state", _said)
_PLACE = Column("place", "区域", "place", _place)
_KIND = Column("kind", "类别", "kind", _kind)
_CASE = Column("case_id", "案件编号", "case id")
_UNIT = Column("unit", "单位", "unit", _unit)
_CENTRE = Column("centre", "运行中心", "operation centre", _unit)
_SYNTHETIC = Column("synthetic", "合成数据", "synthetic", _flag)
_URGENT = Column("urgent", "紧急", "urgent", _flag)
_SOURCE = Column("source", "来源", "source", _said)
_TITLE = Column("title", "标题", "title")
_TEXT = Column("text", "内容", "text")
_ADDRESS = Column("address", "地址", "address")
_REASON = Column("reason", "理由", "reason")
_LON = Column("lon", "经度", "longitude")
_LAT = Column("lat", "纬度", "latitude")

COLUMNS: Mapping[str, Sequence[Column]] = {
    "cases": (
        Column("number", "案件号", "number"),
        _STATE,
        _KIND,
        _PLACE,
        _ADDRESS,
        _TITLE,
        _TEXT,
        _LON,
        _LAT,
        _SOURCE,
        Column("lead", "主办单位", "leading unit", _unit),
        _CENTRE,
        Column("discovered_at", "发现时间", "discovered at"),
        Column("reported_at", "上报时间", "reported at"),
        Column("filed_at", "立案时间", "filed at"),
        Column("dispatched_at", "派遣时间", "dispatched at"),
        Column("handled_at", "处置完成时间", "handled at"),
        Column("closed_at", "结案时间", "closed at"),
        Column("due_handle", "处置时限", "handling due"),
        Column("due_total", "全程时限", "due in all"),
        Column("overdue", "超期阶段", "overdue stages", _stages),
        Column("report_count", "上报数", "reports"),
        Column("rounds", "处置轮次", "rounds of handling"),
        Column("returned", "退单次数", "returns"),
        Column("reopened", "重办次数", "reopenings"),
        _URGENT,
        Column("supervised", "督办", "supervised", _flag),
        Column("forced", "强制结案", "closed by force", _flag),
        _REASON,
        _SYNTHETIC,
        _ID,
    ),
    "orders": (
        _ID,
        _CASE,
        _STATE,
        _UNIT,
        Column("role", "角色", "role", _said),
        _CENTRE,
        _KIND,
        _PLACE,
        Column("round", "轮次", "round"),
        Column("issued_at", "派单时间", "issued at"),
        Column("accepted_at", "接单时间", "accepted at"),
        Column("contacted_at", "先行联系时间", "reporter contacted at"),
        Column("finished_at", "办结时间", "finished at"),
        Column("due_accept", "接单时限", "acceptance due"),
        Column("due_contact", "联系时限", "contact due"),
        Column("due_handle", "处置时限", "handling due"),
        Column("outcome", "处理结论", "outcome", _said),
        Column("result", "处置结果", "result"),
        Column("returned_reason", "退单理由", "reason of return"),
        Column("extended", "延期次数", "extensions"),
        Column("urged", "催办次数", "urged"),
        _URGENT,
        _SYNTHETIC,
    ),
    "checks": (
        _ID,
        _CASE,
        Column("order_id", "派单编号", "order id"),
        _STATE,
        Column("sort", "种类", "sort", _said),
        Column("mode", "方式", "mode", _said),
        Column("unit", "核查单位", "checking unit", _unit),
        _PLACE,
        Column("round", "轮次", "round"),
        Column("arranged_at", "安排时间", "arranged at"),
        Column("due_at", "时限", "due"),
        Column("done_at", "完成时间", "done at"),
        Column("result", "结果", "result"),
        _SYNTHETIC,
    ),
    "approvals": (
        _ID,
        _CASE,
        Column("order_id", "派单编号", "order id"),
        _STATE,
        Column("sort", "种类", "sort", _said),
        Column("unit", "申请单位", "asking unit", _unit),
        _CENTRE,
        _PLACE,
        Column("amount", "时长", "amount"),
        Column("clock", "时限类型", "clock", _said),
        Column("until", "至", "until"),
        _REASON,
        Column("asked_at", "申请时间", "asked at"),
        Column("decided_at", "审批时间", "decided at"),
        Column("decision", "审批意见", "decision"),
    ),
    "disputes": (
        _ID,
        _CASE,
        Column("order_id", "派单编号", "order id"),
        _STATE,
        Column("unit", "提出单位", "raised by", _unit),
        Column("against", "指认单位", "unit named", _unit),
        _CENTRE,
        _PLACE,
        _REASON,
        Column("raised_at", "提出时间", "raised at"),
        Column("decided_at", "裁决时间", "decided at"),
        Column("ruling", "裁定主办单位", "unit that leads", _unit),
        Column("decision", "裁决意见", "decision"),
    ),
    "reports": (
        _ID,
        _STATE,
        _SOURCE,
        Column("system", "来源系统", "system"),
        Column("external_id", "外部编号", "external id"),
        Column("received_at", "接收时间", "received at"),
        Column("happened_at", "发生时间", "happened at"),
        _KIND,
        _PLACE,
        _ADDRESS,
        _TITLE,
        _TEXT,
        _LON,
        _LAT,
        _CASE,
        _URGENT,
        _REASON,
        _SYNTHETIC,
    ),
}

TITLES: Mapping[str, tuple[str, str]] = {
    "cases": ("案件", "cases"),
    "orders": ("派单", "orders"),
    "checks": ("核查", "checks"),
    "approvals": ("审批", "approvals"),
    "disputes": ("争议", "disputes"),
    "reports": ("上报", "reports"),
}


def file_name(list_name: str, language: str, asked: datetime, city: City, suffix: str) -> str:
    """The name of an export's file: what it holds and when it was asked for, in the city's time."""
    zh, en = TITLES[list_name]
    moment = asked.astimezone(city.zone)
    return f"{zh if language == 'zh' else en}-{moment:%Y%m%d-%H%M%S}.{suffix}"

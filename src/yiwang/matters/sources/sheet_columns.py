"""Which column of a foreign table holds what: known headings in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from yiwang.kit.errors import Refusal


class Field(StrEnum):
    """The fields of a report that a column can fill; named as in `ReportDraft`."""

    EXTERNAL_ID = "external_id"
    HAPPENED_AT = "happened_at"
    TITLE = "title"
    TEXT = "text"
    ADDRESS = "address"
    LON = "lon"
    LAT = "lat"
    CRS = "crs"
    KIND = "kind"
    REPORTER_NAME = "reporter_name"
    REPORTER_PHONE = "reporter_phone"
    REPORTER_EMAIL = "reporter_email"
    LANGUAGE = "language"
    SOURCE = "source"


PROBLEM_HEADINGS = {"zh": "问题", "en": "problem"}
ROW_HEADINGS = {"zh": "原表行号", "en": "original row"}

# The best heading first; compared after `_normal`.
_HEADINGS: Mapping[Field, str] = {
    Field.EXTERNAL_ID: (
        "external_id case_enquiry_id service_request_id request_id report_id case_id ticket_id "
        "id no number 外部编号 工单编号 工单号 案件编号 案件号 诉求编号 受理编号 任务号 "
        "编号 流水号 序号"
    ),
    Field.HAPPENED_AT: (
        "happened_at occurred_at reported_at requested_datetime open_dt opened created_at "
        "create_time report_time date_time datetime time date 发生时间 事发时间 上报时间 诉求时间 "
        "来电时间 受理时间 登记时间 创建时间 留言时间 时间 日期"
    ),
    Field.TITLE: "title case_title subject summary 标题 主题 留言主题 诉求标题 案件标题 事项",
    Field.TEXT: (
        "text description details content message body complaint 内容 描述 问题描述 诉求内容 "
        "案件描述 留言详情 留言内容 情况描述 详情 正文 事由"
    ),
    Field.ADDRESS: (
        "address address_string location_address full_address location place 地址 详细地址 "
        "事发地址 发生地址 案发地址 发生地点 事发地点 位置 地点"
    ),
    Field.LON: "lon lng long longitude x 经度 坐标x x坐标 东经",
    Field.LAT: "lat latitude y 纬度 坐标y y坐标 北纬",
    Field.CRS: "crs srs coordinate_system datum 坐标系 坐标系统 坐标类型",
    Field.KIND: (
        "kind service_code category type code 类别 事项类别 案件类别 诉求类别 问题类别 小类 类型 "
        "分类 类别编码 事项编码"
    ),
    Field.REPORTER_NAME: (
        "reporter_name name reporter contact caller 姓名 联系人 反映人 诉求人 来电人 上报人 举报人 "
        "市民姓名"
    ),
    Field.REPORTER_PHONE: (
        "reporter_phone phone telephone tel mobile contact_phone phone_number 电话 联系电话 手机 "
        "手机号 手机号码 来电号码 联系方式"
    ),
    Field.REPORTER_EMAIL: "reporter_email email mail email_address 邮箱 电子邮箱 邮件",
    Field.LANGUAGE: "language lang 语言 语种",
    Field.SOURCE: "source channel origin 来源 渠道 案件来源 诉求来源 问题来源 上报渠道",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of a table and which of its columns (counted from 0) fills which field.

    Columns that fill none are kept as attributes of the report under their heading.
    """

    header: tuple[str, ...]
    fields: Mapping[Field, int]

    def attribute_columns(self) -> tuple[tuple[str, int], ...]:
        """Heading and place of every column that fills no field; columns that an error file
        of ours has added are left out, repeated headings are told apart by their column."""
        used = set(self.fields.values())
        ours = {_normal(text) for text in (*PROBLEM_HEADINGS.values(), *ROW_HEADINGS.values())}
        return tuple(
            (text if self.header.count(text) == 1 else f"{text} ({place + 1})", place)
            for place, text in enumerate(self.header)
            if place not in used and text and _normal(text) not in ours
        )


def suggest_columns(header: Sequence[str]) -> Columns:
    """Recognise the columns of a table by their headings.

    A field takes the column with its best known heading; a column fills one field at most.
    What stands in brackets ("经度(WGS84)", "Phone [mobile]") is ignored, like case and blanks.
    """
    places: dict[str, int] = {}
    for place, text in enumerate(header):
        places.setdefault(_normal(text), place)
    offers = sorted(
        (rank, order, places[heading], known)
        for order, (known, headings) in enumerate(_HEADINGS.items())
        for rank, heading in enumerate(_normal(text) for text in headings.split())
        if heading in places
    )
    found: dict[Field, int] = {}
    for _, _, place, known in offers:
        if known not in found and place not in found.values():
            found[known] = place
    return Columns(tuple(header), found)


def choose_columns(header: Sequence[str], chosen: Mapping[str, str | int]) -> Columns:
    """The columns as a person chose them: field to heading, or to the column's place from 0.

    Refuses `sources.field_unknown` and `sources.column_unknown`.
    """
    found: dict[Field, int] = {}
    for name, column in chosen.items():
        if name not in frozenset(Field):
            possible = ", ".join(Field)
            raise Refusal("sources.field_unknown", name=name[:60], fields=possible)
        if isinstance(column, str):
            place = header.index(column) if column in header else -1
        else:
            place = column
        if not 0 <= place < len(header):
            raise Refusal(
                "sources.column_unknown", name=str(column)[:60], columns=", ".join(header)[:500]
            )
        found[Field(name)] = place
    return Columns(tuple(header), found)


def _normal(heading: str) -> str:
    bare = re.sub(r"[(\[（【].*?[)\]）】]", "", heading)
    return re.sub(r"[\s_\-:：*＊/.]+", "", bare).lower()

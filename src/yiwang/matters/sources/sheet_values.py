"""Reads the values of single cells: times as people write them, coordinates, datum names."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from yiwang.ground.packs.coordinates import Crs

_NOTHING = frozenset(("", "-", "--", "—", "/", "无", "空", "null", "none", "nan", "n/a", "na"))

_DAY = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
_HALF = r"(上午|下午|中午|晚上|凌晨|AM|PM)?"
_CLOCK = (
    rf"{_HALF}\s*(\d{{1,2}})\s*[:：时点]\s*(\d{{1,2}})\s*分?"
    rf"(?:\s*[:：]?\s*(\d{{1,2}})(?:\.\d{{1,9}})?\s*秒?)?\s*{_HALF}"
)
_OFFSET = r"(Z|[+-]\d{2}:?\d{2})?"
_WRITTEN = re.compile(
    rf"{_DAY}(?:[\sT]*(?:(?:星期|周)[一二三四五六日天]\s*)?{_CLOCK}\s*{_OFFSET})?",
    re.ASCII | re.IGNORECASE,
)
_PACKED = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d)(\d\d)(\d\d))?", re.ASCII)
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d{1,15})?", re.ASCII)
_SERIAL_START = datetime(1899, 12, 30)  # noqa: DTZ001  day 0 of spreadsheets, a wall clock
_AFTERNOON = frozenset(("下午", "中午", "晚上", "pm"))
_MORNING = frozenset(("上午", "凌晨", "am"))

_DECIMAL = re.compile(r"[+-]?(?:\d{1,12}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)

_DATUMS = {
    "wgs84": Crs.WGS84,
    "wgs1984": Crs.WGS84,
    "epsg4326": Crs.WGS84,
    "4326": Crs.WGS84,
    "gps": Crs.WGS84,
    "cgcs2000": Crs.CGCS2000,
    "epsg4490": Crs.CGCS2000,
    "4490": Crs.CGCS2000,
    "国家2000": Crs.CGCS2000,
    "2000国家大地坐标系": Crs.CGCS2000,
    "gcj02": Crs.GCJ02,
    "火星": Crs.GCJ02,
    "高德": Crs.GCJ02,
    "amap": Crs.GCJ02,
    "腾讯": Crs.GCJ02,
    "bd09": Crs.BD09,
    "bd09ll": Crs.BD09,
    "百度": Crs.BD09,
    "baidu": Crs.BD09,
}


def is_nothing(text: str) -> bool:
    """Whether a cell says that there is no value."""
    return text.strip().lower() in _NOTHING


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """A moment as people and systems write it, or None where `text` is none.

    Year first, always: `2020/1/6 12:09:38`, `2020-01-06T12:09+08:00`, `2020年1月6日 下午3时9分`,
    `20200106120938`, a bare day (its midnight), or a spreadsheet's day number (`43836.5`).
    Without an offset the time is the wall clock of `zone`. `1/6/2020` is refused: whether day
    or month comes first cannot be known.
    """
    text = " ".join(text.split())
    try:
        if _SERIAL.fullmatch(text):
            days = float(text)
            wall = _SERIAL_START + timedelta(seconds=round(days * 86400))
            return wall.replace(tzinfo=zone)
        if match := _PACKED.fullmatch(text):
            parts = [int(part) for part in match.groups() if part]
            return _sane(datetime(*parts, tzinfo=zone))  # type: ignore[arg-type, misc]
        if match := _WRITTEN.fullmatch(text):
            year, month, day, before, hour, minute, second, after, offset = match.groups()
            moment = datetime(
                int(year),
                int(month),
                int(day),
                _hour(int(hour or 0), (before or after or "").lower()),
                int(minute or 0),
                int(second or 0),
                tzinfo=zone,
            )
            if offset:
                written = datetime.strptime(offset.upper(), "%z").tzinfo
                moment = moment.replace(tzinfo=written)
            return _sane(moment)
    except (ValueError, OverflowError):
        return None
    return None


def _sane(moment: datetime) -> datetime | None:
    return moment if 1900 <= moment.year <= 2200 else None


def _hour(hour: int, half: str) -> int:
    if half in _AFTERNOON and 1 <= hour < 12 and not (half == "中午" and hour == 11):
        return hour + 12
    if half in _MORNING and hour == 12:
        return 0
    return hour


def read_degrees(text: str) -> float | None:
    """A coordinate in decimal degrees from -180 to 180, or None; a degree sign may follow."""
    bare = text.strip().rstrip("°度").strip()
    if not _DECIMAL.fullmatch(bare):
        return None
    value = float(bare)
    return value if abs(value) <= 180 else None


def read_datum(text: str) -> Crs | None:
    """The coordinate system behind its usual names, Chinese and English, or None."""
    bare = re.sub(r"[\s\-_:]", "", text).lower()
    bare = bare.removesuffix("坐标系").removesuffix("坐标") if bare not in _DATUMS else bare
    return _DATUMS.get(bare)

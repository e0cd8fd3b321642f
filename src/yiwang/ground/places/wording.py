"""The parts of an address as people write them: road, lane, number, building, room."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_SPACES_IN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff])\s+|\s+(?=[\u4e00-\u9fff])")
_ROAD = re.compile(
    r"([\u4e00-\u9fff]{1,10}?(?:大道|公路|大街|支路|路|街|巷)(?![\u4e00-\u9fff]*(?:街道|镇区)))"
)
_LANE = re.compile(r"(\d+)\s*弄")
_NUMBER = re.compile(r"(\d+(?:\s*[-－甲乙丙丁]\s*\d*)?)\s*号(?!楼|线)")
_BUILDING = re.compile(r"(\d+)\s*(?:号楼|幢|栋|座)")
_ROOM = re.compile(r"(\d+[A-Za-z]?)\s*室")
_CHINESE_NUMBER = re.compile(
    r"(?<![〇零一二三四五六七八九十百千万])"
    r"(?:[一二三四五六七八九]百(?:零?[一二三四五六七八九]|[一二三四五六七八九]?十[一二三四五六七八九]?)?"
    r"|[一二三四五六七八九]?十[一二三四五六七八九]?|[〇零一二三四五六七八九]+)"
    r"(?=弄|号|室|幢|栋)"
)
_STREET = re.compile(
    r"(?:(?P<before>\d+[A-Za-z]?)\s+)?"
    r"(?P<road>(?:[A-Z0-9][\w.'’]*\s+){1,4}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Place|Pl|Square|Sq|Court|Ct"
    r"|Way|Terrace|Ter|Highway|Hwy|Parkway|Pkwy)\b\.?)"
)
_ENGLISH_LANE = re.compile(r"\bLane\s+(\d+)", re.IGNORECASE)
_ENGLISH_NUMBER = re.compile(r"\bNo\.?\s*(\d+[A-Za-z]?)", re.IGNORECASE)
_ENGLISH_ROOM = re.compile(r"\b(?:Room|Rm|Apt|Unit|Suite)\.?\s*#?(\w+)|#(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AddressParts:
    """What the address names below its places; "" where it does not."""

    road: str = ""
    lane: str = ""
    number: str = ""
    building: str = ""
    room: str = ""


def plain(text: str) -> str:
    """Full-width letters and digits made half-width, apostrophes made one, spaces around Chinese
    removed."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    return _SPACES_IN_CHINESE.sub("", text).strip()


def read_parts(text: str) -> AddressParts:
    """The parts of an address whose place names were taken out; `text` went through `plain`."""
    text = _CHINESE_NUMBER.sub(lambda found: str(chinese_number(found.group())), text)
    road = _ROAD.search(text)
    if road or _LANE.search(text) or _NUMBER.search(text) or _ROOM.search(text):
        return AddressParts(
            road.group(1) if road else "",
            _first(_LANE, text),
            _first(_NUMBER, text),
            _first(_BUILDING, text),
            _first(_ROOM, text),
        )
    lane, number = _first(_ENGLISH_LANE, text), _first(_ENGLISH_NUMBER, text)
    street = _STREET.search(_ENGLISH_LANE.sub(" ", _ENGLISH_NUMBER.sub(" ", text)))
    return AddressParts(
        road=street.group("road").rstrip(".") if street else "",
        lane=lane,
        number=(street and street.group("before")) or number,
        room=_first(_ENGLISH_ROOM, text),
    )


def chinese_number(text: str) -> int:
    """The value of a number written in Chinese figures up to 999 ("一百二十", "二〇三")."""
    if "十" not in text and "百" not in text:
        return int(text.translate(_DIGITS))
    hundreds, _, rest = text.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    value = 100 * int(hundreds.translate(_DIGITS)) if hundreds else 0
    if ten:
        lead = tens.translate(_DIGITS).lstrip("0")
        value += 10 * int(lead or "1")
    digits = ones.translate(_DIGITS)
    return value + (int(digits) if digits else 0)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return next((part for part in found.groups() if part), "") if found else ""

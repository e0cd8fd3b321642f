"""A made-up city of four precincts and its records, for tests only."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from yiwang.replay.dataset import Record

ZONE = ZoneInfo("America/New_York")
COLUMNS = (
    *("id", "opened", "target", "closed", "verdict", "closing", "title", "subject", "reason"),
    *("type", "queue", "department", "address", "neighbourhood", "ward", "precinct", "lat", "lon"),
    "source",
)
_MAPPING = """
[files]
records = "requests-*.csv"
duplicates = "duplicates-*.csv"
[columns]
{columns}
[duplicate_columns]
id = "id"
parent = "parent"
[verdicts]
on_time = "ONTIME"
overdue = "OVERDUE"
[kinds]
scheme = "sample"
version = "1"
[places]
precinct = '^(\\d{{2}})(\\d{{2}})$'
placeholders = [[-70.0, 40.0]]
[places.same]
"Oldtown" = "Old Town"
[system]
name = "sample"
source = "system"
language = "en"
[[outcomes]]
pattern = 'Duplicate'
action = "duplicate"
[[outcomes]]
pattern = 'Not ours'
action = "finish"
outcome = "not_ours"
"""
_PACK = """
name = "sample"
version = "1"
timezone = "America/New_York"
languages = ["zh", "en"]
root = "sample"
notices = []
[title]
zh = "样例"
en = "Sample"
[worktime]
weekdays = ["mon", "tue", "wed", "thu", "fri"]
spans = ["09:00-17:00"]
day_starts_next = true
[settings]
"case.number_pattern" = "{division}{date}{sequence:05d}"
"""
_NAMES = """sort,en,zh,keywords
city,sample,样例市,Sample
centre,sample,市中心,Centre
centre,*,邻里中心,Local Centre
subject,Works,工程,
reason,Lights,照明,
type,Lamp out,路灯不亮,lamp
type,Pothole,坑槽,hole
department,PW,公共工程,Public Works
neighbourhood,Old Town,老城,Oldtown
neighbourhood,New Town / Harbour,新城,New Town;Harbour
queue,PW_Lamps,路灯队列,
queue,PW_Roads,道路队列,
queue,PW_Roads East,东部道路队列,
"""
_POSTS = """unit,kind,level,code,name_zh,name_en,duties
,centre,,intake,受理员,Intake agent,intake
,queue,,handler,处置员,Handler,handler
"""
_CALENDAR = "date,kind,name_zh,name_en\n2011-01-17,off,假日,Holiday\n"


def record(number: int, **given: object) -> Record:
    """A record with ordinary values where none are given."""
    opened = datetime(2011, 3, 7, 10, tzinfo=ZONE) + timedelta(minutes=number)
    values: dict[str, object] = {
        "id": str(number),
        "opened": opened,
        "target": None,
        "closed": None,
        "on_time": True,
        "closing": "",
        "title": "Lamp out",
        "subject": "Works",
        "reason": "Lights",
        "type": "Lamp out",
        "queue": "PW_Lamps",
        "department": "PW",
        "address": "1 Main St",
        "neighbourhood": "Old Town",
        "ward": "1",
        "precinct": "0101",
        "lon": -71.0,
        "lat": 42.0,
        "source": "Call",
        "placeholder": False,
    }
    return Record(**(values | given))  # type: ignore[arg-type]


def write_pack(folder: Path) -> Path:
    """The hand-written part of the made-up city's pack."""
    folder.mkdir()
    columns = "\n".join(f'{name} = "{name}"' for name in COLUMNS)
    for label, text in {
        "drawing.toml": _MAPPING.format(columns=columns),
        "pack.toml": _PACK,
        "names.csv": _NAMES,
        "posts.csv": _POSTS,
        "calendar.csv": _CALENDAR,
    }.items():
        (folder / label).write_text(text, encoding="utf-8")
    return folder


def rows() -> list[dict[str, str]]:
    """Records on a regular lattice over four precincts: two wards, two neighbourhoods.

    Ward 1 lies in one neighbourhood, ward 2 in both. Lamps have two working days, holes none.
    """
    found: list[dict[str, str]] = []
    for x in range(12):
        for y in range(12):
            east, north = x >= 6, y >= 6
            number = len(found)
            opened = datetime(2011, 3, 7 + number % 4, 10, number % 60, tzinfo=ZONE)
            hole = number % 3 == 0
            found.append(
                _row(
                    id=str(1000 + number),
                    opened=_wall(opened),
                    target="" if hole else _wall(opened + timedelta(days=_two_days(opened))),
                    closed=_wall(opened + timedelta(hours=5)),
                    type="Pothole" if hole else "Lamp out",
                    queue=("PW_Roads East" if east else "PW_Roads") if hole else "PW_Lamps",
                    ward=f"Ward {1 + north}",
                    precinct=f"{1 + north:02}{1 + east:02}",
                    neighbourhood="New Town / Harbour" if east and north else "Oldtown",
                    lon=f"{-71.0 + x * 0.002:.4f}",
                    lat=f"{42.0 + y * 0.0015:.4f}",
                )
            )
    found.append(_row(id="2000", opened="2011-03-11 09:00:00", lon="-70.0", lat="40.0"))
    return found


def _wall(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _two_days(opened: datetime) -> int:
    return 2 if opened.weekday() < 3 else 4


def _row(**given: str) -> dict[str, str]:
    usual = dict.fromkeys(COLUMNS, "")
    usual |= {"subject": "Works", "reason": "Lights", "type": "Lamp out", "title": "Lamp out"}
    usual |= {"queue": "PW_Lamps", "department": "PW", "source": "Call", "verdict": "ONTIME"}
    return usual | given


def write_records(folder: Path, table: list[dict[str, str]], marks: Mapping[str, str]) -> Path:
    """The records and marks as files."""
    folder.mkdir(exist_ok=True)
    _write(folder / "requests-1.csv", COLUMNS, table)
    pairs = [{"id": child, "parent": parent} for child, parent in marks.items()]
    _write(folder / "duplicates-1.csv", ("id", "parent"), pairs)
    return folder


def _write(path: Path, columns: tuple[str, ...], table: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(table)

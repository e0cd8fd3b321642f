"""Working days of China against a second, independent calendar."""

from __future__ import annotations

import csv
import os
from datetime import date, time, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from yiwang.ground.packs.model import CalendarDay, Text, Worktime
from yiwang.ground.worktime import Calendar

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("YIWANG_DATA", ROOT.parent / "shared" / "data"))
HOLIDAYS = DATA.parent / "domain" / "holidays-2022-2026.csv"
OFFICE = Worktime((0, 1, 2, 3, 4), ((time(8), time(12)), (time(14), time(18))), True)


@pytest.mark.parametrize("year", range(2022, 2027))
def test_every_day_agrees_with_chinesecalendar(year: int) -> None:
    if not HOLIDAYS.exists():
        pytest.skip(f"the shared holiday list is not at {HOLIDAYS}")
    with HOLIDAYS.open(encoding="utf-8") as file:
        days = [
            CalendarDay(date.fromisoformat(row["date"]), row["kind"], Text(row["name"], ""))
            for row in csv.DictReader(file)
        ]
    calendar = Calendar.build(days, OFFICE, "Asia/Shanghai")
    assert year in calendar.years
    day = date(year, 1, 1)
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        pytest.skip(f"the installed chinesecalendar does not know {year}")
    differing = []
    while day.year == year:
        if calendar.is_working_day(day) != chinese_calendar.is_workday(day):
            differing.append(day)
        day += timedelta(days=1)
    assert differing == []

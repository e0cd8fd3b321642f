"""A small new city that passes the check, to be filled in."""

from __future__ import annotations

import re
from pathlib import Path

from yiwang.kit.errors import Refusal

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")

_MANIFEST = """\
# A city as data. Every file is explained by its header line; `yiwang pack check` explains the rest.
name = "{name}"
version = "1"
timezone = "UTC"  # an IANA name
languages = ["zh", "en"]
root = "city"
notices = []

[title]
zh = "新城市"
en = "New city"

[worktime]
weekdays = ["mon", "tue", "wed", "thu", "fri"]
spans = ["09:00-12:00", "13:00-17:00"]
day_starts_next = true  # "N working days" starts on the next working day

[settings]
"case.number_pattern" = "{{division}}{{date}}{{sequence:05d}}"
"place.centre" = [0.0, 0.0]  # longitude, latitude in the middle; set it before the first case
"match.radius_m" = 50
"match.hours" = 24
"match.same_as_m" = 300
"dispatch.automatic" = true
"check.sample_percent" = {{ event = 100 }}
"check.mode_by_source" = {{ hotline = "callback", citizen = "callback" }}
"verify.sources" = ["citizen"]
"location.placeholders" = []
"location.confidence" = 0.4
"return.max" = 2
"publication.position_m" = 50  # how finely the public sees positions, metres
"publication.without_position" = []  # kinds whose cases are published without a position
"publication.least" = 10  # smaller numbers give no published share, median or rank
"publication.licence" = "CC-BY-4.0"
"publication.licence_url" = "https://creativecommons.org/licenses/by/4.0/"
"""
_FILES = {
    "places.csv": (
        "code,parent,level,name_zh,name_en,aliases,origin,area_origin,valid_from,valid_to\n"
        "city,,city,新城市,New city,,sample,,,\n"
        "d1,city,district,第一区,First District,,sample,,,\n"
        "t1,d1,town,第一街道,First Subdistrict,,sample,,,\n"
    ),
    "units.csv": (
        "code,parent,kind,place,level,name_zh,name_en,functions,origin\n"
        "city_centre,,centre,city,city,城市运行中心,City Operation Centre,territory,sample\n"
        "d1_centre,city_centre,centre,d1,district,第一区运行中心,"
        "First District Operation Centre,territory,sample\n"
        "t1_centre,d1_centre,centre,t1,town,第一街道运行中心,"
        "First Subdistrict Operation Centre,territory,sample\n"
        "t1_sanitation,t1_centre,team,t1,town,第一街道环卫队,"
        "First Subdistrict Sanitation Team,sanitation,sample\n"
    ),
    "posts.csv": (
        "unit,kind,level,code,name_zh,name_en,duties\n"
        ",centre,,intake,受理员,Intake agent,intake\n"
        ",centre,,dispatcher,派遣员,Dispatcher,dispatcher\n"
        ",centre,,chief,值班长,Duty chief,duty_chief\n"
        ",centre,,checker,核查员,Checker,checker\n"
        ",team,,leader,队长,Team leader,leader\n"
        ",team,,handler,处置员,Handler,handler\n"
        "city_centre,,,sysadmin,系统管理员,System administrator,sysadmin\n"
        "city_centre,,,secadmin,安全管理员,Security administrator,secadmin\n"
        "city_centre,,,auditor,审计管理员,Auditor,auditor\n"
    ),
    "kinds/event.csv": (
        "scheme,version,code,parent,family,name_zh,name_en,keywords,"
        "filing_zh,filing_en,closing_zh,closing_en,urgent,valid_from,valid_to,standard\n"
        "event,1,01,,event,市容环境,City environment,,,,,,false,,,\n"
        "event,1,0102,01,event,暴露垃圾,Exposed refuse,垃圾;rubbish;refuse,"
        "公共场所有暴露垃圾,Refuse lies exposed in a public place,"
        "垃圾已清除,The refuse is gone,false,,,\n"
    ),
    "limits.csv": (
        "kind,stage,milestone,amount,clock,place,valid_from,valid_to,origin,basis\n"
        "*,dispatch,,0.5,urgent_hour,,,,sample,to be replaced by the city's own rule\n"
        "*,handle,,5,working_day,,,,sample,to be replaced by the city's own rule\n"
        "event/1/0102,handle,,4,working_hour,,,,sample,to be replaced by the city's own rule\n"
    ),
    "responsibility.csv": (
        "kind,level,lead,assist,place,valid_from,valid_to,basis\n"
        "event/1/01,town,sanitation,territory,,,,to be replaced by the city's own list\n"
    ),
    "calendar.csv": "date,kind,name_zh,name_en\n2026-01-01,off,元旦,New Year's Day\n",
    "screen.yaml": (
        "# Panels of the one screen by mode, and from when on a figure is to be watched.\n"
        "fresh_s: 15\n"
        'colours: {ok: "#3fb68b", watch: "#e8c14a", warn: "#f08c3a", alarm: "#f0524f"}\n'
        "thresholds:\n"
        "  on_time_week:\n"
        "    {when: below, watch: 95, warn: 90, alarm: 80,"
        " source: {zh: 样例，须替换, en: a sample to be replaced}}\n"
        "modes:\n"
        "  daily:\n"
        "    - {panel: open_now, region: left}\n"
        "    - {panel: opened_today, region: left}\n"
        "    - {panel: on_time_week, region: left}\n"
        "    - {panel: latest, region: right, size: 2}\n"
        "    - {panel: four_times, region: right}\n"
        "  special: [{panel: hot_kinds, region: left}]\n"
        "  emergency: [{panel: overdue_now, region: left}]\n"
    ),
    "words.csv": (
        "key,zh,en\n"
        "function.territory,属地托底,Territorial fallback\n"
        "function.sanitation,环境卫生,Sanitation\n"
    ),
}


def write_skeleton(folder: Path, name: str) -> tuple[Path, ...]:
    """Write a new pack called `name` into `folder`; the files written, in order.

    Refuses a name that is not lower-case letters, digits and underscores, and a folder that
    already holds something.
    """
    if not _NAME.fullmatch(name):
        raise Refusal("packs.name_illegal", name=name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal("packs.folder_not_empty", folder=str(folder))
    written = []
    for label, text in {"pack.toml": _MANIFEST.format(name=name), **_FILES}.items():
        path = folder / label
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return tuple(written)

"""The shipped tables are what the tool writes from the published codes."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "packs" / "shanghai"


@pytest.fixture(scope="module")
def domain() -> Path:
    data = Path(os.environ.get("YIWANG_DATA") or ROOT.parent / "shared" / "data")
    folder = data.parent / "domain"
    if not folder.is_dir():
        pytest.skip(f"the published codes are not at {folder}; set YIWANG_DATA")
    return folder


def test_the_tables_are_current(domain: Path, tmp_path: Path) -> None:
    options = ("--shared", str(domain.parent), "--places", str(PACK), "--pack", str(tmp_path))
    subprocess.run(
        [sys.executable, "-m", "tools.build_shanghai", *options], cwd=ROOT, check=True, timeout=120
    )
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv"))
    assert [str(name) for name in written] == [
        "calendar.csv",
        "kinds/component-2007.csv",
        "kinds/demand-2020.csv",
        "kinds/event-2007.csv",
        "limits.csv",
        "posts.csv",
        "responsibility.csv",
        "units.csv",
    ]
    for name in written:
        assert (tmp_path / name).read_bytes() == (PACK / name).read_bytes(), name


def test_all_published_divisions_are_there(domain: Path) -> None:
    with (domain / "divisions-shanghai.csv").open(encoding="utf-8") as file:
        published = {(row["code"], row["name"], row["parent"]) for row in csv.DictReader(file)}
    with (PACK / "places.csv").open(encoding="utf-8") as file:
        shipped = {
            (row["code"], row["name_zh"], row["parent"])
            for row in csv.DictReader(file)
            if row["origin"] == "official"
        }
    assert shipped == published


def test_the_calendar_is_the_published_one(domain: Path) -> None:
    with (domain / "holidays-2022-2026.csv").open(encoding="utf-8") as file:
        published = [(row["date"], row["kind"]) for row in csv.DictReader(file)]
    with (PACK / "calendar.csv").open(encoding="utf-8") as file:
        assert [(row["date"], row["kind"]) for row in csv.DictReader(file)] == published

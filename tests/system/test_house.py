"""The laws of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PACKS = [path.parent.name for path in (ROOT / "packs").glob("*/pack.toml")]


def _trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES]


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 100
    assert len(PACKS) >= 2


def test_no_import_inside_a_function_and_no_type_checking_escape() -> None:
    found = []
    for path, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                found += [f"{path}:{n.lineno}" for n in inner]
            if isinstance(node, ast.Name) and node.id == "TYPE_CHECKING":
                found.append(f"{path}:{node.lineno}")
    assert not found


def test_no_city_is_named_in_the_code() -> None:
    """A city is data: its name, its codes, its people stand in packs/, never in src/."""
    names = re.compile("|".join([*PACKS, "pudong", "上海", "浦东", "波士顿"]), re.IGNORECASE)
    allowed = re.compile(r"ZoneInfo\(")  # a time zone of the tz database bears a city's name
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if names.search(line) and not allowed.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    "word", ["utils", "util", "common", "manager", "helper", "helpers", "misc"]
)
def test_no_room_without_a_meaning(word: str) -> None:
    assert not [path for path in SOURCES if path.stem == word or path.parent.name == word]


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in SOURCES
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 420
    }
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path, tree in _trees()
        if ast.get_docstring(tree) is None and path.read_text(encoding="utf-8").strip()
    ]
    assert not silent

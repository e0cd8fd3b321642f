"""The screen of a pack: what fits is kept as it is, what does not is named with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from yiwang.ground.packs.findings import PackErrors
from yiwang.ground.packs.model import Pack
from yiwang.ground.packs.reading import read_pack
from yiwang.ground.packs.screen import layout_problem

ROW = {"panel": "open_now", "region": "left"}


def test_the_screen_is_a_setting_of_the_whole_city(shanghai: Pack) -> None:
    found = [row for row in shanghai.settings if row.key == "screen"]
    assert [(row.source, row.place) for row in found] == [("screen.yaml", shanghai.root)]
    assert set(found[0].value["modes"]) == {"daily", "special", "emergency"}


def test_a_pack_without_a_screen_is_a_pack(folder: Path) -> None:
    (folder / "screen.yaml").unlink()
    assert not [row for row in read_pack(folder).settings if row.key == "screen"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("fresh_s: 15", "fresh_s: soon", 2),
        ("fresh_s: 15", "fresh_s: 0", 2),
        ('ok: "#3fb68b"', "ok: green", 3),
        ("when: below", "when: around", 5),
        ("watch: 95, warn: 90", "watch: 85, warn: 90", 5),
        ("en: a sample to be replaced", 'en: ""', 5),
        ("size: 2}", "size: 9}", 8),
        ("region: right, size: 2", "region: middle", 8),
        ("panel: opened_today", "panel: open_now", 8),
        ("  special:", "  spezial:", 0),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(
    folder: Path, old: str, new: str, line: int
) -> None:
    file = folder / "screen.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        read_pack(folder)
    assert [(row.file, row.line) for row in caught.value.errors] == [("screen.yaml", line)]


@pytest.mark.parametrize("text", ["[]", "a: 2026-99-99", "\x00"])
def test_what_is_no_screen_at_all_is_said(folder: Path, text: str) -> None:
    (folder / "screen.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PackErrors, match=r"screen\.yaml"):
        read_pack(folder)


@pytest.mark.parametrize(
    "rows",
    [None, {}, [1], [{**ROW, "colour": "red"}], [ROW, ROW], [{**ROW, "size": True}], [ROW] * 61],
)
def test_a_layout_is_checked_alike_wherever_it_comes_from(rows: Any) -> None:
    assert layout_problem(rows) is not None
    assert layout_problem([ROW]) is None

"""`yiwang judge detect`: files in, scored files out, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from yiwang.cli import app
from yiwang.commands.judging import judge_file
from yiwang.kit.errors import Refusal
from yiwang.signals.alerts.anomaly import read_series

GOOD = "timestamp,value\n2026-01-01 00:00:00,1\n2026-01-01 00:05:00,2.50\n2026-01-01 00:10:00,\n"


def _run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["judge", "detect", *map(str, arguments)])
    if isinstance(result.exception, Refusal):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def _folder(base: Path, files: Iterable[tuple[str, str]]) -> Path:
    folder = base / "in"
    for name, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_files_at_any_depth_are_scored_at_the_same_path(tmp_path: Path) -> None:
    folder = _folder(tmp_path, [("a.csv", GOOD), ("deep/er/b.csv", GOOD), ("note.txt", "no")])
    code, stdout, _ = _run("--input", folder, "--out", tmp_path / "out")
    assert code == 0
    assert "2 of 2 files, 6 readings" in stdout
    written = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert written == [tmp_path / "out" / "a.csv", tmp_path / "out" / "deep" / "er" / "b.csv"]
    assert written[0].read_text(encoding="utf-8").splitlines() == [
        "timestamp,value,anomaly_score",
        "2026-01-01 00:00:00,1,0.000000",
        "2026-01-01 00:05:00,2.50,0.000000",
        "2026-01-01 00:10:00,,0.000000",
    ]


def test_a_bad_file_is_said_with_its_lines_and_the_others_go_on(tmp_path: Path) -> None:
    bad = GOOD + "yesterday,3\n2026-01-01 00:20:00,much\n2026-01-01 00:25:00,1,2\nx,inf\n"
    folder = _folder(tmp_path, [("bad.csv", bad), ("good.csv", GOOD)])
    code, stdout, stderr = _run("--input", folder, "--out", tmp_path / "out")
    assert code == 2
    assert "1 of 2 files" in stdout
    said = " ".join(stderr.split())
    assert "bad.csv was not judged, 4 of its rows" in said
    assert "line 5: “yesterday” is no time; 6: “much” is no number; 7: 3 fields" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["good.csv"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "anomaly.series_empty"),
        ("timestamp,value\n", "anomaly.series_empty"),
        ("time,level\n2026-01-01,1\n", "anomaly.header_wrong"),
        ("timestamp,value\n2026-01-01,inf\n", "anomaly.rows_wrong"),
    ],
)
def test_what_is_no_series_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_series(text.splitlines(keepends=True), "some.csv")
    assert refusal.value.code == code
    assert "some.csv" in refusal.value.say("zh")


def test_clocks_may_be_put_back(tmp_path: Path) -> None:
    rows = ["timestamp,value\n", "2026-10-25 02:55:00,1\n", "2026-10-25 02:00:00,2\n"]
    assert [row.value for row in read_series(rows, "autumn.csv")] == [1, 2]


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"anomaly\.folder_missing"):
        _run("--input", tmp_path / "none", "--out", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refusal, match=r"anomaly\.nothing_to_judge"):
        _run("--input", tmp_path / "empty", "--out", tmp_path / "out")
    folder = _folder(tmp_path, [("a.csv", GOOD)])
    for out in (folder, folder / "below", tmp_path):
        with pytest.raises(Refusal, match=r"anomaly\.same_folder"):
            _run("--input", folder, "--out", out)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Refusal, match=r"anomaly\.not_writable"):
        judge_file(folder / "a.csv", tmp_path / "file" / "a.csv", "a.csv")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"timestamp,value\n\xff\xfe,1\n")
    with pytest.raises(Refusal, match=r"anomaly\.file_unreadable"):
        judge_file(tmp_path / "b.csv", tmp_path / "out" / "b.csv", "b.csv")
    assert not (tmp_path / "out").exists()


@given(st.text(max_size=200))
def test_no_text_brings_anything_but_readings_or_a_refusal(text: str) -> None:
    lines = ["timestamp,value\n", *text.splitlines(keepends=True)]
    with suppress(Refusal):  # anything else escapes
        assert read_series(lines, "f")

"""Messages read, sent and counted."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from tests.replay.fake import FakeCity, serving

from yiwang.kit.errors import Refusal
from yiwang.replay.messages import (
    Message,
    body,
    read_messages,
    replay_messages,
    summarise,
)
from yiwang.replay.service import CaseView, ReportView

HEADER = ("id", "title", "time", "text", "likes")
ROWS = (
    ("11", "路灯不亮", "2019/2/28 11:25:05", "东门路路灯不亮。\r\n请修。", "1"),
    ("12", "lost 噪声", "2019-02-27 08:05:00", "夜间施工噪声\x07", "0"),
    ("13", "路灯不亮", "2019/2/28 11:26:05", "还是不亮", "0"),
)


def _write(folder: Path, rows: tuple[tuple[str, ...], ...]) -> Path:
    with gzip.open(folder / "messages.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((HEADER, *rows))
    return folder


def test_messages_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    found = read_messages(_write(tmp_path, ROWS))
    assert [message.id for message in found] == ["12", "11", "13"]
    assert found[1].at.astimezone(UTC) == datetime(2019, 2, 28, 3, 25, 5, tzinfo=UTC)
    assert found[1].text == "东门路路灯不亮。\n请修。"
    assert found[0].text == "夜间施工噪声"


@pytest.mark.parametrize("time", ["", "2019/13/01 00:00:00", "yesterday", "2019/1/1"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, time: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_messages(_write(tmp_path, (("1", "a", time, "b", "0"),)))
    assert (caught.value.code, caught.value.facts["line"]) == ("replay.record_wrong", 2)


def test_missing_messages_are_named(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"replay\.data_missing"):
        read_messages(tmp_path)
    with pytest.raises(Refusal, match=r"replay\.data_missing"):
        read_messages(_write(tmp_path, ()))


def test_a_message_fits_a_report() -> None:
    at = datetime(2019, 2, 28, tzinfo=UTC)
    long = body(Message("1", at, "标" * 300, "文" * 20_000))
    assert (len(long["title"]), len(long["text"])) == (200, 10_000)
    bare = body(Message("1", at, "", "文"))
    assert "title" not in bare
    assert body(Message("1", at, "题", ""))["text"] == "题"


def test_the_figures_add_up() -> None:
    case = CaseView(7, "filed", None, 0, *(None,) * 7)
    views = [
        ReportView(1, "1", "filed", "event/2007/0101", "t1", case),
        ReportView(2, "2", "attached", "event/2007/0101", "city", case),
        ReportView(3, "3", "queued", None, "", None),
        ReportView(4, "4", "received", "event/2007/0102", "city", None),
    ]
    found = summarise(5, views, "city")
    assert (found.messages, found.reports, found.classified, found.located) == (5, 4, 3, 1)
    assert (found.desk, found.cases, found.attached) == (2, 1, 1)
    assert list(found.kinds.items()) == [("event/2007/0101", 2), ("event/2007/0102", 1)]
    assert (found.classified_share, found.located_share) == (0.75, 0.25)
    assert summarise(0, [], "city").classified_share is None


@pytest.mark.parametrize("as_json", [False, True])
async def test_every_message_is_filed_once(tmp_path: Path, as_json: bool) -> None:
    city = FakeCity()
    data = _write(tmp_path, ROWS)
    screen = Console(record=True, quiet=True)
    async with serving(city.handle) as url:
        for _ in range(2):
            found = await replay_messages(
                data, url, "key", "desk", "sample", as_json, console=screen
            )
    assert city.moments("report") == {one.id: one.at for one in read_messages(data)}
    assert (found["messages"], found["reports"], found["desk"], found["cases"]) == (3, 3, 1, 1)
    assert found["states"] == {"filed": 1, "queued": 1, "attached": 1}
    assert not found["refused"]


def test_the_real_messages_can_be_read(data_folder: Path) -> None:
    folder = data_folder / "messages-zh"
    if not folder.is_dir():
        pytest.skip(f"the real messages are not at {folder}")
    found = read_messages(folder)
    assert len(found) >= 4000
    assert all(body(message)["text"] for message in found)
    assert len({message.id for message in found}) == len(found)

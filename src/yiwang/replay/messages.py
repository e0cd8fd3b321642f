"""The replay of citizens' messages: no places, no kinds, only what people wrote."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from yiwang.kit.errors import Refusal
from yiwang.replay.dataset import find_files, open_table
from yiwang.replay.printing import percent, plain_table, progress_bar
from yiwang.replay.service import ReportView, Service
from yiwang.replay.wire import Wire

SYSTEM = "messages-zh"
_FILES = "messages.csv*"
_COLUMNS = {name: name for name in ("id", "title", "time", "text")}
_ZONE = ZoneInfo("Asia/Shanghai")  # the set writes its times so, whatever city files it
_NUMBERS = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2}) (\d{1,2}):(\d{2}):(\d{2})")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TITLE_LIMIT, _TEXT_LIMIT = 200, 10_000
_CONNECTIONS = 32
_WINDOW = 400
_SHOWN = 15  # kinds in the table


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it was written; `at` carries its zone."""

    id: str
    at: datetime
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of the messages. `located` are those placed deeper than the whole city."""

    messages: int
    reports: int
    classified: int
    located: int
    desk: int
    cases: int
    attached: int
    states: Mapping[str, int]
    kinds: Mapping[str, int]  # the most frequent first

    @property
    def classified_share(self) -> float | None:
        """Of the reports, those whose kind is known."""
        return self.classified / self.reports if self.reports else None

    @property
    def located_share(self) -> float | None:
        """Of the reports, those whose place is known."""
        return self.located / self.reports if self.reports else None


def read_messages(data: Path) -> list[Message]:
    """All messages in the order of their times.

    Refuses where the file is not there, lacks a column or has a time that cannot be read.
    """
    found = []
    for path in find_files(data, _FILES):
        for line, row in open_table(path, _COLUMNS):
            moment = _moment(row["time"])
            if moment is None:
                raise Refusal(
                    "replay.record_wrong",
                    file=path.name,
                    line=line,
                    column="time",
                    value=row["time"],
                )
            found.append(Message(row["id"], moment, _clean(row["title"]), _clean(row["text"])))
    if not found:
        raise Refusal("replay.data_missing", folder=str(data), pattern=_FILES)
    return sorted(found, key=lambda message: (message.at, message.id))


def body(message: Message) -> dict[str, Any]:
    """The message as a report."""
    report: dict[str, Any] = {
        "external_id": message.id,
        "text": (message.text or message.title)[:_TEXT_LIMIT],
        "source": "system",
        "language": "zh",
    }
    if message.title:
        report["title"] = message.title[:_TITLE_LIMIT]
    return report


def summarise(messages: int, views: Iterable[ReportView], root: str) -> Filed:
    """The figures; `root` is the code of the whole city."""
    views = list(views)
    kinds = Counter(view.kind for view in views if view.kind)
    return Filed(
        messages=messages,
        reports=len(views),
        classified=sum(view.kind is not None for view in views),
        located=sum(view.place not in ("", root) for view in views),
        desk=sum(view.state in ("received", "queued") for view in views),
        cases=len({view.case.id for view in views if view.case is not None}),
        attached=sum(view.state == "attached" for view in views),
        states=dict(Counter(view.state for view in views).most_common()),
        kinds=dict(kinds.most_common()),
    )


async def replay_messages(
    data: Path,
    base_url: str,
    key: str,
    desk_key: str,
    root: str,
    as_json: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """File every message of `data` at its own time; the final figures.

    `key` belongs to the system `messages-zh`, `desk_key` may see all reports, `root` is the code
    of the city the service runs. Run again, it sends nothing twice. Refuses missing data, a
    service that is away or runs on the real clock.
    """
    messages = read_messages(data)
    wire = Wire(base_url, _CONNECTIONS)
    service = Service(wire, SYSTEM, key, desk_key)
    refused: Counter[str] = Counter()
    began = time.monotonic()
    try:
        await service.require_simulated_clock(messages[0].at)
        with progress_bar(as_json) as bar:
            task = bar.add_task(SYSTEM, total=len(messages))
            for start in range(0, len(messages), _WINDOW):
                part = messages[start : start + _WINDOW]
                refused.update(await _file(service, part))
                await service.calm()
                bar.advance(task, len(part))
        filed = summarise(len(messages), [view async for view in service.reports()], root)
    finally:
        await wire.close()
    found = as_object(filed, refused, time.monotonic() - began)
    screen = console or Console()
    if as_json:
        screen.print_json(data=found)
    else:
        _print(screen, filed, found)
    return found


def as_object(filed: Filed, refused: Mapping[str, int], seconds: float) -> dict[str, Any]:
    """The figures in plain values."""
    return {
        "messages": filed.messages,
        "reports": filed.reports,
        "classified": filed.classified,
        "classified_share": filed.classified_share,
        "located": filed.located,
        "located_share": filed.located_share,
        "desk": filed.desk,
        "cases": filed.cases,
        "attached": filed.attached,
        "states": dict(filed.states),
        "kinds": dict(filed.kinds),
        "refused": dict(refused),
        "seconds": round(seconds, 1),
    }


async def _file(service: Service, messages: Sequence[Message]) -> list[str]:
    answers = await asyncio.gather(
        *(service.report(body(message), message.at) for message in messages)
    )
    return [answer.code for answer in answers if not answer.ok]


def _moment(text: str) -> datetime | None:
    found = _NUMBERS.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups()), tzinfo=_ZONE)  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _print(console: Console, filed: Filed, found: Mapping[str, Any]) -> None:
    table = plain_table("消息 messages", "", "count")
    for name, value in (
        ("messages", filed.messages),
        ("reports", filed.reports),
        ("classified", f"{filed.classified} ({percent(filed.classified_share)})"),
        ("located", f"{filed.located} ({percent(filed.located_share)})"),
        ("waiting at the desk", filed.desk),
        ("cases", filed.cases),
        ("repeats attached", filed.attached),
        ("refused", sum(found["refused"].values())),
        *((f"state {name}", count) for name, count in filed.states.items()),
        *((name, count) for name, count in list(filed.kinds.items())[:_SHOWN]),
    ):
        table.add_row(name, str(value))
    console.print(table)
    console.print(f"Duration {found['seconds']} s.")

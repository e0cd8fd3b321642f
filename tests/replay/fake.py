"""A stand-in for the service: the little of its API that a replay uses, on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

Handler = Callable[[str, str, dict[str, str], Any], tuple[int, Any]]
_WORDS = {200: "OK", 201: "Created", 404: "Not Found", 409: "Conflict", 422: "Unprocessable"}


@dataclass(slots=True)
class FakeCity:
    """Reports become cases at once; the same title again within a case is a repeat of it.

    Units: everything goes to "pw_lamps". A report without a place waits at the desk.
    """

    simulated: bool = True
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    cases: dict[int, dict[str, Any]] = field(default_factory=dict)
    log: list[tuple[str, str, str]] = field(default_factory=list)
    fail_after: int | None = None  # answers until the service dies
    does_it: bool = False  # whether it dies after doing what it was asked, before it answers

    def handle(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if self.fail_after is None:
            return self._answer(method, path, headers, body)
        self.fail_after -= 1
        if self.fail_after < 0:
            if self.does_it and self.fail_after == -1:
                self._answer(method, path, headers, body)
            raise ConnectionResetError
        return self._answer(method, path, headers, body)

    def _answer(
        self, method: str, path: str, headers: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        parts = urlsplit(path)
        if "yiwang-time" in headers and not self.simulated:
            return 422, {"code": "gate.time_refused", "detail": "no"}
        at = headers.get("yiwang-time", "")
        match (method, parts.path.removeprefix("/api/v1")):
            case ("GET", "/status"):
                return 200, {"todos": {"waiting": 0, "parked": 0, "oldest_s": None}}
            case ("POST", "/reports"):
                return self._receive(body, at)
            case ("GET", "/reports"):
                return 200, self._page(parse_qs(parts.query))
            case ("POST", "/actions"):
                return 200, {"items": [self._act(item) for item in body["items"]]}
            case ("GET", "/figures"):
                return 200, {"cases": {"closed": 1}}
            case ("POST", place) if place.endswith("/actions/file"):
                return self._file(int(place.split("/")[2]), at)
        return 404, {"code": "web.not_found", "detail": path}

    def _receive(self, body: dict[str, Any], at: str) -> tuple[int, Any]:
        name = body["external_id"]
        if name in self.reports:
            return 200, {"number": name}
        if not body["text"]:
            return 422, {"code": "web.request_invalid", "detail": "no text"}
        report = {"id": len(self.reports) + 1, "external_id": name, "at": at, "body": body}
        self.reports[name] = report
        self.log.append(("report", name, at))
        if body["title"].startswith("lost"):
            report |= {"state": "queued", "case": None}
        else:
            self._open(report, at)
        return 201, {"number": name}

    def _open(self, report: dict[str, Any], at: str) -> None:
        title = report["body"]["title"]
        for number, case in self.cases.items():
            if case["title"] == title and case["state"] == "dispatched":
                report |= {"state": "attached", "case": number}
                return
        number = len(self.cases) + 1
        moments = dict.fromkeys(("discovered_at", "reported_at", "filed_at", "dispatched_at"), at)
        case = {"id": number, "title": title, "state": "dispatched", "lead": "pw_lamps"}
        case |= {"returned": 0, "order": "issued", "handled_at": None, "closed_at": None}
        self.cases[number] = {**case, **moments, "due_handle": None}
        report |= {"state": "filed", "case": number}

    def _file(self, number: int, at: str) -> tuple[int, Any]:
        report = next(row for row in self.reports.values() if row["id"] == number)
        if report["state"] != "queued":
            return 409, {"code": "procedure.not_possible", "detail": "no"}
        self._open(report, at)
        return 200, {}

    def _page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        after = int(query.get("cursor", query.get("after_id", ["0"]))[0])
        rows = [row for row in self.reports.values() if row["id"] > after]
        part = rows[: min(3, int(query["limit"][0]))]
        items = [
            {
                "id": row["id"],
                "external_id": row["external_id"],
                "state": row["state"],
                "kind": row["body"].get("kind"),
                "place": "sample.old_town",
                "case": row["case"] and self.cases[row["case"]],
            }
            for row in part
        ]
        return {"items": items, "next": str(part[-1]["id"]) if len(rows) > len(part) else None}

    def _act(self, item: dict[str, Any]) -> dict[str, Any]:
        case = self.cases[self.reports[item["report"]["external_id"]]["case"]]
        action, at = item["action"], item["at"]
        steps = {
            "accept": ("issued", "accepted"),
            "finish": ("accepted", "done"),
            "return": ("issued", "returned"),
            "uphold_return": ("returned", "issued"),
        }
        if action == "close":
            allowed = case["state"] == "dispatched"
        else:
            allowed = case["order"] == steps[action][0]
        if not allowed:
            problem = {"code": "procedure.not_possible", "detail": f"{action} is not possible"}
            return {"ok": False, "problem": problem}
        self.log.append((action, item["report"]["external_id"], at))
        if action in steps:
            case["order"] = steps[action][1]
        if action == "uphold_return":
            case["lead"] = item["facts"]["unit"]
            case["returned"] += 1
        if action in ("finish", "close"):
            case |= {"state": "closed", "handled_at": at, "closed_at": at}
        return {"ok": True, "state": case["state"]}

    def moments(self, action: str) -> dict[str, datetime]:
        """When an action was done, by report."""
        return {name: datetime.fromisoformat(at) for what, name, at in self.log if what == action}


@asynccontextmanager
async def serving(handler: Handler, chunked: bool = False) -> AsyncIterator[str]:
    """The base URL of a server that answers with `handler`, until the block ends."""

    open_ones: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones[writer] = task
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head[1:])
                }
                size = int(headers.get("content-length", "0"))
                raw = await reader.readexactly(size)
                status, body = handler(method, path, headers, json.loads(raw) if raw else None)
                writer.write(_written(status, body, chunked))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            del open_ones[writer]

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
        tasks = list(open_ones.values())
        for writer in list(open_ones):
            writer.close()
        await asyncio.gather(*tasks)


def _written(status: int, body: Any, chunked: bool) -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} {_WORDS.get(status, 'Error')}\r\nContent-Type: application/json\r\n"
    if not chunked:
        return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
    middle = len(content) // 2
    parts = (content[:middle], content[middle:])
    body_bytes = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + body_bytes + b"0\r\n\r\n"

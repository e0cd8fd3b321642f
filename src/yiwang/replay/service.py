"""The few things a replay asks of the service, as another system would over its API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from yiwang.kit.errors import Refusal
from yiwang.replay.wire import Answer, Wire

_API = "/api/v1"
MOST_ACTIONS = 500  # of one POST /actions
_PAGE = 500
_CALM_S = 300.0  # longest wait for the reactions of one window
_FIRST_LOOK_S, _NEXT_LOOK_S = 0.005, 0.05
_REAL_CLOCK = "gate.time_refused"
_FIELDS = "id,external_id,state,kind,place,case"


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as the list of reports shows it; times in UTC, None where not reached."""

    id: int
    state: str
    lead: str | None
    returned: int
    discovered_at: datetime | None
    reported_at: datetime | None
    filed_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    due_handle: datetime | None


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as the list shows it; `place` is the code of the deepest place."""

    id: int
    external_id: str
    state: str
    kind: str | None
    place: str
    case: CaseView | None


@dataclass(frozen=True, slots=True)
class Action:
    """One action on the case or the lead order of the case of a report."""

    matter: str
    external_id: str
    action: str
    facts: Mapping[str, Any]
    at: datetime


class Service:
    """One running service, addressed as the system whose key is given.

    `key` files reports; `desk_key` may act on cases and orders and see the reports.
    """

    def __init__(self, wire: Wire, system: str, key: str, desk_key: str) -> None:
        self._wire = wire
        self.system = system
        self._intake = {"X-API-Key": key}
        self._desk = {"X-API-Key": desk_key}

    async def require_simulated_clock(self, at: datetime) -> None:
        """Set the service's clock to `at`; refuses one that cannot be set
        ("replay.clock_not_simulated")."""
        answer = await self._wire.send("GET", f"{_API}/status", self._at(at, self._desk))
        if answer.code == _REAL_CLOCK:
            raise Refusal("replay.clock_not_simulated")
        _require(answer, "GET /status")

    async def report(self, body: Mapping[str, Any], at: datetime) -> Answer:
        """Hand in one report at a moment."""
        return await self._wire.send("POST", f"{_API}/reports", self._at(at, self._intake), body)

    async def file(self, report_id: int, facts: Mapping[str, Any], at: datetime) -> Answer:
        """File a report that waits at the desk."""
        path = f"{_API}/reports/{report_id}/actions/file"
        return await self._wire.send("POST", path, self._at(at, self._desk), {"facts": facts})

    async def act(self, actions: Sequence[Action]) -> list[Mapping[str, Any]]:
        """Do many actions in their order; one answer each: {"ok": true, ...} or a problem."""
        answers: list[Mapping[str, Any]] = []
        for start in range(0, len(actions), MOST_ACTIONS):
            part = actions[start : start + MOST_ACTIONS]
            latest = max(action.at for action in part)
            body = {"items": [self._item(action) for action in part]}
            answer = await self._wire.send(
                "POST", f"{_API}/actions", self._at(latest, self._desk), body
            )
            answers += _require(answer, "POST /actions")["items"]
        return answers

    def _at(self, moment: datetime, credentials: Mapping[str, str]) -> dict[str, str]:
        return {**credentials, "Yiwang-Time": moment.isoformat()}

    def _item(self, action: Action) -> dict[str, Any]:
        return {
            "matter": action.matter,
            "report": {"system": self.system, "external_id": action.external_id},
            "action": action.action,
            "facts": action.facts,
            "at": action.at.isoformat(),
        }

    async def calm(self) -> None:
        """Wait until no reaction waits; refuses after five minutes ("replay.not_draining")."""
        began, pause = time.monotonic(), _FIRST_LOOK_S
        while waiting := int((await self._get("/status"))["todos"]["waiting"]):
            if time.monotonic() - began > _CALM_S:
                raise Refusal("replay.not_draining", seconds=round(_CALM_S), waiting=waiting)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _NEXT_LOOK_S)

    async def reports(self, after: int = 0) -> AsyncIterator[ReportView]:
        """This system's reports in the order of their ids, those after an id only."""
        cursor: str | None = None
        while True:
            query = {"system": self.system, "fields": _FIELDS, "sort": "id", "limit": str(_PAGE)}
            if after:
                query["after_id"] = str(after)
            if cursor:
                query["cursor"] = cursor
            page = await self._get(f"/reports?{urlencode(query)}")
            for item in page["items"]:
                yield _report(item)
            cursor = page["next"]
            if cursor is None:
                return

    async def figures(self) -> Mapping[str, Any]:
        """The service's own counts."""
        return await self._get("/figures")

    async def _get(self, path: str) -> Mapping[str, Any]:
        answer = await self._wire.send("GET", f"{_API}{path}", self._desk)
        return _require(answer, f"GET {path}")


def _require(answer: Answer, what: str) -> Mapping[str, Any]:
    """The object an answer holds; refuses where the service did not do what it was asked."""
    if not answer.ok or not isinstance(answer.body, dict):
        raise Refusal("replay.refused", count=1, total=1, what=what, reason=answer.problem)
    return answer.body


def _report(item: Mapping[str, Any]) -> ReportView:
    case = item.get("case")
    return ReportView(
        id=int(item["id"]),
        external_id=str(item["external_id"]),
        state=str(item["state"]),
        kind=item.get("kind"),
        place=str(item.get("place") or "").rpartition(".")[2],
        case=None if case is None else _case(case),
    )


def _case(item: Mapping[str, Any]) -> CaseView:
    return CaseView(
        id=int(item["id"]),
        state=str(item["state"]),
        lead=item.get("lead"),
        returned=int(item.get("returned") or 0),
        discovered_at=_moment(item.get("discovered_at")),
        reported_at=_moment(item.get("reported_at")),
        filed_at=_moment(item.get("filed_at")),
        dispatched_at=_moment(item.get("dispatched_at")),
        handled_at=_moment(item.get("handled_at")),
        closed_at=_moment(item.get("closed_at")),
        due_handle=_moment(item.get("due_handle")),
    )


def _moment(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)

"""Drives the windows of a plan through the service, one after the other."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yiwang.kit.errors import Refusal
from yiwang.replay.plan import Closing, Filing, Plan, Window
from yiwang.replay.service import MOST_ACTIONS, Action, ReportView, Service

_ENDS = MOST_ACTIONS // 2  # each takes two actions, in one request
_ELSEWHERE = "The records show this was handled by {unit}."
_WITHOUT_PLACE = "placed as the record says"
_ALREADY = frozenset({"procedure.not_possible"})  # the step was done before an interruption


@dataclass(slots=True)
class Progress:
    """How far a replay is, and what the service refused."""

    sent: int = 0
    known_before: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first_reason: str = ""
    desk: int = 0
    sent_back: int = 0
    closed: int = 0
    with_case: int = 0  # closings of repeats: they end with the case they were attached to
    done_before: int = 0


@dataclass(slots=True)
class Driver:
    """Runs windows. Nothing is lost or doubled when a window is run twice."""

    service: Service
    plan: Plan
    speed: float | None  # simulated seconds per second; None as fast as the service goes
    on_step: Callable[[int], None]  # told how many steps were just finished
    progress: Progress = field(default_factory=Progress)
    _views: dict[str, ReportView] = field(default_factory=dict)
    _last_id: int = 0

    async def run(self, first: int, on_window: Callable[[Window], None]) -> None:
        """Run the windows from `first` on; `on_window` is called with a window when it and those
        before it are finished."""
        if first:
            await self._read()
        carried: list[Closing] = []
        unfinished: list[Window] = []
        for window in self.plan.windows[first:]:
            began = time.monotonic()
            carried = await self._run(window, carried)
            unfinished.append(window)
            while len(unfinished) > (1 if carried else 0):
                on_window(unfinished.pop(0))
            await self._keep_pace(window, began)
        if carried:
            await self._close(carried)
            on_window(unfinished.pop())

    async def _run(self, window: Window, carried: Sequence[Closing]) -> list[Closing]:
        """Reports, then closings. Those that matter to no report, and whose own report came in an
        earlier window, go beside the reports: service and worker then work at the same time.
        Without a pace to keep, those of this window's own reports go beside the next window's;
        they are the answer."""
        fresh = {one.external_id for one in window.filings}
        early = [
            one
            for one in window.closings
            if one.independent and one.external_id in self._views and one.external_id not in fresh
        ]
        both = (self._file(window.filings), self._close([*carried, *early]))
        for failure in await asyncio.gather(*both, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure
        at_once = {one.external_id for one in early}
        late = [one for one in window.closings if one.external_id not in at_once]
        if self.speed is not None:
            await self._close(late)
            return []
        await self._close([one for one in late if not one.independent])
        return [one for one in late if one.independent]

    async def _file(self, filings: Sequence[Filing]) -> None:
        if not filings:
            return
        before = self._before(filings)
        await asyncio.gather(*(self._file_one(filing) for filing in filings))
        await self.service.calm()
        self._last_id = min(before, self._last_id)
        await self._read()
        waiting = [row for row in filings if self._state(row) in ("received", "queued")]
        if waiting:
            await asyncio.gather(*(self._place_one(row) for row in waiting))
        elsewhere = [row for row in filings if self._is_elsewhere(row)]
        if elsewhere:
            await self._send_back(elsewhere)
        if waiting or elsewhere:
            await self.service.calm()
            self._last_id = before
            await self._read()

    async def _file_one(self, filing: Filing) -> None:
        answer = await self.service.report(filing.body, filing.at)
        if answer.ok:
            self.progress.sent += 1
            self.progress.known_before += answer.status == 200
        else:
            self._note(answer.code, answer.problem)
        self.on_step(1)

    async def _close(self, closings: Sequence[Closing]) -> None:
        ended: list[Closing] = []
        for closing in closings:
            view = self._views.get(closing.external_id)
            if view is None or view.case is None:
                continue  # refused at intake, and counted there
            if view.state == "attached":
                self.progress.with_case += 1
                continue
            ended.append(closing)
        self.progress.closed += len(ended)
        for start in range(0, len(ended), _ENDS):
            await self._act(_end(ended[start : start + _ENDS]))
        if ended:
            await self.service.calm()
        self.on_step(len(closings))

    async def _place_one(self, filing: Filing) -> None:
        facts = {"place": filing.place, "note": _WITHOUT_PLACE}
        if filing.kind:
            facts["kind"] = filing.kind
        answer = await self.service.file(self._views[filing.external_id].id, facts, filing.at)
        if answer.ok:
            self.progress.desk += 1
        else:
            self._note(answer.code, answer.problem)

    def _is_elsewhere(self, filing: Filing) -> bool:
        """Whether the unit it was dispatched to is not the one that handled it in the records."""
        view = self._views.get(filing.external_id)
        return (
            view is not None
            and view.state == "filed"
            and view.case is not None
            and view.case.lead is not None
            and bool(filing.unit)
            and view.case.lead != filing.unit
        )

    async def _send_back(self, filings: Sequence[Filing]) -> None:
        """The unit returns what is not its own; the dispatcher agrees and names the right one."""
        for start in range(0, len(filings), _ENDS):
            part = filings[start : start + _ENDS]
            facts = [{"reason": _ELSEWHERE.format(unit=filing.unit)} for filing in part]
            await self._act(
                [
                    Action("order", filing.external_id, "return", said, filing.at)
                    for filing, said in zip(part, facts, strict=True)
                ]
                + [
                    Action(
                        *("order", filing.external_id, "uphold_return"),
                        {**said, "unit": filing.unit},
                        filing.at,
                    )
                    for filing, said in zip(part, facts, strict=True)
                ]
            )
        self.progress.sent_back += len(filings)

    async def _act(self, actions: Sequence[Action]) -> None:
        if not actions:
            return
        for answer in await self.service.act(actions):
            if answer.get("ok"):
                continue
            problem: Mapping[str, Any] = answer.get("problem") or {}
            code = str(problem.get("code", "?"))
            if code in _ALREADY:
                self.progress.done_before += 1
            else:
                self._note(code, str(problem.get("detail", code)))

    def _note(self, code: str, reason: str) -> None:
        self.progress.refused[code] += 1
        self.progress.first_reason = self.progress.first_reason or reason
        if self.progress.refused.total() > max(100, self.plan.steps // 20):
            raise Refusal(
                "replay.refused",
                count=self.progress.refused.total(),
                total=self.plan.steps,
                what="steps",
                reason=self.progress.first_reason,
            )

    def _before(self, filings: Sequence[Filing]) -> int:
        """The id after which these reports lie: an earlier run may have sent some of them."""
        ids = (self._views[row.external_id].id for row in filings if row.external_id in self._views)
        return min(ids, default=self._last_id + 1) - 1

    def _state(self, filing: Filing) -> str:
        view = self._views.get(filing.external_id)
        return view.state if view is not None else ""

    async def _read(self) -> None:
        """What became of the reports that came since the last look."""
        async for view in self.service.reports(self._last_id):
            self._views[view.external_id] = view
            self._last_id = max(self._last_id, view.id)

    async def _keep_pace(self, window: Window, began: float) -> None:
        if self.speed is None:
            return
        wanted = (window.until - window.since).total_seconds() / self.speed
        await asyncio.sleep(max(0.0, wanted - (time.monotonic() - began)))


def _end(closings: Sequence[Closing]) -> list[Action]:
    """First every order accepted, then every one finished: the service does one action on many
    orders in one step."""
    orders = [closing for closing in closings if not closing.duplicate]
    return [
        *(Action("order", one.external_id, "accept", {}, one.at) for one in orders),
        *(
            Action(
                *("order", one.external_id, "finish"),
                {"result": one.result, "outcome": one.outcome},
                one.at,
            )
            for one in orders
        ),
        *(
            Action("case", one.external_id, "close", {"reason": one.result}, one.at)
            for one in closings
            if one.duplicate
        ),
    ]

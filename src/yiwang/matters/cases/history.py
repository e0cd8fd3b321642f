"""Who held a case, and how much time each of them used: a pure fold over its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from yiwang.ground.packs.model import ClockKind
from yiwang.ground.worktime import Calendar, Pause, elapsed

Row: TypeAlias = Mapping[str, Any]  # a row of events: at, actor, unit, action, facts ...


class HopStage(StrEnum):
    """What whoever holds the case is to do with it."""

    INTAKE = "intake"  # the centre: accept it or not
    VERIFY = "verify"  # a checking unit: is it there?
    DISPATCH = "dispatch"  # the centre: whose job is it?
    HANDLE = "handle"  # the lead unit
    ASSIST = "assist"  # an assisting unit, beside the lead
    JUDGE = "judge"  # the centre: is the return right, whose is it in dispute?
    CHECK = "check"  # a checking unit: is it fixed?


Dues: TypeAlias = Mapping[tuple[HopStage, int], datetime]


@dataclass(frozen=True, slots=True)
class Hop:
    """One stretch of a case in one hand.

    `matter` and `matter_id` say what it was held as (order, check, case). `working_hours` are
    hours of the city's working time, `elapsed_hours` all hours, pauses left out of both. `ended`
    and `how` (the action that ended it) are None while it lasts. `late` is None without a due time.
    """

    stage: HopStage
    holder: str
    matter: str
    matter_id: int
    started: datetime
    ended: datetime | None
    how: str | None
    pauses: tuple[Pause, ...]
    elapsed_hours: float
    working_hours: float
    due: datetime | None
    late: bool | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history: what was done, by whom."""

    at: datetime
    actor: str
    unit: str | None
    action: str
    matter: str
    matter_id: int
    before: str | None
    after: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """A case's hops in the order in which they began, and everything that was done."""

    hops: tuple[Hop, ...]
    entries: tuple[Entry, ...]


def entries(events: Sequence[Row]) -> tuple[Entry, ...]:
    """The events as lines to be read."""
    return tuple(
        Entry(
            row["at"],
            row["actor"],
            row["unit"],
            row["action"],
            row["matter"],
            row["matter_id"],
            row["before"],
            row["after"],
            row["facts"],
        )
        for row in events
    )


def hops(
    events: Sequence[Row], calendar: Calendar, centre: str, now: datetime, dues: Dues
) -> tuple[Hop, ...]:
    """Who held the case when, from its events in the order they were recorded.

    `centre` commands the case; it holds whatever no other unit does. `dues` gives due times by
    stage and matter (order, check or case). At every moment exactly one hop of the main chain
    lasts, from the case's beginning to its end; ASSIST hops run beside it.
    """
    fold = _Fold(centre)
    for row in events:
        fold.take(row)
    last: dict[tuple[HopStage, int], int] = {}
    for i, hop in enumerate(fold.found):
        last[hop.stage, hop.matter_id] = i
    return tuple(
        _measure(hop, calendar, now, dues, latest=last[hop.stage, hop.matter_id] == i)
        for i, hop in enumerate(fold.found)
    )


def _measure(hop: _Open, calendar: Calendar, now: datetime, dues: Dues, *, latest: bool) -> Hop:
    until = hop.ended or max(now, hop.started)
    pauses = tuple(Pause(since, end) for since, end in hop.pauses)
    # A case's own clock starts anew each time the case comes back: its due is the last hop's.
    due = dues.get((hop.stage, hop.matter_id)) if latest or hop.matter != "case" else None
    return Hop(
        stage=hop.stage,
        holder=hop.holder,
        matter=hop.matter,
        matter_id=hop.matter_id,
        started=hop.started,
        ended=hop.ended,
        how=hop.how if hop.ended else None,
        pauses=pauses,
        elapsed_hours=elapsed(hop.started, until, ClockKind.URGENT_HOUR, calendar, pauses),
        working_hours=elapsed(hop.started, until, ClockKind.WORKING_HOUR, calendar, pauses),
        due=due,
        late=None if due is None else until > due,
    )


@dataclass
class _Open:
    """A hop while it is folded."""

    stage: HopStage
    holder: str
    matter: str
    matter_id: int
    started: datetime
    ended: datetime | None = None
    how: str | None = None
    pauses: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    stopped_by: set[str] = field(default_factory=set)

    def stop(self, by: str, at: datetime) -> None:
        if not self.stopped_by:
            self.pauses.append((at, None))
        self.stopped_by.add(by)

    def go_on(self, by: str, at: datetime) -> None:
        """Goes on once nothing stops it: neither the order nor the case."""
        if by in self.stopped_by:
            self.stopped_by.discard(by)
            if not self.stopped_by:
                self.pauses[-1] = (self.pauses[-1][0], max(at, self.pauses[-1][0]))

    def end(self, at: datetime, how: str) -> None:
        self.ended = max(at, self.started)
        self.how = self.how or how
        for by in tuple(self.stopped_by):
            self.go_on(by, self.ended)


_TO_CENTRE = {
    "case.report": HopStage.INTAKE,
    "case.not_verified": HopStage.INTAKE,
    "case.send_verify": HopStage.VERIFY,
    "case.file": HopStage.DISPATCH,
    "case.exist": HopStage.DISPATCH,
    "case.reopen": HopStage.DISPATCH,
    "case.return": HopStage.DISPATCH,
    "case.recall": HopStage.DISPATCH,
    "case.finish": HopStage.CHECK,
    "case.fix": HopStage.CHECK,
}
_ENDS = ("case.pass", "case.close", "case.cancel", "case.not_exist", "case.merge")
_AWAY = {
    "order.return": HopStage.JUDGE,
    "order.dispute": HopStage.JUDGE,
    "order.finish": HopStage.CHECK,
}
_BACK = ("order.refuse_return", "order.keep")
_VERDICTS = ("check.pass", "check.fail", "check.unable")
_DONE = ("order.recall", "order.uphold_return", "order.move")


@dataclass
class _Fold:
    """The state of the fold: the hop of the main chain, and those of assistants by order."""

    centre: str
    found: list[_Open] = field(default_factory=list)
    main: _Open | None = None
    assist: dict[int, _Open] = field(default_factory=dict)
    units: dict[int, tuple[str, str]] = field(default_factory=dict)  # order -> unit, role

    def take(self, row: Row) -> None:
        action: str = row["action"]
        if action in _TO_CENTRE:
            stage = _TO_CENTRE[action]
            if self.main is None or self.main.stage != stage:
                self._hand(stage, self.centre, row)
        elif action in _ENDS:
            self._end_all(row)
        elif action == "check.arrange":
            self._checker(row)
        elif action in _VERDICTS:
            if self.main is not None and self.main.matter == "check":
                self.main.how = action
        elif action == "dispute.raise":
            if self.main is not None and self.main.stage is HopStage.JUDGE:
                self.main.holder = row["facts"].get("centre", self.centre)
        elif action in ("case.suspend", "case.resume"):
            self._pause(self.main, row)
        elif row["matter"] == "order":
            self._order(row)

    def _order(self, row: Row) -> None:
        action: str = row["action"]
        number: int = row["matter_id"]
        if action == "order.issue":
            self.units[number] = (row["facts"]["unit"], row["facts"]["role"])
        unit, role = self.units.get(number, ("", ""))
        begins = action == "order.issue" or action in _BACK
        if role == "assist":
            if begins:
                self._start_assist(unit, row)
            elif action in _AWAY or action in _DONE:
                self._end_assist(number, row)
            else:
                self._pause(self.assist.get(number), row)
        elif role == "lead":
            if begins:
                self._hand(HopStage.HANDLE, unit, row)
            elif action in _AWAY:
                self._hand(_AWAY[action], self.centre, row)
            elif action in _DONE and self._held_as(number) is not None:
                self._hand(HopStage.DISPATCH, self.centre, row)
            else:
                self._pause(self._held_as(number), row)

    def _held_as(self, order_id: int) -> _Open | None:
        held = self.main
        return held if held and held.matter == "order" and held.matter_id == order_id else None

    def _pause(self, hop: _Open | None, row: Row) -> None:
        matter, _, verb = row["action"].partition(".")
        if hop is None:
            return
        if verb == "suspend":
            hop.stop(matter, row["at"])
        elif verb == "resume":
            hop.go_on(matter, row["at"])

    def _hand(self, stage: HopStage, holder: str, row: Row) -> None:
        """The case passes into another hand."""
        self._end_main(row)
        as_case = stage in (HopStage.INTAKE, HopStage.VERIFY, HopStage.DISPATCH, HopStage.CHECK)
        matter = "case" if as_case else row["matter"]
        number = row["case_id"] if as_case else row["matter_id"]
        self.main = _Open(stage, holder, matter, number, row["at"])
        self.found.append(self.main)

    def _checker(self, row: Row) -> None:
        """A check names who looks; a second one (the first could not be done) is another hop."""
        stage = HopStage.VERIFY if row["facts"].get("sort") == "verify" else HopStage.CHECK
        if self.main is None or self.main.stage is not stage or self.main.matter == "check":
            self._hand(stage, self.centre, row)
        assert self.main is not None
        self.main.holder = row["facts"].get("unit", self.centre)
        self.main.matter, self.main.matter_id = "check", row["matter_id"]

    def _start_assist(self, unit: str, row: Row) -> None:
        hop = _Open(HopStage.ASSIST, unit, "order", row["matter_id"], row["at"])
        self.assist[row["matter_id"]] = hop
        self.found.append(hop)

    def _end_assist(self, number: int, row: Row) -> None:
        hop = self.assist.pop(number, None)
        if hop is not None:
            hop.end(row["at"], row["action"])

    def _end_main(self, row: Row) -> None:
        if self.main is not None:
            self.main.end(row["at"], row["action"])
            self.main = None

    def _end_all(self, row: Row) -> None:
        self._end_main(row)
        for number in tuple(self.assist):
            self._end_assist(number, row)

"""The rows of one part: every case with its reports, orders, checks and record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yiwang.bulk import lines, record, standing
from yiwang.bulk.course import Course
from yiwang.bulk.drawing import Draw, Life
from yiwang.bulk.lines import NULL, Sheet
from yiwang.bulk.record import PLAIN, Record
from yiwang.bulk.telling import Told
from yiwang.ground.city import City
from yiwang.ground.packs.model import Stage

_REPORTS = lines.columns(
    "id state source system digest received_at happened_at title text address lon lat spot kind"
    " kind_reason place place_reason match_reason attributes language synthetic urgent case_id"
    " parties"
)
_CASES = lines.columns(
    "id version state number source kind kind_reason place place_reason parties title text address"
    " lon lat spot synthetic urgent discovered_at reported_at filed_at dispatched_at handled_at"
    " closed_at due_dispatch due_handle due_check due_total due_next limit_reason lead centre"
    " dispatch_reason report_count rounds returned passed_check reason overdue alarm_at"
)
_ORDERS = lines.columns(
    "id version state case_id unit role centre place parties kind urgent synthetic reason issued_by"
    " issued_at accepted_at contacted_at finished_at due_accept due_contact due_handle limits"
    " returned_reason result outcome"
)
_CHECKS = lines.columns(
    "id version state sort mode case_id order_id unit handlers place parties synthetic reason"
    " arranged_at due_at done_at done_by result"
)
_STATES = {
    Life.REPORTED: "reported",
    Life.FILED: "filed",
    Life.ISSUED: "dispatched",
    Life.ACCEPTED: "dispatched",
    Life.SUSPENDED: "suspended",
    Life.CHECKING: "checking",
    Life.CLOSED: "closed",
    Life.CANCELLED: "cancelled",
}
_ORDER_STATES = {
    Life.ISSUED: "issued",
    Life.ACCEPTED: "accepted",
    Life.SUSPENDED: "suspended",
    Life.CHECKING: "done",
    Life.CLOSED: "done",
}
_NO_DIGEST = "\\\\x" + "00" * 32  # nobody repeats a made-up report: it has no key to repeat
_CASE_STAGES = (Stage.DISPATCH, Stage.HANDLE, Stage.CHECK, Stage.TOTAL)


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids taken from the sequences for one part."""

    reports: list[int]
    cases: list[int]
    orders: list[int]
    checks: list[int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many ids of each table a part needs at the most."""

    reports: int
    cases: int
    orders: int
    checks: int


def count_ids(part: Draw) -> Wanted:
    """The ids to take for a part; a few of those for orders and checks stay unused."""
    count = len(part.life)
    return Wanted(count + int(part.repeats.sum()), count, 3 * count, count)


class Writer:
    """Writes the rows of one part into sheets, in the order in which they are to be loaded."""

    def __init__(
        self, city: City, part: Draw, course: Course, told: Told, ids: Ids, numbers: list[str]
    ) -> None:
        self._city, self._part, self._course, self._told = city, part, course, told
        self._numbers = numbers
        self._report_ids: Iterator[int] = iter(ids.reports)
        self._case_ids = ids.cases
        self._order_ids: Iterator[int] = iter(ids.orders)
        self._check_ids: Iterator[int] = iter(ids.checks)
        self.reports = Sheet("reports", _REPORTS)
        self.cases = Sheet("cases", _CASES)
        self.orders = Sheet("orders", _ORDERS)
        self.checks = Sheet("checks", _CHECKS)
        self._record = Record()
        self._at = {
            name: lines.moments(getattr(course, name))
            for name in ("filed", "dispatched", "back", "accepted", "finished", "passed")
        }
        self._reported = lines.moments(part.reported)
        self._due = {stage: lines.moments(at) for stage, at in course.due.items()}
        self._issued = lines.moments(course.starts[Stage.HANDLE])
        self._results = [
            lines.document({"synthetic": True, "result": result}) for result in told.speech.results
        ]

    def write(self, until: int) -> list[Sheet]:
        """All rows of the part as they stand at `until`, in the order of their keys."""
        lives = [Life(value) for value in self._part.life.tolist()]
        for i, life in enumerate(lives):
            case_id = self._case_ids[i]
            self._record.begin(case_id, self._told.places[i])
            self._report(i, case_id, life)
            order_id = self._order(i, case_id, life)
            if order_id is not None and life in (Life.CHECKING, Life.CLOSED):
                self._check(i, case_id, order_id, life)
            self._case(i, case_id, life, until)
        return [self.reports, self.cases, self.orders, self.checks, self._record.sheet]

    def _report(self, i: int, case_id: int, life: Life) -> None:
        told, when = self._told, self._reported[i]
        root, source = self._city.root_path, told.sources[i]
        repeats = int(self._part.repeats[i])
        first = 0
        for nth in range(repeats + 1):
            report_id = next(self._report_ids)
            at = when
            if nth:  # repeats come until somebody is sent
                begun = int(self._course.filed[i])
                span = int(self._course.dispatched[i]) - begun
                at = lines.moment(begun + span * nth // (repeats + 1))
            else:
                first = report_id
            state = "attached" if nth else "filed"
            self.reports.lines.append(
                f"{report_id}\t{state}\t{source}\t{source}\t{_NO_DIGEST}\t{at}\t{at}"
                f"\t{told.titles[i]}\t{told.texts[i]}\t{told.addresses[i]}\t{told.positions[i]}"
                f"\t{told.kinds[i]}\t{PLAIN}\t{told.places[i]}\t{PLAIN}\t{PLAIN}\t{PLAIN}"
                f"\t{told.language}\tt\t{told.urgent[i]}\t{case_id}\t{{}}"
            )
            self._record.receive(at, report_id, root, source)
            if nth:
                step, facts = self._record.step, f'{{"synthetic":true,"reports":[{report_id}]}}'
                step(at, "report.attach", "report", report_id, "received", state, article="XIII")
                state = _STATES[min(life, Life.FILED)]
                step(at, "case.attach", "case", case_id, state, state, facts=facts, article="XIII")
            else:
                self._open(i, case_id, life, first)

    def _open(self, i: int, case_id: int, life: Life, report_id: int) -> None:
        begun = life is not Life.REPORTED
        at = self._at["filed"][i] if begun else self._reported[i]
        facts = f'{{"synthetic":true,"kind":"{self._told.kinds[i]}","number":"{self._numbers[i]}"}}'
        action, state = ("case.file", "filed") if begun else ("case.report", "reported")
        self._record.step(at, action, "case", case_id, NULL, state, facts=facts)
        self._record.step(
            at, "report.file", "report", report_id, "received", "filed", article="XIV"
        )

    def _order(self, i: int, case_id: int, life: Life) -> int | None:
        """The orders of a case and their steps; the lead order that counts, if it has one."""
        step, at, route = self._record.step, self._at, self._course.routes[i]
        if life is Life.CANCELLED:
            reason = lines.document({"synthetic": True, "reason": self._told.speech.cancelled})
            when = at["dispatched"][i]
            step(when, "case.cancel", "case", case_id, "filed", "cancelled", route.centre, reason)
        if life not in _ORDER_STATES:
            return None
        if self._part.returned[i]:
            self._returned(i, case_id)
        orders = [(next(self._order_ids), self._unit(i), "lead")]
        assist = self._assist(i)
        if assist is not None:
            orders.append((next(self._order_ids), assist, "assist"))
        self._work(i, case_id, life, orders)
        for order_id, unit, role in orders:
            state = Life.ACCEPTED if life is Life.SUSPENDED and role == "assist" else life
            self._order_row(i, case_id, order_id, unit, role, state)
        return orders[0][0]

    def _work(self, i: int, case_id: int, life: Life, orders: list[tuple[int, str, str]]) -> None:
        """The steps of a case's orders, from their issue as far as they have come."""
        step, at = self._record.step, self._at
        lead_id, lead, _ = orders[0]
        when = self._issued[i]
        facts = f'{{"synthetic":true,"unit":"{lead}"}}'
        step(when, "case.dispatch", "case", case_id, "filed", "dispatched", facts=facts)
        for order_id, unit, role in orders:
            facts = f'{{"synthetic":true,"unit":"{unit}","role":"{role}"}}'
            step(when, "order.issue", "order", order_id, NULL, "issued", facts=facts)
        if life is Life.ISSUED:
            return
        when = at["accepted"][i]
        for order_id, unit, _ in orders:
            step(when, "order.accept", "order", order_id, "issued", "accepted", unit)
        if life is Life.SUSPENDED:
            why = lines.document({"synthetic": True, "reason": self._told.speech.suspended})
            centre = self._course.routes[i].centre
            step(when, "order.suspend", "order", lead_id, "accepted", "suspended", facts=why)
            step(when, "case.suspend", "case", case_id, "dispatched", "suspended", centre, why)
        if life in (Life.CHECKING, Life.CLOSED):
            when = at["finished"][i]
            facts = self._results[self._told.words[i] % len(self._results)]
            for order_id, unit, _ in reversed(orders):
                step(when, "order.finish", "order", order_id, "accepted", "done", unit, facts)
            step(when, "case.finish", "case", case_id, "dispatched", "checking")

    def _unit(self, i: int) -> str:
        """Who leads in the end: the fallback unit where the first one gave the order back."""
        route = self._course.routes[i]
        return route.fallback if self._part.returned[i] else route.lead

    def _assist(self, i: int) -> str | None:
        """The unit that assists, where one does: in every sixth case that has one."""
        assist = self._course.routes[i].assist
        return assist if assist != self._unit(i) and self._told.words[i] % 6 == 0 else None

    def _returned(self, i: int, case_id: int) -> None:
        """The first unit gives the order back, rightly: the order is withdrawn."""
        route, step = self._course.routes[i], self._record.step
        order_id, first, back = (
            next(self._order_ids),
            self._at["dispatched"][i],
            self._at["back"][i],
        )
        reason = self._told.speech.returned
        facts = f'{{"synthetic":true,"unit":"{route.lead}","role":"lead"}}'
        why = lines.document({"synthetic": True, "reason": reason})
        step(first, "case.dispatch", "case", case_id, "filed", "dispatched", facts=facts)
        step(first, "order.issue", "order", order_id, NULL, "issued", facts=facts)
        step(back, "order.return", "order", order_id, "issued", "returned", route.lead, why)
        step(
            *(self._issued[i], "order.uphold_return", "order", order_id, "returned", "withdrawn"),
            unit=route.centre,
        )
        step(self._issued[i], "case.return", "case", case_id, "dispatched", "filed", facts=why)
        told = self._told
        self.orders.lines.append(
            f"{order_id}\t3\twithdrawn\t{case_id}\t{route.lead}\tlead\t{route.centre}"
            f"\t{told.places[i]}\t{lines.names((route.lead, route.centre))}\t{told.kinds[i]}"
            f"\t{told.urgent[i]}\tt\t{PLAIN}\t{record.PLATFORM}\t{first}"
            f"\t{NULL}\t{NULL}\t{NULL}\t{NULL}\t{NULL}\t{NULL}\t{{}}\t{reason}\t{NULL}\t{NULL}"
        )

    def _order_row(
        self, i: int, case_id: int, order_id: int, unit: str, role: str, life: Life
    ) -> None:
        told, due, centre = self._told, self._due, self._course.routes[i].centre
        accepted = NULL if life is Life.ISSUED else self._at["accepted"][i]
        finished, result, outcome = NULL, NULL, NULL
        if life in (Life.CHECKING, Life.CLOSED):
            finished, outcome = self._at["finished"][i], "solved"
            result = told.speech.results[told.words[i] % len(told.speech.results)]
        stages = (Stage.ACCEPT, Stage.CONTACT, Stage.HANDLE)
        limits = self._limits(i, stages) if life < Life.CHECKING else "{}"
        self.orders.lines.append(
            f"{order_id}\t{life + 1}\t{_ORDER_STATES[life]}\t{case_id}\t{unit}\t{role}\t{centre}"
            f"\t{told.places[i]}\t{lines.names((unit, centre))}\t{told.kinds[i]}"
            f"\t{told.urgent[i]}\tt\t{PLAIN}\t{record.PLATFORM}\t{self._issued[i]}"
            f"\t{accepted}\t{accepted}\t{finished}\t{due[Stage.ACCEPT][i]}"
            f"\t{due[Stage.CONTACT][i]}\t{due[Stage.HANDLE][i]}\t{limits}\t{NULL}\t{result}"
            f"\t{outcome}"
        )

    def _check(self, i: int, case_id: int, order_id: int, life: Life) -> None:
        told, step = self._told, self._record.step
        route, unit, finished = self._course.routes[i], self._unit(i), self._at["finished"][i]
        check_id, passed = next(self._check_ids), self._at["passed"][i]
        state, done, by, result = "arranged", NULL, NULL, NULL
        step(finished, "check.arrange", "check", check_id, NULL, "arranged")
        if life is Life.CLOSED:
            state, done, by, result = "passed", passed, record.PEOPLE, told.speech.passed
            step(passed, "check.pass", "check", check_id, "arranged", "passed", route.checker)
            step(passed, "case.pass", "case", case_id, "checking", "closed")
        mode = "callback" if told.sources[i] in ("hotline", "citizen") else "onsite"
        assist = self._assist(i)
        handlers = (unit, assist) if assist else (unit,)
        self.checks.lines.append(
            f"{check_id}\t1\t{state}\tcheck\t{mode}\t{case_id}\t{order_id}\t{route.checker}"
            f"\t{lines.names(handlers)}\t{told.places[i]}\t{lines.names((route.checker,))}\tt"
            f"\t{PLAIN}\t{finished}\t{self._due[Stage.CHECK][i]}\t{done}\t{by}\t{result}"
        )

    def _case(self, i: int, case_id: int, life: Life, until: int) -> None:
        told, at, due, route = self._told, self._at, self._due, self._course.routes[i]
        ordered, handled = life in _ORDER_STATES, life in (Life.CHECKING, Life.CLOSED)
        closed = life is Life.CLOSED
        lead = self._unit(i) if ordered else NULL
        late = standing.overdue(self._course, i, life, until)
        running = standing.RUNNING.get(life)
        next_due = due[running][i] if running else NULL
        ended = at["passed"][i] if closed else NULL
        if life is Life.CANCELLED:
            ended = at["dispatched"][i]
        reason = {
            Life.CANCELLED: told.speech.cancelled,
            Life.SUSPENDED: told.speech.suspended,
        }.get(life, NULL)
        limits = self._limits(i, _CASE_STAGES) if life < Life.CLOSED else "{}"
        alarm = standing.alarm(self._course, i, life, late)
        assist = self._assist(i) if ordered else None
        units = [route.lead, lead, assist or lead, route.checker] if ordered else []
        returned = int(ordered and bool(self._part.returned[i]))
        self.cases.lines.append(
            f"{case_id}\t{life + 1}\t{_STATES[life]}\t{self._numbers[i]}\t{told.sources[i]}"
            f"\t{told.kinds[i]}\t{PLAIN}\t{told.places[i]}\t{PLAIN}"
            f"\t{lines.names(dict.fromkeys(units))}\t{told.titles[i]}\t{told.texts[i]}"
            f"\t{told.addresses[i]}\t{told.positions[i]}\tt\t{told.urgent[i]}"
            f"\t{self._reported[i]}\t{self._reported[i]}"
            f"\t{NULL if life is Life.REPORTED else at['filed'][i]}"
            f"\t{at['dispatched'][i] if ordered else NULL}"
            f"\t{at['finished'][i] if handled else NULL}\t{ended}\t{due[Stage.DISPATCH][i]}"
            f"\t{due[Stage.HANDLE][i] if ordered else NULL}"
            f"\t{due[Stage.CHECK][i] if handled else NULL}\t{due[Stage.TOTAL][i]}\t{next_due}"
            f"\t{limits}\t{lead}\t{route.centre}"
            f"\t{PLAIN}\t{int(self._part.repeats[i]) + 1}\t{1 + returned if ordered else 0}"
            f"\t{returned}\t{'t' if closed else 'f'}\t{reason}\t{lines.names(late)}"
            f"\t{alarm}"
        )

    def _limits(self, i: int, stages: tuple[Stage, ...]) -> str:
        kind, place = self._told.kinds[i], self._told.places[i]
        return lines.document(standing.limits(self._city, kind, place, self._course, i, stages))

"""The arithmetic of the final figures, on cases small enough to count by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.replay import sample

from yiwang.replay.driver import Progress
from yiwang.replay.printing import as_object, percent
from yiwang.replay.service import CaseView, ReportView
from yiwang.replay.summary import Matching, Verdicts, is_late, summarise

START = datetime(2011, 3, 7, tzinfo=UTC)
UNTIL = START + timedelta(days=30)


def _hours(count: float | None) -> datetime | None:
    return None if count is None else START + timedelta(hours=count)


def _case(
    number: int,
    handled: float | None = 10.0,
    due: float | None = 24.0,
    state: str = "closed",
    lead: str = "pw_lamps",
    returned: int = 0,
) -> CaseView:
    return CaseView(
        id=number,
        state=state,
        lead=lead,
        returned=returned,
        discovered_at=START,
        reported_at=_hours(1),
        filed_at=_hours(1.5),
        dispatched_at=_hours(2),
        handled_at=_hours(handled),
        closed_at=_hours(handled),
        due_handle=_hours(due),
    )


def _view(name: str, case: CaseView | None, state: str = "filed") -> ReportView:
    return ReportView(int(name), name, state, "sample/1/lamp-out", "p0101", case)


RECORDS = [
    sample.record(1),
    sample.record(2),  # repeats 1, marked
    sample.record(3, on_time=False),
    sample.record(4, on_time=False),
    sample.record(5, on_time=None),
    sample.record(6),  # marked as a repeat of 5, but a case of its own
    sample.record(7),  # repeats 3, not marked
    sample.record(8),
]
FIRST, THIRD = _case(1), _case(3, handled=30.0, returned=2)
VIEWS = [
    _view("1", FIRST),
    _view("2", FIRST, "attached"),
    _view("3", THIRD),
    _view("4", _case(4, lead="pw_roads")),
    _view("5", _case(5, due=None)),
    _view("6", _case(6, handled=None, state="dispatched")),
    _view("7", THIRD, "attached"),
    _view("8", None, "queued"),
    ReportView(9, "900", "filed", None, "sample", _case(9)),  # not of these records
]


def test_the_figures_add_up() -> None:
    found = summarise(
        RECORDS,
        VIEWS,
        {"2": "1", "6": "5", "77": "1"},
        {str(n): "pw_lamps" for n in range(9)},
        UNTIL,
    )
    assert (found.reports, found.cases, found.attached, found.desk) == (8, 5, 2, 1)
    assert (found.dispatched, found.returned, found.closed, found.open) == (5, 2, 4, 1)
    assert (found.on_time, found.overdue) == (3, 2)
    assert (found.city_on_time, found.city_overdue) == (5, 2)
    assert found.verdicts == Verdicts(1, 1, 1, 1, 1)
    assert found.verdicts.agreement == 0.5
    assert found.matching == Matching(attached=2, marked=2, attached_and_marked=1, with_parent=1)
    assert found.matching.precision == found.matching.recall == found.matching.parent == 0.5
    assert found.queue_share == 0.8
    assert found.times["discover"].median_h == 1.0
    assert found.times["file"].median_h == 0.5
    assert found.times["dispatch"].count == 5
    handle = found.times["handle"]
    assert (handle.count, handle.median_h, handle.p90_h) == (4, 8.0, 22.0)


def test_nothing_is_no_data_and_never_nought_percent() -> None:
    found = summarise([], [], {}, {}, UNTIL)
    assert found.verdicts.agreement is None
    assert found.matching.precision is found.matching.recall is found.matching.parent is None
    assert found.queue_share is None
    assert found.times["handle"].median_h is None
    assert percent(None) == "no data"
    assert percent(0.125) == "12.5 %"


def test_a_case_is_late_by_its_own_limit() -> None:
    assert not is_late(_case(1, handled=24.0), UNTIL)
    assert is_late(_case(1, handled=24.5), UNTIL)
    assert not is_late(_case(1, due=None), UNTIL)
    still_open = _case(1, handled=None, state="dispatched")
    assert is_late(still_open, UNTIL)
    assert not is_late(still_open, START + timedelta(hours=3))


def test_the_object_is_plain() -> None:
    summary = summarise(RECORDS, VIEWS, {"2": "1"}, {}, UNTIL)
    progress = Progress(sent=8, desk=1, sent_back=2)
    progress.refused["case.children_open"] = 3
    found = as_object(summary, progress, {"reports": {"filed": 6}}, 1.26)
    assert found["verdicts"]["agreement"] == 0.5
    assert found["matching"]["precision"] == 0.5
    assert found["refused"] == {"case.children_open": 3}
    assert (found["desk_placed"], found["sent_back"], found["seconds"]) == (1, 2, 1.3)
    assert found["service"] == {"reports": {"filed": 6}}

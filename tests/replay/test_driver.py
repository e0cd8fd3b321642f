"""A replay against a stand-in for the service: everything once, in its time, also after a break."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.replay import sample
from tests.replay.fake import FakeCity, serving

from yiwang.kit.errors import Refusal
from yiwang.replay import wire
from yiwang.replay.dataset import Adapter, Record, read_adapter
from yiwang.replay.driver import Driver
from yiwang.replay.plan import Known, Plan, make_plan
from yiwang.replay.running import Bookmark, read_bookmark, write_bookmark
from yiwang.replay.service import Service
from yiwang.replay.wire import Wire

KNOWN = Known(
    kinds={"sample/1/lamp-out"},
    repeatable={"sample/1/lamp-out"},
    places={"sample", "p0101"},
    units={"pw_lamps", "pw_roads"},
)
START = datetime(2011, 3, 7, 9, tzinfo=sample.ZONE)


def _at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


RECORDS = [
    sample.record(1, title="a", opened=_at(0), closed=_at(5), closing="Repaired"),
    sample.record(2, title="a", opened=_at(1), closed=_at(2), closing="Repaired"),  # a repeat
    sample.record(3, title="b", opened=_at(1), closed=_at(3), queue="PW_Roads"),  # sent back
    sample.record(4, title="lost", opened=_at(2), closed=_at(9)),  # waits at the desk
    sample.record(5, title="c", opened=_at(3), closed=_at(4), closing="Duplicate of 3"),
    sample.record(6, title="d", opened=_at(3)),  # stays open
    sample.record(7, title="a", opened=_at(6), closed=_at(7)),  # the first is closed by then
    # Of a kind that no report repeats: its end goes beside later reports.
    sample.record(8, title="e", type="Pothole", opened=_at(2.5), closed=_at(6.5)),
    sample.record(9, title="f", type="Pothole", opened=_at(6.2), closed=_at(6.3)),
]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    return read_adapter(sample.write_pack(tmp_path_factory.mktemp("driver") / "sample"))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between the tries of a request."""
    monkeypatch.setattr(wire, "_PAUSE_S", 0.0)


def _plan(adapter: Adapter, records: list[Record] = RECORDS) -> Plan:
    return make_plan(records, adapter, KNOWN, window_steps=3)


async def _drive(url: str, plan: Plan, first: int = 0, finished: list[int] | None = None) -> Driver:
    line = Wire(url, 4)
    driver = Driver(Service(line, "sample", "key", "desk"), plan, None, lambda count: None)
    try:
        await driver.run(first, lambda window: (finished or []).append(window.index))
    finally:
        await line.close()
    return driver


def _check(city: FakeCity) -> None:
    """What must hold however often the replay was interrupted."""
    assert city.moments("report") == {record.id: record.opened for record in RECORDS}
    states = {name: report["state"] for name, report in city.reports.items()}
    assert states == {name: "attached" if name == "2" else "filed" for name in states}
    assert city.moments("finish") == {
        "1": _at(5),
        "3": _at(3),
        "4": _at(9),
        "7": _at(7),
        "8": _at(6.5),
        "9": _at(6.3),
    }
    assert city.moments("accept") == city.moments("finish")
    assert city.moments("close") == {"5": _at(4)}
    assert city.moments("return") == {"3": _at(1)}
    done = [(what, name) for what, name, _ in city.log]
    assert len(done) == len(set(done))
    leads = {name: city.cases[row["case"]]["lead"] for name, row in city.reports.items()}
    assert leads["3"] == "pw_roads"
    assert set(leads.values()) == {"pw_lamps", "pw_roads"}


async def test_everything_happens_once_and_in_its_time(adapter: Adapter) -> None:
    city = FakeCity()
    finished: list[int] = [-1]
    async with serving(city.handle) as url:
        driver = await _drive(url, _plan(adapter), finished=finished)
    _check(city)
    assert finished == list(range(-1, len(_plan(adapter).windows)))
    progress = driver.progress
    assert (progress.sent, progress.desk, progress.sent_back) == (9, 1, 1)
    assert (progress.closed, progress.with_case) == (7, 1)
    assert not progress.refused


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("does_it", [False, True])
@pytest.mark.parametrize("answers", range(31))
async def test_an_interrupted_replay_goes_on(adapter: Adapter, answers: int, does_it: bool) -> None:
    city = FakeCity(fail_after=answers, does_it=does_it)
    plan = _plan(adapter)
    finished: list[int] = [-1]
    async with serving(city.handle) as url:
        with pytest.raises(Refusal, match=r"replay\.service_away"):
            await _drive(url, plan, finished=finished)
        city.fail_after = None
        driver = await _drive(url, plan, finished[-1] + 1)
    _check(city)
    assert not driver.progress.refused


async def test_running_the_last_window_twice_changes_nothing(adapter: Adapter) -> None:
    city = FakeCity()
    plan = _plan(adapter)
    async with serving(city.handle) as url:
        await _drive(url, plan)
        before = list(city.log)
        again = await _drive(url, plan, len(plan.windows) - 1)
    assert city.log == before
    assert again.progress.done_before > 0
    assert not again.progress.refused


async def test_what_the_service_refuses_is_counted(adapter: Adapter) -> None:
    city = FakeCity()

    def handle(method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if path.endswith("/reports") and body["external_id"] == "6":
            return 422, {"code": "web.request_invalid", "detail": "not this one"}
        return city.handle(method, path, headers, body)

    async with serving(handle) as url:
        driver = await _drive(url, _plan(adapter))
    assert driver.progress.refused == {"web.request_invalid": 1}
    assert driver.progress.first_reason == "not this one"
    assert driver.progress.sent == 8


async def test_a_real_clock_is_refused() -> None:
    async with serving(FakeCity(simulated=False).handle) as url:
        line = Wire(url, 1)
        with pytest.raises(Refusal, match=r"replay\.clock_not_simulated"):
            await Service(line, "sample", "key", "desk").require_simulated_clock(START)
        await line.close()


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_wire_reads_both_forms_of_an_answer(chunked: bool) -> None:
    told = {"text": "灯" * 5000}
    async with serving(lambda *_: (200, told), chunked) as url:
        line = Wire(url, 2)
        for _ in range(3):
            answer = await line.send("POST", "/x?y=1", {"X-API-Key": "k"}, told)
            assert answer.ok
            assert answer.body == told
        await line.close()


@pytest.mark.usefixtures("hurried")
async def test_a_request_to_wait_is_obeyed() -> None:
    answers = iter([(429, {"detail": "later"}), (429, {"detail": "later"}), (201, {})])
    async with serving(lambda *_: next(answers)) as url:
        line = Wire(url, 1)
        assert (await line.send("GET", "/", {})).status == 201
        await line.close()


@pytest.mark.parametrize("url", ["ftp://somewhere", "localhost:8000", "http://"])
def test_only_an_address_of_a_service_will_do(url: str) -> None:
    with pytest.raises(ValueError, match="address of a service"):
        Wire(url, 1)


def test_a_bookmark_holds_for_its_own_plan(adapter: Adapter, tmp_path: Path) -> None:
    plan, other = _plan(adapter), _plan(adapter, RECORDS[:3])
    assert read_bookmark(tmp_path, "sample", plan) == Bookmark(plan.digest, 0, 0.0)
    write_bookmark(tmp_path, "sample", Bookmark(plan.digest, 3, 1.5))
    assert read_bookmark(tmp_path, "sample", plan) == Bookmark(plan.digest, 3, 1.5)
    assert read_bookmark(tmp_path, "sample", other).finished == 0
    assert read_bookmark(tmp_path, "another", plan).finished == 0
    (tmp_path / "replay" / "sample.json").write_bytes(b"{")
    assert read_bookmark(tmp_path, "sample", plan).finished == 0

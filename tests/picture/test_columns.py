"""The columns agree with the rule, for every case, reach and order of steps."""

from __future__ import annotations

import random

import h3
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from yiwang.matters.cases.model import OPEN
from yiwang.matters.picture import rules, showing
from yiwang.matters.picture.cells import COARSEST, FINEST, count_cells
from yiwang.matters.picture.columns import OpenCases, cell_of
from yiwang.matters.picture.model import Change, Look, Reach, Step

PLACES = ("c", "c.d1", "c.d1.t1", "c.d2", "c.d10")
UNITS = ("u1", "u2", "u3")

looks = st.builds(
    Look,
    id=st.integers(1, 6),
    number=st.sampled_from(("A1", "B2")),
    lon=st.none() | st.floats(121, 122),
    lat=st.none() | st.floats(31, 32),
    kind=st.sampled_from(("k1", "k2")),
    place=st.sampled_from(PLACES),
    state=st.sampled_from((*OPEN, "closed", "merged")),
    flags=st.integers(0, 15),
    due=st.none() | st.integers(-(2**40), 2**40),
    reported=st.integers(0, 2**33),
    parties=st.lists(st.sampled_from(UNITS), max_size=2, unique=True).map(tuple),
)
courses = st.lists(looks, max_size=30)
reaches = st.builds(
    Reach,
    places=st.lists(st.sampled_from(PLACES), max_size=2, unique=True).map(tuple),
    units=st.lists(st.sampled_from(UNITS), max_size=2, unique=True).map(tuple),
    within=st.sampled_from(PLACES),
)


def _steps(course: list[Look]) -> list[Step]:
    return [Step(n, n, float(n), "case.note", look) for n, look in enumerate(course, 1)]


@given(courses, st.integers(), st.lists(reaches, max_size=4))
def test_the_last_step_of_each_case_stands_whatever_the_order(
    course: list[Look], seed: int, asked: list[Reach]
) -> None:
    steps = _steps(course)
    last = {step.look.id: step.look for step in steps}
    wanted = {number: look for number, look in last.items() if look.state in OPEN}
    random.Random(seed).shuffle(steps)
    cases = OpenCases()
    for step in steps:
        before = cases.event_of(step.look.id)
        if not cases.take(step):
            assert before is None or before > step.event_id
    assert len(cases) == len(wanted)
    for number in range(1, 7):
        assert cases.look(number) == wanted.get(number)
    for reach in asked:
        shown = showing.cut(cases, reach)
        mine = sorted(number for number, look in wanted.items() if rules.sees(reach, look))
        assert shown.arrays["ids"].tolist() == mine
        assert shown.numbers == [wanted[number].number for number in mine]


@given(courses, reaches)
def test_frames_lead_from_nothing_to_what_is_seen(course: list[Look], reach: Reach) -> None:
    cases = OpenCases()
    shown: dict[int, list[object]] = {}
    changes = []
    for step in _steps(course):
        before = cases.look(step.look.id)
        cases.take(step)
        after = cases.look(step.look.id)
        if before is not None or after is not None:
            changes.append(Change(step.event_id, step.xid, step.at, step.action, before, after))
    for start in range(0, len(changes), 3):
        frame = rules.frame(reach, changes[start : start + 3])
        if frame is None:
            continue
        shown |= {row[0]: row for row in frame["set"]}
        for number in frame["gone"]:
            shown.pop(number, None)
        assert not {row[0] for row in frame["set"]} & set(frame["gone"])
    seen = {n for n in range(1, 7) if rules.sees(reach, cases.look(n))}
    assert set(shown) == seen
    for number in seen:
        look = cases.look(number)
        assert look is not None
        assert shown[number][4:10] == [
            *(look.kind, rules.code_of(look.place), look.state, look.flags),
            *(look.due, look.reported),
        ]


def test_many_cases_come_and_go() -> None:
    """Columns grow, slots are used again, and what ended does not come back by late news."""
    cases = OpenCases()
    whole = Reach(("c",), (), "c")
    for n in range(1, 5001):
        look = Look(n, f"N{n}", 121.0, 31.0, "k", "c.d1", "filed", 0, None, n, ())
        cases.take(Step(n, n, 0.0, "case.file", look))
    for n in range(1, 5001, 2):
        look = Look(n, f"N{n}", 121.0, 31.0, "k", "c.d1", "closed", 0, None, n, ())
        cases.take(Step(5000 + n, n, 0.0, "case.close", look))
        assert not cases.take(Step(4999, n, 0.0, "case.note", look))
    assert showing.cut(cases, whole).arrays["ids"].tolist() == list(range(2, 5001, 2))


@given(
    st.lists(
        st.tuples(st.floats(121.0, 121.9), st.floats(30.7, 31.7), st.integers(0, 15)), max_size=40
    ),
    st.integers(COARSEST, FINEST),
)
def test_every_case_lies_in_one_cell(rows: list[tuple[float, float, int]], resolution: int) -> None:
    found = np.array([cell_of(lon, lat) for lon, lat, _ in rows] + [cell_of(None, 1.0)], np.uint64)
    flags = np.array([row[2] for row in rows] + [2], np.int8)
    columns = count_cells(found, flags, resolution)
    assert sum(columns["count"]) == len(rows)
    assert sum(columns["overdue"]) == sum(bool(row[2] & 2) for row in rows)
    assert all(h3.get_resolution(cell) == resolution for cell in columns["cell"])
    assert len(set(columns["cell"])) == len(columns["cell"])
    for cell, ring in zip(columns["cell"], columns["ring"], strict=True):
        assert len(ring) == 12
        assert abs(ring[0] - h3.cell_to_boundary(cell)[0][1]) < 1e-5

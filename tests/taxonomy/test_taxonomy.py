"""Kinds by key, and the one row that is in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.ground.packs.model import (
    ClockKind,
    Kind,
    Level,
    Limit,
    Origin,
    Responsibility,
    Stage,
    Text,
)
from yiwang.ground.taxonomy import Taxonomy
from yiwang.kit.errors import Refusal

NONE = Text("", "")
SCHEME = "CJ/T 1"
DAY = date(2024, 6, 1)
CITY, DISTRICT, TOWN = "310000", "310101", "310101002"
PATH = f"{CITY}.{DISTRICT}.{TOWN}.310101002001"


def kind(
    code: str,
    parent: str | None = None,
    version: str = "2007",
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Kind:
    return Kind(
        key=f"{SCHEME}/{version}/{code}",
        scheme=SCHEME,
        version=version,
        code=code,
        parent=None if parent is None else f"{SCHEME}/{version}/{parent}",
        family="event",
        name=Text(f"类{code}", f"kind {code}"),
        keywords=(),
        filing=NONE,
        closing=NONE,
        urgent=False,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def limit(
    pattern: str,
    amount: float,
    place: str = CITY,
    since: date | None = None,
    until: date | None = None,
    stage: Stage = Stage.HANDLE,
    milestone: str = "",
) -> Limit:
    return Limit(
        kind=pattern if pattern == "*" else f"{SCHEME}/2007/{pattern}",
        stage=stage,
        milestone=milestone,
        amount=amount,
        clock=ClockKind.WORKING_HOUR,
        place=place,
        valid_from=since,
        valid_to=until,
        origin=Origin.SAMPLE,
        source=f"limits.csv:{amount}",
        basis="a rule",
    )


def duty(pattern: str, lead: str, place: str = CITY) -> Responsibility:
    return Responsibility(
        kind=pattern if pattern == "*" else f"{SCHEME}/2007/{pattern}",
        level=Level.DISTRICT,
        lead=lead,
        assist=("police",),
        place=place,
        valid_from=None,
        valid_to=None,
        source="responsibilities.csv",
        basis="a list",
    )


KINDS = (
    kind("01"),
    kind("0102", "01"),
    kind("0103", "01", valid_to=date(2024, 1, 1)),
    kind("02", valid_from=date(2025, 1, 1)),
    kind("0102", version="2013"),
)
KEY = f"{SCHEME}/2007/0102"


def handle(*limits: Limit, on: date = DAY, path: str = PATH) -> float | None:
    found = Taxonomy(KINDS, limits, ()).limits_for(KEY, Stage.HANDLE, path, on)
    return found[0].amount if found else None


def test_kinds_are_found_and_listed() -> None:
    taxonomy = Taxonomy(KINDS, (), ())
    assert taxonomy.kind(KEY) is KINDS[1]
    assert KEY in taxonomy
    assert "x" not in taxonomy
    assert taxonomy.children(f"{SCHEME}/2007/01") == KINDS[1:3]
    assert taxonomy.children(None) == (KINDS[0], KINDS[3], KINDS[4])
    assert taxonomy.children(KEY) == ()
    assert taxonomy.family("event") == KINDS
    assert taxonomy.family("component") == ()
    assert taxonomy.lineage(KEY) == KINDS[:2]
    assert taxonomy.kinds() == KINDS
    assert taxonomy.kinds(DAY) == (KINDS[0], KINDS[1], KINDS[4])


def test_an_unknown_kind_is_refused_with_what_lies_near() -> None:
    taxonomy = Taxonomy(KINDS, (), ())
    for ask in (
        lambda: taxonomy.kind(f"{SCHEME}/2012/0102"),
        lambda: taxonomy.stage_clocks(f"{SCHEME}/2012/0102", PATH, DAY),
        lambda: taxonomy.responsibility_for(f"{SCHEME}/2012/0102", PATH, DAY),
    ):
        with pytest.raises(Refusal) as caught:
            ask()
        assert caught.value.code == "taxonomy.kind_unknown"
        assert caught.value.facts["near"].startswith(f"{KEY}, {SCHEME}/2013/0102")
        assert KEY in caught.value.say("zh")
    with pytest.raises(Refusal) as caught:
        taxonomy.kind("??")
    assert caught.value.facts["near"] == "–"


def test_a_retired_kind_keeps_its_limits_but_takes_nothing_new() -> None:
    old = f"{SCHEME}/2007/0103"
    taxonomy = Taxonomy(KINDS, [limit("*", 3)], ())
    assert taxonomy.current(old, date(2023, 12, 31)) is KINDS[2]
    for key, on in ((old, date(2024, 1, 1)), (f"{SCHEME}/2007/02", DAY)):
        with pytest.raises(Refusal) as caught:
            taxonomy.current(key, on)
        assert caught.value.code == "taxonomy.kind_retired"
        assert KEY in caught.value.facts["near"]
        assert "{" not in caught.value.say("en") + caught.value.say("zh")
    assert taxonomy.limits_for(old, Stage.HANDLE, PATH, DAY)[0].amount == 3


def test_the_most_particular_pattern_wins() -> None:
    scheme = replace(limit("*", 3), kind=f"{SCHEME}/2007/*")
    ordered = [limit("0102", 1), limit("01", 2), scheme, limit("*", 4)]
    for skip in range(4):
        assert handle(*reversed(ordered[skip:])) == [1, 2, 3, 4][skip]
    assert handle() is None
    assert handle(limit("0103", 9)) is None


def test_a_deeper_place_wins_over_a_more_particular_pattern() -> None:
    assert handle(limit("0102", 1), limit("*", 5, DISTRICT)) == 5
    assert handle(limit("*", 6, TOWN), limit("0102", 5, DISTRICT)) == 6
    assert handle(limit("0102", 1), limit("*", 5, "310104")) == 1
    # A code is a whole label of the path, not the beginning of one.
    assert handle(limit("*", 5, "3101")) is None
    assert handle(limit("*", 5, DISTRICT), path=CITY) is None


def test_the_latest_row_in_force_wins() -> None:
    rows = (
        limit("0102", 1),
        limit("0102", 2, since=date(2024, 1, 1)),
        limit("0102", 3, since=date(2024, 6, 1), until=date(2024, 7, 1)),
    )
    assert handle(*rows, on=date(2023, 12, 31)) == 1
    assert handle(*rows, on=date(2024, 1, 1)) == 2
    assert handle(*rows, on=date(2024, 6, 1)) == 3
    assert handle(*rows, on=date(2024, 7, 1)) == 2
    assert handle(limit("0102", 1), limit("0102", 2)) == 2


def test_a_stage_comes_with_its_milestones_each_chosen_for_itself() -> None:
    rows = (
        limit("0102", 4, milestone="stop"),
        limit("0102", 20, milestone="remove"),
        limit("01", 15),
        limit("0102", 3, DISTRICT, milestone="stop"),
        limit("*", 2, stage=Stage.DISPATCH),
    )
    clocks = Taxonomy(KINDS, rows, ()).stage_clocks(KEY, PATH, DAY)
    assert set(clocks) == {Stage.HANDLE, Stage.DISPATCH}
    assert [(c.milestone, c.amount) for c in clocks[Stage.HANDLE]] == [
        ("", 15),
        ("stop", 3),
        ("remove", 20),
    ]
    own = clocks[Stage.HANDLE][1]
    assert (own.kind, own.pattern, own.place) == (KEY, KEY, DISTRICT)
    assert (own.origin, own.source, own.basis) == (Origin.SAMPLE, "limits.csv:3", "a rule")
    assert clocks[Stage.HANDLE][0].pattern == f"{SCHEME}/2007/01"


def test_responsibility_is_one_row_or_nobody_s() -> None:
    rows = (duty("*", "streets"), duty("0102", "drainage"), duty("*", "pilot", TOWN))
    taxonomy = Taxonomy(KINDS, (), rows)
    for _ in range(2):
        found = taxonomy.responsibility_for(KEY, f"{CITY}.{DISTRICT}", DAY)
        assert found is not None
        assert (found.lead, found.assist, found.level) == ("drainage", ("police",), Level.DISTRICT)
        pilot = taxonomy.responsibility_for(KEY, PATH, DAY)
        assert pilot is not None
        assert (pilot.lead, pilot.pattern, pilot.place) == ("pilot", "*", TOWN)
        assert taxonomy.responsibility_for(KEY, "110000", DAY) is None


@pytest.mark.parametrize(
    "kinds",
    [
        (kind("01"), kind("01")),
        (kind("0102", "01"),),
        (kind("01", "02"), kind("02", "01")),
    ],
)
def test_kinds_that_contradict_each_other(kinds: tuple[Kind, ...]) -> None:
    with pytest.raises(ValueError, match="kind"):
        Taxonomy(kinds, (), ())


_dates = st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2024, 1, 9)))
_rows = st.lists(
    st.builds(
        limit,
        st.sampled_from(["0102", "01", "*", "0103"]),
        st.integers(1, 9),
        st.sampled_from([CITY, DISTRICT, TOWN, "110000"]),
        _dates,
        _dates,
    ),
    max_size=8,
)


@settings(deadline=None)
@given(_rows, st.dates(date(2024, 1, 1), date(2024, 1, 9)))
def test_the_choice_against_the_definition(rows: list[Limit], on: date) -> None:
    """Filter step by step, as the rule reads."""
    keys = [KEY, f"{SCHEME}/2007/01", "*"]
    fit = [
        row
        for row in rows
        if row.kind in keys
        and row.place in PATH.split(".")
        and (row.valid_from or on) <= on
        and (row.valid_to is None or on < row.valid_to)
    ]
    if fit:
        deepest = max(len(row.place) if row.place != CITY else 0 for row in fit)
        fit = [r for r in fit if (len(r.place) if r.place != CITY else 0) == deepest]
        first = min(keys.index(row.kind) for row in fit)
        fit = [row for row in fit if keys.index(row.kind) == first]
        latest = max(row.valid_from or date.min for row in fit)
        fit = [row for row in fit if (row.valid_from or date.min) == latest]
    assert handle(*rows, on=on) == (fit[-1].amount if fit else None)

"""Open311 GeoReport v2: what is asked and sent is understood, or refused field by field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.kit.errors import Refusal
from yiwang.kit.words import problems
from yiwang.matters.sources.open311 import Attribute, DataType, RequestStatus, ServiceDefinition
from yiwang.matters.sources.open311_form import check_attributes, draft_of, parse_form
from yiwang.matters.sources.open311_query import SPAN, Circle, Query, parse_query, read_moment

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CITY = timezone(timedelta(hours=8))

DEFINITION = ServiceDefinition(
    "0101",
    (
        Attribute("SEEN", "When was it seen?", DataType.DATETIME, False, 2),
        Attribute(
            "SIZE", "多大?", DataType.SINGLE_VALUE_LIST, True, 1, values=(("s", "小"), ("l", "大"))
        ),
        Attribute("KINDS", "Which?", DataType.MULTI_VALUE_LIST, False, 3, values=(("a", "A"),)),
        Attribute("DEPTH", "How deep?", DataType.NUMBER, False, 4),
        Attribute("NOTE", "Please stand back", DataType.STRING, True, 5, variable=False),
        Attribute("PLATE", "Plate", DataType.STRING, False, 6),
    ),
)


def faults(refusal: Refusal) -> dict[str, str]:
    for fault in refusal.faults:
        for language in ("zh", "en"):
            needed = {name for _, name, _, _ in Formatter().parse(problems()[fault.code][language])}
            assert needed - {None} <= set(fault.facts), fault.code
    return {fault.pointer[1:]: fault.code.removeprefix("sources.") for fault in refusal.faults}


# Questions


def ask(*pairs: tuple[str, str]) -> Query:
    return parse_query(pairs, now=NOW, zone=CITY)


def wrong_query(*pairs: tuple[str, str]) -> dict[str, str]:
    with pytest.raises(Refusal) as caught:
        ask(*pairs)
    assert (caught.value.code, caught.value.status) == ("sources.open311_refused", 400)
    return faults(caught.value)


def test_nothing_asked_means_the_last_ninety_days() -> None:
    empty = [(name, "") for name in ("status", "service_code", "start_date", "lat", "page")]
    assert ask() == ask(*empty) == Query(start=NOW - SPAN)
    assert ask(("extensions", "true")) == ask()


def test_numbers_replace_every_other_filter() -> None:
    query = ask(("service_request_id", "7, 8,,7"), ("service_request_id", "9"), ("status", "odd"))
    assert query == Query(ids=("7", "8", "9"))


def test_lists_are_declared_many_times_or_by_comma() -> None:
    query = ask(("service_code", "1,2"), ("service_code", "3"), ("status", "Open,closed"))
    assert query.codes == ("1", "2", "3")
    assert query.statuses == frozenset(RequestStatus)


def test_one_end_of_the_range_gives_the_other() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    query = ask(("start_date", "2025-01-01T00:00:00Z"))
    assert (query.start, query.end) == (start, start + SPAN)
    query = ask(("end_date", "2025-01-01T00:00:00Z"))
    assert (query.start, query.end) == (start - SPAN, start)
    query = ask(("start_date", "2026-01-01"), ("end_date", "2026-01-31"))
    assert query.start == datetime(2026, 1, 1, tzinfo=CITY)
    assert query.end == datetime(2026, 2, 1, tzinfo=CITY)  # the whole last day


def test_a_circle_and_a_page() -> None:
    query = ask(("lat", "31.2"), ("long", "121.5"), ("radius", "300"), ("page", "3"))
    assert query.near == Circle(121.5, 31.2, 300)
    assert (query.page, query.offset) == (3, 2000)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("status", "pending")], {"status": "status_unknown"}),
        ([("start_date", "01/05/2026")], {"start_date": "w3c_refused"}),
        ([("start_date", "2026-01-05T10:00:00")], {"start_date": "w3c_refused"}),
        ([("start_date", "2026-02-30")], {"start_date": "w3c_refused"}),
        ([("end_date", "0001-01-01T00:00:00Z")], {"end_date": "w3c_refused"}),
        ([("start_date", "2026-02-02"), ("end_date", "2026-02-01T00:00:00Z")], "range_reversed"),
        ([("start_date", "2025-01-01"), ("end_date", "2025-12-31")], "range_too_long"),
        ([("lat", "31.2")], {"lat": "circle_incomplete"}),
        ([("lat", "nan"), ("long", "121"), ("radius", "1e9")], None),
        ([("page", "0")], {"page": "number_refused"}),
        ([("page", "٣")], {"page": "number_refused"}),
        ([("page_size", "1001")], {"page_size": "number_refused"}),
        ([("page", "5000")], {"page": "page_too_deep"}),
        ([("service_code", ",".join(map(str, range(1001))))], {"service_code": "list_too_long"}),
        ([("jurisdiction_id", "x" * 201)], {"jurisdiction_id": "field_too_long"}),
    ],
)
def test_wrong_filters(pairs: list[tuple[str, str]], expected: dict[str, str] | str | None) -> None:
    if isinstance(expected, str):
        expected = {"end_date": expected}
    if expected is None:
        expected = {"lat": "number_refused", "radius": "number_refused"}
    assert wrong_query(*pairs) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1994-11-05T08:15:30-05:00", "1994-11-05T13:15:30+00:00"),
        ("1994-11-05T13:15:30Z", "1994-11-05T13:15:30+00:00"),
        ("2026-01-05T08:00 08:00", "2026-01-05T00:00:00+00:00"),  # a plus eaten by the URL
        ("2026-01-05T08:00:00.250+0800", "2026-01-05T00:00:00.250000+00:00"),
        ("2026-01-05", "2026-01-04T16:00:00+00:00"),
        ("2026-01-05T25:00Z", None),
        ("2026-01-05T08:00+25:00", None),
        ("9999-12-31", "9999-12-30T16:00:00+00:00"),
        ("now", None),
    ],
)
def test_moments(text: str, expected: str | None) -> None:
    moment = read_moment(text, CITY)
    assert (moment.astimezone(UTC).isoformat() if moment else None) == expected


NAMES = st.sampled_from(
    [
        "service_code",
        "service_request_id",
        "start_date",
        "end_date",
        "status",
        "page",
        "page_size",
        "lat",
        "long",
        "radius",
        "description",
        "address_string",
        "email",
        "media_url",
        "attribute[A]",
        "attribute[A][]",
        "attribute[",
        "phone",
    ]
)
PAIRS = st.lists(st.tuples(NAMES, st.one_of(st.text(max_size=30), st.dates().map(str))))


@settings(deadline=None)
@given(PAIRS)
def test_any_question_is_understood_or_refused(pairs: list[tuple[str, str]]) -> None:
    for parse in (lambda: ask(*pairs), lambda: parse_form(pairs)):
        try:
            parse()
        except Refusal as refusal:
            faults(refusal)


# New requests


def wrong_form(*pairs: tuple[str, str]) -> dict[str, str]:
    with pytest.raises(Refusal) as caught:
        parse_form(pairs)
    return faults(caught.value)


PLACE = ("address_string", "人民大道200号")
CODE = ("service_code", "0101")


def test_a_full_form_becomes_a_report() -> None:
    form = parse_form(
        [
            CODE,
            ("lat", "31.230525"),
            ("long", "121.473667"),
            PLACE,
            ("description", "井盖\r\n破了\x00"),
            ("first_name", "伟"),
            ("last_name", "王"),
            ("email", "w@example.cn"),
            ("phone", "13800000000"),
            ("device_id", "d1"),
            ("media_url", "https://example.cn/1.jpg"),
            ("attribute[SIZE]", "s"),
            ("attribute[KINDS][]", "a"),
            ("attribute[KINDS][]", "b"),
        ]
    )
    draft = draft_of(form, source="open311", language="zh")
    assert (draft.lon, draft.lat, draft.crs) == (121.473667, 31.230525, "WGS-84")
    assert (draft.text, draft.kind, draft.address) == ("井盖\n破了", "0101", "人民大道200号")
    assert (draft.reporter_name, draft.reporter_phone) == ("王伟", "13800000000")
    assert draft.attributes == {
        "attribute.SIZE": "s",
        "attribute.KINDS": ("a", "b"),
        "device_id": "d1",
        "media_url": "https://example.cn/1.jpg",
    }


@pytest.mark.parametrize("place", [PLACE, ("address_id", "545483")])
def test_a_place_may_be_an_address_alone(place: tuple[str, str]) -> None:
    draft = draft_of(parse_form([CODE, place, ("lat", ""), ("long", "")]), source="open311")
    assert (draft.lon, draft.crs, draft.text) == (None, None, "")


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([PLACE], {"service_code": "service_code_missing"}),
        ([CODE], {"lat": "location_missing"}),
        ([CODE, ("lat", "31.2")], {"long": "coordinate_incomplete"}),
        ([CODE, ("lat", "121.47"), ("long", "31.2")], {"lat": "coordinates_swapped"}),
        ([CODE, ("lat", "121.47"), ("long", "130")], {"lat": "latitude_refused"}),
        (
            [CODE, ("lat", "inf"), ("long", "1_0")],
            {"lat": "number_refused", "long": "number_refused"},
        ),
        ([CODE, PLACE, ("description", "x" * 4001)], {"description": "field_too_long"}),
        ([CODE, PLACE, ("email", "nobody")], {"email": "email_refused"}),
        ([CODE, PLACE, ("media_url", "javascript:alert(1)")], {"media_url": "media_url_refused"}),
        ([CODE, PLACE, ("media_url", "http://[")], {"media_url": "media_url_refused"}),
        ([CODE, PLACE, ("attribute[", "x")], {"attribute": "attribute_malformed"}),
        ([CODE, PLACE, ("attribute[a\x00]", "x")], {"attribute": "attribute_malformed"}),
    ],
)
def test_wrong_forms(pairs: list[tuple[str, str]], expected: dict[str, str]) -> None:
    assert wrong_form(*pairs) == expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], ("SIZE", "missing")),
        ([("[SIZE]", "xl")], ("SIZE", "refused")),
        ([("[SIZE][]", "s"), ("[SIZE][]", "l")], ("SIZE", "repeated")),
        ([("[SIZE]", "s"), ("[DEPTH]", "deep")], ("DEPTH", "refused")),
        ([("[SIZE]", "s"), ("[SEEN]", "today")], ("SEEN", "refused")),
        ([("[SIZE]", "s"), ("[PLATE]", "a\nb")], ("PLATE", "refused")),
    ],
)
def test_wrong_attributes(pairs: list[tuple[str, str]], expected: tuple[str, str]) -> None:
    form = parse_form([CODE, PLACE, *((f"attribute{code}", text) for code, text in pairs)])
    with pytest.raises(Refusal) as caught:
        check_attributes(form, DEFINITION, zone=CITY)
    assert faults(caught.value) == {f"attribute[{expected[0]}]": f"attribute_{expected[1]}"}


def test_right_attributes_pass() -> None:
    pairs = [
        ("attribute[SIZE]", "l"),
        ("attribute[KINDS][]", "a"),
        ("attribute[DEPTH]", "-0.5"),
        ("attribute[SEEN]", "2026-03-01T08:00:00+08:00"),
        ("attribute[OTHER]", "kept"),
    ]
    check_attributes(parse_form([CODE, PLACE, *pairs]), DEFINITION, zone=CITY)

"""Open311 GeoReport v2: questions read, answers written, by the standard and a real client."""

from __future__ import annotations

import importlib
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from xml.etree.ElementTree import Element

import defusedxml.ElementTree as SafeTree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.kit.errors import Refusal
from yiwang.matters.sources import open311
from yiwang.matters.sources.open311 import (
    Attribute,
    DataType,
    Document,
    Endpoint,
    Format,
    Request,
    RequestStatus,
    Service,
    ServiceDefinition,
    write,
)
from yiwang.matters.sources.open311_form import parse_form
from yiwang.matters.sources.open311_query import parse_query
from yiwang.matters.sources.open311_xml import to_xml, xml_text

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CITY = timezone(timedelta(hours=8))

SERVICES = open311.services(
    [
        Service("0101", "井盖破损", "Broken <lid> & frame", True, "公用设施", ("井盖", "lid")),
        Service("0102", "Pothole", "", False, "Roads"),
    ]
)
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
REQUEST = Request(
    service_request_id="3101012026030100001",
    status=RequestStatus.CLOSED,
    service_code="0101",
    service_name="井盖破损",
    requested_at=datetime(2026, 3, 1, 9, 30, 15, 999, tzinfo=CITY),
    updated_at=datetime(2026, 3, 1, 12, 0, tzinfo=CITY),
    description='人民大道 200 号 <script>alert("x")</script>\n第二行',
    address="人民大道200号",
    lon=121.473667,
    lat=31.230525,
)


def read(document: Document) -> tuple[Any, Element]:
    """Both forms of a document, read back."""
    xml = write(document, Format.XML)
    assert xml.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<')
    return json.loads(write(document, Format.JSON)), SafeTree.fromstring(xml)


def texts(element: Element) -> dict[str, str | None]:
    return {child.tag: child.text for child in element}


# Answers


def test_services_in_both_forms() -> None:
    data, root = read(SERVICES)
    assert root.tag == "services"
    assert [child.tag for child in root] == ["service", "service"]
    assert data[0] == {
        "service_code": "0101",
        "service_name": "井盖破损",
        "description": "Broken <lid> & frame",
        "metadata": True,
        "type": "realtime",
        "keywords": "井盖, lid",
        "group": "公用设施",
    }
    first = texts(root[0])
    assert (first["metadata"], first["description"]) == ("true", "Broken <lid> & frame")
    assert texts(root[1])["metadata"] == "false"


def test_a_definition_in_both_forms() -> None:
    data, root = read(open311.service_definition(DEFINITION))
    assert root.tag == "service_definition"
    assert [child.tag for child in root] == ["service_code", "attributes"]
    assert [row["code"] for row in data["attributes"]] == [
        "SIZE",
        "SEEN",
        "KINDS",
        "DEPTH",
        "NOTE",
        "PLATE",
    ]
    assert data["attributes"][0]["values"] == [
        {"key": "s", "name": "小"},
        {"key": "l", "name": "大"},
    ]
    assert data["attributes"][0]["datatype_description"] is None
    attribute = root.find("attributes/attribute")
    assert attribute is not None
    assert texts(attribute)["variable"] == "true"
    assert [texts(value) for value in attribute.findall("values/value")] == [
        {"key": "s", "name": "小"},
        {"key": "l", "name": "大"},
    ]


def test_requests_in_both_forms() -> None:
    data, root = read(open311.requests([REQUEST]))
    assert (root.tag, root[0].tag) == ("service_requests", "request")
    assert data[0]["requested_datetime"] == "2026-03-01T09:30:15+08:00"
    assert data[0]["expected_datetime"] is None
    assert (data[0]["lat"], data[0]["long"]) == (31.230525, 121.473667)
    assert list(data[0]) == [child.tag for child in root[0]]
    written = texts(root[0])
    assert written["description"] == REQUEST.description
    assert written["agency_responsible"] is None
    assert float(written["long"] or 0) == 121.473667


def test_no_requests_are_an_empty_list() -> None:
    data, root = read(open311.requests([]))
    assert (data, root.tag, len(root)) == ([], "service_requests", 0)


def test_a_time_without_offset_is_never_written() -> None:
    with pytest.raises(ValueError, match="offset"):
        open311.w3c(datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_new_request_answers_with_its_number_or_a_token() -> None:
    data, root = read(open311.created(service_request_id="1", service_notice="24 小时内"))
    assert data == [{"service_request_id": "1", "service_notice": "24 小时内", "account_id": None}]
    assert root[0].find("token") is None
    data, root = read(open311.created(token="t-9"))
    assert "service_request_id" not in data[0]
    assert root[0].findtext("token") == "t-9"
    data, root = read(open311.resolved_token("t-9", "1"))
    assert data == [{"service_request_id": "1", "token": "t-9"}]
    for both in ({}, {"token": "t", "service_request_id": "1"}):
        with pytest.raises(ValueError, match="either"):
            open311.created(**both)


def test_errors_in_both_forms() -> None:
    with pytest.raises(Refusal) as caught:
        parse_form([("lat", "x")])
    data, root = read(open311.refused(caught.value, "zh"))
    assert caught.value.status == 400
    assert [row["code"] for row in data] == [400, 400, 400]
    assert root.tag == "errors"
    assert [child.tag for child in root] == ["error"] * 3
    assert texts(root[0]) == {"code": "400", "description": data[0]["description"]}
    data, _ = read(open311.refused(Refusal("sources.range_reversed"), "en"))
    assert data == [{"code": 400, "description": "end_date lies before start_date."}]


def test_discovery_names_the_formats() -> None:
    document = open311.discovery(
        [Endpoint("https://city.example/open311/v2", NOW)],
        changed_at=NOW,
        contact="desk",
        key_service="ask the desk",
    )
    data, root = read(document)
    assert data["endpoints"][0]["formats"] == ["text/xml", "application/json"]
    assert [row.text for row in root.findall("endpoints/endpoint/formats/format")] == [
        "text/xml",
        "application/json",
    ]


def test_the_headers_are_the_standards() -> None:
    assert Format("xml").content_type == "text/xml; charset=utf-8"
    assert Format("json").content_type == "application/json; charset=utf-8"


@settings(deadline=None)
@given(st.text())
def test_any_text_goes_through_xml(text: str) -> None:
    root = SafeTree.fromstring(to_xml("errors", "error", [{"description": text}]))
    assert (root.findtext("error/description") or "") == xml_text(text)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cn"))))
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert xml_text(text) == text


@settings(deadline=None)
@given(st.text(alphabet=st.characters()))
def test_any_text_goes_through_json(text: str) -> None:
    data = json.loads(write(open311.errors([(400, text)]), Format.JSON))
    assert data[0]["description"] == text.encode("utf-8", "replace").decode()


def test_a_list_the_standard_does_not_name_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no name"):
        to_xml("services", "service", [{"colours": ["red"]}])


# The client `three`, as it comes from the registry


class _Listed(dict[str, Any]):
    def keys(self) -> Any:
        return list(super().keys())


@pytest.fixture
def three_core(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`three` was written for Python 2: it is given the names of that time, its code is its own.

    What is lent: `ifilter`, `imap`, `keys()` as a list, and `Element.getchildren`.
    """
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    monkeypatch.setattr(itertools, "imap", map, raising=False)
    core = importlib.import_module("three.core")
    converter = importlib.import_module("relaxml.converter")

    def parse_node(self: Any, node: Element) -> Any:
        return original(self, _Old(node))

    class _Old:
        def __init__(self, node: Element) -> None:
            self.tag, self.text, self.attrib, self._node = node.tag, node.text, node.attrib, node

        def getchildren(self) -> list[Element]:
            return list(self._node)

    original = converter.XML2Dict._parse_node
    monkeypatch.setattr(converter.XML2Dict, "_parse_node", parse_node)
    plain = core.xml
    monkeypatch.setattr(core, "xml", lambda content: _Listed(plain(content)))
    return core


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_the_client_three_reads_both_forms(three_core: Any) -> None:
    for form in Format:
        client = three_core.Three("https://city.example/open311/v2", format=form.value)

        def convert(document: Document, form: Format = form, client: Any = client) -> Any:
            return client.convert(write(document, form), True)

        services = convert(SERVICES)
        services = services["service"] if form is Format.XML else services
        assert [row["service_code"] for row in services] == ["0101", "0102"]
        assert services[0]["description"] == "Broken <lid> & frame"
        requests = convert(open311.requests([REQUEST, REQUEST]))
        requests = requests["request"] if form is Format.XML else requests
        assert requests[1]["description"] == REQUEST.description
        assert float(requests[1]["long"]) == 121.473667
        definition = convert(open311.service_definition(DEFINITION))
        attributes = definition["attributes"]
        attributes = attributes["attribute"] if form is Format.XML else attributes
        assert [row["code"] for row in attributes][:2] == ["SIZE", "SEEN"]
        token = convert(open311.resolved_token("t", "42"))
        token = token["request"] if form is Format.XML else token[0]
        assert token == {"service_request_id": "42", "token": "t"}


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_what_the_client_three_asks_is_understood(three_core: Any) -> None:
    client = three_core.Three("https://city.example", jurisdiction="city.example", api_key="k")
    asked = client._get_keywords(start="01-05-2026", end="02-05-2026", status="open", count=50)
    query = parse_query([(k, str(v)) for k, v in asked.items()], now=NOW, zone=CITY)
    assert query.start == datetime(2026, 1, 5, tzinfo=UTC)
    assert query.end == datetime(2026, 2, 5, tzinfo=UTC)
    assert (query.statuses, query.page_size) == (frozenset({RequestStatus.OPEN}), 50)
    assert query.jurisdiction == "city.example"
    sent = client._post_keywords(service_code="0101", address="Main St 1", name="Ann Lee")
    form = parse_form(list(sent.items()))
    assert (form.address, form.first_name, form.last_name) == ("Main St 1", "Ann", "Lee")

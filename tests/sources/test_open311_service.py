"""Open311 GeoReport v2 over real HTTP: with `three`, with plain requests, and with bad ones."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import warnings
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.sources.conftest import Site
from tests.sources.pictures import archive, jpeg

from yiwang.matters.media import publishing

HERE = {"long": "121.4787", "lat": "31.2385"}
CODE = "component.2007.0102"
BASE = "/open311/v2"


async def _post(site: Site, key: str, form: str = "json", **fields: str) -> Any:
    data = {"service_code": CODE, "api_key": key, **fields}
    return await site.client.post(f"{BASE}/requests.{form}", data=data)


@pytest.fixture
def client_of_others(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of PyPI `three`, which still looks for a name that Python 3 no longer has."""
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    with warnings.catch_warnings(action="ignore"):
        return importlib.import_module("three").Three


async def test_a_client_others_wrote_works(site: Site, client_of_others: Any) -> None:
    key = await site.key("phone-app", "open311:write")
    three = client_of_others(f"{site.url}{BASE}", api_key=key, format="json")
    found = await asyncio.to_thread(three.services)
    assert CODE in {row["service_code"] for row in found}
    definition = await asyncio.to_thread(three.services, CODE)
    assert definition["service_code"] == CODE
    made = await asyncio.to_thread(
        lambda: three.post(CODE, description="井盖破损", lat=31.2385, long=121.4787)
    )
    number = made[0]["service_request_id"]
    await site.work()
    one = await asyncio.to_thread(three.request, number)
    assert one[0]["service_request_id"] == number
    assert one[0]["status"] == "open"
    listed = await asyncio.to_thread(lambda: three.requests(status="open"))
    assert [row["service_request_id"] for row in listed] == [number]
    token = await asyncio.to_thread(three.token, number)
    assert token[0]["service_request_id"] == number
    three.session.close()


async def test_requests_in_both_formats_without_anybodys_identity(site: Site) -> None:
    client, key = site.client, await site.key("phone-app", "open311:write")
    personal = {"phone": "13812345678", "email": "a@b.cn", "first_name": "三", "last_name": "张"}
    text = "井盖破损，请打13812345678"
    made = await client.post(
        f"{BASE}/requests.xml",
        data={"service_code": CODE, "api_key": key, "description": text, **HERE, **personal},
        files={"media": ("p.jpg", jpeg(), "image/jpeg")},
    )
    assert made.status_code == 200, made.text
    number = ElementTree.fromstring(made.content).findtext("request/service_request_id")  # noqa: S314
    await site.work()
    for form in ("json", "xml"):
        answer = await client.get(f"{BASE}/requests/{number}.{form}")
        assert answer.status_code == 200
        for secret in ("13812345678", "a@b.cn", "张三"):
            assert secret not in answer.text
    row = (await client.get(f"{BASE}/requests/{number}.json")).json()[0]
    assert row["service_code"] == CODE
    assert (row["long"], row["lat"]) == (121.4787, 31.2385)
    assert "***" in row["description"]
    assert row["status_notes"]
    assert row["requested_datetime"].endswith("+08:00")
    assert row["media_url"] is None  # nobody has looked through it yet
    world = site.world
    await publishing.publish_waiting(world.worker, world.city, site.home.attachments, world.now)
    row = (await client.get(f"{BASE}/requests/{number}.json")).json()[0]
    picture = await client.get(row["media_url"])
    assert picture.headers["content-type"] == "image/jpeg"
    people = await site.world.row("select name, phone, email from reporters")
    assert people == {"name": "张三", "phone": "13812345678", "email": "a@b.cn"}

    async def count(query: str) -> int:
        answer = await client.get(f"{BASE}/requests.json?{query}")
        assert answer.status_code == 200, answer.text
        return len(answer.json())

    assert await count("") == 1
    assert await count(f"service_code={CODE}&status=open,closed") == 1
    assert await count("service_code=component.2007.0101") == 0
    assert await count("status=closed") == 0
    assert await count("start_date=2020-01-01&end_date=2020-02-01") == 0
    assert await count("lat=31.2386&long=121.4788&radius=100") == 1
    assert await count("lat=31.20&long=121.40&radius=100") == 0
    assert await count(f"service_request_id={number},R000001X") == 1
    async with site.world.as_worker() as tx:
        await tx.execute("update cases set state = 'closed', closed_at = $1", tx.now)
    assert await count("status=closed") == 1
    assert await count("jurisdiction_id=shanghai") == 1


async def test_what_is_wrong_is_said_in_the_standards_shape(site: Site) -> None:
    client, key = site.client, await site.key("phone-app", "open311:write")
    blind = await site.key("blind", "reports:write")
    made: list[tuple[Any, int]] = [
        (await _post(site, "", **HERE), 403),
        (await _post(site, "yw_1_" + "A" * 43, **HERE), 403),
        (await _post(site, blind, **HERE), 403),
        (await _post(site, key), 400),
        (await _post(site, key, service_code="nothing", **HERE), 404),
        (await _post(site, key, **(HERE | {"lat": "121.4787", "long": "31.2385"})), 400),
        (await _post(site, key, **(HERE | {"lat": "42.3", "long": "-71.0"})), 422),
        (await _post(site, key, lat="x", long="y"), 400),
        (await _post(site, key, jurisdiction_id="boston", **HERE), 404),
        (await client.post(f"{BASE}/requests.json", json={}), 415),
        (
            await client.post(
                f"{BASE}/requests.json",
                data={"service_code": CODE, "api_key": key, **HERE},
                files={"media": ("p.jpg", archive(), "image/jpeg")},
            ),
            415,
        ),
        (await client.get(f"{BASE}/requests/R0000000.json"), 404),
        (await client.get(f"{BASE}/services/nothing.json"), 404),
        (await client.get(f"{BASE}/tokens/x.json"), 404),
        (await client.get(f"{BASE}/requests.json?status=lost"), 400),
        (await client.get(f"{BASE}/services.json?jurisdiction_id=x"), 404),
    ]
    for answer, status in made:
        assert answer.status_code == status, answer.text
        rows = answer.json()
        assert rows[0]["code"] in (status, 400, 422)
        assert rows[0]["description"]
    wrong = await _post(site, key, "xml", lat="<!ENTITY>", long="]]>")
    assert ElementTree.fromstring(wrong.content).tag == "errors"  # noqa: S314
    assert (await client.get(f"{BASE}/requests.csv")).status_code == 422
    assert await site.world.rows("select 1 from reports") == []
    assert (await client.get(f"{BASE}/discovery.xml")).status_code == 200

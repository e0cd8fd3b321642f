"""Imports over real HTTP and the worker's own connection: in pieces, never doubled."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import pytest
from tests.sources.conftest import Site
from tests.sources.pictures import archive

from yiwang.matters.sources import importing, intake
from yiwang.matters.sources.importing import continue_imports

HEAD = "编号,标题,内容,经度,纬度,类别,时间,联系电话"


def _table(rows: int) -> bytes:
    lines = [HEAD]
    for i in range(rows):
        lon = "31.2385" if i % 10 == 3 else "121.4787"
        lat = "121.4787" if i % 10 == 3 else "31.2385"
        lines.append(
            f"A{i},井盖,污水井盖破损 {i},{lon},{lat},污水井盖,2020-01-06 12:00,1381234{i:04}"
        )
    lines.append("B1,,,,,,,")
    lines.append("B2,x,y,,,,时间不对,")
    lines.append('B3,=HYPERLINK("x"),无坐标,,,不知道的类别,,')
    return ("\n".join(lines) + "\n").encode("gb18030")


async def _upload(site: Site, who: dict[str, str], data: bytes, name: str = "t.csv") -> Any:
    return await site.client.post(
        "/api/v1/imports", files={"file": (name, data, "text/csv")}, headers=who
    )


async def _carry_on(site: Site, times: int = 100) -> int:
    total = 0
    for _ in range(times):
        done = await continue_imports(
            site.world.worker, site.world.city, site.home.folder, site.world.now
        )
        if not done:
            break
        total += done
    return total


async def test_a_table_is_previewed_taken_stopped_and_resumed(site: Site) -> None:
    client = site.client
    who = await site.person("intake", site.world.centre(site.world.city.pack.root))
    data = _table(450)
    made = await _upload(site, who, data)
    assert made.status_code == 201, made.text
    job = made.json()
    assert (job["state"], job["total"], job["preview"]["faulty"]) == ("previewed", 453, 2)
    assert job["columns"]["text"] == 2
    assert len(job["preview"]["rows"]) == 20
    assert await site.world.rows("select 1 from reports") == []
    path = f"/api/v1/imports/{job['id']}"
    assert await _carry_on(site) == 0
    early = await client.post(f"{path}/resume", headers=who)
    assert (early.status_code, early.json()["possible"]) == (409, ["start"])
    for columns in ({"colour": "内容"}, {"text": "no such column"}, {"text": 99}):
        bad = await client.post(f"{path}/start", json={"columns": columns}, headers=who)
        assert bad.status_code == 422, bad.text
    started = await client.post(f"{path}/start", headers=who)
    assert started.json()["state"] == "running"

    assert await _carry_on(site, 1) == 200
    assert (await client.post(f"{path}/stop", headers=who)).json()["done"] == 200
    assert await _carry_on(site) == 0
    await client.post(f"{path}/resume", headers=who)
    assert await _carry_on(site) == 253
    ended = (await client.get(path, headers=who)).json()
    assert (ended["state"], ended["done"]) == ("done", 453)
    assert ended["result"] == {"taken": 406, "repeated": 0, "refused": 47}
    row = await site.world.row("select * from reports where external_id = 'A7'")
    assert (row["source"], row["system"], row["kind"]) == (
        "import",
        "import",
        "component/2007/0102",
    )
    row = await site.world.row("select kind, attributes from reports where external_id = 'B3'")
    assert (row["kind"], row["attributes"]["kind"]) == (None, "不知道的类别")

    errors = await client.get(f"{path}/errors.csv?language=en", headers=who)
    rows = list(csv.reader(io.StringIO(errors.content.decode("utf-8-sig"))))
    assert len(rows) == 48
    assert any("swapped" in row[-1] for row in rows[1:])
    assert not any(cell.startswith("=") for row in rows for cell in row)

    again = (await _upload(site, who, data)).json()
    await client.post(f"/api/v1/imports/{again['id']}/start", headers=who)
    await _carry_on(site)
    ended = (await client.get(f"/api/v1/imports/{again['id']}", headers=who)).json()
    assert ended["result"]["taken"] == 0
    assert len(await site.world.rows("select 1 from reports")) == 406
    assert await site.work() > 0

    stranger = await site.person("intake", site.world.centre())
    assert (await client.get(path, headers=stranger)).status_code == 404
    assert (await client.get(path)).status_code == 401


async def test_an_import_killed_in_a_piece_goes_on_without_doubles(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await site.person("intake", site.world.centre(site.world.city.pack.root))
    job = (await _upload(site, who, _table(300))).json()
    await site.client.post(f"/api/v1/imports/{job['id']}/start", headers=who)
    await _carry_on(site, 1)
    whole = intake.take_rows

    async def killed(*args: Any, **kwargs: Any) -> Any:
        await whole(*args, **kwargs)
        raise asyncio.CancelledError

    monkeypatch.setattr(importing, "take_rows", killed)
    with pytest.raises(asyncio.CancelledError):
        await _carry_on(site, 1)
    monkeypatch.undo()
    row = await site.world.row("select done, result from jobs")
    assert row["done"] == 200
    await _carry_on(site)
    rows = await site.world.rows("select external_id, count(*) as n from reports group by 1")
    assert {row["n"] for row in rows} == {1}
    assert len(rows) == 271
    row = await site.world.row("select done, state, result from jobs")
    assert (row["done"], row["state"], row["result"]["taken"]) == (303, "done", 271)


async def test_what_is_no_table_is_refused(site: Site) -> None:
    who = await site.person("intake", site.world.centre(site.world.city.pack.root))
    for data, status, code in (
        (b"", 422, "sources.sheet_empty"),
        (b"%PDF-1.7", 415, "sources.sheet_type"),
        (archive(), 415, "sources.sheet_type"),
        (b"a,b\x00", 415, "sources.sheet_type"),
    ):
        answer = await _upload(site, who, data)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    handler = await site.person("handler", _handling_unit(site))
    assert (await _upload(site, handler, _table(1))).status_code == 403
    assert await site.world.rows("select 1 from jobs") == []
    no_file = await site.client.post("/api/v1/imports", data={"file": "x"}, headers=who)
    assert no_file.status_code == 415


def _handling_unit(site: Site) -> str:
    return next(post.unit for post in site.world.city.pack.posts if "handler" in post.duties)

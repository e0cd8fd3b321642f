"""A lane answers as the route behind it does: the same doors, words and refusals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.system.living import Living, Someone
from yiwang.kit.web.lanes import Lanes

LISTS = ("cases", "orders", "checks", "approvals", "disputes")
_PER_REQUEST = ("x-request-id", "ratelimit", "date")


def _told(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    headers = {k: v for k, v in answer.headers.items() if k not in _PER_REQUEST}
    body = answer.json()
    if isinstance(body, dict):
        body.pop("instance", None)
    return answer.status_code, headers, body


async def _both(town: Living, who: Someone, method: str, path: str, **more: Any) -> Any:
    """What the lane says, after checking that the route says the same."""
    lanes = town.service.api.router.middleware_stack
    assert isinstance(lanes, Lanes)
    by_lane = _told(await town.ask(who, method, path, **more))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "_lanes", {})
        by_route = _told(await town.ask(who, method, path, **more))
    assert by_lane == by_route
    return by_lane


async def test_lists_and_matters_are_the_same_for_everybody(town: Living) -> None:
    found = set()
    for who in town.people.values():
        for name in LISTS:
            found.add((await _both(town, who, "GET", f"/api/v1/{name}?limit=3"))[0])
        for sort in ("case", "order"):
            for thing in town.things[sort][:2]:
                found.add((await _both(town, who, "GET", f"/api/v1/{sort}s/{thing.id}"))[0])
    assert found >= {200, 401, 403, 404}


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("cases/{case}/actions/nothing", {}, {}, 404),
        ("cases/{case}/actions/cancel", {"facts": {"unknown": 1}}, {}, 422),
        ("cases/{case}/actions/note", {"facts": {"note": ""}}, {}, 422),
        ("cases/{case}/actions/note", {"facts": {"note": "x"}, "version": 999}, {}, 412),
        ("cases/{case}/actions/note", {"facts": {"note": "x"}}, {"If-Match": "soon"}, 400),
        ("cases/{case}/actions/note", {"facts": {"note": "x"}}, {"Yiwang-Time": "now"}, 400),
        ("cases/{case}/actions/note", {"facts": 1}, {}, 422),
        ("cases/9007199254740993/actions/note", {"facts": {"note": "x"}}, {}, 404),
        ("cases", {"kind": "nothing"}, {}, 422),
        ("cases", {"kind": "nothing", "text": "x", "place": "310101"}, {}, 422),
    ],
)
async def test_refusals_are_the_same(
    town: Living, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    who = next(one for name, one in town.people.items() if name.startswith("310000_centre."))
    case = town.things["case"][0].id
    for asking in (who, town.people["public"]):
        found = await _both(
            town, asking, "POST", f"/api/v1/{path.format(case=case)}", json=body, headers=headers
        )
        assert found[0] == (status if asking is who else 401)

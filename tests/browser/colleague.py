"""Somebody who acts through the API while a page is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from tests.browser.platform import Account, Running

HOLE = "路面塌陷有大坑，行人绊倒"


class Colleague:
    """Somebody who acts through the API while a page is looked at."""

    def __init__(self, platform: Running, who: Account) -> None:
        self.client = httpx.Client(base_url=platform.url, timeout=30)
        body = {"login": who.login, "password": who.password, "code": who.code}
        answer = self.client.post("/api/v1/session", json=body)
        answer.raise_for_status()
        self.client.headers["X-CSRF-Token"] = answer.json()["csrf"]

    def get(self, path: str, **query: Any) -> Any:
        """What a path answers."""
        answer = self.client.get(f"/api/v1{path}", params=query)
        answer.raise_for_status()
        return answer.json()

    def put(self, path: str, body: Any, **query: Any) -> Any:
        """Replace what lies at a path; the answer."""
        answer = self.client.put(f"/api/v1{path}", params=query, json=body)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        """Send something to a path; the answer."""
        answer = self.client.post(f"/api/v1{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def act(self, matter: str, number: int, action: str, **facts: Any) -> Any:
        """Do an action; the matter afterwards."""
        return self.post(f"/{matter}s/{number}/actions/{action}", {"facts": facts})


Hire = Callable[[str], Colleague]


def dispatched(platform: Running, hire: Hire, **more: Any) -> dict[str, Any]:
    """A dispatched case of a hole in the road, each at a place of its own."""
    found = platform.settled(platform.report(HOLE, **more))["case"]
    (row,) = hire("duty_chief").get("/cases", number=found["number"])["items"]
    return dict(row)


def returned(hire: Hire, case: dict[str, Any]) -> int:
    """Have the lead unit give its order back; the order's id."""
    orders = hire("handler").get("/orders", case=case["id"])["items"]
    lead = next(row for row in orders if row["role"] == "lead")
    hire("handler").act("order", lead["id"], "return", reason="不属于本单位")
    return int(lead["id"])

"""What the OpenAPI document promises is what the service does: whatever is sent, every answer is a
documented one, in its documented shape, and none is a 5xx."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.system.living import Living
from yiwang.app import build_api

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_EXAMPLES = 5
# Answers without an end, and the ways out of the sessions the others are asked with.
_LEFT_OUT = frozenset(
    {
        ("GET", "/api/v1/events"),
        ("GET", "/api/v1/picture/changes"),
        ("DELETE", "/api/v1/session"),
        ("DELETE", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions/{name}"),
    }
)
_DOCUMENT = build_api().openapi()
_OPERATIONS = sorted(
    (method.upper(), path)
    for path, row in _DOCUMENT["paths"].items()
    for method in row
    if method in {"get", "post", "put", "patch", "delete"}
    and (method.upper(), path) not in _LEFT_OUT
)


def _try(url: str, headers: Mapping[str, str], method: str, path: str) -> None:
    """Made-up requests to one operation, right ones and wrong ones."""
    operation = schemathesis.openapi.from_dict(_DOCUMENT)[path][method]

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(base_url=url, headers=dict(headers), checks=_CHECKS)

    ask()


@pytest.mark.parametrize(("method", "path"), _OPERATIONS)
async def test_every_answer_is_documented(rough_town: Living, method: str, path: str) -> None:
    people = rough_town.people.values()
    for duty in ("duty_chief", "sysadmin"):
        someone = next(
            who
            for who in people
            if "X-API-Key" not in who.headers
            and any(row.duty == duty for row in who.actor.holdings)
        )
        await asyncio.to_thread(_try, rough_town.url, someone.headers, method, path)
    key = max(people, key=lambda who: len(who.actor.scopes))
    await asyncio.to_thread(_try, rough_town.url, key.headers, method, path)
    await asyncio.to_thread(_try, rough_town.url, {}, method, path)

"""The running service of the intake's tests, with the routes of the administration."""

import pytest
from tests.sources import conftest as sources
from tests.sources.conftest import site

from yiwang.ground.revision import routes

__all__ = ["site"]


@pytest.fixture(autouse=True)
def _with_administration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ROUTERS", (*sources.ROUTERS, routes.router))
